"""Networks as booths have them: closed to media, cut, changed, bad. Real programs on hosts of their own.

No step fails by the clock: each prints what it took, and patience bounds what never comes. What was measured on a quiet
machine stands in `docs/benchmarks.md`.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from demo.resident import Resident, resident_at
from demo.stage import ROOT, ClerkPlan, Site, example_booth, free_port, raise_stage
from protocol.kiosk import CardLostSaid, ItemChosen, Touched
from protocol.states import VisitState
from rigs.certificate import write_certificate
from rigs.host import Host
from tests.e2e.browsers import browser_page, by_test
from tests.support.media_files import write_wav, write_y4m
from tests.support.turn import coturn

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of one's own needs root"),
]

BOOTH_ID = "yanchang-01"
CLERK = ClerkPlan("wang", "王窗口", "3")
ITEM_ID = "medical_booklet"
SCREENSHOTS = ROOT / "var" / "e2e"
CUT_S = 10.0
PATIENCE_MS = 30_000

MOVES = """
async (selector) => {
  const video = document.querySelector(selector)
  const began = performance.now()
  await new Promise((resolve) => video.requestVideoFrameCallback(resolve))
  return performance.now() - began
}
"""
"""Waits for the next painted frame."""


class Scene:
    """A booth with a kiosk's page on a host of its own, a counter's page on this one."""

    def __init__(self, host: Host, site: Site, kiosk: Page, counter: Page, resident: Resident) -> None:
        self.host = host
        self.site = site
        self.kiosk = kiosk
        self.counter = counter
        self.resident = resident

    async def meet(self) -> None:
        """A ticket, a call, and both see each other and the desk."""
        resident = self.resident
        await resident.until(lambda view: view.state is VisitState.WELCOME and view.link_up and bool(view.items))
        await resident.act(Touched())
        await resident.act(ItemChosen(ITEM_ID))
        await resident.act(CardLostSaid())
        await resident.until(lambda view: view.state is VisitState.WAIT)
        await self.counter.locator('[data-test^="take-"]').first.click()
        await self.all_move()

    async def all_move(self) -> float:
        """Seconds until the kiosk paints a new frame of the clerk, and the counter of the resident and the desk."""
        began_s = time.monotonic()
        async with asyncio.timeout(PATIENCE_MS / 1000), asyncio.TaskGroup() as group:
            for page, video in (
                (self.kiosk, "video-clerk"),
                (self.counter, "video-face"),
                (self.counter, "video-document"),
            ):
                group.create_task(_moves(page, video), name=video)
        return time.monotonic() - began_s


async def _moves(page: Page, video: str) -> None:
    await page.wait_for_selector(by_test(video), state="attached", timeout=PATIENCE_MS)
    for _ in range(2):  # a frame that was decoded before the measuring is one
        await page.evaluate(MOVES, by_test(video))


async def took_s(what: Awaitable[object]) -> float:
    began_s = time.monotonic()
    await what
    return time.monotonic() - began_s


@asynccontextmanager
async def playing(folder: Path, *, relay: bool = False) -> AsyncIterator[Scene]:
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
        booth = example_booth(
            sections={"media": {}},
            prefix=host.prefix,
            socket_factory=host.socket,
        )
        await stack.enter_async_context(raise_stage(folder / "stage", site, [booth], [CLERK]))
        resident = await stack.enter_async_context(resident_at(booth))
        film, other, sound = folder / "kiosk.y4m", folder / "counter.y4m", folder / "voice.wav"
        for path in (film, other):
            write_y4m(path)
        write_wav(sound)
        kiosk = await stack.enter_async_context(browser_page(film, sound, booth.url, faults, host.prefix))
        counter = await stack.enter_async_context(browser_page(other, sound, site.url, faults))
        await counter.fill(by_test("login-name"), CLERK.name)
        await counter.fill(by_test("login-password"), CLERK.password)
        await counter.click(by_test("login-submit"))
        yield Scene(host, site, kiosk, counter, resident)
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


async def say_that_the_network_is_slow(scene: Scene) -> None:
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


async def come_back_after_a_cut(scene: Scene) -> None:
    scene.host.cut()
    interrupted = scene.counter.locator(f'{by_test("session-state")}[data-state="interrupted"]')
    noticed_s = await took_s(expect(interrupted).to_be_visible(timeout=PATIENCE_MS))
    assert noticed_s < CUT_S, "the cut lasts: nothing but its absence can have told"
    await asyncio.sleep(CUT_S - noticed_s)  # the length of the cut is what is tested
    scene.host.mend()
    back_s = await scene.all_move()
    print(f"cut: noticed after {noticed_s:.1f} s, all pictures move {back_s:.1f} s after the network's return")


async def come_back_from_another_network(scene: Scene) -> None:
    await scene.resident.until(lambda view: view.link_up)
    scene.host.move()
    await asyncio.sleep(1)  # what was on its way in the old network has arrived
    back_s = await scene.all_move()
    print(f"another network: all pictures move again {back_s + 1:.1f} s after the change")


async def come_back_after_a_reload(scene: Scene) -> None:
    began_s = time.monotonic()
    await scene.counter.reload(wait_until="commit")
    await _moves(scene.counter, "video-face")
    back_s = time.monotonic() - began_s
    print(f"reload: the resident is seen after {back_s:.1f} s")
