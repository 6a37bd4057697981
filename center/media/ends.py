"""The two ends of forwarding: `PublisherEnd` is a source of packets, `SubscriberEnd` a sink that gives them to a peer.

Nothing waits between them: a packet goes out in the same step of the event loop in which it came in.
"""

import random
import time
from functools import partial

from aiortc import RTCDtlsTransport
from aiortc.clock import current_ntp_time
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
)

from center.media.flow import Packet, PacketSink, PacketSource
from center.media.gaps import Gaps
from center.media.internals import (
    AUDIO_LEVEL_URI,
    ReceivingEnd,
    SectionConnection,
    SendingEnd,
    SendingFormat,
)
from center.media.packets import Extensions, rtp_packet, rtx_packet
from center.media.rates import DownlinkRates, UplinkRates
from center.media.splice import Splice
from protocol.messages import TrackName

KEYFRAME_INTERVAL_S = 0.3
"""A publisher is asked for keyframes not more often than this, however many subscribers ask."""
HISTORY_PACKETS = 512
"""For retransmission: 3.4 s at 1.5 Mbit/s."""
MOST_RETRANSMITTED = 128
"""For one request; a forged one can name thousands."""

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


class PublisherEnd(ReceivingEnd):
    """One published track, a `PacketSource`: hands each packet to its sinks, and has lost ones sent again."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, rates: UplinkRates | None = None) -> None:
        super().__init__(kind, transport)
        self.keyframes_requested = 0
        self.track_name: TrackName | None = None
        """Told by the plane when the offer is answered."""
        self._rates = rates or UplinkRates()
        self._sinks: tuple[PacketSink, ...] = ()
        self._gaps = Gaps()
        self._ssrc: int | None = None
        self._keyframe_at_s = float("-inf")
        self._keyframe_due = False
        self._octets = 0
        self._reported_at_s = float("-inf")

    def add(self, sink: PacketSink) -> None:
        self._sinks = (*self._sinks, sink)

    def remove(self, sink: PacketSink) -> None:
        self._sinks = tuple(other for other in self._sinks if other is not sink)

    def request_keyframe(self, now_s: float) -> None:
        """Ask the publisher for a keyframe now, or with its first packet after it may be asked again."""
        if self.kind != "video":
            return
        self._keyframe_due = True
        ssrc = self._ssrc or self.signalled_ssrc
        if ssrc is not None and now_s - self._keyframe_at_s >= KEYFRAME_INTERVAL_S:
            self._keyframe_due = False
            self._keyframe_at_s = now_s
            self.keyframes_requested += 1
            self.feed_back(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self.own_ssrc, media_ssrc=ssrc))

    def report(self, now_s: float) -> None:
        """Tell the publisher what arrived, and how much it may send; about once a second."""
        elapsed_s = now_s - self._reported_at_s
        received_bps = self._octets * 8 / elapsed_s
        self._octets, self._reported_at_s = 0, now_s
        self._rates.on_reception(self.track_name, self.report_reception(), received_bps, now_s)
        self._limit(now_s)

    def on_start(self) -> None:
        if self._keyframe_due:
            self.request_keyframe(time.monotonic())

    def on_packet(self, packet: Packet, now_s: float) -> None:
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._gaps = Gaps()
            self._limit(now_s)
        self._octets += len(packet.data)
        if self.kind == "video":
            self._mend(packet, now_s)
        for sink in self._sinks:
            sink.take(packet, now_s)

    def on_sender_report(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        for sink in self._sinks:
            sink.tell_clock(ssrc, ntp, timestamp, now_s)

    def on_stop(self) -> None:
        self._sinks = ()

    def _mend(self, packet: Packet, now_s: float) -> None:
        if lost := self._gaps.arrived(packet.sequence_number, now_s):
            self.feed_back(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self.own_ssrc, media_ssrc=packet.ssrc, lost=lost))
        if self._keyframe_due:
            self.request_keyframe(now_s)

    def _limit(self, now_s: float) -> None:
        if self.kind != "video" or self._ssrc is None:
            return
        rooms_bps = [room for sink in self._sinks if (room := sink.room_bps(now_s)) is not None]
        limit_bps = self._rates.limit_bps(self.track_name, rooms_bps, now_s)
        fci = pack_remb_fci(limit_bps, [self._ssrc])
        self.feed_back(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self.own_ssrc, media_ssrc=0, fci=fci))


class SubscriberEnd(SendingEnd):
    """One subscribed track, a `PacketSink`: one continuous stream out of whichever source it is attached to."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, rates: DownlinkRates | None = None) -> None:
        super().__init__(kind, transport)
        self.packets_sent = 0
        self.track_name: TrackName | None = None
        """Told by the plane when the offer is answered."""
        self._rates = rates or DownlinkRates()
        self._source: PacketSource | None = None
        self._source_ssrc: int | None = None
        self._format: SendingFormat | None = None
        self._splice: Splice | None = None
        self._extensions = Extensions("", 0, 0)
        self._history: list[tuple[int, bytes] | None] = []
        self._rtx_sequence_number = random.getrandbits(15)
        self._octets_sent = 0
        self._newest = (0, 0)

    @property
    def source(self) -> PacketSource | None:
        return self._source

    def attach(self, source: PacketSource | None) -> None:
        """Take packets from this source from now on, and from no other; None for silence.

        Nothing of a former source goes out after this, not as a retransmission either. Who attaches a source
        asks it for a keyframe.
        """
        if self._source is not None:
            self._source.remove(self)
        self._source = source
        self._source_ssrc = None
        self._history = [None] * (HISTORY_PACKETS if self.kind == "video" else 0)
        if source is not None:
            source.add(self)

    def take(self, packet: Packet, now_s: float) -> None:
        """One packet of the source. What comes before the start of a keyframe is dropped, and a keyframe asked for."""
        splice, form, source = self._splice, self._format, self._source
        if splice is None or form is None or source is None:
            return
        if packet.ssrc != self._source_ssrc:
            self._source_ssrc = packet.ssrc
            splice.change_source()
        place = splice.place(packet.sequence_number, packet.timestamp, packet.payload, now_s)
        if place is None:
            if splice.waiting:
                source.request_keyframe(now_s)
            return
        ntp = current_ntp_time()
        data = rtp_packet(
            payload_type=form.payload_type,
            marker=packet.marker,
            sequence_number=place.sequence_number,
            timestamp=place.timestamp,
            ssrc=self.ssrc,
            extensions=self._extensions.block(self._extension(packet, ntp)),
            payload=place.payload,
        )
        if self._history:
            self._history[place.sequence_number % HISTORY_PACKETS] = (place.sequence_number, data)
        self._newest = (ntp, place.timestamp)
        self.packets_sent += 1
        self._octets_sent += len(place.payload)
        self.send_bytes(data)

    def tell_clock(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        pass

    def room_bps(self, now_s: float) -> int | None:
        return self._rates.room_bps(self.track_name, now_s)

    def report(self) -> None:
        """Tell the subscriber how timestamps and the clock belong together; about once a second."""
        if self._format is None or not self.packets_sent:
            return
        ntp, timestamp = self._newest
        info = RtcpSenderInfo(
            ntp_timestamp=ntp,
            rtp_timestamp=timestamp,
            packet_count=self.packets_sent & 0xFFFFFFFF,
            octet_count=self._octets_sent & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self.ssrc, items=[(1, self._format.cname.encode("utf8"))])
        self.send_bytes(bytes(RtcpSrPacket(ssrc=self.ssrc, sender_info=info)) + bytes(RtcpSdesPacket(chunks=[name])))

    def on_start(self, form: SendingFormat) -> None:
        self._format = form
        value_uri = SEND_TIME_URI if self.kind == "video" else AUDIO_LEVEL_URI
        ids = form.extension_ids
        self._extensions = Extensions(form.mid, ids.get(MID_URI, 0), ids.get(value_uri, 0))
        self._splice = Splice(
            video=self.kind == "video",
            clock_rate=form.clock_rate,
            first_sequence_number=random.getrandbits(15),
            first_timestamp=random.getrandbits(32),
        )

    def on_lost(self, sequence_numbers: list[int]) -> None:
        for sequence_number in sequence_numbers[:MOST_RETRANSMITTED]:
            self._retransmit(sequence_number & 0xFFFF)

    def on_keyframe_wanted(self) -> None:
        if self._source is not None:
            self._source.request_keyframe(time.monotonic())

    def on_reception(self, fraction_lost: float, now_s: float) -> None:
        self._rates.on_reception(self.track_name, fraction_lost, now_s)

    def on_remb(self, bps: int, now_s: float) -> None:
        self._rates.on_remb(bps, now_s)

    def on_stop(self) -> None:
        self.attach(None)
        self._splice = None

    def _extension(self, packet: Packet, ntp: int) -> bytes:
        """Video: the send time in 24 bits, 6.18 seconds. Audio: the publisher's level, for who shows who speaks."""
        if self.kind == "video":
            return (ntp >> 14 & 0xFFFFFF).to_bytes(3, "big")
        return b"" if packet.audio_level < 0 else bytes([packet.audio_level])

    def _retransmit(self, sequence_number: int) -> None:
        kept = self._history[sequence_number % HISTORY_PACKETS] if self._history else None
        if kept is None or kept[0] != sequence_number or self._format is None:
            return
        data = kept[1]
        if self._format.rtx_payload_type is not None:
            number = self._rtx_sequence_number
            self._rtx_sequence_number = number + 1 & 0xFFFF
            data = rtx_packet(
                data, payload_type=self._format.rtx_payload_type, sequence_number=number, ssrc=self.rtx_ssrc
            )
        self.send_bytes(data)


class ForwardingConnection(SectionConnection[PublisherEnd, SubscriberEnd]):
    """A participant's connection. All its tracks share what its line can carry."""

    def __init__(self) -> None:
        uplink, downlink = UplinkRates(), DownlinkRates()
        super().__init__(partial(PublisherEnd, rates=uplink), partial(SubscriberEnd, rates=downlink))

    def report(self, now_s: float) -> None:
        """The reports of all ends; about once a second."""
        for publisher in self.receiving_ends().values():
            publisher.report(now_s)
        for subscriber in self.sending_ends().values():
            subscriber.report()
