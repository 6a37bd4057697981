"""Splicing the packets of changing sources into one stream that a receiver sees as one. Pure."""

from dataclasses import dataclass

from center.media.packets import picture_of, shift_picture, starts_keyframe

LATE_PACKETS = 1000
"""A packet this far behind its source's newest is of no use to anybody."""

_LEAST_STEP_S = 0.02
"""Between the last packet of one source and the first of the next, so that timestamps grow: one packet of Opus."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet goes in the outgoing stream."""

    sequence_number: int
    timestamp: int
    payload: bytes


@dataclass(slots=True)
class _Anchor:
    """Constant offsets from one source to the outgoing stream; constant, so that late packets fall into their place."""

    origin: int
    """The source's sequence number that was taken first. What is older belongs to nothing that the receiver can use."""
    newest: int
    """How far the source came since, unwrapped."""
    sequence_offset: int
    timestamp_offset: int
    picture_offset: int
    layer_offset: int


class Splice:
    """One outgoing stream. `first_sequence_number` must be in the lower half: an early wrap breaks SRTP."""

    def __init__(self, *, video: bool, clock_rate: int, first_sequence_number: int, first_timestamp: int) -> None:
        self._video = video
        self._clock_rate = clock_rate
        self._anchor: _Anchor | None = None
        self._next_sequence_number = first_sequence_number
        self._newest_timestamp = first_timestamp
        self._newest_at_s: float | None = None
        self._newest_picture: tuple[int, int] | None = None

    @property
    def waiting(self) -> bool:
        """True until the present source's first usable packet: for video, the start of a keyframe."""
        return self._anchor is None

    def change_source(self) -> None:
        """What comes next is another stream, or the same one after a pause."""
        self._anchor = None

    def place(self, sequence_number: int, timestamp: int, payload: bytes, now_s: float) -> Place | None:
        """Where this packet of the present source goes; None when it must be dropped. `now_s` is monotonic."""
        anchor = self._anchor
        if anchor is None:
            if self._video and not starts_keyframe(payload):
                return None
            anchor = self._anchor = self._anchored(sequence_number, timestamp, payload, now_s)
        ahead = (sequence_number - anchor.origin - anchor.newest + 0x8000 & 0xFFFF) - 0x8000
        index = anchor.newest + ahead
        if index < 0 or ahead < -LATE_PACKETS:
            return None
        placed = Place(
            sequence_number=sequence_number + anchor.sequence_offset & 0xFFFF,
            timestamp=timestamp + anchor.timestamp_offset & 0xFFFFFFFF,
            payload=self._shifted(payload, anchor),
        )
        if ahead >= 0:
            self._advance(placed, anchor, index, now_s)
        return placed

    def _anchored(self, sequence_number: int, timestamp: int, payload: bytes, now_s: float) -> _Anchor:
        first = self._newest_at_s is None
        elapsed_s = 0.0 if self._newest_at_s is None else max(_LEAST_STEP_S, now_s - self._newest_at_s)
        picture_offset, layer_offset = self._picture_offsets(payload)
        return _Anchor(
            origin=sequence_number,
            newest=0,
            sequence_offset=self._next_sequence_number - sequence_number,
            timestamp_offset=self._newest_timestamp - timestamp + (0 if first else int(elapsed_s * self._clock_rate)),
            picture_offset=picture_offset,
            layer_offset=layer_offset,
        )

    def _picture_offsets(self, payload: bytes) -> tuple[int, int]:
        incoming = picture_of(payload) if self._video else None
        if incoming is None or self._newest_picture is None:
            return 0, 0
        return self._newest_picture[0] + 1 - incoming[0], self._newest_picture[1] + 1 - incoming[1]

    def _shifted(self, payload: bytes, anchor: _Anchor) -> bytes:
        if anchor.picture_offset or anchor.layer_offset:
            return shift_picture(payload, anchor.picture_offset, anchor.layer_offset)
        return payload

    def _advance(self, placed: Place, anchor: _Anchor, index: int, now_s: float) -> None:
        anchor.newest = index
        self._next_sequence_number = placed.sequence_number + 1 & 0xFFFF
        self._newest_timestamp = placed.timestamp
        self._newest_at_s = now_s
        if self._video and placed.payload:
            self._newest_picture = picture_of(placed.payload) or self._newest_picture
