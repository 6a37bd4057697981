"""The two ends of forwarding: `PublisherEnd` takes a track's packets, `SubscriberEnd` gives them to one subscriber.

Nothing waits between them: a packet goes out in the same step of the event loop in which it came in.
"""

import random
import time

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
    RtpPacket,
    pack_remb_fci,
)

from center.media.gaps import Gaps
from center.media.internals import ReceivingEnd, SectionConnection, SendingEnd, SendingFormat
from center.media.packets import Extensions, rtp_packet, rtx_packet
from center.media.splice import Splice

REMB_BPS = 1_500_000
"""What a publisher may send in one video section, said with its first packet. A sender that must find out for itself
takes 17 s and nine keyframes to get there (aiortc), and its encoder goes no higher."""
KEYFRAME_INTERVAL_S = 0.3
"""A publisher is asked for keyframes not more often than this, however many subscribers ask."""
HISTORY_PACKETS = 512
"""For retransmission: 3.4 s at 1.5 Mbit/s."""
MOST_RETRANSMITTED = 128
"""For one request; a forged one can name thousands."""

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


class PublisherEnd(ReceivingEnd):
    """One published track: hands each packet to its subscribers, and has lost ones sent again."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.keyframes_requested = 0
        self._subscribers: tuple[SubscriberEnd, ...] = ()
        self._gaps = Gaps()
        self._ssrc: int | None = None
        self._keyframe_at_s = float("-inf")
        self._keyframe_due = False

    def add(self, subscriber: "SubscriberEnd") -> None:
        self._subscribers = (*self._subscribers, subscriber)

    def remove(self, subscriber: "SubscriberEnd") -> None:
        self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)

    async def request_keyframe(self, now_s: float) -> None:
        """Ask the publisher for a keyframe now, or with its first packet after it may be asked again."""
        if self.kind != "video":
            return
        self._keyframe_due = True
        ssrc = self._ssrc or self.signalled_ssrc
        if ssrc is not None and now_s - self._keyframe_at_s >= KEYFRAME_INTERVAL_S:
            self._keyframe_due = False
            self._keyframe_at_s = now_s
            self.keyframes_requested += 1
            await self.feed_back(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self.own_ssrc, media_ssrc=ssrc))

    async def report(self) -> None:
        """Tell the publisher what arrived, and how much it may send; about once a second."""
        await self.report_reception()
        await self._limit()

    async def on_start(self) -> None:
        if self._keyframe_due:
            await self.request_keyframe(time.monotonic())

    async def on_packet(self, packet: RtpPacket, now_s: float) -> None:
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._gaps = Gaps()
            await self._limit()
        if self.kind == "video":
            await self._mend(packet, now_s)
        for subscriber in self._subscribers:
            await subscriber.forward(self, packet, now_s)

    def on_stop(self) -> None:
        self._subscribers = ()

    async def _mend(self, packet: RtpPacket, now_s: float) -> None:
        if lost := self._gaps.arrived(packet.sequence_number, now_s):
            await self.feed_back(
                RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self.own_ssrc, media_ssrc=packet.ssrc, lost=lost)
            )
        if self._keyframe_due:
            await self.request_keyframe(now_s)

    async def _limit(self) -> None:
        if self.kind == "video" and self._ssrc is not None:
            fci = pack_remb_fci(REMB_BPS, [self._ssrc])
            await self.feed_back(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self.own_ssrc, media_ssrc=0, fci=fci))


class SubscriberEnd(SendingEnd):
    """One subscribed track: one continuous stream out of whichever source it is attached to."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.packets_sent = 0
        self._source: PublisherEnd | None = None
        self._source_ssrc: int | None = None
        self._format: SendingFormat | None = None
        self._splice: Splice | None = None
        self._extensions = Extensions("", 0, 0)
        self._history: list[tuple[int, bytes] | None] = []
        self._rtx_sequence_number = random.getrandbits(15)
        self._octets_sent = 0
        self._newest = (0, 0)

    @property
    def source(self) -> PublisherEnd | None:
        return self._source

    def attach(self, source: PublisherEnd | None) -> None:
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

    async def forward(self, source: PublisherEnd, packet: RtpPacket, now_s: float) -> None:
        """One packet of the source. What comes before the start of a keyframe is dropped, and a keyframe asked for."""
        splice, form = self._splice, self._format
        if splice is None or form is None or source is not self._source:
            return
        if packet.ssrc != self._source_ssrc:
            self._source_ssrc = packet.ssrc
            splice.change_source()
        place = splice.place(packet.sequence_number, packet.timestamp, packet.payload, now_s)
        if place is None:
            if splice.waiting:
                await source.request_keyframe(now_s)
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
        await self.send_bytes(data)

    async def report(self) -> None:
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
        await self.send_bytes(
            bytes(RtcpSrPacket(ssrc=self.ssrc, sender_info=info)) + bytes(RtcpSdesPacket(chunks=[name]))
        )

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

    async def on_lost(self, sequence_numbers: list[int]) -> None:
        for sequence_number in sequence_numbers[:MOST_RETRANSMITTED]:
            await self._retransmit(sequence_number & 0xFFFF)

    async def on_keyframe_wanted(self) -> None:
        if self._source is not None:
            await self._source.request_keyframe(time.monotonic())

    def on_stop(self) -> None:
        self.attach(None)
        self._splice = None

    def _extension(self, packet: RtpPacket, ntp: int) -> bytes:
        """Video: the send time in 24 bits, 6.18 seconds. Audio: the publisher's level, for who shows who speaks."""
        if self.kind == "video":
            return (ntp >> 14 & 0xFFFFFF).to_bytes(3, "big")
        level = packet.extensions.audio_level
        return b"" if level is None else bytes([(0x80 if level[0] else 0) | level[1] & 0x7F])

    async def _retransmit(self, sequence_number: int) -> None:
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
        await self.send_bytes(data)


class ForwardingConnection(SectionConnection[PublisherEnd, SubscriberEnd]):
    """A participant's connection."""

    def __init__(self) -> None:
        super().__init__(PublisherEnd, SubscriberEnd)

    async def report(self) -> None:
        """The reports of all ends; about once a second."""
        for publisher in self.receiving_ends().values():
            await publisher.report()
        for subscriber in self.sending_ends().values():
            await subscriber.report()
