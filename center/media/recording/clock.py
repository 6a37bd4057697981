"""When a frame was seen or said, on our own clock: what keeps lips and voice together. Pure.

A publisher's camera and sound card have clocks of their own, which drift apart by some ten milliseconds a minute at
worst. Its sender reports tie both to one clock of its machine (RFC 3550, 6.4.1); that one is tied to ours by the
quickest report that came lately. Each track is a line, time over RTP timestamp, steered to what the reports say.
"""

from collections import deque

STEP_S = 0.1
"""A track that is further off than this is set right at once; less is steered away, a quarter with each report. The
first report of a track always sets it: what was assumed before was when its first packet came."""
STEER = 0.25
CLOCK_JUMP_S = 0.5
"""Reports that disagree by more mean that the publisher's clock was set."""
REPORTS_KEPT = 16
"""Of a participant: about half a minute of its tracks' reports, over which two clocks drift by 3 ms at 100 ppm."""
NTP_UNIX_S = 2_208_988_800
"""From 1900 to 1970."""


def ntp_seconds(ntp: int) -> float:
    """A 64-bit NTP timestamp as Unix time in seconds, to about a microsecond."""
    return (ntp >> 32) - NTP_UNIX_S + (ntp & 0xFFFFFFFF) / 2**32


class ParticipantClock:
    """How far our clock is ahead of a publisher's, its reports' way included."""

    def __init__(self) -> None:
        self._offsets_s: deque[float] = deque(maxlen=REPORTS_KEPT)

    def report(self, ntp_s: float, arrived_s: float) -> float:
        """Note a report; the offset to add to the publisher's time."""
        offset_s = arrived_s - ntp_s
        if self._offsets_s and abs(offset_s - min(self._offsets_s)) > CLOCK_JUMP_S:
            self._offsets_s.clear()
        self._offsets_s.append(offset_s)
        return min(self._offsets_s)


class TrackClock:
    """One stream's line. `rate_hz` is the RTP clock's: 90000 for video, 48000 for Opus. Its times only grow."""

    def __init__(self, participant: ParticipantClock, rate_hz: int) -> None:
        self._participant = participant
        self._rate_hz = rate_hz
        self._anchor: tuple[int, float] | None = None
        """An unwrapped timestamp and its time."""
        self._newest: int | None = None
        self._reported = False
        self._told_ms = -1

    def at_ms(self, timestamp: int, arrived_s: float) -> int:
        """The time of a frame in ms, later than the one before. `arrived_s`: when it came, the same clock."""
        unwrapped = self._unwrapped(timestamp)
        if self._anchor is None:
            self._anchor = (unwrapped, arrived_s)
        time_s = self._time_s(unwrapped)
        if not self._reported and time_s > arrived_s:
            # Nothing arrives before it was seen or said: the packet that the line began with was a late one.
            self._anchor, time_s = (unwrapped, arrived_s), arrived_s
        if abs(time_s - arrived_s) > 10.0:
            # The stream began anew without saying so (a sleeping laptop, a publisher that restarted its timestamps).
            self._anchor, self._reported, time_s = (unwrapped, arrived_s), False, arrived_s
        self._told_ms = max(self._told_ms + 1, round(time_s * 1000))
        return self._told_ms

    def restart(self) -> None:
        """Another stream begins, whose timestamps have nothing to do with the former one's."""
        self._anchor = self._newest = None
        self._reported = False

    def report(self, ntp: int, timestamp: int, arrived_s: float) -> None:
        """A sender report of this stream."""
        if not ntp:
            return  # RFC 3550, 6.4.1: a sender without a clock says 0
        ntp_s = ntp_seconds(ntp)
        target_s = ntp_s + self._participant.report(ntp_s, arrived_s)
        unwrapped = self._unwrapped(timestamp)
        if self._anchor is None:
            self._anchor, self._reported = (unwrapped, target_s), True
            return
        error_s = target_s - self._time_s(unwrapped)
        if not self._reported or abs(error_s) > STEP_S:
            self._anchor = (unwrapped, target_s)
        else:
            self._anchor = (unwrapped, target_s - error_s * (1 - STEER))
        self._reported = True

    def _time_s(self, unwrapped: int) -> float:
        assert self._anchor is not None
        return self._anchor[1] + (unwrapped - self._anchor[0]) / self._rate_hz

    def _unwrapped(self, timestamp: int) -> int:
        if self._newest is None:
            self._newest = timestamp
        ahead = (timestamp - self._newest + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        unwrapped = self._newest + ahead
        self._newest = max(self._newest, unwrapped)
        return unwrapped
