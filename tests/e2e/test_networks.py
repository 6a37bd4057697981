"""Networks as booths have them: closed to media, cut, changed, bad. Real programs on hosts of their own.

No step fails by the clock: each prints what it took, and patience bounds what never comes. What was measured on a quiet
machine (`make bench-networks`) stands in `docs/benchmarks.md`.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import expect

from demo.stage import ROOT, Site, free_port
from demo.two_screens import PATIENCE_MS, TwoScreens, two_screens
from rigs.browsers import by_test, files
from rigs.certificate import write_certificate
from rigs.host import Host
from tests.support.media_files import write_wav, write_y4m
from tests.support.turn import coturn

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of one's own needs root"),
]

BOOTH_ID = "yanchang-01"
SCREENSHOTS = ROOT / "var" / "e2e"
CUT_S = 10.0


@asynccontextmanager
async def playing(folder: Path, *, relay: bool = False) -> AsyncIterator[TwoScreens]:
    faults: list[str] = []
    async with AsyncExitStack() as stack:
        host = stack.enter_context(Host())
        certificate_file, key_file = write_certificate(folder, host.here)
        site = Site(free_port(), host.here, certificate_file, key_file)
        if relay:
            port = free_port()
            turn = await stack.enter_async_context(coturn(folder, host.here, port, secrets.token_urlsafe(16)))
            site = replace(site, turn_url=turn.url, turn_secret=turn.secret)
            host.only(port)
        films = folder / "kiosk.y4m", folder / "counter.y4m"
        flags = [files(write_y4m(film), write_wav(film.with_suffix(".wav"))) for film in films]
        yield await stack.enter_async_context(two_screens(host, site, folder, faults, *flags))
    assert faults == []


async def test_without_a_direct_way_all_pictures_go_through_the_relay(tmp_path: Path) -> None:
    async with playing(tmp_path, relay=True) as scene:
        await scene.meet()
    log = (tmp_path / "turnserver.log").read_text("utf-8", errors="replace")
    given = [
        line for line in log.splitlines() if "ALLOCATE processed, success" in line and f":booth:{BOOTH_ID}>" in line
    ]
    assert len(given) >= 2, "the booth process and the kiosk's page have a relay each"


async def test_a_session_goes_on_over_loss_a_cut_another_network_and_a_reload(tmp_path: Path) -> None:
    async with playing(tmp_path) as scene:
        await scene.meet()
        await say_that_the_network_is_slow(scene)
        await come_back_after_a_cut(scene)
        await come_back_from_another_network(scene)
        await come_back_after_a_reload(scene)


async def say_that_the_network_is_slow(scene: TwoScreens) -> None:
    """At 20 % loss both screens say so, the session lives, and the words go when the network is good again."""
    scene.host.lose(0.2)
    await expect(scene.kiosk.locator(by_test("network"))).to_be_visible(timeout=PATIENCE_MS)
    await expect(scene.counter.locator(by_test("network-resident_slow"))).to_be_visible(timeout=PATIENCE_MS)
    await asyncio.to_thread(SCREENSHOTS.mkdir, parents=True, exist_ok=True)
    await scene.kiosk.screenshot(path=SCREENSHOTS / "kiosk-slow.png")
    await scene.counter.screenshot(path=SCREENSHOTS / "counter-slow.png")
    scene.host.lose_no_more()
    await expect(scene.kiosk.locator(by_test("network"))).to_be_hidden(timeout=PATIENCE_MS)
    await scene.all_move()


async def come_back_after_a_cut(scene: TwoScreens) -> None:
    scene.host.cut()
    noticed_s = await scene.notice()
    assert noticed_s < CUT_S, "the cut lasts: nothing but its absence can have told"
    await asyncio.sleep(CUT_S - noticed_s)  # the length of the cut is what is tested
    scene.host.mend()
    back_s = await scene.all_move()
    print(f"cut: noticed after {noticed_s:.1f} s, all pictures move {back_s:.1f} s after the network's return")


async def come_back_from_another_network(scene: TwoScreens) -> None:
    print(f"another network: all pictures move again {await scene.change_network():.1f} s after the change")


async def come_back_after_a_reload(scene: TwoScreens) -> None:
    print(f"reload: the resident is seen after {await scene.reload():.1f} s")
