"""The shell round the capture core: it looks at the camera's pictures, and keeps the pages that the core wants taken.

While a clerk is with the resident, or a page is ordered, the newest picture is looked at about `LOOKS_A_S` times a
second, in the one thread in which pictures are worked on; making a page takes its turn there.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self, TypeVar

from booth.core.capture import Capture, CaptureEffect, Corners, Hinder, Show, Sight, Take
from booth.devices.camera.interface import Camera, Frame, Image
from booth.errors import DeviceError
from protocol.desk import DeskSeen
from protocol.devices import DeviceState
from protocol.errors import ErrorCode
from protocol.pages import Flaw, PageAnnounced

log = logging.getLogger(__name__)

LOOKS_A_S = 12
"""A look every 83 ms: outline and picture stay together for the eye."""

REST_S = 2.0
"""A look at the resting desk takes about 30 ms of one core."""

NO_PICTURE_S = 0.5
"""After so long without a picture the camera's state is asked."""

PREVIEW_PX = 960

MOST_FRAMES = 12
"""Kept in memory; a frame of 13 MP is about 5 MB. What is older can only be taken again."""

_T = TypeVar("_T")


class PageImages(Protocol):
    """What `booth.documents.page` makes of a picture."""

    @property
    def full_jpeg(self) -> bytes: ...

    @property
    def light_jpeg(self) -> bytes: ...

    @property
    def width_px(self) -> int: ...

    @property
    def height_px(self) -> int: ...

    @property
    def flat(self) -> bool: ...

    @property
    def size(self) -> str | None: ...

    @property
    def seen_dpi(self) -> int: ...

    @property
    def turned(self) -> int: ...

    @property
    def upright(self) -> bool: ...

    @property
    def corners(self) -> Corners | None:
        """As parts of the picture's width and height."""
        ...

    @property
    def flaws(self) -> tuple[Flaw, ...]: ...


class Workshop(Protocol):
    """What is done with pictures, each call in the documents thread but `frame_jpeg`, which goes beside it."""

    def prepare(self) -> None:
        """Load what is needed, that the first page takes no longer than others."""
        ...

    def look(self, image: Image, at_s: float) -> Sight | ErrorCode: ...

    def rest(self, image: Image) -> None: ...

    def make_page(self, image: Image, near: Corners | None) -> PageImages:
        """The page whose outline lies about there; without one, whatever page is found."""
        ...

    def remake_page(self, frame: bytes, corners: Corners) -> PageImages:
        """The page within these corners of a frame that was kept as JPEG."""
        ...

    def frame_jpeg(self, image: Image) -> bytes: ...

    def preview_jpeg(self, image: Image, max_width_px: int) -> bytes: ...

    def forget(self) -> None: ...


class Keeper(Protocol):
    async def put(self, page: PageAnnounced, light: bytes, full: bytes, frame: bytes | None = None) -> None: ...


@dataclass(slots=True)
class _Waiting:
    """Somebody waits in `take`. `over` is done when a single page is kept, or nothing more can come."""

    over: asyncio.Future[None]
    kept: Callable[[], None]
    hindered: Callable[[ErrorCode | None], None]
    more: bool


