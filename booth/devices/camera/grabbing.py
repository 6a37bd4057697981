"""A camera round any source of pictures: the one thread that grabs, and everything that the contract promises of it.

The thread writes `_newest` and hands everything else to the event loop; the event loop alone writes status and waiters.
Each of the names that both read is replaced as a whole, never changed in place.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, TypeVarTuple

from booth.devices.camera.interface import Frame, Image
from booth.devices.camera.sharp import SharpFrame, StillPicture
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

log = logging.getLogger(__name__)
Arguments = TypeVarTuple("Arguments")

FRESH_S = 2.0
"""A frame older than this is not the latest any more, and a ready camera without a newer one is frozen."""

FROZEN_S = 2.0
OPENING_S = 3.0
"""Entering waits so long for the first frame or the first failure; a USB camera takes 0.5 to 2 s."""

STOPPING_S = 2.0
"""Leaving waits so long for a thread that hangs in a driver; then the thread is left to end by itself."""

MAX_CHANGES = 100


class Source(Protocol):
    """Where the pictures come from; used by the camera's thread alone. Raises `DeviceError` and nothing else."""

    def open(self) -> None: ...

    def read(self) -> Image:
        """The next picture, a new array each time or one that nobody changes any more."""
        ...

    def close(self) -> None:
        """Closing what is not open is harmless."""
        ...


@dataclass(frozen=True, slots=True)
class Habits:
    """How a source is to be treated.

    `pace_fps`: read so often; None for a device that sets the pace itself. `can_freeze`: whether the very same picture
    for two seconds is a fault. It is one for anything with a sensor, and is none for files, which lawfully repeat it.
    """

    pace_fps: float | None
    can_freeze: bool
    first_retry_s: float = 0.5
    longest_retry_s: float = 5.0


@dataclass(eq=False, slots=True)
class _Wanted:
    """Somebody waits in `capture`."""

    future: asyncio.Future[Frame]
    sharp: SharpFrame = field(default_factory=SharpFrame)


