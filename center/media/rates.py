"""How much a publisher may send. Pure: fed with reports, asked for limits, no clock of its own.

One `UplinkRates` a participant that publishes, one `DownlinkRates` a participant that subscribes. The ends feed them
and ask them about once a second (`ends.py`); a limit goes to the publisher as REMB, for each video track apart.
"""

from collections.abc import Iterable

from protocol.messages import TrackName

REMB_BPS = 1_500_000
"""What a publisher may send in one video section, said with its first packet. A sender that must find out for itself
takes 17 s and nine keyframes to get there (aiortc), and its encoder goes no higher."""


class DownlinkRates:
    """What one subscribing participant can take."""

    def on_remb(self, bps: int, now_s: float) -> None:
        """Its receiver's own estimate, for all its tracks together."""

    def on_reception(self, track: TrackName | None, fraction_lost: float, now_s: float) -> None:
        """Its receiver report on one track: the share of packets lost since the last one, 0 to 1."""

    def room_bps(self, track: TrackName | None, now_s: float) -> int | None:
        """How much of this track there is room for; None while nothing is known."""
        return None


class UplinkRates:
    """What one publishing participant may send."""

    def on_reception(self, track: TrackName | None, fraction_lost: float, received_bps: float, now_s: float) -> None:
        """What arrived of one track since the last report."""

    def limit_bps(self, track: TrackName | None, rooms_bps: Iterable[int], now_s: float) -> int:
        """What it may send of this video track. `rooms_bps`: what each subscriber that said so has room for."""
        return REMB_BPS
