"""Matroska (RFC 9559) in the part that WebM allows: several tracks of VP8 and Opus, written and read as bytes. Pure.

A file is a head and then clusters of known size, so one that was cut off plays up to its last whole cluster; a finished
one may have its length and an index (`head` again, in place of the first, and `cues`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from struct import Struct, pack
from typing import NamedTuple

_EBML, _SEGMENT, _SEEK_HEAD, _INFO, _TRACKS, _CLUSTER, _CUES = (
    0x1A45DFA3,
    0x18538067,
    0x114D9B74,
    0x1549A966,
    0x1654AE6B,
    0x1F43B675,
    0x1C53BB6B,
)
_DATE, _TIMESTAMP, _SIMPLE_BLOCK = 0x4461, 0xE7, 0xA3
_ENTRY, _NUMBER, _KIND, _NAME, _CODEC, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0xD7, 0x83, 0x536E, 0x86, 0xE0, 0xB0, 0xBA

_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_DATE_EPOCH_MS = 978_307_200_000
"""Dates count from 2001-01-01 (RFC 8794, 7.7)."""
_OPUS_HEAD = b"OpusHead" + Struct("<BBHIhB").pack(1, 2, 312, 48_000, 0, 0)
"""RFC 7845, 5.1: two channels decode every Opus packet, whatever it was made of; 312 samples of pre-skip."""
_OPUS_DELAY_NS = 6_500_000
"""The pre-skip of 312 samples at 48 kHz."""
_OPUS_PRE_ROLL_NS = 80_000_000
SAMPLE_RATE_HZ = 48_000

_BLOCK = Struct(">hB")
_KEYFRAME = 0x80
CLUSTER_SPAN_MS = 30_000
"""Blocks lie at most 32,767 ms from their cluster."""


class Track(NamedTuple):
    """`size_px`: (width, height) of video, None for sound. `default`: a player that was told nothing plays it."""

    number: int
    name: str
    size_px: tuple[int, int] | None = None
    default: bool = True


class Block(NamedTuple):
    """A frame of track `track` at `at_ms`; in a segment's file that is Unix time until it is written."""

    at_ms: int
    track: int
    keyframe: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known of a file when it is whole: bytes and milliseconds; where the cues stand, from the file's start."""

    size_bytes: int
    duration_ms: int
    cues_at: int


@dataclass(slots=True)
class Contents:
    """What a file holds. `begins_at_ms` is Unix time; the blocks' times start there. `torn`: the end is missing."""

    begins_at_ms: int
    tracks: list[Track] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    torn: bool = False

    @property
    def duration_ms(self) -> int:
        """From the file's begin to its last block."""
        return max((block.at_ms for block in self.blocks), default=0)


def head(
    tracks: Sequence[Track],
    begins_at_ms: int,
    finished: Finished | None = None,
    absent: frozenset[int] = frozenset(),
) -> bytes:
    """What stands before the first cluster; as long with `finished` as without, and whatever the sizes are.

    `absent`: the tracks that turned out not to be there; their room is left empty.
    """
    ebml = _element(
        _EBML,
        _uint(0x4286, 1),
        _uint(0x42F7, 1),
        _uint(0x42F2, 4),
        _uint(0x42F3, 8),
        _element(0x4282, b"webm"),
        _uint(0x4287, 4),
        _uint(0x4285, 2),
    )
    info = _element(
        _INFO,
        _uint(0x2AD7B1, 1_000_000),  # times in milliseconds
        _element(0x4D80, b"bangban"),
        _element(0x5741, b"bangban"),
        _element(_DATE, pack(">q", (begins_at_ms - _DATE_EPOCH_MS) * 1_000_000)),
        _element(0x4489, pack(">d", float(finished.duration_ms))) if finished else _void(11),
    )
    made = [(track.number, _track(track)) for track in tracks]
    entries = _element(_TRACKS, *(_void(len(entry)) if number in absent else entry for number, entry in made))
    if finished is None:
        return ebml + _id(_SEGMENT) + _UNKNOWN_SIZE + _void(_SEEK_BYTES) + info + entries
    data_at = len(ebml) + 12
    seek = _element(
        _SEEK_HEAD,
        _element(0x4DBB, _element(0x53AB, _id(_CUES)), _element(0x53AC, pack(">Q", finished.cues_at - data_at))),
    )
    size = pack(">Q", 1 << 56 | finished.size_bytes - data_at)
    return ebml + _id(_SEGMENT) + size + seek + _void(_SEEK_BYTES - len(seek)) + info + entries


def cluster(blocks: Iterable[Block], begins_at_ms: int) -> bytes:
    """One cluster of blocks in the order of their times, which span `CLUSTER_SPAN_MS` at most."""
    ordered = sorted(blocks, key=lambda block: block.at_ms)
    start = max(0, ordered[0].at_ms - begins_at_ms)
    parts = [_uint(_TIMESTAMP, start)]
    for at_ms, track, keyframe, data in ordered:
        at = max(-32_768, min(32_767, at_ms - begins_at_ms - start))
        parts.append(_element(_SIMPLE_BLOCK, bytes([0x80 | track]), _BLOCK.pack(at, _KEYFRAME * keyframe), data))
    return _element(_CLUSTER, *parts)


def cues(points: Iterable[tuple[int, int, int]], segment_data_at: int) -> bytes:
    """The index: (time in ms from the file's begin, track, the cluster's position from the file's start)."""
    entries = (
        _element(
            0xBB,
            _uint(0xB3, at_ms),
            _element(0xB7, _uint(0xF7, track), _uint(0xF1, position - segment_data_at)),
        )
        for at_ms, track, position in points
    )
    return _element(_CUES, *entries)


