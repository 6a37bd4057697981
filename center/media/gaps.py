"""Which packets of a publisher are missing, and when to ask for them again. Pure.

A hole shows when a later packet comes. A picture's last packet has no later one until the next picture, 33 ms on; so
when a picture stops without its marker, the packet after its newest is asked for, too.
"""

from dataclasses import dataclass

AGAIN_S = 0.04
GIVE_UP_S = 0.3
"""Measured at 2 % loss each way: asking every 40 ms and giving up after 300 ms keeps the 99th percentile of the delay
at 85 ms; asking once, 3.1 s."""
MOST_MISSING = 200
"""More at once is an outage, which a keyframe mends, not retransmission."""
TAIL_S = 0.01
"""A picture that is silent for so long without its marker has lost its end; longer when its packets come slower."""
TAIL_SPACINGS = 3.0
_SPACING_FADES = 0.9


@dataclass(slots=True)
class _Missing:
    since_s: float
    asked_s: float


class Gaps:
    """The holes in one stream of sequence numbers."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._newest_at_s = 0.0
        self._unfinished = False
        """The newest packet is not its picture's last, and what comes after it was not asked for."""
        self._spacing_s = 0.0
        """Between two packets of a picture, about the longest of late."""
        self._missing: dict[int, _Missing] = {}

    @property
    def waiting(self) -> bool:
        """Whether `due` may have something to ask for, if no packet comes before."""
        return self._unfinished or bool(self._missing)

    def arrived(self, sequence_number: int, marker: int, now_s: float) -> list[int]:
        """Note a packet; the sequence numbers to ask for now, sorted. `marker`: it is its picture's last."""
        if self._newest is None or (not self._missing and sequence_number == self._newest + 1 & 0xFFFF):
            self._newer(sequence_number, marker, now_s)
            return []
        due: list[int] = []
        ahead = (sequence_number - self._newest + 0x8000 & 0xFFFF) - 0x8000
        if ahead > MOST_MISSING:
            self._missing.clear()
        else:
            for step in range(1, ahead):
                lost = self._newest + step & 0xFFFF
                if lost not in self._missing:
                    self._missing[lost] = _Missing(now_s, now_s)
                    due.append(lost)
        self._missing.pop(sequence_number, None)
        if ahead > 0:
            self._newer(sequence_number, marker, now_s)
        return sorted(due + self._overdue(now_s)) if self._missing else []

    def due(self, now_s: float) -> list[int]:
        """The sequence numbers to ask for now, though no packet came."""
        due: list[int] = []
        tail_s = self._newest_at_s + max(TAIL_S, TAIL_SPACINGS * self._spacing_s)
        if self._newest is not None and self._unfinished and now_s >= tail_s:
            self._unfinished = False
            end = self._newest + 1 & 0xFFFF
            self._missing[end] = _Missing(now_s, now_s)
            due.append(end)
        return sorted(due + self._overdue(now_s))

    def _newer(self, sequence_number: int, marker: int, now_s: float) -> None:
        if self._unfinished:
            self._spacing_s = max(now_s - self._newest_at_s, _SPACING_FADES * self._spacing_s)
        self._newest = sequence_number
        self._newest_at_s = now_s
        self._unfinished = not marker

    def _overdue(self, now_s: float) -> list[int]:
        overdue: list[int] = []
        for number, missing in list(self._missing.items()):
            if now_s - missing.since_s > GIVE_UP_S or len(self._missing) > MOST_MISSING:
                del self._missing[number]
            elif now_s - missing.asked_s >= AGAIN_S:
                missing.asked_s = now_s
                overdue.append(number)
        return overdue
