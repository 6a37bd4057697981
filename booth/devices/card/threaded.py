"""The two halves of a driver whose library blocks: the reader in the event loop, and its one named thread.

They meet at a `Hatch`: reads go in, events and results come out. The thread never touches what belongs to the loop.
"""

import asyncio
import itertools
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from booth.devices.card.interface import CardEvent, CardRead, ReaderChanged, ReaderTested
from booth.devices.card.presence import EventFeed, Presence
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

LEAVE_S = 2.0
"""How long leaving waits for the thread. One that a card blocks for longer is left to end by itself."""

FIRST_NUDGE_S, NUDGE_S = 0.002, 0.02
"""How soon a blocked thread is told again that something waits for it: twice as long each time, up to the second. A
thread that was just about to block misses the first call, as after an insertion, when a reading is asked for at once.
"""

CRASH_PAUSE_S = 1.0

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


Outcome = CardRead | ReaderTested


class Job:
    """One read (or a self-test, without an insertion), handed to the thread. When nobody waits any more it is
    `abandoned`, and its outcome is dropped.
    """

    def __init__(self, insertion: int | None, loop: asyncio.AbstractEventLoop) -> None:
        self.insertion = insertion
        self.abandoned = False
        self.taken: asyncio.Future[None] = loop.create_future()
        self.outcome: asyncio.Future[Outcome] = loop.create_future()


