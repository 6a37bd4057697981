"""Pages taken by themselves: real cameras of the simulator and of OpenCV, the real workshop, no center."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from booth.core.capture import Corners
from booth.devices.camera import grabbing
from booth.devices.camera.desk import SimulatedDesk
from booth.devices.camera.interface import Camera, Image
from booth.devices.camera.opencv import OpenCvCamera
from booth.documents.page import PageImage
from booth.documents.workshop import PictureWorkshop
from booth.errors import DeviceError
from booth.taking import PageTaker
from protocol.desk import DeskSeen, DeskState
from protocol.devices import DeviceState
from protocol.errors import ErrorCode
from protocol.pages import PageAnnounced
from tests.support.desk_video import write_desk_video

SIZE = (1280, 960)
WITHIN_S = 60.0


class Shelf:
    """Keeps pages in memory."""

    def __init__(self) -> None:
        self.pages: list[PageAnnounced] = []
        self.frames: list[bytes | None] = []
        self.full = False

    async def put(self, page: PageAnnounced, light: bytes, full: bytes, frame: bytes | None = None) -> None:
        if self.full:
            raise DeviceError(ErrorCode.DISK_FULL, "no room")
        self.pages.append(page)
        self.frames.append(frame)


class Rig:
    """A taker over a camera, and what it says."""

    def __init__(self, camera: Camera, workshop: PictureWorkshop) -> None:
        self.shelf = Shelf()
        self.hurried: list[bool] = []
        numbers = count(1)
        self.taker = PageTaker(camera, self.shelf, workshop, lambda: f"page-{next(numbers)}", self.hurried.append)
        self.said: list[ErrorCode | None] = []
        self.seen: list[DeskSeen] = []
        self._changed = asyncio.Condition()
        self._notes: set[asyncio.Task[None]] = set()

    def take(self, command_id: str = "c1", *, more: bool = False) -> asyncio.Task[None]:
        return asyncio.create_task(self.taker.take(command_id, "affair", more, self._note, self._hindered))

    async def until(self, true: Callable[[], bool], within_s: float = WITHIN_S) -> None:
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(true)

    def show(self, seen: DeskSeen) -> None:
        self.seen.append(seen)
        self._note()

    def _hindered(self, code: ErrorCode | None) -> None:
        self.said.append(code)
        self._note()

    def _note(self) -> None:
        task = asyncio.create_task(self._notify())
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def moved_since(self, place: int) -> bool:
        return any(seen.state is DeskState.MOVING for seen in self.seen[place:])

    @property
    def state(self) -> DeskState | None:
        return self.seen[-1].state if self.seen else None


@asynccontextmanager
async def running(camera: Camera, workshop: PictureWorkshop | None = None) -> AsyncIterator[Rig]:
    rig = Rig(camera, workshop or PictureWorkshop())
    async with camera, rig.taker:
        looking = asyncio.create_task(rig.taker.run(rig.show))
        try:
            yield rig
        finally:
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking


@pytest.fixture
def desk() -> SimulatedDesk:
    return SimulatedDesk(*SIZE, rate_fps=10)


async def test_pages_laid_one_after_another_are_each_taken_once(desk: SimulatedDesk) -> None:
    async with running(desk) as rig:
        taking = rig.take(more=True)
        for number, page in enumerate(("booklet_cover", "household_page"), 1):
            desk.lay(page)
            await rig.until(lambda number=number: len(rig.shelf.pages) == number)  # type: ignore[misc]
            before = len(rig.seen)
            desk.lay(page)  # pushed aside: the same page still
            await rig.until(lambda before=before: rig.moved_since(before) and rig.state is DeskState.TAKEN)  # type: ignore[misc]
        assert [page.size for page in rig.shelf.pages] == ["A6", "household_page"]
        assert all(page.upright and page.flat and not page.flaws for page in rig.shelf.pages)
        assert all(frame is not None and frame[:2] == b"\xff\xd8" for frame in rig.shelf.frames)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking


async def test_a_camera_pulled_while_a_page_is_waited_for_is_said_and_forgiven(desk: SimulatedDesk) -> None:
    async with running(desk) as rig:
        taking = rig.take()
        await rig.until(lambda: rig.state is DeskState.EMPTY)
        desk.unplug()
        await rig.until(lambda: rig.said == [ErrorCode.CAMERA_ABSENT])
        assert rig.seen[-1].trouble is ErrorCode.CAMERA_ABSENT
        desk.lay("id_card")
        desk.plug()
        async with asyncio.timeout(WITHIN_S):
            await taking
        assert rig.shelf.pages[0].size == "ID-1"


class _Sticking:
    """The simulated desk's pictures; while it is stuck, the last one over and over."""

    def __init__(self, desk: SimulatedDesk) -> None:
        self._inner = desk._source
        self._last: Image | None = None
        self.stuck = False

    def open(self) -> None:
        self._inner.open()

    def read(self) -> Image:
        if self._last is None or not self.stuck:
            self._last = self._inner.read()
        return self._last.copy()

    def close(self) -> None:
        self._inner.close()


