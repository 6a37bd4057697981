"""How a booth's media connection fares, in figures, from aiortc's statistics."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiortc import RTCStatsReport
from aiortc.stats import (
    RTCInboundRtpStreamStats,
    RTCOutboundRtpStreamStats,
    RTCRemoteInboundRtpStreamStats,
    RTCTransportStats,
)

from protocol.media import MediaFigures

_MOST_MS = 60_000


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the connection began; `lost_out` is the newest that the other side said, 0.0 to 1.0."""

    at_s: float
    received: int = 0
    lost: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    lost_out: float = 0.0
    round_trip_s: float | None = None


def counters_of(report: RTCStatsReport, now_s: float) -> Counters:
    entries = list(report.values())
    inbound = [each for each in entries if isinstance(each, RTCInboundRtpStreamStats)]
    outbound = [each for each in entries if isinstance(each, RTCOutboundRtpStreamStats)]
    remote = [each for each in entries if isinstance(each, RTCRemoteInboundRtpStreamStats)]
    transports = [each for each in entries if isinstance(each, RTCTransportStats)]
    return Counters(
        at_s=now_s,
        received=sum(each.packetsReceived for each in inbound),
        lost=sum(each.packetsLost for each in inbound),
        received_bytes=sum(each.bytesReceived for each in transports),
        sent_bytes=sum(each.bytesSent for each in outbound),
        lost_out=_largest(each.fractionLost / 256 for each in remote) or 0.0,  # as in the report: of 256
        round_trip_s=_largest(each.roundTripTime for each in remote if each.roundTripTime),
    )


def figures_between(before: Counters, after: Counters) -> MediaFigures:
    """What happened between two readings. aiortc counts no freezes."""
    seconds = max(0.1, after.at_s - before.at_s)
    lost = max(0, after.lost - before.lost)
    expected = lost + max(0, after.received - before.received)

    def kbps(size: int) -> int:
        return max(0, round(size * 8 / 1000 / seconds))

    return MediaFigures(
        lost_in_permille=round(1000 * lost / expected) if expected else 0,
        lost_out_permille=round(1000 * min(1.0, max(0.0, after.lost_out))),
        round_trip_ms=None if after.round_trip_s is None else min(_MOST_MS, max(0, round(after.round_trip_s * 1000))),
        received_kbps=kbps(after.received_bytes - before.received_bytes),
        sent_kbps=kbps(after.sent_bytes - before.sent_bytes),
        freezes=0,
    )


def _largest(values: Iterable[float]) -> float | None:
    return max(values, default=None)
