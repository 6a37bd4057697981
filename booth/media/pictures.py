"""Whole pictures out of packets that were lost, late and out of order: what to give away, and what to ask for. Pure.

A picture leaves with its last packet. A hole is asked for at once and again until it is filled; after `WAIT_S` the
picture is given up and a keyframe wanted. A whole keyframe that came meanwhile is never kept waiting by an older hole.
A picture that stops without its marker has its next packet asked for, before the next picture shows that it is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from booth.media.sequence import Unwrapper

WAIT_S = 0.3
AGAIN_S = 0.04
"""Measured at 2 % loss each way: asking every 40 ms and giving up after 300 ms keeps the 99th percentile of the delay
at 85 ms; asking once, 3.1 s."""
LONGEST_AGAIN_S = 0.1
"""So that even with a long way three requests fall into `WAIT_S`."""
KEYFRAME_AGAIN_S = 0.4
"""A request or the keyframe's first packet may be lost, too; the center asks at most every 300 ms."""
TAIL_S = 0.01
"""A picture that is silent for so long without its marker has lost its end; longer when its packets come slower."""
TAIL_SPACINGS = 3.0
_SPACING_FADES = 0.9
MOST_MISSING = 200
"""More at once is an outage, which a keyframe mends, not retransmission."""
MOST_PACKETS = 1024
"""Kept at most: 6 s at 1.5 Mbit/s."""
_SMOOTHING = 0.25


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of video. `data` is without the codec's payload descriptor."""

    sequence_number: int
    timestamp: int
    marker: bool
    begins: bool
    """It is its picture's first."""
    keyframe: bool
    """It is a keyframe's first."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    timestamp: int
    data: bytes
    keyframe: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """Have these packets sent again."""

    sequence_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WantKeyframe:
    """Nothing can be shown until one comes."""


Effect = Picture | Ask | WantKeyframe


@dataclass(slots=True)
class _Missing:
    since_s: float
    asked_s: float = float("-inf")
    times: int = 0


class PictureBuffer:
    """One stream of video packets. `now_s` is monotonic and never goes back."""

    def __init__(self) -> None:
        self.lost = self.recovered = self.given_up = 0
        self._unwrap = Unwrapper()
        self._newest: int | None = None
        self._next = 0
        """No packet before this one is of use. When pictures flow, the next one's first."""
        self._waiting = True
        """For a keyframe."""
        self._packets: dict[int, Packet] = {}
        self._keyframes: list[int] = []
        """Where they begin, in order."""
        self._missing: dict[int, _Missing] = {}
        self._wanted_s = float("-inf")
        self._newest_at_s = 0.0
        self._unfinished = False
        """The newest packet is not its picture's last, and what comes after it was not asked for."""
        self._spacing_s = 0.0
        """Between two packets of a picture, about the longest of late."""
        self._answer_s = 2 * AGAIN_S
        """How long a request takes to be answered, smoothed."""

    @property
    def waiting(self) -> bool:
        return self._waiting

    @property
    def next_due_s(self) -> float | None:
        """When `due` has something to do, if no packet comes before."""
        times = [self._tail_s] if self._unfinished else []
        times += [min(hole.asked_s + self._again_s, hole.since_s + WAIT_S) for hole in self._missing.values()]
        if self._waiting and self._newest is not None and not self._keyframes:
            times.append(self._wanted_s + KEYFRAME_AGAIN_S)
        return min(times, default=None)

    def arrived(self, packet: Packet, now_s: float) -> list[Effect]:
        """Take one packet, retransmitted or not."""
        index = self._unwrap(packet.sequence_number)
        newest = self._newest
        if newest is None:
            self._next = index
        elif index - newest > MOST_MISSING:
            self._start_over(index)
        elif index > newest:
            for lost in range(max(newest + 1, self._next), index):
                self._missing.setdefault(lost, _Missing(now_s))
                self.lost += 1
            self._missing.pop(index, None)
        elif not self._fill(index, now_s):
            return []
        if newest is None or index > newest:
            self._newer(index, packet, now_s)
        self._packets[index] = packet
        if packet.keyframe:
            self._keyframes = sorted({*self._keyframes, index})
        return [*self._complete(), *self.due(now_s)]

    def due(self, now_s: float) -> list[Effect]:
        """What time asks for: requests again, and giving up."""
        effects: list[Effect] = []
        if self._unfinished and self._newest is not None and now_s >= self._tail_s:
            self._unfinished = False
            self._missing[self._newest + 1] = _Missing(now_s)
        for index in [
            i for i, hole in self._missing.items() if i > (self._newest or 0) and now_s >= hole.since_s + WAIT_S
        ]:
            del self._missing[index]  # nothing came after it: the call ended there
        hopeless = [i for i, hole in self._missing.items() if now_s >= hole.since_s + WAIT_S]
        if len(self._missing) > MOST_MISSING:
            hopeless = list(self._missing)
        if hopeless:
            self.given_up += len(hopeless)
            self._waiting = True
            self._advance(max(hopeless) + 1)
            effects += self._complete()
        if len(self._packets) > MOST_PACKETS:
            self._advance(sorted(self._packets)[len(self._packets) // 2])
        return [*effects, *self._ask(now_s), *self._want(now_s)]

    def broken(self, now_s: float) -> list[Effect]:
        """The decoder couldn't use what it was given: go on with a keyframe."""
        self._waiting = True
        return self._want(now_s)

    @property
    def _again_s(self) -> float:
        return min(max(AGAIN_S, self._answer_s / 2), LONGEST_AGAIN_S)

    @property
    def _tail_s(self) -> float:
        """When an unfinished picture's end counts as lost."""
        return self._newest_at_s + max(TAIL_S, TAIL_SPACINGS * self._spacing_s)

    def _newer(self, index: int, packet: Packet, now_s: float) -> None:
        if self._unfinished:
            self._spacing_s = max(now_s - self._newest_at_s, _SPACING_FADES * self._spacing_s)
        self._newest = index
        self._newest_at_s = now_s
        self._unfinished = not packet.marker

    def _start_over(self, index: int) -> None:
        """An outage, or another stream."""
        self._packets.clear()
        self._missing.clear()
        self._keyframes.clear()
        self._waiting = True
        self._next = index

    def _fill(self, index: int, now_s: float) -> bool:
        """A packet that is not the newest; False when it is of no use."""
        hole = self._missing.pop(index, None)
        if hole is not None:
            self.recovered += 1
            if hole.times == 1:
                self._answer_s += _SMOOTHING * (now_s - hole.asked_s - self._answer_s)
        return index >= self._next and index not in self._packets

    def _complete(self) -> Iterator[Picture]:
        """The pictures that can leave now."""
        while True:
            start = self._next
            end = None if self._waiting else self._end(start)
            if end is not None and not self._packets[start].begins:
                self._waiting, end = True, None
            if end is None:
                whole = [(at, to) for at in self._keyframes if at >= start and (to := self._end(at)) is not None]
                if not whole:
                    return
                start, end = whole[0]
                self._waiting = False
            packets = [self._packets[index] for index in range(start, end + 1)]
            self._advance(end + 1)
            data = b"".join(packet.data for packet in packets)
            yield Picture(packets[0].timestamp, data, packets[0].keyframe)

    def _end(self, start: int) -> int | None:
        """Where the picture that starts here ends; None while it isn't whole."""
        first = self._packets.get(start)
        index = start
        while first is not None and (packet := self._packets.get(index)) is not None:
            if packet.timestamp != first.timestamp:
                return index - 1  # a picture without a marker
            if packet.marker:
                return index
            index += 1
        return None

    def _advance(self, to: int) -> None:
        """Forget what came before."""
        self._next = to
        self._packets = {index: packet for index, packet in self._packets.items() if index >= to}
        self._missing = {index: hole for index, hole in self._missing.items() if index >= to}
        self._keyframes = [index for index in self._keyframes if index >= to]

    def _ask(self, now_s: float) -> list[Effect]:
        due = [hole for hole in self._missing.items() if now_s >= hole[1].asked_s + self._again_s]
        for _, hole in due:
            hole.asked_s = now_s
            hole.times += 1
        return [Ask(tuple(index & 0xFFFF for index, _ in sorted(due)))] if due else []

    def _want(self, now_s: float) -> list[Effect]:
        """A keyframe, unless one is on its way."""
        if not self._waiting or self._keyframes or now_s < self._wanted_s + KEYFRAME_AGAIN_S:
            return []
        self._wanted_s = now_s
        return [WantKeyframe()]
