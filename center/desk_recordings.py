"""The desk's side for recordings: how they fare, and what a crash left of them."""

import asyncio
import hashlib
import logging
from pathlib import Path

from center.core import decide_recording
from center.core.affair import Affair, Decision, StartRecording
from center.desk_work import Work, Works
from center.errors import StoreError
from center.media.interface import (
    RecordingBegan,
    RecordingClosed,
    RecordingNews,
    RecordingRecovered,
    RecordingStalled,
    SegmentSealed,
)
from center.media.recording import matroska
from center.store import recordings, segments
from center.store.recordings import Segment

LOG = logging.getLogger(__name__)

ACTOR = "center"


class Recordings:
    def __init__(self, works: Works) -> None:
        self._works = works

    async def heard(self, news: RecordingNews) -> None:
        """Write down what the media plane says about a recording."""
        if isinstance(news, RecordingClosed):
            await self._settle(news.recording_id)
            return
        async with self._works.work() as work:
            affair_id = await recordings.affair_of(work.tx, news.recording_id)
            if affair_id is None:
                return
            if isinstance(news, SegmentSealed):
                segment = Segment(news.number, news.sha256, news.size_bytes, news.begins_at_ms, news.duration_ms)
                await self._add(work, news.recording_id, segment)
                return
            affair = await work.load(affair_id)
            await work.apply(ACTOR, affair, _decided(affair, news, work.now_ms))

    async def recover(self) -> None:
        """After a start: what lies on the disk is taken into the journal; what is
        still wanted goes on, and the rest is sealed."""
        async with self._works.store.read() as tx:
            unfinished = await recordings.unfinished(tx)
        for _, recording in unfinished:
            await self._settle(recording.recording_id, goes_on=recording.ended_at_ms is None)

    # --- Inside ---

    async def _settle(self, recording_id: str, *, goes_on: bool = False) -> None:
        """Take in what is on the disk and not yet known; then go on, or say that it is over."""
        async with self._works.store.read() as tx:
            affair_id, key = await recordings.affair_of(tx, recording_id), await recordings.key(tx, recording_id)
            known = {each.n for each in await recordings.segments_of(tx, recording_id)}
        if affair_id is None or key is None:
            return
        folder = self._works.store.recording_folder(recording_id)
        found = await asyncio.to_thread(_found, folder, recording_id, key, known)
        async with self._works.work() as work:
            for segment in found:
                await self._add(work, recording_id, segment)
            if goes_on:
                work.rooms.append(StartRecording(recording_id, affair_id))
                return
            affair = await work.load(affair_id)
            count = len(await recordings.segments_of(work.tx, recording_id))
            await work.apply(ACTOR, affair, decide_recording.closed(affair, recording_id, count, work.now_ms))

    async def _add(self, work: Work, recording_id: str, segment: Segment) -> None:
        affair_id = await recordings.affair_of(work.tx, recording_id)
        if affair_id is None or not await recordings.add_segment(work.tx, recording_id, segment):
            return
        affair = await work.load(affair_id)
        decision = decide_recording.segment(affair, recording_id, work.now_ms, **segment._asdict())
        await work.apply(ACTOR, affair, decision)


def _decided(affair: Affair, news: RecordingBegan | RecordingStalled | RecordingRecovered, now_ms: int) -> Decision:
    match news:
        case RecordingBegan(recording_id):
            return decide_recording.began(affair, recording_id, now_ms)
        case RecordingStalled(recording_id, fault):
            LOG.warning("recording %s stalled: %s", recording_id, fault)
            return decide_recording.stalled(affair, recording_id, fault, now_ms)
        case RecordingRecovered(recording_id):
            LOG.info("recording %s goes on", recording_id)
            return decide_recording.recovered(affair, recording_id, now_ms)


def _found(folder: Path, recording_id: str, key: bytes, known: set[int]) -> list[Segment]:
    """The segments on the disk that are not known, and those that can be made of what a crash cut off. Blocks."""
    found: list[Segment] = []
    for number in sorted({*segments.numbers(folder), *segments.parts(folder)} - known):
        try:
            if segments.segment_path(folder, number).exists():
                data: bytes | None = segments.read_segment(folder, recording_id, number, key)
            else:
                data = segments.rescue_part(folder, recording_id, number, key)
            if data is not None:
                contents = matroska.read(data)
                digest = hashlib.sha256(data).hexdigest()
                found.append(Segment(number, digest, len(data), contents.begins_at_ms, contents.duration_ms))
        except (StoreError, ValueError) as error:
            LOG.error("recording %s: segment %d can't be taken in: %s", recording_id, number, error)
    return found
