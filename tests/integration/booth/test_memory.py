"""After the wipe a resident's data are nowhere: not in the process's memory image, not on disk, not in the log.

The booth is the real program with the serial driver; the module, the center and the kiosk's page are here.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from booth.forgetting import TUNABLES, is_overwriting, overwrite_what_is_freed, overwriting
from booth.link.key import load_or_make_key, public_bytes
from protocol.fields import Wording
from protocol.kiosk import GradeGiven, ItemChosen, KioskAction, KioskView, ReceiptRead, Signed, Touched
from protocol.messages import (
    BoothMessage,
    CardPresented,
    CommandIssued,
    FormSigned,
    Rated,
    TicketRequested,
    VisitChanged,
    VisitWiped,
)
from protocol.records import IdCard, Sex, SocialSecurityCard, is_valid_number
from protocol.states import SessionState, SignatureState, TicketState, VisitState
from protocol.visit import CommandKind, FormLine, FormShown, Outcome
from rigs.pcscd import PrivatePcscd
from rigs.resident_text import text_of
from rigs.sdt_module import SdtModule
from rigs.virtual_card import VirtualCard, VirtualSlot
from tests.integration.booth.center import FakeCenter, fake_center
from tests.integration.booth.image import forms_of, found_in_memory, found_on_disk
from tests.unit.booth.visits import CATALOGUE, ITEM, SHA, snapshot

CARD = IdCard(
    name="欧阳试忘",
    sex=Sex.FEMALE,
    ethnicity="汉",
    birth_date="1962-07-19",
    address="上海市虚构区忘川路 5 弄 41 号",
    number="319999196207190068",
    number_valid=is_valid_number("319999196207190068"),
    issuer="虚构分局",
    valid_from="2009-06-01",
    valid_until=None,
    long_term=True,
)
SOCIAL = SocialSecurityCard(
    version="2.00",
    card_number="X00000068",
    name=CARD.name,
    number=CARD.number,
    number_valid=CARD.number_valid,
    sex=CARD.sex,
    birth_date=CARD.birth_date,
    issued="2015-06-01",
    expires="2035-05-31",
    bank_number="6200003199996207190",
)
PAINT = bytes(range(60, 90))
"""What the test's decoder paints every photo with, again and again."""
WANTED = {*forms_of(CARD.name, CARD.number, CARD.address, str(SOCIAL.bank_number)), PAINT * 3}
DECODER = """
class Painter:
    name = "painter 1"

    def decode(self, wlt):
        return (bytes(range(60, 90)) * 2000)[: 126 * 102 * 3]
"""
SETTLE_S = 5.0
"""What was on its way over a socket when the wipe came is gone with the next heartbeats, one a second."""


class Page:
    """The kiosk's page, as far as the booth can tell."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def act(self, *actions: KioskAction) -> None:
        for action in actions:
            await self._socket.send_str(msgspec.json.encode(action).decode())

    async def until(self, state: VisitState) -> None:
        async with asyncio.timeout(20):
            while True:
                view = msgspec.json.decode(await self._socket.receive_str(), type=KioskView)
                if view.state is state:
                    return


@asynccontextmanager
async def running_booth(
    folder: Path, center: FakeCenter, module: SdtModule, pcscd: PrivatePcscd
) -> AsyncIterator[tuple[int, Page]]:
    """The program's process id, and its page. A plug-in decodes the photos, and the bank's number is read."""
    plug_in = folder / "plug-in"
    plug_in.joinpath("painter-1.dist-info").mkdir(parents=True)
    plug_in.joinpath("painter.py").write_text(DECODER, "utf-8")
    plug_in.joinpath("painter-1.dist-info", "METADATA").write_text("Metadata-Version: 2.1\nName: painter\nVersion: 1\n")
    plug_in.joinpath("painter-1.dist-info", "entry_points.txt").write_text(
        "[bangban.photo_decoder]\npainter = painter:Painter\n"
    )
    state, pages, config = folder / "state", folder / "pages", folder / "booth.toml"
    pages.mkdir()
    pages.joinpath("index.html").write_text("<!doctype html>", "utf-8")
    state.mkdir()
    center.key = public_bytes(load_or_make_key(state / "link.key"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config.write_text(
        f"""[booth]
