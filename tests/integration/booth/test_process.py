"""The whole booth process round its core: real link, outbox and uploads; devices and center that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from booth.core.capture import Corners, Sight
from booth.core.visit import VisitCore
from booth.devices.camera.interface import Image
from booth.devices.card.bench_photos import draw_photo
from booth.link.exchange import Exchange
from booth.link.key import public_bytes
from booth.link.outbox import Outbox
from booth.link.socket import Link
from booth.link.uploader import Uploader
from booth.process import Booth
from booth.taking import PageTaker
from protocol.desk import DeskSeen, DeskState
from protocol.devices import DeviceKind, DeviceState
from protocol.errors import ErrorCode
from protocol.fields import Wording
from protocol.kiosk import GradeGiven, ItemChosen, ReceiptRead, Touched
from protocol.marks import Remake
from protocol.messages import (
    BoothReported,
    CallAnswered,
    CardPresented,
    CommandFailed,
    CommandHindered,
    CommandIssued,
    CommandWithdrawn,
    PageStored,
    Rated,
    ShutterPressed,
    TicketRequested,
    VisitChanged,
    VisitWiped,
)
from protocol.pages import Flaw, FlawKind
from protocol.states import TicketState, VisitState
from protocol.visit import CommandKind
from tests.integration.booth.center import FakeCenter, fake_center
from tests.integration.booth.devices import FakeCamera, FakeReader
from tests.integration.booth.waiting import eventually, until_it_is
from tests.unit.booth.visits import CATALOGUE, ITEM, NAME, card, snapshot

KEY = Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class MadePage:
    full_jpeg: bytes = b"full" * 200_000
    light_jpeg: bytes = b"light" * 1000
    width_px: int = 2480
    height_px: int = 3508
    flat: bool = True
    size: str | None = "A4"
    seen_dpi: int = 110
    turned: int = 0
    upright: bool = True
    corners: Corners | None = None
    flaws: tuple[Flaw, ...] = ()


class Sheet:
    """What is on a page, for the test."""

    def same_as(self, other: object) -> bool:
        return self is other


class FakeWorkshop:
    """Sees a page of the test's that lies still."""

    def __init__(self) -> None:
        self.sheet: Sheet | None = Sheet()
        self.flaws: tuple[Flaw, ...] = ()
        self.prepared = False

    def prepare(self) -> None:
        self.prepared = True

    def look(self, image: Image, at_s: float) -> Sight | ErrorCode:
        if self.sheet is None:
            return Sight(aspect=4 / 3)
        corners = (0.2, 0.2, 0.8, 0.2, 0.8, 0.8, 0.2, 0.8)
        return Sight(4 / 3, (corners,), corners, trusted=True, signature=self.sheet)

    def rest(self, image: Image) -> None:
        """An empty desk teaches this one nothing."""

    def make_page(self, image: Image, near: Corners | None) -> MadePage:
        return MadePage(corners=near, flaws=self.flaws)

    def remake_page(self, frame: bytes, corners: Corners) -> MadePage:
        assert frame == self.frame_jpeg(np.zeros((1, 1, 3), np.uint8))
        return MadePage(full_jpeg=b"remade" * 1000, corners=corners)

    def frame_jpeg(self, image: Image) -> bytes:
        return b"frame" * 1000

    def preview_jpeg(self, image: Image, max_width_px: int) -> bytes:
        return b"jpeg"

    def forget(self) -> None:
        self.sheet = None


class Rig:
    """One booth and its devices."""

    def __init__(self) -> None:
        self.reader = FakeReader(DeviceKind.ID_CARD_READER)
        self.camera = FakeCamera()
        self.workshop = FakeWorkshop()
        numbers = count(1)
        self.core = VisitCore(
            Wording(zh="亭", en="Booth"),
            [DeviceKind.ID_CARD_READER, DeviceKind.DOCUMENT_CAMERA],
            new_id=lambda: f"request-{next(numbers)}",
        )
        self.booth: Booth

    @asynccontextmanager
    async def running(self, center: FakeCenter, outbox: Outbox) -> AsyncIterator[Booth]:
        center.key = public_bytes(KEY)
        async with aiohttp.ClientSession() as session:
            link = Link(center.url, None, "b-1", KEY, "test", session)
            exchange = Exchange(link.tell, lambda: "offer")
            uploader = Uploader(outbox, center.url, None, session)
            ids = count(1)
            async with PageTaker(self.camera, outbox, self.workshop, lambda: f"page-{next(ids)}") as taker:
                self.booth = Booth(
                    self.core,
                    link,
                    exchange,
                    uploader,
                    {DeviceKind.ID_CARD_READER: self.reader},
                    self.camera,
                    taker,
                    headless=True,
                )
                task = asyncio.create_task(self.booth.run())
                try:
                    await center.until(lambda: center.linked)
                    await center.say(CATALOGUE)
                    await eventually(lambda: bool(self.core.view().items))
                    yield self.booth
                finally:
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task


def order(kind: CommandKind, command_id: str = "c-1") -> CommandIssued:
    return CommandIssued(command_id, "affair-1", kind, 30)


