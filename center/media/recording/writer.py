"""The thread that hashes, encrypts and writes what is recorded, for all recordings of the process.

Nothing that records waits for the disk: what does not fit into the queue is refused, and whoever records says so.
"""

import asyncio
import errno
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from center.media.recording.segments import Closed, Cut, Opened, Wrote
from center.store.keys import Seal
from center.store.segments import SegmentFile, next_number

QUEUE_BYTES = 32_000_000
"""What may wait for the disk: ten seconds of twenty sessions of 1.3 Mbit/s."""
THREAD = "recording writer"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment is whole and on the disk. `sha256` and `size_bytes` are of what plays, before it was encrypted."""

    number: int
    sha256: str
    size_bytes: int
    begins_at_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class WriteFailed:
    """The segment that was open is cut off; the next one is tried again."""

    disk_full: bool


@dataclass(frozen=True, slots=True)
class Drained:
    """All that was put before was done with."""


Written = Sealed | WriteFailed | Drained
Report = Callable[[Written], None]


class Channel:
    """One recording's way to the disk. Made by `RecordingWriter.channel`."""

    def __init__(self, writer: "RecordingWriter", folder: Path, recording_id: str, key: bytes, report: Report) -> None:
        self.report = report
        self._writer = writer
        self._folder, self._recording_id, self._seal = folder, recording_id, Seal(key)
        self._file: SegmentFile | None = None
        self._number = 0
        self.put_count = self.done_count = 0

    def put(self, cut: Cut) -> bool:
        """Hand over; False when the queue is full, and then nothing was."""
        taken = self._writer.put(self, cut)
        self.put_count += taken
        return taken

    def drain(self) -> None:
        """Ask for `Drained`; the channel is done with then."""
        self.put_count += 1
        self._writer.put_always(self, None)

    # --- In the thread ---

    def perform(self, cut: Cut | None) -> Written | None:
        try:
            match cut:
                case Opened(data=data):
                    self._close()
                    self._number = self._number + 1 if self._number else next_number(self._folder)
                    self._file = SegmentFile(self._folder, self._recording_id, self._number, self._seal)
                    self._file.write(data)
                case Wrote(data=data):
                    if self._file is not None:
                        self._file.write(data)
                case Closed(begins_at_ms=begins_at_ms, duration_ms=duration_ms):
                    if (file := self._file) is not None:
                        self._file = None
                        file.finish()
                        return Sealed(self._number, file.sha256, file.size_bytes, begins_at_ms, duration_ms)
                case None:
                    self._close()
                    return Drained()
        except OSError as error:
            self._close()
            _log.error("recording %s can't be written: %s", self._recording_id, error.strerror)
            return WriteFailed(error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
        return None

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __repr__(self) -> str:
        return f"Channel({self._recording_id!r})"


class RecordingWriter:
    """An async context manager; leaving it writes what waits and ends the thread."""

    def __init__(self, queue_bytes: int = QUEUE_BYTES) -> None:
        self._limit_bytes = queue_bytes
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        # Bounded by bytes, below; pieces of nothing but overhead are a second apart.
        self._queue: queue.SimpleQueue[tuple[Channel, Cut | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=THREAD)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def channel(self, folder: Path, recording_id: str, key: bytes, report: Report) -> Channel:
        """`report` is called in the event loop."""
        return Channel(self, folder, recording_id, key, report)

    def put(self, channel: Channel, cut: Cut) -> bool:
        size = _size(cut)
        with self._lock:
            if self._waiting_bytes + size > self._limit_bytes:
                return False
            self._waiting_bytes += size
        self._queue.put((channel, cut))
        return True

    def put_always(self, channel: Channel, cut: Cut | None) -> None:
        """For what is small and must not be lost: one for each recording."""
        self._queue.put((channel, cut))

    def _run(self) -> None:
        while (each := self._queue.get()) is not None:
            channel, cut = each
            written = channel.perform(cut)
            channel.done_count += 1
            if cut is not None:
                with self._lock:
                    self._waiting_bytes -= _size(cut)
            if written is not None and self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(channel.report, written)


def _size(cut: Cut) -> int:
    return len(cut.data) if isinstance(cut, Opened | Wrote) else 0
