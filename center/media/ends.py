"""The two ends of forwarding: `PublisherEnd` is a source of packets, `SubscriberEnd` a sink that gives them to a peer.

Nothing waits between them: a packet goes out in the same step of the event loop in which it came in.
"""

import asyncio
import random
import time
from functools import partial

from aiortc import RTCDtlsTransport
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
from center.media.history import History
from center.media.interface import MediaSettings
from center.media.internals.connection import SectionConnection
from center.media.internals.sections import AUDIO_LEVEL_URI, PLAYOUT_DELAY_URI, ReceivingEnd, SendingEnd, SendingFormat
from center.media.internals.srtp import outbox
from center.media.packets import Header, shift_picture, starts_keyframe
from center.media.rates import DownlinkRates, UplinkRates
from center.media.splice import Splice
from protocol.media import TrackName

VIDEO_CLOCK_HZ = 90_000
LOOK_S = 0.01
"""So often a picture's publisher is looked at, while a packet is missing or the picture's end is."""
KEYFRAME_INTERVAL_S = 0.3
"""A publisher is asked for keyframes not more often than this, however many subscribers ask."""
MOST_RETRANSMITTED = 128
"""For one request; a forged one can name thousands."""
MOST_CREDIT_BYTES = 300_000
"""Retransmissions may take as much as the media itself, and save up a fifth of a second at 12 Mbit/s."""

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


class PublisherEnd(ReceivingEnd):
    """One published track, a `PacketSource`: hands each packet to its sinks, and has lost ones sent again."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, rates: UplinkRates | None = None) -> None:
        super().__init__(kind, transport)
        self.keyframes_requested = 0
        self._video = kind == "video"
        self.track_name: TrackName | None = None
        """Told by the plane when the offer is answered."""
        self._rates = rates or UplinkRates()
        self._sinks: tuple[PacketSink, ...] = ()
        self._gaps = Gaps()
        self._history = History()
        self.looked_at = False
        self._clock: tuple[int, int, int, float] | None = None
        """The newest sender report: SSRC, wall clock, media clock, when it came."""
        self._ssrc: int | None = None
        self._keyframe_at_s = float("-inf")
        self._keyframe_due = False
        self._octets = 0
        self._reported_at_s = float("-inf")
        self._timestamp = -1
        self._picture: tuple[int, int, float] | None = None
        """The newest one's SSRC, timestamp, and timestamp in seconds without a wrap."""

    def add(self, sink: PacketSink) -> None:
        self._sinks = (*self._sinks, sink)
        if self._clock is not None:
            sink.tell_clock(*self._clock)

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

    def recall(self, ssrc: int, sequence_number: int) -> Packet | None:
        return self._history.recall(sequence_number) if ssrc == self._ssrc else None

    def report(self, now_s: float) -> None:
        """Tell the publisher what arrived, and how much it may send; about once a second."""
        received_bps = self._octets * 8 / (now_s - self._reported_at_s)
        self._octets, self._reported_at_s = 0, now_s
        self._rates.on_reception(self.track_name, self.report_reception(now_s), received_bps, now_s)
        self._limit(now_s)

    def on_start(self) -> None:
        if self._keyframe_due:
            self.request_keyframe(time.monotonic())

    def on_packet(self, packet: Packet, now_s: float) -> None:
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._gaps, self._history, self._clock = Gaps(), History(now_s), None
            self._limit(now_s)
        self._octets += packet.end
        if self._video:
            self._history.add(packet, now_s)
            if packet.timestamp != self._timestamp:
                self._timestamp = packet.timestamp
                self._note_picture(packet, now_s)
            if lost := self._gaps.arrived(packet.sequence_number, packet.marker, now_s):
                self._ask_again(lost, packet.ssrc)
            if not self.looked_at and self._gaps.waiting:
                _watch.add(self)
            if self._keyframe_due:
                if starts_keyframe(packet.payload):
                    self._keyframe_due = False  # it is what was asked for
                else:
                    self.request_keyframe(now_s)
        for sink in self._sinks:
            sink.take(packet, now_s)

    def on_sender_report(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        if ssrc == self._ssrc:
            self._clock = (ssrc, ntp, timestamp, now_s)
            for sink in self._sinks:
                sink.tell_clock(ssrc, ntp, timestamp, now_s)

    def on_stop(self) -> None:
        self._sinks, self._history, self._gaps = (), History(), Gaps()

    def look(self, now_s: float) -> bool:
        """Ask for what is missing when no packet brings that up. Whether to look again."""
        if self._ssrc is not None and (lost := self._gaps.due(now_s)):
            self._ask_again(lost, self._ssrc)
        return self._gaps.waiting

    def _note_picture(self, packet: Packet, now_s: float) -> None:
        """Tell the rates when a picture begins to arrive."""
        ssrc, timestamp, made_s = self._picture or (0, 0, 0.0)
        if packet.ssrc != ssrc:
            self._picture = (packet.ssrc, packet.timestamp, 0.0)
            return
        ahead = packet.timestamp - timestamp & 0xFFFFFFFF
        if 0 < ahead < 1 << 31:
            made_s += ahead / VIDEO_CLOCK_HZ
            self._picture = (ssrc, packet.timestamp, made_s)
            self._rates.on_picture(self.track_name, made_s, now_s)

    def _ask_again(self, lost: list[int], ssrc: int) -> None:
        self.feed_back(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self.own_ssrc, media_ssrc=ssrc, lost=lost))

    def _limit(self, now_s: float) -> None:
        if self.kind != "video" or self._ssrc is None:
            return
        rooms_bps = [room for sink in self._sinks if (room := sink.room_bps(now_s)) is not None]
        limit_bps = self._rates.limit_bps(self.track_name, rooms_bps, now_s)
        fci = pack_remb_fci(limit_bps, [self._ssrc])
        self.feed_back(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self.own_ssrc, media_ssrc=0, fci=fci))


