"""The ends of one media section, in the place of aiortc's receiver and sender.

aiortc's connection asks them by duck typing to start and to stop; packets reach them on `MediaPath` alone. Nothing is
decoded, and no thread, task or queue is started.
"""

import random
import struct
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from aiortc import MediaStreamTrack, RTCDtlsTransport, rtp
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters, RTCRtpSendParameters
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
)

from center.media.flow import Packet
from center.media.internals.path import MediaPath
from center.media.packets import audio_level_of, original_of
from center.media.reception import Reception

AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
PLAYOUT_DELAY_URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
"""Chromium otherwise holds a picture back for as long as its jitter estimate says: after a keyframe on a busy machine
hundreds of milliseconds. With 0 to 0 it paints what is decoded, and a late picture is late by itself alone."""
MOST_STREAMS = 4
"""SSRCs of one section that are reported on: its media, its retransmissions, and each once more after a change."""


def path_of(transport: RTCDtlsTransport) -> MediaPath:
    """The way of media through this transport, which is hung to it when it is made."""
    return cast(MediaPath, cast(Any, transport).media_path)


class ReceivingEnd:
    """One section's packets from the peer. Subclasses take the packets."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        self.kind = kind
        self.own_ssrc = 0
        self.signalled_ssrc: int | None = None
        """The media's, where the offer named it."""
        self._transport = transport
        self._path: MediaPath | None = None
        self._clock_rates: dict[int, int] = {}
        """By payload type."""
        self._media_types: dict[int, int] = {}
        """The payload type of the media, by that of its retransmissions."""
        self._media_of_rtx: dict[int, int] = {}
        self._streams: dict[int, Reception] = {}
        self._sender_reports: dict[int, tuple[int, float]] = {}
        self._audio_level_id = 0
        # Read or written by RTCPeerConnection and RTCRtpTransceiver.
        self._enabled = True
        self._track: MediaStreamTrack | None = None

    def on_start(self) -> None:
        """Feedback can be sent from now on."""
        raise NotImplementedError

    def on_packet(self, packet: Packet, now_s: float) -> None:
        """A packet of the media; a retransmission looks like the original. `now_s` is monotonic. Must not raise."""
        raise NotImplementedError

    def on_sender_report(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        """The publisher's clocks: wall clock and media clock at one moment."""
        raise NotImplementedError

    def on_stop(self) -> None:
        """No packet comes any more. May be called twice."""
        raise NotImplementedError

    def feed_back(self, packet: AnyRtcpPacket) -> None:
        """Send RTCP to the publisher, or lose it."""
        if self._path is not None:
            self._path.send(bytes(packet))

    def report_reception(self, now_s: float) -> float:
        """Tell the peer what arrived; about once a second. The share of the media's packets lost since, 0 to 1."""
        infos = [self._reception(ssrc, stream, now_s) for ssrc, stream in self._streams.items()]
        if infos:
            self.feed_back(RtcpRrPacket(ssrc=self.own_ssrc, reports=infos))
        return max((info.fraction_lost / 256 for info in infos if info.ssrc not in self._media_of_rtx), default=0.0)

    def _reception(self, ssrc: int, stream: Reception, now_s: float) -> RtcpReceiverInfo:
        report = stream.report()
        last_report, arrived_s = self._sender_reports.get(ssrc, (0, 0.0))
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=report.fraction_lost,
            packets_lost=report.packets_lost,
            highest_sequence=report.highest_sequence,
            jitter=report.jitter,
            lsr=last_report,
            dlsr=int(min(max(0.0, now_s - arrived_s), 60.0) * 65536) if last_report else 0,
        )

    # --- What the path calls ---

    def take_packet(self, packet: Packet, now_s: float) -> None:
        stream = self._streams.get(packet.ssrc) or self._new_stream(packet)
        if stream is None:
            return
        stream.add(packet, now_s)
        if packet.payload_type in self._media_types:
            original = self._media_of_rtx.get(packet.ssrc)
            if original is None:
                return
            media = original_of(packet, payload_type=self._media_types[packet.payload_type], ssrc=original)
            if media is None:
                return
            packet = media
        if self._audio_level_id:
            packet.audio_level = audio_level_of(packet, self._audio_level_id)
        self.on_packet(packet, now_s)

    def _new_stream(self, packet: Packet) -> Reception | None:
        clock_rate = self._clock_rates.get(packet.payload_type)
        if clock_rate is None:
            return None
        if len(self._streams) >= MOST_STREAMS:
            forgotten = next(iter(self._streams))
            del self._streams[forgotten]
            self._sender_reports.pop(forgotten, None)
        stream = self._streams[packet.ssrc] = Reception(clock_rate)
        return stream

    def take_rtcp(self, packet: AnyRtcpPacket, now_s: float) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.ssrc in self._streams:
            info = packet.sender_info
            self._sender_reports[packet.ssrc] = (info.ntp_timestamp >> 16 & 0xFFFFFFFF, now_s)
            if packet.ssrc not in self._media_of_rtx:
                self.on_sender_report(packet.ssrc, info.ntp_timestamp, info.rtp_timestamp, now_s)

    # --- What aiortc calls ---

    @property
    def track(self) -> MediaStreamTrack | None:
        return self._track

    @property
    def transport(self) -> RTCDtlsTransport:
        return self._transport

    def setTransport(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        if self._path is not None:
            return
        for codec in parameters.codecs:
            self._add_codec(codec)
        self._audio_level_id = {e.uri: e.id for e in parameters.headerExtensions}.get(AUDIO_LEVEL_URI, 0)
        for encoding in parameters.encodings:
            self.signalled_ssrc = encoding.ssrc
            if encoding.rtx:
                self._media_of_rtx[encoding.rtx.ssrc] = encoding.ssrc
        ssrcs = [*self._media_of_rtx, *(encoding.ssrc for encoding in parameters.encodings)]
        self._path = path_of(self._transport)
        self._path.add_section(self, ssrcs, self._clock_rates)
        self._path.add_rtcp_taker(self)
        self.on_start()

    def _add_codec(self, codec: RTCRtpCodecParameters) -> None:
        if codec.payloadType is None:
            return
        self._clock_rates[codec.payloadType] = codec.clockRate
        media_type = codec.parameters.get("apt")
        if codec.name.lower() == "rtx" and isinstance(media_type, int):
            self._media_types[codec.payloadType] = media_type

    async def stop(self) -> None:
        self.on_stop()
        if self._path is not None:
            self._path.remove_section(self)
            self._path.remove_rtcp_taker(self)

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self.own_ssrc = ssrc


@dataclass(frozen=True, slots=True)
class SendingFormat:
    """What was negotiated for an outgoing stream. Header extension ids are 0 where there are none."""

    clock_rate: int
    payload_type: int
    rtx_payload_type: int | None
    mid: str
    cname: str
    extension_ids: dict[str, int]


class SendingEnd:
    """One section's packets to the peer. Subclasses make the packets."""

    track: None = None

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        self.kind = kind
        self.ssrc = self._ssrc = random.getrandbits(32)
        self.rtx_ssrc = self._rtx_ssrc = random.getrandbits(32)
        self._transport = transport
        self._path: MediaPath | None = None
        # Read or written by RTCPeerConnection and RTCRtpTransceiver.
        self._enabled = True
        self._stream_id = str(uuid.uuid4())
        self._track_id = str(uuid.uuid4())

    def stand_apart(self) -> None:
        """Be a stream of its own in the answer: a receiver keeps what is in one stream in step, and one voice with one
        picture only."""
        self._stream_id = str(uuid.uuid4())

    def on_start(self, form: SendingFormat) -> None:
        """Packets can be sent from now on."""
        raise NotImplementedError

    def on_lost(self, sequence_numbers: list[int], now_s: float) -> None:
        """The subscriber misses these packets."""
        raise NotImplementedError

    def on_keyframe_wanted(self, now_s: float) -> None:
        """The subscriber can't go on without a keyframe."""
        raise NotImplementedError

    def on_stop(self) -> None:
        """No packet goes out any more."""
        raise NotImplementedError

    def on_reception(self, fraction_lost: float, now_s: float) -> None:
        """The subscriber's receiver report: the share of packets lost since the last one, 0 to 1."""
        raise NotImplementedError

    def on_remb(self, bps: int, now_s: float) -> None:
        """The subscriber's estimate of what it can take, in all its sections together."""
        raise NotImplementedError

    def send_bytes(self, data: bytes) -> None:
        """Send RTP or RTCP to the subscriber, or lose it."""
        if self._path is not None:
            self._path.send(data)

    # --- What the path calls ---

    def take_rtcp(self, packet: AnyRtcpPacket, now_s: float) -> None:
        match packet:
            case RtcpRtpfbPacket():
                if packet.fmt == rtp.RTCP_RTPFB_NACK and packet.media_ssrc == self.ssrc:
                    self.on_lost(packet.lost, now_s)
            case RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_PLI | rtp.RTCP_PSFB_FIR):
                # A FIR names whom it means in its payload (RFC 5104, 4.3.1).
                if self.ssrc in (packet.media_ssrc, *_named(packet.fci)):
                    self.on_keyframe_wanted(now_s)
            case RtcpPsfbPacket():
                if packet.fmt == rtp.RTCP_PSFB_APP:
                    with suppress(ValueError, IndexError, struct.error):
                        bps, ssrcs = rtp.unpack_remb_fci(packet.fci)
                        if self.ssrc in ssrcs:
                            self.on_remb(bps, now_s)
            case RtcpRrPacket() | RtcpSrPacket():
                for report in packet.reports:
                    if report.ssrc == self.ssrc:
                        self.on_reception(report.fraction_lost / 256, now_s)
            case RtcpByePacket() | RtcpSdesPacket():
                pass

    # --- What aiortc calls ---

    @property
    def transport(self) -> RTCDtlsTransport:
        return self._transport

    def setTransport(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        if self._path is not None:
            return
        codec, *others = parameters.codecs
        rtx = [other.payloadType for other in others if other.parameters.get("apt") == codec.payloadType]
        self._path = path_of(self._transport)
        self._path.add_rtcp_taker(self)
        self.on_start(
            SendingFormat(
                clock_rate=codec.clockRate,
                payload_type=codec.payloadType or 0,
                rtx_payload_type=rtx[0] if rtx else None,
                mid=parameters.muxId,
                cname=parameters.rtcp.cname or "",
                extension_ids={extension.uri: extension.id for extension in parameters.headerExtensions},
            )
        )

    async def stop(self) -> None:
        self.on_stop()
        if self._path is not None:
            self._path.remove_rtcp_taker(self)


def _named(fci: bytes) -> list[int]:
    """The SSRCs of a FIR's entries of 8 bytes."""
    return [ssrc for (ssrc,) in struct.iter_unpack("!L4x", fci[: len(fci) // 8 * 8])]