async def serve(center: FakeCenter, rig: Rig) -> None:
    await center.say(VisitChanged(snapshot(TicketState.SERVING)))
    await eventually(lambda: rig.core.state is VisitState.SERVE)


async def test_an_affair_from_the_first_touch_to_the_wipe(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox) as booth:
        booth.act(Touched())
        booth.act(ItemChosen(ITEM))
        rig.reader.lay()
        rig.reader.give(card())
        await center.until(lambda: any(isinstance(message, TicketRequested) for message in center.heard))
        await center.say(VisitChanged(snapshot(TicketState.WAITING)))
        await center.say(VisitChanged(snapshot(TicketState.CALLED)))
        await center.until(lambda: CallAnswered("affair-1") in center.heard)
        await serve(center, rig)

        await center.say(order(CommandKind.TAKE_PAGE))
        await center.until(lambda: center.whole("page-1"))
        assert center.pages["page-1"].announced.command_id == "c-1"
        await until_it_is([], outbox.waiting)

        await center.say(order(CommandKind.READ_ID_CARD, "c-2"))  # the card still lies there
        rig.reader.give(card())
        await center.until(lambda: CardPresented("c-2", card(), 812, DeviceKind.ID_CARD_READER, 1) in center.heard)

        await center.say(VisitChanged(snapshot(TicketState.FINISHED)))
        await eventually(lambda: rig.core.state is VisitState.RECEIPT)
        booth.act(ReceiptRead())
        booth.act(GradeGiven(5))
        await center.until(lambda: center.heard[-2:] == [Rated("affair-1", 5), VisitWiped("affair-1")])
        assert rig.core.state is VisitState.WELCOME