class _Watch:
    """The publishers of which something is missing, looked at together: with a timer for each picture that has begun, a
    process that forwards 24 of them wakes up 700 times a second more."""

    def __init__(self) -> None:
        self._ends: list[PublisherEnd] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        """In which the next look is due."""

    def add(self, end: PublisherEnd) -> None:
        end.looked_at = True
        self._ends.append(end)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        ends, self._ends, self._loop = self._ends, [], None
        now_s = time.monotonic()
        for end in ends:
            end.looked_at = False
            if end.look(now_s):
                self.add(end)


_watch = _Watch()


class SubscriberEnd(SendingEnd):
    """One subscribed track, a `PacketSink`: one continuous stream out of whichever source it is attached to."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, rates: DownlinkRates | None = None) -> None:
        super().__init__(kind, transport)
        self.packets_sent = 0
        self.track_name: TrackName | None = None
        """Told by the plane when the offer is answered."""
        self._rates = rates or DownlinkRates()
        self._video = kind == "video"
        self._source: PacketSource | None = None
        self._source_ssrc: int | None = None
        self._clock: tuple[int, int, float] | None = None
        """The present source's: wall clock, media clock, when they were told."""
        self._format: SendingFormat | None = None
        self._splice: Splice | None = None
        self._header = self._plain_header = self._rtx_header = Header(ssrc=0)
        self._rtx_sequence_number = random.getrandbits(15)
        self._octets_sent = 0
        self._credit = 0
        self._noted = (0, float("-inf"))

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
        self._forget_source()
        self._source = source
        if source is not None:
            source.add(self)

    def take(self, packet: Packet, now_s: float) -> None:
        """One packet of the source. What comes before the start of a keyframe is dropped, and a keyframe asked for."""
        splice, form, source, path = self._splice, self._format, self._source, self._path
        if splice is None or form is None or source is None or path is None:
            return
        if packet.ssrc != self._source_ssrc:
            if self._source_ssrc is not None:
                self._forget_source()
            self._source_ssrc = packet.ssrc
        place = splice.place(packet, now_s)
        if place is None:
            if splice.waiting:
                source.request_keyframe(now_s)
            return
        size = self._write(self._header, packet, form.payload_type, place, now_s)
        self.packets_sent += 1
        self._octets_sent += packet.end - packet.start
        self._credit += size
        if self._credit > MOST_CREDIT_BYTES:
            self._credit = MOST_CREDIT_BYTES
        path.send_outbox(size)

    def tell_clock(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        if self._source_ssrc in (None, ssrc):
            self._clock = (ntp, timestamp, now_s)

    def room_bps(self, now_s: float) -> int | None:
        return self._rates.room_bps(self.track_name, now_s)

    def report(self, now_s: float) -> None:
        """Tell the subscriber how timestamps and the publisher's wall clock belong together; about once a second.

        The relation is the publisher's own, moved by the stream's constant offset and carried on to this moment, so
        that all its tracks keep in step. Until the publisher has said it, nothing is made up.
        """
        self._note_sent(now_s)
        if self._format is None or self._splice is None or self._clock is None:
            return
        ntp, timestamp, told_s = self._clock
        outgoing = self._splice.outgoing_timestamp(timestamp)
        if outgoing is None:
            return
        elapsed_s = now_s - told_s
        info = RtcpSenderInfo(
            ntp_timestamp=ntp + int(elapsed_s * 2**32) & 0xFFFFFFFFFFFFFFFF,
            rtp_timestamp=outgoing + int(elapsed_s * self._format.clock_rate) & 0xFFFFFFFF,
            packet_count=self.packets_sent & 0xFFFFFFFF,
            octet_count=self._octets_sent & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self.ssrc, items=[(1, self._format.cname.encode("utf8"))])
        self.send_bytes(bytes(RtcpSrPacket(ssrc=self.ssrc, sender_info=info)) + bytes(RtcpSdesPacket(chunks=[name])))

    def _note_sent(self, now_s: float) -> None:
        """Tell the rates what was sent since the last time."""
        octets, at_s = self._noted
        sent_bps = (self._octets_sent - octets) * 8 / (now_s - at_s)
        self._noted = (self._octets_sent, now_s)
        self._rates.on_sent(self.track_name, sent_bps, now_s)

    def on_start(self, form: SendingFormat) -> None:
        self._format = form
        ids = form.extension_ids
        value_id = ids.get(SEND_TIME_URI if self._video else AUDIO_LEVEL_URI, 0)
        header = partial(Header, mid=form.mid, mid_id=ids.get(MID_URI, 0), delay_id=ids.get(PLAYOUT_DELAY_URI, 0))
        self._plain_header = header(ssrc=self.ssrc)
        self._header = header(ssrc=self.ssrc, value_id=value_id, value_bytes=3 if self._video else 1)
        self._rtx_header = header(ssrc=self.rtx_ssrc, value_id=value_id, value_bytes=3 if self._video else 1)
        self._splice = Splice(
            video=self._video,
            clock_rate=form.clock_rate,
            first_sequence_number=random.getrandbits(15),
            first_timestamp=random.getrandbits(32),
        )

    def on_lost(self, sequence_numbers: list[int], now_s: float) -> None:
        for sequence_number in sequence_numbers[:MOST_RETRANSMITTED]:
            self._retransmit(sequence_number & 0xFFFF, now_s)

    def on_keyframe_wanted(self, now_s: float) -> None:
        if self._source is not None:
            self._source.request_keyframe(now_s)

    def on_reception(self, fraction_lost: float, now_s: float) -> None:
        self._rates.on_reception(self.track_name, fraction_lost, now_s)

    def on_remb(self, bps: int, now_s: float) -> None:
        self._rates.on_remb(bps, now_s)

    def on_stop(self) -> None:
        self.attach(None)
        self._splice = None

    def _forget_source(self) -> None:
        self._source_ssrc = self._clock = None
        if self._splice is not None:
            self._splice.change_source()

    def _write(
        self,
        header: Header,
        packet: Packet,
        payload_type: int,
        place: tuple[int, int],
        now_s: float,
        prefix: bytes = b"",
    ) -> int:
        """Put a packet into the outbox; how many bytes it has there. Its picture's numbers continue the stream's."""
        if self._video:
            # The send time in 24 bits, 6.18 seconds; nobody needs to know of what.
            value = (int(now_s * 0x40000) & 0xFFFFFF).to_bytes(3, "big")
        elif packet.audio_level >= 0:
            value = bytes((packet.audio_level,))
        else:
            header, value = self._plain_header, b""
        header.write(outbox, packet.marker << 7 | payload_type, place[0], place[1], value)
        at = header.size
        if prefix:
            outbox[at : at + len(prefix)] = prefix
            at += len(prefix)
        size = at + packet.end - packet.start
        outbox[at:size] = packet.data[packet.start : packet.end]
        splice = self._splice
        if splice is not None and (splice.picture_offset or splice.layer_offset):
            shift_picture(outbox, at, size, splice.picture_offset, splice.layer_offset)
        return size

    def _retransmit(self, sequence_number: int, now_s: float) -> None:
        """Send a packet again (RFC 4588, 4): another stream, the lost number before the payload."""
        splice, form, source, path = self._splice, self._format, self._source, self._path
        if splice is None or form is None or source is None or path is None or self._source_ssrc is None:
            return
        number = splice.source_number(sequence_number)
        packet = None if number is None else source.recall(self._source_ssrc, number)
        timestamp = None if packet is None else splice.outgoing_timestamp(packet.timestamp)
        if packet is None or timestamp is None or self._credit < packet.end:
            return
        self._credit -= packet.end
        if form.rtx_payload_type is None:
            size = self._write(self._header, packet, form.payload_type, (sequence_number, timestamp), now_s)
        else:
            place = (self._rtx_sequence_number, timestamp)
            self._rtx_sequence_number = self._rtx_sequence_number + 1 & 0xFFFF
            lost = sequence_number.to_bytes(2, "big")
            size = self._write(self._rtx_header, packet, form.rtx_payload_type, place, now_s, lost)
        path.send_outbox(size)


class ForwardingConnection(SectionConnection[PublisherEnd, SubscriberEnd]):
    """A participant's connection. All its tracks share what its line can carry."""

    def __init__(self, settings: MediaSettings | None = None, name: str = "") -> None:
        uplink, downlink = UplinkRates(), DownlinkRates()
        self._name = name
        super().__init__(
            partial(PublisherEnd, rates=uplink), partial(SubscriberEnd, rates=downlink), settings or MediaSettings()
        )

    def report(self, now_s: float) -> None:
        """The reports of all ends; about once a second."""
        for publisher in self.receiving_ends().values():
            publisher.report(now_s)
        for subscriber in self.sending_ends().values():
            subscriber.report(now_s)
        for path in self.paths:
            path.complain(self._name, now_s)
