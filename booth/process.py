"""The shell round the visit core: it receives, asks the core, and performs what the core wants. It decides nothing.

Everything here runs in the event loop's one thread, so an event is handled whole before the next; jobs that take time
(a card, a page) are tasks that come back with an event of their own.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from booth import forgetting
from booth.closeup import Closeup
from booth.core.capture import Corners, corners_from
from booth.core.events import (
    Acted,
    Attended,
    CardLaid,
    CardLifted,
    CardNotRead,
    CardWasRead,
    CenterSaid,
    ClerkSeen,
    CodeRead,
    CompareFaces,
    DeviceChanged,
    Effect,
    EpochBegan,
    Event,
    FacesCompared,
    FacesNotCompared,
    LinkChanged,
    PageHindered,
    PageKept,
    PageNotTaken,
    PressShutter,
    ReadCard,
    RemakePage,
    Send,
    StopComparing,
    StopTaking,
    TakePage,
    TimePassed,
    ViewChanged,
    VisitAction,
    WatchCodes,
    WatchDesk,
    Wipe,
    Wiped,
    Withdraw,
)
from booth.core.visit import VisitCore
from booth.devices.camera.interface import Camera
from booth.devices.card.interface import CardInserted, CardReader, CardRemoved, ReaderChanged
from booth.devices.code.interface import CodeReader, CodeSeen
from booth.errors import DeviceError
from booth.face.interface import Comparer
from booth.kiosk.hub import Hub
from booth.link.exchange import Exchange
from booth.link.socket import Link
from booth.link.uploader import Uploader
from booth.supervise import BackOff, keep
from protocol.desk import DeskSeen, RegionWanted
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode, ProtocolError
from protocol.marks import Remake
from protocol.media import IceServer, IceServers, MediaAnswer, MediaClosed, MediaRefused, NetworkJudged, PeerKind
from protocol.messages import CenterFleeting, CenterMessage, PageStored, Ping, Pong

log = logging.getLogger(__name__)

COMPARE_S = 20.0
"""One comparison: a second to load the models, and most of one to compare."""
COMPARING = "compare faces"
READ_S = 20.0
"""One reading of a card. A second-generation card with its photograph takes about 2 s."""


LINK_AGAIN_S = 2.0
"""The longest wait before the center is looked for again; that it can be reached is known before it is tried."""


class Taker(Protocol):
    """`booth.taking.PageTaker`."""

    async def take(
        self,
        command_id: str,
        affair_id: str,
        more: bool,
        kept: Callable[[], None],
        hindered: Callable[[ErrorCode | None], None],
    ) -> None: ...

    async def remake(self, command_id: str, affair_id: str, page_id: str, corners: Corners) -> None: ...

    def press(self, command_id: str) -> None: ...

    def watch(self, wanted: bool) -> None: ...

    def wipe(self) -> None: ...

    async def run(self, show: Callable[[DeskSeen], None]) -> None: ...


class Leg(Protocol):
    """The booth process's own media connection."""

    @property
    def connection(self) -> object | None: ...

    def remake(self) -> None: ...

    def lost(self) -> None: ...

    def use_relays(self, relays: Sequence[IceServer]) -> None: ...

    async def run(self) -> None: ...


