"""Packets of one stream in the order in which they were sent, with a bounded wait for those that are late. Pure."""

from typing import NamedTuple

WAIT_S = 0.5
"""Longer than a gap is asked for again (`center.media.gaps.GIVE_UP_S`): what is late by more does not come."""
MOST_HELD = 1024
"""Packets that wait behind a hole. At 1.5 Mbit/s they are 7 s of video, far beyond the wait; a flood reaches it."""
MOST_AHEAD = 2000
"""A number this far ahead is no gap but another place in the stream: counting goes on there."""


class Arrived(NamedTuple):
    """A packet in its place. `lost`: how many that were sent right before it never came."""

    timestamp: int
    marker: bool
    payload: bytes
    arrived_s: float
    lost: int


class Order:
    """One stream of sequence numbers. A packet comes out once at most, in order, and waits `wait_s` at most."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._next: int | None = None
        self._held: dict[int, Arrived] = {}
        self._hole_since_s: float | None = None

    def put(self, sequence_number: int, packet: Arrived, now_s: float) -> list[Arrived]:
        """Note a packet (its `lost` is set here); those that can go out now."""
        if self._next is None:
            self._next = sequence_number
        ahead = (sequence_number - self._next + 0x8000 & 0xFFFF) - 0x8000
        if ahead < -MOST_AHEAD or ahead > MOST_AHEAD:
            out = self._give_up_all()
            self._next = sequence_number + 1
            return [*out, packet._replace(lost=1)]
        if ahead < 0:
            return []
        self._held.setdefault(self._next + ahead, packet)
        out = self._ready(0)
        while self._held and (len(self._held) > MOST_HELD or self._is_overdue(now_s)):
            out += self._skip()
        self._note_hole(now_s, moved=bool(out))
        return out

    def due(self, now_s: float) -> list[Arrived]:
        """What has waited long enough for the packets before it."""
        out: list[Arrived] = []
        if self._held and self._is_overdue(now_s):
            out = self._skip()
            self._note_hole(now_s, moved=True)
        return out

    def rest(self) -> list[Arrived]:
        """Everything that is still held, at the end of the stream."""
        return self._give_up_all()

    def _is_overdue(self, now_s: float) -> bool:
        return self._hole_since_s is not None and now_s - self._hole_since_s >= self._wait_s

    def _note_hole(self, now_s: float, *, moved: bool) -> None:
        if not self._held:
            self._hole_since_s = None
        elif self._hole_since_s is None or moved:
            # The hole in front is as old as the packet that showed it.
            self._hole_since_s = min(packet.arrived_s for packet in self._held.values())

    def _ready(self, lost: int) -> list[Arrived]:
        out: list[Arrived] = []
        assert self._next is not None
        while (packet := self._held.pop(self._next, None)) is not None:
            out.append(packet._replace(lost=lost))
            lost = 0
            self._next += 1
        return out

    def _skip(self) -> list[Arrived]:
        assert self._next is not None
        first = min(self._held)
        lost, self._next = first - self._next, first
        out = self._ready(lost)
        self._hole_since_s = min((packet.arrived_s for packet in self._held.values()), default=None)
        return out

    def _give_up_all(self) -> list[Arrived]:
        out: list[Arrived] = []
        while self._held:
            out += self._skip()
        self._hole_since_s = None
        return out
