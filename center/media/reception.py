"""What arrived of one stream, as a receiver report says it (RFC 3550, 6.4.1 and A.3, A.8). Pure."""

from dataclasses import dataclass

from center.media.flow import Packet


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """Since the beginning, but for `fraction_lost`, which is since the last report: 0 to 255 in 256ths."""

    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    """With the number of its wraps in the upper 16 bits."""
    jitter: int
    """In units of the media's clock."""


class Reception:
    """Counts one SSRC's packets."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._base = -1
        self._highest = -1
        self._received = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._timestamp = -1
        self._expected_before = 0
        self._received_before = 0

    def add(self, packet: Packet, now_s: float) -> None:
        self._received += 1
        number, highest = packet.sequence_number, self._highest
        if highest < 0:
            self._base = self._highest = number
        else:
            ahead = (number - highest & 0xFFFF) if (number - highest & 0x8000) == 0 else 0
            if not ahead:
                return
            self._highest = highest + ahead
        timestamp = packet.timestamp
        if timestamp != self._timestamp:  # the packets of one picture leave one after the other
            self._timestamp = timestamp
            transit = now_s * self._clock_rate - timestamp
            if self._transit is not None:
                change = abs(transit - self._transit)
                if change < 0x40000000:  # not where the timestamp wraps
                    self._jitter += (change - self._jitter) / 16
            self._transit = transit

    def report(self) -> ReceptionReport:
        """The next report."""
        expected = self._highest - self._base + 1 if self._highest >= 0 else 0
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        return ReceptionReport(
            fraction_lost=(lost_now << 8) // expected_now if expected_now > 0 and lost_now > 0 else 0,
            packets_lost=max(-0x800000, min(0x7FFFFF, expected - self._received)),
            highest_sequence=max(0, self._highest) & 0xFFFFFFFF,
            jitter=min(int(self._jitter), 0xFFFFFFFF),
        )