class PageTaker:
    """An async context manager round the thread in which pictures are worked on, and one that encodes frames; `run` is
    its task."""

    def __init__(
        self,
        camera: Camera,
        outbox: Keeper,
        workshop: Workshop,
        new_id: Callable[[], str],
        hurrying: Callable[[bool], None] = lambda _hurrying: None,
    ) -> None:
        """`hurrying` is told when a page is begun, and when nothing comes of it; one that is kept is in a hurry still,
        until the uploader, which tells the same, has shown it to the clerk."""
        self._hurrying = hurrying
        self._camera = camera
        self._outbox = outbox
        self._workshop = workshop
        self._new_id = new_id
        self._core = Capture()
        self._frames: dict[str, bytes] = {}
        """The newest pages' frames, for corners that are adjusted; of this visit alone."""
        self._waiting: dict[str, _Waiting] = {}
        self._pressed: str | None = None
        """The clerk's shutter may be quicker than the command's own task."""
        self._wanted = False
        self._awake = asyncio.Event()
        self._show: Callable[[DeskSeen], None] = lambda _seen: None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="documents")
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="frames")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for thread in (self._thread, self._encoder):
            thread.shutdown(wait=False, cancel_futures=True)

    def watch(self, wanted: bool) -> None:
        """Whether the desk is looked at though no page is ordered."""
        self._wanted = wanted
        self._wake()

    async def take(
        self,
        command_id: str,
        affair_id: str,
        more: bool,
        kept: Callable[[], None],
        hindered: Callable[[ErrorCode | None], None],
    ) -> None:
        """Take a page and return, or with `more` one after another until cancelled; `kept` is called for each.

        `hindered` is told what stands in the way, and None when nothing does. Raises `DeviceError` when a page can't be
        kept. Cancelled, it has kept the page under way or has not.
        """
        waiting = _Waiting(asyncio.get_running_loop().create_future(), kept, hindered, more)
        self._waiting[command_id] = waiting
        self._tell(self._core.order(command_id, affair_id, more, _now_ms()))
        if self._pressed == command_id:
            self.press(command_id)
        self._wake()
        try:
            await waiting.over
        finally:
            if self._waiting.get(command_id) is waiting:
                del self._waiting[command_id]
            self._tell(self._core.withdraw(command_id, _now_ms()))
            self._wake()

    async def remake(self, command_id: str, affair_id: str, page_id: str, corners: Corners) -> None:
        """Make a page of this visit again, within these corners of its frame, and keep it as a page of its own.

        Raises `DeviceError(frame_gone)` when the frame is not here any more. Cancelled, it has kept the page or has
        not.
        """
        evidence = self._frames.get(page_id)
        if evidence is None:
            raise DeviceError(ErrorCode.FRAME_GONE, "the page's frame is not here any more")
        page = await self._work(lambda: self._workshop.remake_page(evidence, corners))
        await self._keep(command_id, affair_id, page, evidence, _wall_ms())

    def press(self, command_id: str) -> None:
        """The clerk pressed the shutter."""
        self._pressed = None if command_id in self._waiting else command_id
        self._tell(self._core.press(command_id, _now_ms()))

    def wipe(self) -> None:
        """Forget the visit's pages."""
        self._core.wipe()
        self._frames.clear()
        self._thread.submit(self._workshop.forget)

    async def preview(self, image: Image) -> bytes:
        """A small JPEG of the picture, for the kiosk's page."""
        return await self._work(lambda: self._workshop.preview_jpeg(image, PREVIEW_PX))

    async def run(self, show: Callable[[DeskSeen], None]) -> None:
        """Look while it is wanted, until cancelled; `show` gets what is to be seen on the screens."""
        self._show = show
        self._thread.submit(self._workshop.prepare)
        while True:
            await self._rest_until_awake()
            await self._look_while_awake()

    async def _rest_until_awake(self) -> None:
        """While nobody is served the empty desk is learnt, a look now and then."""
        while not self._awake.is_set():
            if (frame := self._camera.latest) is not None:
                await self._work(partial(self._workshop.rest, frame.image))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REST_S):
                    await self._awake.wait()

    def _wake(self) -> None:
        if self._wanted or self._waiting:
            self._awake.set()
        else:
            self._awake.clear()

    async def _look_while_awake(self) -> None:
        loop = asyncio.get_running_loop()
        frames = self._camera.frames()
        while self._awake.is_set():
            began_s = loop.time()
            frame = await _next(frames)
            if frame is None:
                self._tell(self._core.trouble(self._blindness(), _now_ms()))
                continue
            await self._look(frame)
            await asyncio.sleep(max(0.0, 1 / LOOKS_A_S - (loop.time() - began_s)))

    async def _look(self, frame: Frame) -> None:
        sight = await self._work(lambda: self._workshop.look(frame.image, frame.at_s))
        if isinstance(sight, ErrorCode):
            self._tell(self._core.trouble(sight, _now_ms()))
            return
        effects = self._core.see(sight, _now_ms())
        self._tell(effects)
        for effect in effects:
            if isinstance(effect, Take):
                await self._capture(effect, frame, sight.exact)

    def _blindness(self) -> ErrorCode | None:
        """Why no picture came; None for a camera that is merely slow."""
        status = self._camera.status
        if status.state in (DeviceState.READY, DeviceState.BUSY):
            return ErrorCode.CAMERA_FROZEN if self._camera.latest is None else None
        return status.code or ErrorCode.CAMERA_ABSENT

    async def _capture(self, take: Take, frame: Frame, near: Corners | None) -> None:
        """Make the page and keep it, if the core still wants it."""
        self._hurrying(True)
        kept = False
        try:
            page, evidence = await asyncio.gather(
                self._work(lambda: self._workshop.make_page(frame.image, near)),
                self._beside(lambda: self._workshop.frame_jpeg(frame.image)),
            )
            if self._core.made(tuple(flaw.kind for flaw in page.flaws), _now_ms()):
                taken_at_ms = _wall_ms() - round((time.monotonic() - frame.at_s) * 1000)
                await self._keep(take.command_id, take.affair_id, page, evidence, taken_at_ms)
                kept = True
                self._tell(self._core.kept(_now_ms()))
                self._kept(take.command_id)
            else:
                self._tell(self._core.flawed(_now_ms()))
        except Exception as error:  # it is the command's, which `take` raises it for; looking goes on
            self._tell(self._core.failed(_now_ms()))
            waiting = self._waiting.get(take.command_id)
            if waiting is not None and not waiting.over.done():
                waiting.over.set_exception(error)
        finally:
            if not kept:
                self._hurrying(False)

    async def _keep(self, command_id: str, affair_id: str, page: PageImages, evidence: bytes, taken_at_ms: int) -> None:
        announced = PageAnnounced(
            page_id=self._new_id(),
            command_id=command_id,
            affair_id=affair_id,
            sha256=hashlib.sha256(page.full_jpeg).hexdigest(),
            size_bytes=len(page.full_jpeg),
            light_sha256=hashlib.sha256(page.light_jpeg).hexdigest(),
            light_size_bytes=len(page.light_jpeg),
            width_px=page.width_px,
            height_px=page.height_px,
            taken_at_ms=taken_at_ms,
            device=self._camera.name[:80],
            flat=page.flat,
            frame_sha256=hashlib.sha256(evidence).hexdigest(),
            frame_size_bytes=len(evidence),
            size=page.size,
            seen_dpi=page.seen_dpi,
            turned=page.turned,
            upright=page.upright,
            outline=list(page.corners or ()),
            flaws=list(page.flaws),
        )
        await self._outbox.put(announced, page.light_jpeg, page.full_jpeg, evidence)
        self._frames[announced.page_id] = evidence
        while len(self._frames) > MOST_FRAMES:
            del self._frames[next(iter(self._frames))]
        log.info("page %s taken, %d bytes, SHA-256 %s", announced.page_id, announced.size_bytes, announced.sha256)

    def _kept(self, command_id: str) -> None:
        waiting = self._waiting.get(command_id)
        if waiting is None:
            return
        waiting.kept()
        if not waiting.more and not waiting.over.done():
            waiting.over.set_result(None)

    def _tell(self, effects: list[CaptureEffect]) -> None:
        for effect in effects:
            match effect:
                case Show(seen):
                    self._show(seen)
                case Hinder(command_id, code):
                    waiting = self._waiting.get(command_id)
                    if waiting is not None:
                        waiting.hindered(code)
                case Take():
                    pass  # `_look` has the picture

    async def _beside(self, work: Callable[[], _T]) -> _T:
        """While the documents thread makes the page: its frame needs 50 ms at 13 MP, and a booth has a second core."""
        return await asyncio.get_running_loop().run_in_executor(self._encoder, work)

    async def _work(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def _next(frames: AsyncIterator[Frame]) -> Frame | None:
    """The next picture, or None when none comes for a while."""
    try:
        async with asyncio.timeout(NO_PICTURE_S):
            return await anext(frames)
    except TimeoutError:
        return None
    except StopAsyncIteration:
        # The camera was left: the booth stops, and this task with it.
        await asyncio.sleep(NO_PICTURE_S)
        return None


def _wall_ms() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000


def _now_ms() -> int:
    return round(time.monotonic() * 1000)
