"""How fast pages may travel: what voice and picture leave over, and not more. Pure.

The rule is LEDBAT's (RFC 6817): a queue that builds up on the way shows in the round trip, and who sends less at once
when it grows leaves the line to those who can't wait. A page in a hurry is small (its light version) and is not held
back; a full one is.
"""

TARGET_S = 0.04
"""The queue that pages may build up: a voice bears 40 ms more without a word being said twice. RFC 6817 allows 100."""

FIRST_BPS = 2_000_000.0
LEAST_BPS = 128_000.0
"""A page never stands still: 1 MB then takes a minute."""
MOST_BPS = 200_000_000.0

RISE, FALL = 0.25, 0.5
"""How much of the rate one look may add, and take away, at most. With more of either the rate swings: what a look shows
is a round trip old."""
LOOK_S = 0.1
"""Between two looks at the round trip, and never less than one round trip."""

BURST_S = 0.02
"""So much may go at once after a pause."""

PIECE_BYTES = 4096
"""What goes at once; at the least rate that is four pieces a second, and as many looks."""


class PagePace:
    """One line's pace. `now_s` is monotonic; round trips are in seconds."""

    def __init__(self) -> None:
        self.rate_bps = FIRST_BPS
        self._look_again_s = float("-inf")
        self._free_s = 0.0
        """When the next byte may go."""

    def look_is_due(self, now_s: float) -> bool:
        return now_s >= self._look_again_s

    def look(self, round_trip_s: float, least_round_trip_s: float, now_s: float) -> None:
        """Learn how long the line's round trip is now, and how long it is when nothing queues.

        To be told when a piece went: a line that nothing is sent over says nothing of the rate.
        """
        self._look_again_s = now_s + max(LOOK_S, round_trip_s)
        queue_s = max(0.0, round_trip_s - least_round_trip_s)
        share = max(-1.0, (TARGET_S - queue_s) / TARGET_S)
        change = 1 + (RISE if share > 0 else FALL) * share
        self.rate_bps = min(MOST_BPS, max(LEAST_BPS, self.rate_bps * change))

    def wait_s(self, size_bytes: int, now_s: float) -> float:
        """How long to wait before these bytes go; they are counted as sent then."""
        self._free_s = max(self._free_s, now_s - BURST_S)
        wait_s = max(0.0, self._free_s - now_s)
        self._free_s += size_bytes * 8 / self.rate_bps
        return wait_s
