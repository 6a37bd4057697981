"""Splicing the packets of changing sources into one stream that a receiver sees as one. Pure."""

from dataclasses import dataclass

from center.media.flow import Packet
from center.media.packets import picture_of, starts_keyframe

LATE_PACKETS = 1000
"""A packet this far behind its source's newest is of no use to anybody."""
MOST_BEHIND = 0x7FFF
"""Half of the sequence numbers: what is farther behind can't be told from what is ahead."""

_LEAST_STEP_S = 0.02
"""Between the last packet of one source and the first of the next, so that timestamps grow: one packet of Opus."""


@dataclass(slots=True)
class _Anchor:
    """Constant offsets from one source to the outgoing stream; constant, so that late packets fall into their place."""

    origin: int
    """The source's sequence number that was taken first. What is older belongs to nothing that the receiver can use."""
    newest: int
    """How far the source came since, unwrapped."""
    sequence_offset: int
    timestamp_offset: int


class Splice:
    """One outgoing stream. `first_sequence_number` must be in the lower half: an early wrap breaks SRTP.

    While a packet of a source is placed, `picture_offset` and `layer_offset` are what its VP8 numbers grow by.
    """

    def __init__(self, *, video: bool, clock_rate: int, first_sequence_number: int, first_timestamp: int) -> None:
        self.picture_offset = 0
        self.layer_offset = 0
        self._video = video
        self._clock_rate = clock_rate
        self._anchor: _Anchor | None = None
        self._next_sequence_number = first_sequence_number
        self._newest_timestamp = first_timestamp
        self._newest_at_s: float | None = None
        self._newest: Packet | None = None
        self._newest_picture: tuple[int, int] | None = None

    @property
    def waiting(self) -> bool:
        """True until the present source's first usable packet: for video, the start of a keyframe."""
        return self._anchor is None

    def change_source(self) -> None:
        """What comes next is another stream, or the same one after a pause. Nothing of the former one is kept."""
        if self._video and self._newest is not None and (picture := picture_of(self._newest.payload)) is not None:
            self._newest_picture = (picture[0] + self.picture_offset, picture[1] + self.layer_offset)
        self._newest = None
        self._anchor = None

    def place(self, packet: Packet, now_s: float) -> tuple[int, int] | None:
        """The sequence number and the timestamp of this packet of the present source in the outgoing stream; None when
        it must be dropped. `now_s` is monotonic."""
        anchor = self._anchor
        if anchor is None:
            if self._video and not starts_keyframe(packet.payload):
                return None
            anchor = self._anchor = self._anchored(packet, now_s)
        sequence_number = packet.sequence_number
        ahead = (sequence_number - anchor.origin - anchor.newest + 0x8000 & 0xFFFF) - 0x8000
        if ahead < 0 and (ahead < -LATE_PACKETS or anchor.newest + ahead < 0):
            return None
        number = sequence_number + anchor.sequence_offset & 0xFFFF
        timestamp = packet.timestamp + anchor.timestamp_offset & 0xFFFFFFFF
        if ahead >= 0:
            anchor.newest += ahead
            self._next_sequence_number = number + 1 & 0xFFFF
            self._newest_timestamp = timestamp
            self._newest_at_s = now_s
            self._newest = packet
        return number, timestamp

    def source_number(self, sequence_number: int) -> int | None:
        """The present source's number of what went out under this one; None when that was not of this source."""
        anchor = self._anchor
        if anchor is None:
            return None
        number = sequence_number - anchor.sequence_offset & 0xFFFF
        behind = anchor.origin + anchor.newest - number & 0xFFFF
        return number if behind <= min(anchor.newest, MOST_BEHIND) else None

    def outgoing_timestamp(self, timestamp: int) -> int | None:
        """The present source's timestamp as it goes out; None before its first packet."""
        return None if self._anchor is None else timestamp + self._anchor.timestamp_offset & 0xFFFFFFFF

    def _anchored(self, packet: Packet, now_s: float) -> _Anchor:
        first = self._newest_at_s is None
        elapsed_s = 0.0 if self._newest_at_s is None else max(_LEAST_STEP_S, now_s - self._newest_at_s)
        self.picture_offset, self.layer_offset = self._picture_offsets(packet)
        step = 0 if first else int(elapsed_s * self._clock_rate)
        return _Anchor(
            origin=packet.sequence_number,
            newest=0,
            sequence_offset=self._next_sequence_number - packet.sequence_number,
            timestamp_offset=self._newest_timestamp - packet.timestamp + step,
        )

    def _picture_offsets(self, packet: Packet) -> tuple[int, int]:
        incoming = picture_of(packet.payload) if self._video else None
        if incoming is None or self._newest_picture is None:
            return 0, 0
        return self._newest_picture[0] + 1 - incoming[0], self._newest_picture[1] + 1 - incoming[1]
