"""How fast the packets of one picture may follow each other, so that a keyframe doesn't hold the voice up. Pure."""

OVER_RATE, NARROW_OVER_RATE, NARROW_BPS = 2.5, 1.5, 500_000
"""A picture is sent this much faster than its track's bitrate (WebRTC's own pacer has 2.5), and less so below a bitrate
that may be all that the line carries: a queue of 300 ms at 300 kbit/s holds nine packets."""
BURST_S = 0.08
"""What leaves at once: an ordinary picture at 30 a second is half of it."""
LEAST_BURST_BYTES = 2500
OVERDRAFT = 3
"""Bursts' worth of retransmissions may be ahead of the pictures; they are what a frozen picture waits for."""


class Pacer:
    """A bucket of bytes. `now_s` is monotonic."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at_s: float | None = None

    def wait_s(self, size: int, bps: int, now_s: float) -> float:
        """How long the next packet of `size` bytes should wait, at a track's bitrate; it counts as sent."""
        self._drain(bps, now_s)
        self._level += size
        return max(0.0, (self._level - _burst(bps)) * 8 / _pace_bps(bps))

    def has_room(self, size: int, bps: int, now_s: float) -> bool:
        """Whether something out of turn may go; then it counts as sent. Else the line is busy with pictures."""
        self._drain(bps, now_s)
        if self._level > OVERDRAFT * _burst(bps):
            return False
        self._level += size
        return True

    def _drain(self, bps: int, now_s: float) -> None:
        if self._at_s is not None:
            self._level = max(0.0, self._level - (now_s - self._at_s) * _pace_bps(bps) / 8)
        self._at_s = now_s


def _pace_bps(bps: int) -> float:
    return bps * (OVER_RATE if bps >= NARROW_BPS else NARROW_OVER_RATE)


def _burst(bps: int) -> float:
    return max(LEAST_BURST_BYTES, bps / 8 * BURST_S)
