"""One playable file of an affair's recordings: pictures and voices as they were sent, and both voices in one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from center.errors import StoreError
from center.media.recording.matroska import (
    Block,
    Finished,
    Track,
    cluster,
    cues,
    head,
    read,
    segment_data_at,
)
from center.media.recording.mix import Mix
from center.media.recording.segments import NAMES, NUMBERS, VIDEO
from center.store.segments import read_segment
from protocol.media import TrackName

LONGEST_GAP_MS = 3_000
KEPT_GAP_MS = 1_000
"""A longer pause (a hold, a cut line) is shortened to this: nobody wants to watch nothing for ten minutes."""
OVERLAP_MS = 2_000
"""A segment's tracks end, and the next one's begin, within the changeover: so much is held back."""
CLUSTER_MS = 1_000

BOTH_VOICES = 2
_ORDER = {
    NUMBERS[TrackName.FACE]: 1,
    NUMBERS[TrackName.CLERK_FACE]: 3,
    NUMBERS[TrackName.DOCUMENT]: 4,
    NUMBERS[TrackName.VOICE]: 5,
    NUMBERS[TrackName.CLERK_VOICE]: 6,
}
"""From a track's number in a segment to that in the export: players begin with the first of each kind."""
_VOICES = {NUMBERS[TrackName.VOICE], NUMBERS[TrackName.CLERK_VOICE]}
_BOTH_VOICES_NAME = "双方语音 · both voices"


@dataclass(frozen=True, slots=True, repr=False)
class Source:
    """One recording and those of its segments that are known."""

    recording_id: str
    folder: Path
    key: bytes
    numbers: list[int]


@dataclass(slots=True)
class Exported:
    """`faults` says which segments are missing in it, and why."""

    segments: int = 0
    duration_ms: int = 0
    faults: list[str] = field(default_factory=list)


def write_export(path: Path, sources: Iterable[Source]) -> Exported:
    """Write the file, readable by its owner alone; what can't be read is left out and named. Blocks.

    Raises `StoreError` when the file is there already or can't be written, or when nothing could be read.
    """
    done = Exported()
    try:
        path.touch(mode=0o600, exist_ok=False)
        try:
            with path.open("r+b") as file:
                _write(file, _segments(sources, done), done)
        except BaseException:
            path.unlink()
            raise
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; name another file with --out") from error
    return done


@dataclass(slots=True)
class _Piece:
    """One segment, on the export's timeline."""

    tracks: list[Track]
    blocks: list[Block]
    ends_at_ms: int


def _segments(sources: Iterable[Source], done: Exported) -> Iterator[_Piece]:
    """The segments in order, long pauses shortened. Times start at 0."""
    shift_ms: int | None = None
    end_ms = 0
    for source in sources:
        for number in source.numbers:
            try:
                contents = read(read_segment(source.folder, source.recording_id, number, source.key))
            except (StoreError, ValueError) as error:
                done.faults.append(str(error))
                continue
            if not contents.blocks:
                continue
            if shift_ms is None:
                shift_ms = contents.begins_at_ms
            gap_ms = contents.begins_at_ms - shift_ms - end_ms
            if gap_ms > LONGEST_GAP_MS or gap_ms < -LONGEST_GAP_MS:
                shift_ms += gap_ms - KEPT_GAP_MS
            at_ms = contents.begins_at_ms - shift_ms
            blocks = [block._replace(at_ms=max(0, at_ms + block.at_ms)) for block in contents.blocks]
            end_ms = max(block.at_ms for block in blocks)
            done.segments += 1
            yield _Piece(contents.tracks, blocks, end_ms)


def _write(file: BinaryIO, pieces: Iterator[_Piece], done: Exported) -> None:
    first = next(pieces, None)
    if first is None:
        raise StoreError(done.faults[0] if done.faults else "nothing was recorded")
    sizes: dict[int, tuple[int, int]] = {}
    seen: set[int] = set()
    start = head(_tracks(sizes), 0)
    file.write(start)
    index: list[tuple[int, int, int]] = []
    mix, pending = Mix(0), list[Block]()
    for piece in _chain(first, pieces):
        for track in piece.tracks:
            seen.add(_ORDER.get(track.number, track.number))
            if track.size_px is not None:
                sizes.setdefault(track.number, track.size_px)
        for block in sorted(piece.blocks, key=lambda block: block.at_ms):
            if block.track in _VOICES:
                mix.add(block.track, block.at_ms, block.data)
            pending.append(block._replace(track=_ORDER.get(block.track, block.track)))
        until_ms = piece.ends_at_ms - OVERLAP_MS
        pending += [Block(at_ms, BOTH_VOICES, True, data) for at_ms, data in mix.until(until_ms)]
        pending = _clusters(file, pending, until_ms, index)
        done.duration_ms = max(done.duration_ms, piece.ends_at_ms)
    pending += [Block(at_ms, BOTH_VOICES, True, data) for at_ms, data in mix.rest(done.duration_ms)]
    _clusters(file, pending, done.duration_ms + 1_000, index)
    cues_at = file.tell()
    file.write(cues(index, segment_data_at(start)))
    finished = Finished(file.tell(), done.duration_ms, cues_at)
    file.seek(0)
    absent = frozenset(range(1, 7)) - seen - {BOTH_VOICES}
    file.write(head(_tracks(sizes), 0, finished, absent))


def _chain(first: _Piece, rest: Iterator[_Piece]) -> Iterator[_Piece]:
    yield first
    yield from rest


def _clusters(file: BinaryIO, blocks: list[Block], until_ms: int, index: list[tuple[int, int, int]]) -> list[Block]:
    """Write what comes before `until_ms`, a second at a time; what is left."""
    ready = sorted((block for block in blocks if block.at_ms < until_ms), key=lambda block: block.at_ms)
    at = 0
    while at < len(ready):
        end = at
        while end < len(ready) and ready[end].at_ms < ready[at].at_ms + CLUSTER_MS:
            end += 1
        group = ready[at:end]
        key = next((block for block in group if block.track == 1 and block.keyframe), None)
        if key is not None or not index:
            index.append((group[0].at_ms if key is None else key.at_ms, 1, file.tell()))
        file.write(cluster(group, 0))
        at = end
    return [block for block in blocks if block.at_ms >= until_ms]


def _tracks(sizes: dict[int, tuple[int, int]]) -> list[Track]:
    """As long in bytes whatever the sizes: they are known at the end, and the head is written at the beginning."""
    tracks = [Track(BOTH_VOICES, _BOTH_VOICES_NAME, None, True)]
    for name, number in NUMBERS.items():
        there = sizes.get(number, (640, 480)) if name in VIDEO else None
        tracks.append(Track(_ORDER[number], NAMES[name], there, name is TrackName.FACE))
    return sorted(tracks)