async def test_a_frozen_camera_is_said_and_its_picture_is_not_taken_for_a_page_at_rest(
    desk: SimulatedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grabbing, "FROZEN_S", 1.0)
    source = _Sticking(desk)
    camera = grabbing.GrabbingCamera(source, "sticking", grabbing.Habits(pace_fps=10, can_freeze=True))
    async with running(camera) as rig:
        taking = rig.take()
        await rig.until(lambda: rig.state is DeskState.EMPTY)
        desk.lay("id_card")
        await rig.until(lambda: rig.state is DeskState.MOVING)
        source.stuck = True
        await rig.until(lambda: rig.said == [ErrorCode.CAMERA_FROZEN])
        assert rig.seen[-1].trouble is ErrorCode.CAMERA_FROZEN and rig.shelf.pages == []
        source.stuck = False
        async with asyncio.timeout(WITHIN_S):
            await taking
        assert [page.size for page in rig.shelf.pages] == ["ID-1"]


async def test_a_shutter_that_is_quicker_than_its_order_takes_the_page_all_the_same(desk: SimulatedDesk) -> None:
    async with running(desk) as rig:
        desk.lay("id_card")
        async with asyncio.timeout(WITHIN_S):
            await rig.take("c1")
            rig.taker.press("c2")  # the page is a known one: it is not taken again by itself
            await rig.take("c2")
        assert [page.command_id for page in rig.shelf.pages] == ["c1", "c2"]


class _Halting(PictureWorkshop):
    """Begins to make a page, and goes on when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def make_page(self, image: Image, near: Corners | None) -> PageImage:
        self.begun.set()
        assert self.go_on.wait(WITHIN_S)
        return super().make_page(image, near)


async def test_a_camera_pulled_while_the_page_is_made_costs_neither_the_page_nor_the_word(desk: SimulatedDesk) -> None:
    workshop = _Halting()
    async with running(desk, workshop) as rig:
        desk.lay("id_card")
        taking = rig.take(more=True)
        await asyncio.to_thread(workshop.begun.wait, WITHIN_S)
        desk.unplug()
        async with asyncio.timeout(WITHIN_S):
            while desk.status.state is not DeviceState.ABSENT:  # noqa: ASYNC110 - its changes go to the booth alone
                await asyncio.sleep(0.01)
        workshop.go_on.set()
        await rig.until(lambda: len(rig.shelf.pages) == 1 and rig.said[-1:] == [ErrorCode.CAMERA_ABSENT])
        assert rig.shelf.pages[0].size == "ID-1" and not rig.shelf.pages[0].flaws
        assert rig.shelf.frames[0] is not None
        desk.lay("booklet_cover")
        desk.plug()
        await rig.until(lambda: len(rig.shelf.pages) == 2)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking


async def test_a_full_disk_fails_the_order_with_its_word_and_the_next_one_is_taken(desk: SimulatedDesk) -> None:
    async with running(desk) as rig:
        rig.shelf.full = True
        desk.lay("id_card")
        with pytest.raises(DeviceError) as failed:
            async with asyncio.timeout(WITHIN_S):
                await rig.take()
        assert failed.value.code is ErrorCode.DISK_FULL and rig.shelf.pages == []
        assert rig.hurried == [True, False], "nothing comes of it"
        rig.shelf.full = False
        async with asyncio.timeout(WITHIN_S):
            await rig.take("c2")
        assert [page.command_id for page in rig.shelf.pages] == ["c2"], "the page that was not kept is not a known one"
        assert rig.hurried == [True, False, True], "the uploader says when the clerk has it"


@pytest.mark.parametrize(
    "level, code", [(4, ErrorCode.CAMERA_DARK), (255, ErrorCode.CAMERA_BRIGHT)], ids=["black", "overexposed"]
)
async def test_a_video_that_shows_nothing_is_said(tmp_path: Path, level: int, code: ErrorCode) -> None:
    video = tmp_path / "desk.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE)
    for _ in range(10):
        writer.write(np.full((SIZE[1], SIZE[0], 3), level, np.uint8))
    writer.release()
    async with running(OpenCvCamera.video_file(video, 10)) as rig:
        taking = rig.take()
        await rig.until(lambda: rig.said == [code])
        assert rig.state is DeskState.BLIND and rig.seen[-1].trouble is code
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking


async def test_a_page_in_a_video_file_is_taken_and_one_out_of_focus_is_not(tmp_path: Path) -> None:
    sharp = tmp_path / "desk.avi"
    write_desk_video(sharp, ("household_page",), *SIZE, page_s=2.5, pause_s=0)
    async with running(OpenCvCamera.video_file(sharp, 10)) as rig:
        async with asyncio.timeout(WITHIN_S):
            await rig.take()
        assert rig.shelf.pages[0].size == "household_page"
    soft = tmp_path / "soft.avi"
    reader, writer = cv2.VideoCapture(str(sharp)), cv2.VideoWriter(str(soft), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE)
    while (read := reader.read())[0]:
        writer.write(cv2.GaussianBlur(read[1], (0, 0), 4))
    reader.release()
    writer.release()
    async with running(OpenCvCamera.video_file(soft, 10)) as rig:
        taking = rig.take()
        await rig.until(lambda: ErrorCode.PAGE_BLURRED in rig.said or ErrorCode.PAGE_IN_DOUBT in rig.said)
        assert rig.shelf.pages == []
        rig.taker.press("c1")
        async with asyncio.timeout(WITHIN_S):
            await taking
        assert [flaw.kind for flaw in rig.shelf.pages[0].flaws] == ["blurred"]