class Booth:
    """One booth's events and effects: the link's listener, and the kiosk's `Visits`. `run` lasts as long as the booth.

    `headless`: no page is needed to answer a call.
    """

    def __init__(
        self,
        core: VisitCore,
        link: Link,
        exchange: Exchange,
        uploader: Uploader,
        readers: Mapping[DeviceKind, CardReader],
        camera: Camera | None,
        taker: Taker | None,
        *,
        code_readers: Sequence[CodeReader] = (),
        closeup: Closeup | None = None,
        comparer: Comparer | None = None,
        headless: bool = False,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._core = core
        self._link = link
        self._exchange = exchange
        self._uploader = uploader
        self._readers = readers
        self._camera = camera
        self._taker = taker
        self._code_readers = tuple(code_readers)
        self._closeup = closeup or Closeup()
        self._comparer = comparer
        self._headless = headless
        self._now_ms = now_ms
        self.hub = Hub(core.view(), self._pages_changed)
        self._leg: Leg | None = None
        self._linked_from: str | None = None
        """This machine's address at the last time that the link came up: from another network media is made anew."""
        self._events: deque[Event] = deque()
        self._handling = False
        self._deadline_moved = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._jobs: dict[str, asyncio.Task[None]] = {}

    def use_leg(self, leg: Leg) -> None:
        """Keep this media connection up too; said before `run`."""
        self._leg = leg

    async def run(self) -> None:
        """Serve until cancelled. Cancelling it loses nothing that `Outbox` and the center don't have."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self.handle(EpochBegan())
            self.handle(Attended(self._headless))
            for reader in self._readers.values():
                tasks.create_task(self._watch_reader(reader), name=f"watch {reader.kind}")
            if self._comparer is not None:
                ready = self._comparer.is_ready
                state, code = (DeviceState.READY, None) if ready else (DeviceState.ABSENT, ErrorCode.COMPARER_ABSENT)
                self.handle(DeviceChanged(DeviceStatus(DeviceKind.FACE_COMPARER, state, code)))
            if self._camera is not None:
                tasks.create_task(self._watch_camera(self._camera), name="watch document camera")
            for codes in self._code_readers:
                tasks.create_task(self._watch_codes(codes), name=f"watch codes of {codes.kind}")
            if self._taker is not None:
                tasks.create_task(self._taker.run(self._desk_seen), name="desk")
            tasks.create_task(self._keep_time(), name="deadlines")
            tasks.create_task(keep("link", self._connect, back_off=BackOff(most_s=LINK_AGAIN_S)), name="link")
            tasks.create_task(keep("uploads", self._uploader.run), name="uploads")
            if self._leg is not None:
                tasks.create_task(self._leg.run(), name="media leg")

    # --- Events in ---

    def handle(self, event: Event) -> None:
        """Tell the core and perform what follows; events that this brings about are handled after it, in order."""
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                for effect in self._core.handle(self._events.popleft(), self._now_ms()):
                    self._perform(effect)
        finally:
            self._handling = False
            self._deadline_moved.set()

    def act(self, action: VisitAction) -> None:
        self.handle(Acted(action))

    def clerk_seen(self) -> None:
        """The booth process itself decoded the clerk's picture."""
        self.handle(ClerkSeen())

    def epoch_began(self) -> None:
        self.handle(EpochBegan())

    async def _connect(self, worked: Callable[[], None]) -> None:
        await self._link.until_reachable()
        await self._link.connect(self, worked)

    def link_changed(self, up: bool) -> None:
        if not up:
            self._exchange.lost()
        elif self._leg is not None:
            moved = self._link.local_address != self._linked_from
            if moved or self._leg.connection is None:
                self._leg.remake()
        if up:
            self._linked_from = self._link.local_address
        self.handle(LinkChanged(up))

    def welcomed(self, upload_token: str) -> None:
        self._uploader.authorise(upload_token)

    def said(self, message: CenterMessage) -> None:
        if isinstance(message, PageStored):
            self._uploader.stored(message.page_id)
        self.handle(CenterSaid(message))

    def passed(self, message: CenterFleeting) -> None:
        match message:
            case MediaAnswer() | MediaRefused():
                self._exchange.answered(message)
            case MediaClosed(PeerKind.KIOSK):
                self.hub.media_closed()
            case MediaClosed():
                if self._leg is not None:
                    self._leg.lost()
            case RegionWanted(region):
                self._closeup.show(region)
            case IceServers(servers):
                self.hub.use_relays(message)
                if self._leg is not None:
                    self._leg.use_relays(servers)
            case NetworkJudged():
                self.hub.judged(message)
            case Ping() | Pong():
                pass  # the link's own

    def _desk_seen(self, seen: DeskSeen) -> None:
        """What the document camera sees goes to both screens; neither waits for it."""
        self.hub.show_desk(seen)
        self._link.tell(seen)

    def _pages_changed(self, count: int) -> None:
        self.handle(Attended(self._headless or count > 0))

    # --- Effects out ---

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Send(message):
                try:
                    self._link.send(message, self)
                except ProtocolError as error:
                    log.error("a %s can't be sent: %s", type(message).__name__, error)
            case Withdraw(request_id):
                self._link.withdraw(request_id)
            case ReadCard(kind, insertion):
                self._job(f"read {kind}", self._read_card(kind, insertion))
            case TakePage(command_id, affair_id, more):
                self._job(f"take {command_id}", self._take_page(command_id, affair_id, more))
            case RemakePage(command_id, affair_id, remake):
                self._job(f"take {command_id}", self._remake_page(command_id, affair_id, remake))
            case PressShutter(command_id):
                if self._taker is not None:
                    self._taker.press(command_id)
            case WatchDesk(wanted):
                self._closeup.watch(wanted)
                if self._taker is not None:
                    self._taker.watch(wanted)
            case StopTaking(command_id):
                self._stop(f"take {command_id}")
            case CompareFaces(command_id, photo, picture):
                self._job(COMPARING, self._compare_faces(command_id, photo, picture))
            case StopComparing():
                self._stop(COMPARING)
            case WatchCodes(wanted):
                for codes in self._code_readers:
                    codes.want(wanted)
            case Wipe():
                for codes in self._code_readers:
                    codes.wipe()
                for reader in self._readers.values():
                    reader.forget()
                if self._taker is not None:
                    self._taker.wipe()
                self._link.wipe()
                self._closeup.reset()
                self._begin_forgetting()
            case ViewChanged():
                self.hub.show(self._core.view())

    def _job(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a device's job for the visit; wiping the visit stops it."""
        assert self._tasks is not None, "the booth runs"
        task = self._jobs[name] = self._tasks.create_task(work, name=name)
        task.add_done_callback(partial(self._job_done, name))

    def _job_done(self, name: str, task: asyncio.Task[None]) -> None:
        if self._jobs.get(name) is task:
            del self._jobs[name]

    def _stop(self, name: str) -> None:
        task = self._jobs.pop(name, None)
        if task is not None:
            task.cancel()

    def _begin_forgetting(self) -> None:
        """Stop every job; the visit is wiped when they are over and what they held is freed."""
        assert self._tasks is not None, "the booth runs"
        stopped = list(self._jobs.values())
        for name in list(self._jobs):
            self._stop(name)
        self._tasks.create_task(self._forget(stopped), name="forget")

    async def _forget(self, stopped: list[asyncio.Task[None]]) -> None:
        if stopped:
            await asyncio.wait(stopped)
        stopped.clear()
        forgetting.collect()
        self.handle(Wiped())

    async def _read_card(self, kind: DeviceKind, insertion: int) -> None:
        try:
            async with asyncio.timeout(READ_S):
                read = await self._readers[kind].read(insertion)
        except DeviceError as error:
            log.info("%s: insertion %d was not read: %s", kind, insertion, error)
            self.handle(CardNotRead(kind, insertion, error.code))
        except TimeoutError:
            self.handle(CardNotRead(kind, insertion, ErrorCode.TIMED_OUT))
        else:
            photo = None if read.photo is None else read.photo.jpeg()
            self.handle(CardWasRead(kind, insertion, read.card, read.took_ms, photo))

    async def _compare_faces(self, command_id: str, photo: bytes, picture: bytes) -> None:
        try:
            if self._comparer is None:
                raise DeviceError(ErrorCode.COMPARER_ABSENT, "there is no comparer")
            async with asyncio.timeout(COMPARE_S):
                likeness = await self._comparer.compare(photo, picture)
        except DeviceError as error:
            log.info("command %s: faces not compared: %s", command_id, error)
            self.handle(FacesNotCompared(command_id, error.code))
        except TimeoutError:
            self.handle(FacesNotCompared(command_id, ErrorCode.TIMED_OUT))
        else:
            self.handle(FacesCompared(command_id, likeness.score, likeness.alike))

    async def _take_page(self, command_id: str, affair_id: str, more: bool) -> None:
        def kept() -> None:
            self._uploader.wake()
            self.handle(PageKept(command_id))

        def hindered(code: ErrorCode | None) -> None:
            self.handle(PageHindered(command_id, code))

        async with self._fails_its_command(command_id):
            await self._camera_taker().take(command_id, affair_id, more, kept, hindered)

    async def _remake_page(self, command_id: str, affair_id: str, remake: Remake) -> None:
        async with self._fails_its_command(command_id):
            corners = corners_from(remake.corners)
            await self._camera_taker().remake(command_id, affair_id, remake.page_id, corners)
            self._uploader.wake()
            self.handle(PageKept(command_id))

    def _camera_taker(self) -> Taker:
        if self._taker is None:
            raise DeviceError(ErrorCode.CAMERA_ABSENT, "there is no document camera")
        return self._taker

    @asynccontextmanager
    async def _fails_its_command(self, command_id: str) -> AsyncIterator[None]:
        """A page that can't be taken or worked on fails its command, not the booth."""
        try:
            yield
        except DeviceError as error:
            log.info("command %s: no page: %s", command_id, error)
            self.handle(PageNotTaken(command_id, error.code))
        except Exception:
            log.exception("command %s: no page", command_id)
            self.handle(PageNotTaken(command_id, ErrorCode.INTERNAL))

    # --- What is watched ---

    async def _watch_reader(self, reader: CardReader) -> None:
        events = reader.events()
        self.handle(DeviceChanged(reader.status))
        if reader.inserted is not None:
            self.handle(CardLaid(reader.kind, reader.inserted))
        async for event in events:
            match event:
                case CardInserted(insertion):
                    self.handle(CardLaid(reader.kind, insertion))
                case CardRemoved(insertion):
                    self.handle(CardLifted(reader.kind, insertion))
                case ReaderChanged(status):
                    self.handle(DeviceChanged(status))

    async def _watch_codes(self, reader: CodeReader) -> None:
        async for event in reader.events():
            match event:
                case CodeSeen(code):
                    self.handle(CodeRead(reader.kind, code))
                case DeviceStatus():
                    self.handle(DeviceChanged(event))

    async def _watch_camera(self, camera: Camera) -> None:
        changes = camera.changes()
        self.handle(DeviceChanged(camera.status))
        async for status in changes:
            self.handle(DeviceChanged(status))

    async def _keep_time(self) -> None:
        while True:
            self._deadline_moved.clear()
            deadline_ms = self._core.deadline_ms()
            wait_s = None if deadline_ms is None else max(0.0, (deadline_ms - self._now_ms()) / 1000)
            try:
                async with asyncio.timeout(wait_s):
                    await self._deadline_moved.wait()
            except TimeoutError:
                self.handle(TimePassed())
