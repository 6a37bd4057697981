"""The shell: a recording subscribes to its room's tracks like anybody else, and tells how it fares.

Nothing in it waits. A packet is put in order and, with luck, becomes part of a frame; the writing is a thread's.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from center.media.flow import Packet, PacketSource, Subscription
from center.media.interface import (
    RecordingBegan,
    RecordingClosed,
    RecordingNews,
    RecordingOrder,
    RecordingRecovered,
    RecordingStalled,
    SegmentSealed,
)
from center.media.recording.clock import ParticipantClock, TrackClock
from center.media.recording.frames import Frame, SoundFrames, VideoFrames
from center.media.recording.order import Arrived, Order
from center.media.recording.segments import NUMBERS, SEGMENT_S, VIDEO, Closed, Cut, Opened, Segments
from center.media.recording.watch import Watch
from center.media.recording.writer import QUEUE_BYTES, Drained, RecordingWriter, Sealed, WriteFailed, Written
from protocol.counter import RecordingFault
from protocol.media import TrackName

TICK_S = 0.25
ASK_AGAIN_S = 0.5
"""A keyframe that was asked for is waited for so long before it is asked for again."""
DRAIN_S = 10.0
"""What waits for the disk at the end of a recording gets so long; then the center takes what is there."""
MOST_NEWS = 4096
"""Untold news; a segment's comes every ten seconds. The oldest go: the center finds the segments on the disk."""

_CLOCK_OF = {TrackName.DOCUMENT: 2, TrackName.CLERK_FACE: 1, TrackName.CLERK_VOICE: 1}
"""Face and voice of one person come from one machine, and stay together; the document camera's is another process."""

_log = logging.getLogger(__name__)


