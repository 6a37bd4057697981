"""When each packet of sound is played, and what is played in the place of a lost one. Pure.

The delay follows what the network does, up at once and down again: a packet that never came says nothing about delay.
"""

from collections import deque
from dataclasses import dataclass

from booth.media.sequence import Unwrapper

RATE_HZ = 48_000
FRAME_SAMPLES = 960
"""20 ms, what every sender of ours and every browser puts into a packet."""

LEAST_DELAY_S = 0.025
"""The packet after a lost one must be there in time: it carries a copy (in-band FEC)."""
MOST_DELAY_S = 0.2
REMEMBERED = 500
"""Packets, 10 s: as long as a burst of delay keeps the delay up."""
LATE_SHARE = 0.02
"""Of the packets may come later than the delay allows."""
ADJUST_EVERY_S = 0.2
"""Adding or leaving out 20 ms five times a second is hardly heard in speech."""
CATCH_UP_S = 0.1
"""More delay than that beyond what is wanted is not worn off but left out."""
SILENT_AFTER_S = 0.12
"""Without any packet; until then what was heard fades."""
_LOOK_EVERY = 8
"""Packets between two looks at their transit times."""
TOO_LATE = 10
"""Packets in a row, 200 ms: the way became longer for good, or the sender stood still; begin anew with what comes."""
JUMP_S = 2.0
"""A timestamp that is this far off belongs to another time line."""


@dataclass(frozen=True, slots=True)
class Play:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Merge:
    """Two packets in the time of one."""

    first: bytes
    second: bytes


@dataclass(frozen=True, slots=True)
class Recover:
    """The lost packet before this one, from the copy that it may carry."""

    following: bytes


@dataclass(frozen=True, slots=True)
class Conceal:
    """Something like what was heard last."""


Step = Play | Merge | Recover | Conceal
"""Each fills 20 ms."""


class Playout:
    """One stream of sound. `now_s` is monotonic."""

    def __init__(self) -> None:
        self.played = self.recovered = self.concealed = self.merged = self.late = self.skipped = 0
        self._unwrap = Unwrapper(32)
        self._packets: dict[int, bytes] = {}
        self._transits_s: deque[float] = deque(maxlen=REMEMBERED)
        self._next: int | None = None
        """The timestamp to be played next; None while it is silent."""
        self._floor = 0
        """What comes before this timestamp was heard already."""
        self._late_together = 0
        self._clock_s = 0.0
        """When `_next` is played."""
        self._heard_s = 0.0
        self._adjusted_s = float("-inf")
        self._noted = 0
        self._shortest_s = 0.0
        self._wanted_s = LEAST_DELAY_S

    @property
    def delay_s(self) -> float:
        """From the quickest packet's arrival to its being played."""
        if self._next is None:
            return self._wanted_s
        return self._clock_s - self._next / RATE_HZ - self._shortest_s

    @property
    def next_due_s(self) -> float | None:
        return None if self._next is None else self._clock_s

    def arrived(self, timestamp: int, payload: bytes, now_s: float) -> None:
        """Take one packet of 20 ms."""
        at = self._unwrap(timestamp)
        if self._next is not None and abs(at - self._next) > JUMP_S * RATE_HZ:
            self._fall_silent()
        self._note(now_s - at / RATE_HZ)
        self._heard_s = now_s
        if self._floor - JUMP_S * RATE_HZ < at < self._floor:
            self.late += 1
        elif self._next is None:
            self._begin(at, payload, now_s)
        elif at < self._next:
            self.late += 1
            self._late_together += 1
            if self._late_together >= TOO_LATE:
                self._fall_silent()
                self._begin(at, payload, now_s)
        elif len(self._packets) < REMEMBERED:
            self._late_together = 0
            self._packets[at] = payload

    def due(self, now_s: float) -> list[Step]:
        """What is to be played by now, in order."""
        steps: list[Step] = []
        while self._next is not None and self._clock_s <= now_s:
            if not self._packets and now_s - self._heard_s > SILENT_AFTER_S + self._wanted_s:
                self._fall_silent()
                break
            self._catch_up()
            steps.append(self._step(self._next))
            self._clock_s += FRAME_SAMPLES / RATE_HZ
        return steps

    def _begin(self, at: int, payload: bytes, now_s: float) -> None:
        self._packets = {at: payload}
        self._next, self._clock_s = at, now_s + self._wanted_s

    def _catch_up(self) -> None:
        """After a standstill everything comes at once: leave out what nobody wants to hear so late."""
        while len(self._packets) > 1 and self.delay_s - self._wanted_s > CATCH_UP_S:
            self._take(min(self._packets))
            self.skipped += 1

    def _step(self, at: int) -> Step:
        at = self._aligned(at)
        excess_s = self.delay_s - self._wanted_s
        adjust = self._clock_s - self._adjusted_s >= ADJUST_EVERY_S
        following = self._packets.get(at + FRAME_SAMPLES)
        if at in self._packets:
            if adjust and excess_s > FRAME_SAMPLES / RATE_HZ and following is not None:
                self._adjusted_s = self._clock_s
                self.merged += 1
                return Merge(self._take(at), self._take(at + FRAME_SAMPLES))
            if adjust and excess_s < -FRAME_SAMPLES / RATE_HZ / 2:
                self._adjusted_s = self._clock_s
                return self._concealed()
            self.played += 1
            return Play(self._take(at))
        if following is not None:
            self._floor = self._next = at + FRAME_SAMPLES
            self.recovered += 1
            return Recover(following)
        if self._packets or excess_s > 0 or self.delay_s >= MOST_DELAY_S:
            self._next = at + FRAME_SAMPLES
        return self._concealed()

    def _aligned(self, at: int) -> int:
        """Forget what is too old, and follow a sender that shifted by less than a packet."""
        self._packets = {stamp: payload for stamp, payload in self._packets.items() if stamp >= at}
        nearest = min(self._packets, default=at)
        return nearest if nearest < at + FRAME_SAMPLES else at

    def _take(self, at: int) -> bytes:
        self._floor = self._next = at + FRAME_SAMPLES
        return self._packets.pop(at)

    def _concealed(self) -> Conceal:
        self.concealed += 1
        return Conceal()

    def _fall_silent(self) -> None:
        self._next = None
        self._packets.clear()
        self._transits_s.clear()
        self._noted = self._late_together = 0
        self._wanted_s = LEAST_DELAY_S

    def _note(self, transit_s: float) -> None:
        self._transits_s.append(transit_s)
        self._noted += 1
        if self._noted % _LOOK_EVERY == 1 or transit_s - self._shortest_s > self._wanted_s:
            ordered = sorted(self._transits_s)
            self._shortest_s = ordered[0]
            late_s = ordered[int((len(ordered) - 1) * (1 - LATE_SHARE))] - ordered[0]
            self._wanted_s = min(LEAST_DELAY_S + late_s, MOST_DELAY_S)