class GrabbingCamera:
    """The `Camera` of the interface. It can be entered once."""

    def __init__(self, source: Source, name: str, habits: Habits) -> None:
        self._source, self._name, self._habits = source, name, habits
        self._status = _status(DeviceState.ABSENT, ErrorCode.CAMERA_ABSENT)
        self._newest: Frame | None = None
        self._waking = False
        self._wanted: tuple[_Wanted, ...] = ()
        self._changes: _Changes | None = None
        self._arrival = asyncio.Event()
        self._settled = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, {self._status.state})"

    @property
    def status(self) -> DeviceStatus:
        return self._status

    @property
    def name(self) -> str:
        return self._name

    @property
    def latest(self) -> Frame | None:
        newest = self._newest
        return newest if newest is not None and time.monotonic() - newest.at_s <= FRESH_S else None

    def frames(self) -> AsyncIterator[Frame]:
        """Frames from now on; ends when the camera is left."""
        return _Frames(self)

    def changes(self) -> AsyncIterator[DeviceStatus]:
        """Changes from now on; ends when the camera is left, or when somebody else asks for them."""
        if self._changes is not None:
            self._changes.end()
        self._changes = _Changes()
        if self._stop.is_set():
            self._changes.end()
        return self._changes

    async def capture(self) -> Frame:
        """See `Camera.capture`. Cancelling it loses nothing."""
        if self._stop.is_set() or self._status.state is not DeviceState.READY:
            raise DeviceError(self._status.code or ErrorCode.CAMERA_ABSENT, self._name)
        wanted = _Wanted(asyncio.get_running_loop().create_future())
        self._wanted = (*self._wanted, wanted)
        try:
            return await wanted.future
        finally:
            self._wanted = tuple(each for each in self._wanted if each is not wanted)

    async def __aenter__(self) -> Self:
        """Start grabbing, and wait at most `OPENING_S` for the first frame or the first failure, whichever it is."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._watch = self._loop.call_later(FRESH_S / 4, self._look)
        try:
            async with asyncio.timeout(OPENING_S):
                await self._settled.wait()
        except TimeoutError:
            log.warning("%s has not opened after %s s; still trying", self._name, OPENING_S)
        except asyncio.CancelledError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop. Everything that waits is told at once; a second cancellation only shortens the wait for the thread."""
        self._stop.set()
        if self._watch is not None:
            self._watch.cancel()
        self._set_status(_status(DeviceState.ABSENT, ErrorCode.CAMERA_ABSENT))
        if self._changes is not None:
            self._changes.end()
        self._wake_all()
        deadline = time.monotonic() + STOPPING_S
        while self._thread.is_alive():
            if time.monotonic() > deadline:
                log.warning("%s hangs in its driver; its thread ends when the driver lets it go", self._name)
                return
            await asyncio.sleep(0.01)

    # --- In the event loop ---

    def _arrived(self) -> None:
        self._waking = False
        if self._stop.is_set():
            return
        self._set_status(_status(DeviceState.READY))
        self._wake_all()

    def _failed(self, status: DeviceStatus) -> None:
        if not self._stop.is_set():
            self._set_status(status)

    def _set_status(self, status: DeviceStatus) -> None:
        """The only writer of the status. Leaving `ready` fails every capture that waits."""
        self._settled.set()
        if status.state is not DeviceState.READY:
            for wanted in self._wanted:
                if not wanted.future.done():
                    wanted.future.set_exception(DeviceError(status.code or ErrorCode.DEVICE_FAILED, self._name))
        if status == self._status:
            return
        log.info("%s: %s -> %s", self._name, self._status.state, status.state)
        self._status = status
        if self._changes is not None:
            self._changes.put(status)

    def _wake_all(self) -> None:
        arrival, self._arrival = self._arrival, asyncio.Event()
        arrival.set()

    def _look(self) -> None:
        """A driver that hangs in its read gives no picture at all, not the same one: that is frozen, too."""
        if self._status.state is DeviceState.READY and self.latest is None:
            self._set_status(_status(DeviceState.FAULTED, ErrorCode.CAMERA_FROZEN))
        if self._loop is not None:
            self._watch = self._loop.call_later(FRESH_S / 4, self._look)

    # --- In the thread ---

    def _run(self) -> None:
        """Open, grab, and when that fails open again, less and less often."""
        retry_s = self._habits.first_retry_s
        while not self._stop.is_set():
            before = self._newest
            try:
                self._source.open()
                self._grab()
            except DeviceError as error:
                state = DeviceState.ABSENT if error.code is ErrorCode.CAMERA_ABSENT else DeviceState.FAULTED
                self._post(self._failed, _status(state, error.code))
            except Exception:
                # This loop supervises the device: a driver's surprise must not end the camera for good.
                log.exception("%s failed", self._name)
                self._post(self._failed, _status(DeviceState.FAULTED, ErrorCode.DEVICE_FAILED))
            finally:
                self._source.close()
            retry_s = self._habits.first_retry_s if self._newest is not before else retry_s * 2
            retry_s = min(retry_s, self._habits.longest_retry_s)
            self._stop.wait(retry_s)

    def _grab(self) -> None:
        """Grab until the camera is left; raises `DeviceError` when the source is gone."""
        still = StillPicture()
        due_s = time.monotonic()
        while not self._stop.is_set():
            image = self._source.read()
            image.flags.writeable = False  # Many look at it at once.
            now_s = time.monotonic()
            same_for_s = still.same_for_s(image, now_s) if self._habits.can_freeze else 0.0
            if same_for_s >= FROZEN_S:
                self._post(self._failed, _status(DeviceState.FAULTED, ErrorCode.CAMERA_FROZEN))
            elif same_for_s == 0.0:
                # A picture that repeats is none: whoever waits for a page to lie still must not believe it.
                self._publish(Frame(image, now_s, self._newest.number + 1 if self._newest else 1))
            if self._habits.pace_fps is not None:
                due_s = max(due_s + 1 / self._habits.pace_fps, now_s)
                self._stop.wait(due_s - now_s)

    def _publish(self, frame: Frame) -> None:
        for wanted in self._wanted:
            kept = wanted.sharp.offer(frame)
            if kept is not None:
                self._post(_give, wanted.future, kept)
        self._newest = frame
        # At most one wake-up is on its way, however long the event loop is busy.
        if not self._waking:
            self._waking = True
            self._post(self._arrived)

    def _post(self, call: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            # The loop is closed: a driver held this thread beyond the end of the program's own work.
            self._stop.set()


def _status(state: DeviceState, code: ErrorCode | None = None) -> DeviceStatus:
    return DeviceStatus(DeviceKind.DOCUMENT_CAMERA, state, code)


def _give(future: asyncio.Future[Frame], frame: Frame) -> None:
    if not future.done():
        future.set_result(frame)


class _Frames:
    """One consumer of frames: it looks at the newest whenever it comes back, and nobody waits for it."""

    def __init__(self, camera: GrabbingCamera) -> None:
        self._camera = camera
        newest = camera._newest
        self._seen = newest.number if newest else 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        camera = self._camera
        while not camera._stop.is_set():
            arrival, newest = camera._arrival, camera._newest
            if newest is not None and newest.number > self._seen:
                self._seen = newest.number
                return newest
            await arrival.wait()
        raise StopAsyncIteration


class _Changes:
    """The changes of status that wait for their consumer; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._waiting: deque[DeviceStatus] = deque(maxlen=MAX_CHANGES)
        self._filled = asyncio.Event()
        self._ended = False

    def put(self, status: DeviceStatus) -> None:
        self._waiting.append(status)
        self._filled.set()

    def end(self) -> None:
        self._ended = True
        self._filled.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> DeviceStatus:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()
