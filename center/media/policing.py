"""How much may come, and what is said about the rest. Pure."""

from dataclasses import dataclass


class Bucket:
    """A share: `rate` units a second, and at most `burst` units saved up."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._level = burst
        self._at_s: float | None = None

    def take(self, units: float, now_s: float) -> bool:
        """True when so much may pass now; it is then used up."""
        if self._at_s is None:
            self._at_s = now_s
        if self._level < units:  # what was saved up since then is counted when it is needed
            self._level = min(self._burst, self._level + (now_s - self._at_s) * self._rate)
            self._at_s = now_s
            if self._level < units:
                return False
        self._level -= units
        return True


@dataclass(slots=True)
class Dropped:
    """What was dropped of one connection since the last line of the log about it."""

    strangers: int = 0
    """Media from an address that is not the peer's."""
    excess: int = 0
    """Media beyond what a publisher may send."""
    unauthentic: int = 0
    """What SRTP refused: forged, damaged, repeated."""
    malformed: int = 0
    """Authentic, but no RTP or RTCP, or of no section."""
    chatter: int = 0
    """STUN and DTLS beyond what a connection needs."""

    def __str__(self) -> str:
        counts = {name: getattr(self, name) for name in self.__slots__}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


class Complaints:
    """Lets one line pass every `interval_s`, so that a flood on the network is not a flood in the log."""

    def __init__(self, interval_s: float) -> None:
        self.dropped = Dropped()
        self._interval_s = interval_s
        self._at_s = float("-inf")

    def due(self, now_s: float) -> str | None:
        """The line to log now, if there is one; the counts begin anew with it."""
        if self.dropped == Dropped() or now_s - self._at_s < self._interval_s:
            return None
        line, self.dropped, self._at_s = str(self.dropped), Dropped(), now_s
        return line