class Hatch:
    """Between the event loop and a driver's thread; a new one each time that the reader is entered.

    At most one job waits: a newer one takes the place of an older one, which nobody waits for by then.
    """

    def __init__(self, apply: Callable[[CardEvent], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._apply = apply
        self._condition = threading.Condition()
        self._job: Job | None = None
        self._current: Job | None = None
        self._stopping = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    # In the event loop

    def hand(self, insertion: int | None) -> Job:
        with self._condition:
            self._job = Job(insertion, self._loop)
            self._condition.notify()
            return self._job

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify()

    # In the thread

    @property
    def stopping(self) -> bool:
        return self._stopping

    def take(self, timeout_s: float) -> Job | None:
        """The next job; None when there was none for so long, or when the thread must stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._job is not None or self._stopping, timeout_s)
            job, self._job = self._job, None
        self._current = job
        if job is not None:
            self._in_loop(lambda: _finish(job.taken, None))
        return job

    def pause(self, timeout_s: float) -> None:
        """Wait, unless the thread must stop. Jobs wait too."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping, timeout_s)

    def tell(self, event: CardEvent) -> None:
        self._in_loop(lambda: None if self._stopping else self._apply(event))

    def settle(self, outcome: Outcome | DeviceError) -> None:
        """The outcome of the job that was taken last; the first one counts."""
        job, self._current = self._current, None
        if job is not None:
            self._in_loop(lambda: _finish(job.outcome, outcome))

    def end(self) -> None:
        """The last word of the thread."""
        self._in_loop(lambda: _finish(self.ended, None))

    def _in_loop(self, action: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:  # the loop is closed: a thread that outlived its reader has nobody to tell
            if not self._loop.is_closed():
                raise


def _finish(future: "asyncio.Future[_T]", outcome: _T | DeviceError) -> None:
    if future.done():
        return
    if isinstance(outcome, DeviceError):
        future.set_exception(outcome)
        future.exception()  # looked at: a caller who is gone by now must not make asyncio complain
    else:
        future.set_result(outcome)


class Driver(Protocol):
    """What runs in the thread. Made anew each time that the reader is entered."""

    def run(self) -> None:
        """Watch the reader and perform the hatch's jobs until it says `stopping`."""
        ...


class ThreadedReader(ABC):
    """A `CardReader` whose driver runs in one named thread. Entering and leaving twice is harmless."""

    def __init__(self, kind: DeviceKind, thread_name: str) -> None:
        self._presence = Presence(kind)
        self._thread_name = thread_name
        self._thread: threading.Thread | None = None
        self._hatch: Hatch | None = None
        self._one_job = asyncio.Lock()
        self._insertions = itertools.count(1)

    @property
    def kind(self) -> DeviceKind:
        return self._presence.kind

    @property
    def status(self) -> DeviceStatus:
        return self._presence.status

    @property
    def inserted(self) -> int | None:
        return self._presence.inserted

    def events(self) -> EventFeed:
        return self._presence.events()

    async def read(self, insertion: int) -> CardRead:
        """See `CardReader.read`. Cancelling it drops the record; the thread finishes with the card and goes on."""
        outcome = await self._done(insertion)
        assert isinstance(outcome, CardRead)
        return outcome

    def forget(self) -> None:  # noqa: B027  # most drivers keep nothing, so there is nothing that they must write
        """See `CardReader.forget`. Nothing is kept."""

    async def test(self) -> ReaderTested:
        """See `CardReader.test`."""
        outcome = await self._done(None)
        assert isinstance(outcome, ReaderTested)
        return outcome

    async def _done(self, insertion: int | None) -> Outcome:
        async with self._one_job:
            self._presence.require(insertion)
            hatch = self._hatch
            if hatch is None:
                raise _closed()
            job = hatch.hand(insertion)
            nudge_s = FIRST_NUDGE_S
            try:
                while not job.taken.done() and not job.outcome.done():
                    await self._unblock()
                    await asyncio.wait({job.taken, hatch.ended}, timeout=nudge_s, return_when=asyncio.FIRST_COMPLETED)
                    nudge_s = min(2 * nudge_s, NUDGE_S)
                    self._presence.require(insertion)
                return await self._outcome(job, hatch)
            finally:
                job.abandoned = True
                job.taken.cancel()
                job.outcome.cancel()

    async def _outcome(self, job: Job, hatch: Hatch) -> Outcome:
        either: set[asyncio.Future[Any]] = {job.outcome, hatch.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if job.outcome.done():
            return job.outcome.result()
        raise _closed()

    async def __aenter__(self) -> Self:
        if self._hatch is None:
            self._hatch = Hatch(self._presence.apply)
            driver = self._make_driver(self._hatch)
            self._thread = threading.Thread(
                target=_supervise, args=(driver, self._hatch, self.kind), name=self._thread_name, daemon=True
            )
            self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hatch, thread = self._hatch, self._thread
        if hatch is None or thread is None:
            return
        self._hatch = self._thread = None
        hatch.stop()
        self._presence.leave()
        try:
            async with asyncio.timeout(LEAVE_S):
                while not hatch.ended.done():
                    await self._unblock()
                    await asyncio.wait({hatch.ended}, timeout=NUDGE_S)
        except TimeoutError:
            _log.warning("thread %s is blocked by a card and ends when the card is lifted", self._thread_name)
        else:
            thread.join()

    @abstractmethod
    def _make_driver(self, hatch: Hatch) -> Driver: ...

    @abstractmethod
    async def _unblock(self) -> None:
        """Make the thread look at its hatch, when it waits anywhere else. Called again and again until it did."""


def _supervise(driver: Driver, hatch: Hatch, kind: DeviceKind) -> None:
    """Run the driver until it must stop. A programming error in it must not take the booth's other devices along."""
    try:
        while not hatch.stopping:
            try:
                driver.run()
            except Exception:
                _log.exception("driver of the %s failed; it starts again", kind)
                hatch.settle(DeviceError(ErrorCode.DEVICE_FAILED, "the driver failed"))
                hatch.tell(ReaderChanged(DeviceStatus(kind, DeviceState.FAULTED, ErrorCode.DEVICE_FAILED)))
                hatch.pause(CRASH_PAUSE_S)
    finally:
        hatch.end()


def _closed() -> DeviceError:
    return DeviceError(ErrorCode.READER_ABSENT, "the card reader is closed")