id = "b-1"
name_zh = "亭"
name_en = "Booth"
state_dir = "{state}"
[center]
url = "{center.url}"
[kiosk]
port = {port}
pages_dir = "{pages}"
[id_card_reader]
driver = "sdt_serial"
port = "{module.path}"
[social_security_card_reader]
driver = "pcsc"
reader = "{pcscd.reader_name()}"
allow_virtual = true
bank_number = true
""",
        "utf-8",
    )
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "booth", "--verbose", "--config", str(config), "run"),
            stdout=log,
            stderr=log,
            env=os.environ | pcscd.environment() | {"PYTHONPATH": str(plug_in)},
        )
    try:
        await center.until(lambda: center.linked, 30)
        await center.say(CATALOGUE)
        url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws", origin=url) as page:
            yield process.pid, Page(page)
    finally:
        process.terminate()
        await process.wait()


async def heard(center: FakeCenter, kind: type[BoothMessage]) -> None:
    await center.until(lambda: any(isinstance(message, kind) for message in center.heard), 20)


async def a_visit(center: FakeCenter, page: Page, module: SdtModule, slot: VirtualSlot) -> None:
    """From the first touch to the signature: the card is read, held for a second command, laid anew for a third, and
    the social security card is read too.
    """
    await page.until(VisitState.WELCOME)
    await page.act(Touched(), ItemChosen(ITEM))
    await page.until(VisitState.IDENTIFY)
    module.lay(text_of(CARD))
    await heard(center, TicketRequested)
    lines = [FormLine("name", Wording("姓名", "Name"), CARD.name), FormLine("no", Wording("号", "No."), CARD.number)]
    serving = snapshot(TicketState.SERVING, session_state=SessionState.LIVE)
    await center.say(VisitChanged(serving))
    await page.until(VisitState.SERVE)
    await center.say(CommandIssued("c-1", serving.affair_id, CommandKind.READ_ID_CARD, 30))
    held = await presented(center, "c-1")
    await asyncio.to_thread(module.lift)
    module.lay(text_of(CARD))
    await asyncio.to_thread(module.see_found)
    await center.say(CommandIssued("c-2", serving.affair_id, CommandKind.READ_ID_CARD, 30))
    anew = await presented(center, "c-2")
    assert (held.card, anew.card) == (CARD, CARD)
    assert held.photo is not None
    await asyncio.to_thread(slot.lay, VirtualCard.of(SOCIAL))
    await center.say(CommandIssued("c-3", serving.affair_id, CommandKind.READ_SOCIAL_SECURITY_CARD, 30))
    assert (await presented(center, "c-3")).card == SOCIAL
    await center.say(
        VisitChanged(
            msgspec.structs.replace(
                serving,
                form=FormShown(1, SHA, lines),
                signature=SignatureState.ASKED,
                message=f"{CARD.name}，{CARD.address}",
            )
        )
    )
    await page.until(VisitState.SIGN)
    await page.act(Signed(SHA, [[1, 1, 2, 2]]))
    await heard(center, FormSigned)


async def presented(center: FakeCenter, command_id: str) -> CardPresented:
    """The card that answers a command."""

    def answers() -> list[CardPresented]:
        return [each for each in center.heard if isinstance(each, CardPresented) and each.command_id == command_id]

    await center.until(lambda: bool(answers()), 20)
    return answers()[0]


async def the_end(center: FakeCenter, page: Page) -> None:
    finished = snapshot(TicketState.FINISHED, outcome=Outcome.ACCEPTED, message=CARD.name)
    await center.say(VisitChanged(finished))
    await page.until(VisitState.RECEIPT)
    await page.act(ReceiptRead(), GradeGiven(5))
    await heard(center, Rated)
    await heard(center, VisitWiped)
    await center.say(VisitChanged(None))
    await page.until(VisitState.WELCOME)


async def test_after_the_wipe_nothing_of_the_resident_is_in_memory_on_disk_or_in_the_log(tmp_path: Path) -> None:
    with SdtModule() as module, PrivatePcscd() as pcscd, VirtualSlot(pcscd.port()) as slot:
        async with fake_center() as center, running_booth(tmp_path, center, module, pcscd) as (pid, page):
            await a_visit(center, page, module, slot)
            assert found_in_memory(pid, WANTED), "the search finds nothing while the visit lasts: it searches wrongly"
            await the_end(center, page)
            left = found_in_memory(pid, WANTED)
            try:
                async with asyncio.timeout(SETTLE_S):
                    while left:
                        await asyncio.sleep(0.2)  # for the heartbeats that overwrite what they came in
                        left = found_in_memory(pid, WANTED)
            except TimeoutError:
                pass
            assert left == []
            assert found_on_disk(tmp_path, WANTED) == []
        assert found_on_disk(tmp_path, WANTED) == []


def test_the_program_starts_itself_again_with_memory_that_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2:glibc.malloc.tcache_count=7")
    overwrite_what_is_freed(lambda *how: started.append(how))
    ((program, arguments, environment),) = started
    assert program == arguments[0] == sys.executable
    assert environment["PYTHONMALLOC"] == "malloc"
    assert environment["GLIBC_TUNABLES"].split(":") == [
        "glibc.malloc.arena_max=2",
        *(f"{name}={value}" for name, value in TUNABLES.items()),
    ]
    monkeypatch.setattr(os, "environ", environment)
    overwrite_what_is_freed(lambda *how: started.append(how))
    assert len(started) == 1


def test_an_environment_that_overwrites_is_known() -> None:
    assert not is_overwriting({})
    assert is_overwriting(overwriting({"HOME": "/"}))