async def test_the_devices_are_reported_as_soon_as_there_is_a_link(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await center.until(lambda: len(center.heard) >= 3)
        newest = center.heard[-1]
        assert isinstance(newest, BoothReported)
        assert {status.kind: status.state for status in newest.devices} == {
            DeviceKind.ID_CARD_READER: DeviceState.READY,
            DeviceKind.SOCIAL_SECURITY_CARD_READER: DeviceState.ABSENT,
            DeviceKind.DOCUMENT_CAMERA: DeviceState.READY,
        }


async def test_a_card_pulled_out_in_the_middle_is_said_and_read_when_it_is_back(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(order(CommandKind.READ_ID_CARD))
        rig.reader.lay()
        await asyncio.wait_for(rig.reader.reading.wait(), 5)
        rig.reader.lift()
        await center.until(lambda: center.heard[-1] == CommandHindered("c-1", ErrorCode.CARD_REMOVED))
        rig.reader.lay()
        await asyncio.wait_for(rig.reader.reading.wait(), 5)
        rig.reader.give(card())
        await center.until(lambda: center.heard[-1] == CardPresented("c-1", card(), 812, DeviceKind.ID_CARD_READER, 2))


async def test_a_camera_without_its_cable_hinders_until_it_is_back(
    tmp_path: Path,
) -> None:
    rig = Rig()
    rig.camera.pull()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(order(CommandKind.TAKE_PAGE))
        await center.until(lambda: center.heard[-1] == CommandHindered("c-1", ErrorCode.CAMERA_ABSENT))
        rig.camera.plug()
        await center.until(lambda: center.whole("page-1"))


async def test_a_picture_that_breaks_the_page_maker_fails_the_command_and_not_the_booth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        monkeypatch.setattr(f"{__name__}.MadePage", _break)
        await center.say(order(CommandKind.TAKE_PAGE))
        await center.until(lambda: center.heard[-1] == CommandFailed("c-1", ErrorCode.INTERNAL))
        await center.say(order(CommandKind.READ_ID_CARD, "c-2"))
        rig.reader.lay()
        rig.reader.give(card())
        await center.until(lambda: isinstance(center.heard[-1], CardPresented))


def _break(*_: object) -> None:
    raise ZeroDivisionError("a bug")


async def test_a_reading_under_way_stops_when_the_visit_is_wiped(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(order(CommandKind.READ_ID_CARD))
        rig.reader.lay()
        await asyncio.wait_for(rig.reader.reading.wait(), 5)
        await center.say(VisitChanged(None))
        await center.until(lambda: center.heard[-1] == VisitWiped("affair-1"))
        await eventually(lambda: not rig.reader.reading.is_set())
        assert not any(isinstance(message, CardPresented) for message in center.heard)


async def test_a_photo_goes_along_with_its_card_and_the_readers_forget_with_the_visit(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        rig.reader.photo = photo = draw_photo("id-lin")
        await center.say(order(CommandKind.READ_ID_CARD))
        rig.reader.lay()
        rig.reader.give(card())
        read = CardPresented("c-1", card(), 812, DeviceKind.ID_CARD_READER, 1, photo.jpeg())
        await center.until(lambda: read in center.heard)
        assert rig.reader.forgotten == 0
        await center.say(VisitChanged(None))
        await center.until(lambda: center.heard[-1] == VisitWiped("affair-1"))
        assert rig.reader.forgotten == 1


async def test_what_makes_pages_is_loaded_before_anybody_comes(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await eventually(lambda: rig.workshop.prepared)
        assert not center.pages


async def test_page_after_page_is_taken_each_once_until_the_clerk_says_stop(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(CommandIssued("c-1", "affair-1", CommandKind.TAKE_PAGE, 600, more=True))
        await center.until(lambda: center.whole("page-1"))
        rig.workshop.sheet = None
        await center.until(lambda: _desk(center).state is DeskState.EMPTY)
        rig.workshop.sheet = Sheet()
        await center.until(lambda: center.whole("page-2"))
        await center.until(lambda: (_desk(center).state, _desk(center).taken) == (DeskState.TAKEN, 2))
        await center.say(CommandWithdrawn("c-1"))
        await center.until(lambda: not _desk(center).wanted)
        assert [page.announced.command_id for page in center.pages.values()] == ["c-1", "c-1"]


async def test_a_flaw_is_said_and_the_clerks_shutter_takes_the_page_all_the_same(tmp_path: Path) -> None:
    rig = Rig()
    rig.workshop.flaws = (Flaw(FlawKind.GLARE),)
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(order(CommandKind.TAKE_PAGE))
        await center.until(lambda: center.heard[-1] == CommandHindered("c-1", ErrorCode.PAGE_GLARE))
        assert _desk(center).flaw is FlawKind.GLARE and not center.pages
        await center.say(ShutterPressed("c-1"))
        await center.until(lambda: center.whole("page-1"))
        assert center.pages["page-1"].announced.flaws == [Flaw(FlawKind.GLARE)]


async def test_adjusted_corners_make_the_page_anew_out_of_its_frame_until_the_visit_is_wiped(tmp_path: Path) -> None:
    rig = Rig()
    corners = [1000, 1000, 9000, 1200, 8800, 9000, 900, 8700]
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(order(CommandKind.TAKE_PAGE))
        await center.until(lambda: center.whole("page-1"))
        await center.say(
            CommandIssued("c-2", "affair-1", CommandKind.REMAKE_PAGE, 60, remake=Remake("page-1", corners))
        )
        await center.until(lambda: center.whole("page-2"))
        remade = center.pages["page-2"].announced
        assert (remade.command_id, remade.outline) == ("c-2", [place / 10_000 for place in corners])
        assert remade.frame_sha256 == center.pages["page-1"].announced.frame_sha256
        await center.say(VisitChanged(None))
        await center.until(lambda: center.heard[-1] == VisitWiped("affair-1"))
        await center.say(VisitChanged(snapshot(TicketState.SERVING, "affair-2")))
        await eventually(lambda: rig.core.state is VisitState.SERVE)
        await center.say(
            CommandIssued("c-3", "affair-2", CommandKind.REMAKE_PAGE, 60, remake=Remake("page-1", corners))
        )
        await center.until(lambda: center.heard[-1] == CommandFailed("c-3", ErrorCode.FRAME_GONE))


def _desk(center: FakeCenter) -> DeskSeen:
    """What the center was last told of the desk."""
    return next(
        (each for each in reversed(center.fleeting) if isinstance(each, DeskSeen)), DeskSeen(DeskState.BLIND, 1)
    )


async def test_a_withdrawn_page_is_not_taken(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        rig.camera.pull(ErrorCode.CAMERA_FROZEN)
        await center.say(order(CommandKind.TAKE_PAGE))
        await center.until(lambda: isinstance(center.heard[-1], CommandHindered))
        await center.say(CommandWithdrawn("c-1"))
        await eventually(lambda: rig.core.deadline_ms() is None)
        assert await outbox.waiting() == []


async def test_a_restarted_booth_sends_its_pages_and_shows_its_visit_again(tmp_path: Path) -> None:
    rig = Rig()
    async with fake_center() as center:
        async with Outbox(tmp_path) as outbox, rig.running(center, outbox):
            await serve(center, rig)
            center.holds["PATCH light 0 page-1"] = asyncio.Event()  # the upload hangs
            await center.say(order(CommandKind.TAKE_PAGE))
            await eventually(lambda: "PATCH light 0 page-1" in center.requests)
        center.holds.clear()
        again = Rig()
        async with Outbox(tmp_path) as outbox, again.running(center, outbox):
            await center.until(lambda: center.whole("page-1"))
            await center.say(PageStored("page-1"))
            await until_it_is([], outbox.waiting)
            await serve(center, again)
        assert len(center.epochs) == 2


async def test_no_log_line_holds_personal_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    rig = Rig()
    async with fake_center() as center, Outbox(tmp_path) as outbox, rig.running(center, outbox):
        await serve(center, rig)
        await center.say(order(CommandKind.READ_ID_CARD))
        rig.reader.lay()
        rig.reader.give(card())
        await center.until(lambda: isinstance(center.heard[-1], CardPresented))
        await center.say(order(CommandKind.TAKE_PAGE, "c-2"))
        await center.until(lambda: center.whole("page-1"))
    booth_lines = [record.getMessage() for record in caplog.records if record.name.startswith("booth")]
    assert booth_lines
    assert not [line for line in booth_lines if NAME in line or card().number in line]