class Tap:
    """One track of a room on its way into a recording: a `Subscription`, and the sink of whichever source it has."""

    def __init__(self, track: TrackName, clock: ParticipantClock, base_s: float, take: Callable[..., None]) -> None:
        self._track, self._base_s, self._take = track, base_s, take
        self._video = track in VIDEO
        self._source: PacketSource | None = None
        self._ssrc: int | None = None
        self._order = Order()
        self._frames: VideoFrames | SoundFrames = self._new_frames()
        self._clock = TrackClock(clock, 90_000 if self._video else 48_000)
        self._asked_s = float("-inf")

    @property
    def source(self) -> PacketSource | None:
        return self._source

    def attach(self, source: PacketSource | None) -> None:
        if self._source is not None:
            self._source.remove(self)
        self.flush(time.monotonic())
        self._source, self._ssrc = source, None
        if source is not None:
            source.add(self)

    def take(self, packet: Packet, now_s: float) -> None:
        if packet.ssrc != self._ssrc:
            self.flush(now_s)
            self._ssrc = packet.ssrc
            self._order, self._frames = Order(), self._new_frames()
            self._clock.restart()
        arrived = Arrived(packet.timestamp, bool(packet.marker), packet.payload, now_s, 0)
        self._frame(self._order.put(packet.sequence_number, arrived, now_s), now_s)

    def tell_clock(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        if ssrc == self._ssrc:
            self._clock.report(ntp, timestamp, self._base_s + now_s)

    def room_bps(self, now_s: float) -> int | None:
        return None

    def tick(self, now_s: float) -> None:
        """Give up what has been waited for long enough."""
        self._frame(self._order.due(now_s), now_s)

    def flush(self, now_s: float) -> None:
        """Nothing more of this stream comes."""
        self._frame(self._order.rest(), now_s)

    def ask_keyframe(self, now_s: float) -> None:
        if self._source is not None and now_s - self._asked_s >= ASK_AGAIN_S:
            self._asked_s = now_s
            self._source.request_keyframe(now_s)

    def _frame(self, packets: list[Arrived], now_s: float) -> None:
        for packet in packets:
            frame = self._frames.add(packet)
            if frame is not None:
                at_ms = self._clock.at_ms(frame.timestamp, self._base_s + frame.arrived_s)
                self._take(self._track, at_ms, frame, now_s)
        if packets and self._frames.waiting:
            self.ask_keyframe(now_s)

    def _new_frames(self) -> VideoFrames | SoundFrames:
        return VideoFrames() if self._video else SoundFrames()


class Recorder:
    """One recording, from its order to its last segment. `run` is its life; it ends after `stop`.

    Times are monotonic; `base_s` makes Unix time of them, the same for the whole recording.
    """

    def __init__(
        self,
        order: RecordingOrder,
        writer: RecordingWriter,
        tell: Callable[[RecordingNews], None],
        *,
        now_s: float,
        base_s: float,
        segment_s: float = SEGMENT_S,
    ) -> None:
        self.recording_id = order.recording_id
        clocks = [ParticipantClock() for _ in range(3)]
        self.taps = {track: Tap(track, clocks[_CLOCK_OF.get(track, 0)], base_s, self._take) for track in NUMBERS}
        self._tell = tell
        self._segments = Segments(segment_s)
        self._watch = Watch(now_s)
        self._channel = writer.channel(Path(order.folder), order.recording_id, order.key, self._written)
        self._began = False
        self._fault: RecordingFault | None = None
        self._refusing = False
        """The head of the open segment was refused by the writer: what follows of it is of no use."""
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._stopping.wait()
            self.tick(time.monotonic())

    def tick(self, now_s: float) -> None:
        """A few times a second: what has waited long enough goes on, and what is missing is told."""
        for tap in self.taps.values():
            tap.tick(now_s)
        self._put(self._segments.tick(now_s))
        self._watch.progress(self._channel.put_count, self._channel.done_count, now_s)
        fault = self._watch.fault(now_s)
        if fault is not self._fault:
            self._fault = fault
            told = RecordingRecovered(self.recording_id) if fault is None else None
            self._tell(told or RecordingStalled(self.recording_id, fault or RecordingFault.NO_PACKETS))

    async def close(self, now_s: float) -> None:
        """After `run`, when no packet comes any more: everything goes to the disk."""
        for tap in self.taps.values():
            tap.flush(now_s)
        self._put(self._segments.close(now_s))
        self._channel.drain()
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._drained.wait()
        except TimeoutError:
            _log.error("recording %s: the disk took not all of it in time", self.recording_id)
        self._tell(RecordingClosed(self.recording_id))

    # --- Inside ---

    def _take(self, track: TrackName, at_ms: int, frame: Frame, now_s: float) -> None:
        if not self._began:
            self._began = True
            self._tell(RecordingBegan(self.recording_id))
        self._watch.came(track, now_s)
        self._put(self._segments.add(track, at_ms, frame.keyframe, frame.data, frame.size_px, now_s))
        for wanted in self._segments.wants_keyframes:
            self.taps[wanted].ask_keyframe(now_s)

    def _put(self, cuts: list[Cut]) -> None:
        for cut in cuts:
            if isinstance(cut, Opened):
                self._refusing = False
            if self._refusing:
                continue
            if not self._channel.put(cut):
                self._refusing = not isinstance(cut, Closed)
                self._watch.refused()
                self._segments.lost()

    def _written(self, written: Written) -> None:
        match written:
            case Sealed(number, sha256, size_bytes, begins_at_ms, duration_ms):
                self._watch.sealed()
                self._tell(SegmentSealed(self.recording_id, number, sha256, size_bytes, begins_at_ms, duration_ms))
            case WriteFailed(disk_full=disk_full):
                self._watch.failed(disk_full=disk_full)
                self._segments.lost()
            case Drained():
                self._drained.set()


Admit = Callable[[str, str, Mapping[TrackName, Subscription]], None]


class Recorders:
    """The recordings of a plane. An async context manager: leaving it seals what runs."""

    def __init__(
        self,
        admit: Admit,
        dismiss: Callable[[str], None],
        *,
        segment_s: float = SEGMENT_S,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        """`admit` lets a guest's subscriptions take part in a room, `dismiss` ends that (`ForwardingPlane`)."""
        self._admit, self._dismiss = admit, dismiss
        self._segment_s = segment_s
        self._writer = RecordingWriter(queue_bytes)
        self._tasks = asyncio.TaskGroup()
        self._running: dict[str, Recorder] = {}
        self._news: deque[RecordingNews] = deque(maxlen=MOST_NEWS)
        self._told = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._writer.__aenter__()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for recorder in self._running.values():
            recorder.stop()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            await self._writer.__aexit__(None, None, None)

    def start(self, order: RecordingOrder) -> None:
        if order.recording_id in self._running:
            return
        now_s = time.monotonic()
        recorder = self._running[order.recording_id] = Recorder(
            order, self._writer, self._tell, now_s=now_s, base_s=time.time() - now_s, segment_s=self._segment_s
        )
        self._admit(_guest(order.recording_id), order.room, recorder.taps)
        self._tasks.create_task(self._attend(recorder), name=f"recording {order.recording_id}")

    def stop(self, recording_id: str) -> None:
        recorder = self._running.get(recording_id)
        if recorder is None:
            self._tell(RecordingClosed(recording_id))
        else:
            recorder.stop()

    async def news(self) -> AsyncIterator[RecordingNews]:
        """In order. One consumer."""
        while True:
            await self._told.wait()
            news = self._news.popleft()
            if not self._news:
                self._told.clear()
            yield news

    async def _attend(self, recorder: Recorder) -> None:
        """The life of one recording. What goes wrong in it ends it, and nothing else."""
        try:
            await recorder.run()
        except Exception:
            _log.exception("recording %s failed", recorder.recording_id)
        finally:
            self._dismiss(_guest(recorder.recording_id))
            await recorder.close(time.monotonic())
            del self._running[recorder.recording_id]

    def _tell(self, news: RecordingNews) -> None:
        self._news.append(news)
        self._told.set()


def _guest(recording_id: str) -> str:
    return f"recorder:{recording_id}"