def segment_data_at(head: bytes) -> int:
    """Where the positions inside a file count from."""
    return head.index(_id(_SEGMENT)) + 12


def read(data: bytes) -> Contents:
    """What a file of ours holds, up to the last whole cluster. Raises `ValueError` when it is none."""
    reader = _Reader(data)
    element, begin, end = reader.element(0, len(data))
    if element != _EBML:
        raise ValueError("not a Matroska file")
    element, at, _ = reader.element(end, len(data))
    if element != _SEGMENT:
        raise ValueError("no segment")
    contents = Contents(0)
    while at < len(data):
        try:
            element, begin, at = reader.element(at, len(data))
        except ValueError:
            contents.torn = True
            break
        if element == _INFO:
            contents.begins_at_ms = _begin_of(reader, begin, at)
        elif element == _TRACKS:
            entries = reader.children(begin, at)
            contents.tracks = [_track_of(reader, first, last) for each, first, last in entries if each == _ENTRY]
        elif element == _CLUSTER:
            contents.blocks += _blocks_of(reader, begin, at)
    return contents


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def element(self, at: int, end: int) -> tuple[int, int, int]:
        """(id, begin of the content, end of the content). Raises `ValueError` when it is cut off or no element."""
        element, at = self._number(at, end, keep_marker=True)
        size, begin = self._number(at, end, keep_marker=False)
        if element == _SEGMENT and size == (1 << 56) - 1:
            size = end - begin
        if begin + size > end:
            raise ValueError("cut off")
        return element, begin, begin + size

    def children(self, begin: int, end: int) -> Iterable[tuple[int, int, int]]:
        while begin < end:
            child = self.element(begin, end)
            yield child
            begin = child[2]

    def uint(self, begin: int, end: int) -> int:
        return int.from_bytes(self._data[begin:end], "big")

    def bytes(self, begin: int, end: int) -> bytes:
        return self._data[begin:end]

    def _number(self, at: int, end: int, *, keep_marker: bool) -> tuple[int, int]:
        if at >= end or not self._data[at]:
            raise ValueError("no element")
        length = 9 - self._data[at].bit_length()
        if at + length > end:
            raise ValueError("cut off")
        value = int.from_bytes(self._data[at : at + length], "big")
        return value if keep_marker else value & (1 << 7 * length) - 1, at + length


def _begin_of(reader: _Reader, begin: int, end: int) -> int:
    for element, first, last in reader.children(begin, end):
        if element == _DATE:
            return int.from_bytes(reader.bytes(first, last), "big", signed=True) // 1_000_000 + _DATE_EPOCH_MS
    return 0


def _track_of(reader: _Reader, begin: int, end: int) -> Track:
    number, name, size = 0, "", None
    for element, first, last in reader.children(begin, end):
        if element == _NUMBER:
            number = reader.uint(first, last)
        elif element == _NAME:
            name = reader.bytes(first, last).decode("utf8", "replace")
        elif element == _VIDEO:
            sides = {each: reader.uint(a, b) for each, a, b in reader.children(first, last)}
            size = (sides.get(_WIDTH, 0), sides.get(_HEIGHT, 0))
    return Track(number, name, size)


def _blocks_of(reader: _Reader, begin: int, end: int) -> Iterable[Block]:
    start = 0
    for element, first, last in reader.children(begin, end):
        if element == _TIMESTAMP:
            start = reader.uint(first, last)
        elif element == _SIMPLE_BLOCK and last - first > 4:
            at, flags = _BLOCK.unpack(reader.bytes(first + 1, first + 4))
            track = reader.uint(first, first + 1) & 0x7F
            yield Block(start + at, track, bool(flags & _KEYFRAME), reader.bytes(first + 4, last))


def _track(track: Track) -> bytes:
    common = (
        _uint(_NUMBER, track.number),
        _uint(0x73C5, track.number),  # its unique id: in a file of ours the number is one
        _uint(0x9C, 0),  # no lacing
        _uint(0x88, int(track.default)),
        _element(_NAME, track.name.encode("utf8")),
    )
    if track.size_px is not None:
        width, height = track.size_px
        video = _element(_VIDEO, _element(_WIDTH, pack(">H", width)), _element(_HEIGHT, pack(">H", height)))
        return _element(_ENTRY, *common, _uint(_KIND, 1), _element(_CODEC, b"V_VP8"), video)
    return _element(
        _ENTRY,
        *common,
        _uint(_KIND, 2),
        _element(_CODEC, b"A_OPUS"),
        _element(0x63A2, _OPUS_HEAD),
        _uint(0x56AA, _OPUS_DELAY_NS),
        _uint(0x56BB, _OPUS_PRE_ROLL_NS),
        _element(0xE1, _element(0xB5, pack(">d", float(SAMPLE_RATE_HZ))), _uint(0x9F, 2)),
    )


def _element(element: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _id(element) + _size(len(content)) + content


def _uint(element: int, value: int) -> bytes:
    return _element(element, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _void(total: int) -> bytes:
    """`total` bytes, 2 or more, that mean nothing."""
    if total < 128:
        return bytes([0xEC, 0x80 | total - 2]) + bytes(total - 2)
    return b"\xec" + pack(">H", 0x4000 | total - 3) + bytes(total - 3)


def _id(element: int) -> bytes:
    return element.to_bytes((element.bit_length() + 7) // 8, "big")


def _size(value: int) -> bytes:
    length = next(n for n in range(1, 9) if value < (1 << 7 * n) - 1)
    return (1 << 7 * length | value).to_bytes(length, "big")


_SEEK_BYTES = 40
"""Room for the pointer to the cues."""
