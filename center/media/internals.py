"""The center's only module that touches private names of aiortc and aioice. A contract test fails when one changes.

aiortc's connection has two ends for each media section, which it asks by duck typing to start, to stop and to take
packets. `ReceivingEnd` and `SendingEnd` stand in their places; nothing is decoded, and no thread, task or queue is
started. Other users of aiortc in the process see no change: the connection is a subclass, and hooks are set on single
objects.
"""

import asyncio
import functools
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from aioice import Candidate, stun
from aioice.ice import Connection as IceConnection
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCRtpTransceiver,
    rtp,
)
from aiortc.codecs import get_capabilities
from aiortc.rtcrtpparameters import (
    RTCRtpCodecCapability,
    RTCRtpCodecParameters,
    RTCRtpReceiveParameters,
    RTCRtpSendParameters,
)
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
    RtpPacket,
)
from pylibsrtp import Error as SrtpError

from center.media.flow import Packet
from center.media.packets import original_of, read_packet

AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

AIORTC_VERSION = "1.16.0"
AIOICE_VERSION = "0.13.0"

CONSENT_INTERVAL_S = 1.0
CONSENT_FAILURES = 3
"""Measured: a killed peer is noticed after 4.2 s (29.9 s with the library's 5 s and 6)."""
MOST_DATAGRAMS_WAITING = 2000
"""Before the handshake nobody reads them, and anybody can send some. The newest are dropped."""
MOST_STREAMS = 4
"""SSRCs of one section that are reported on: its media, its retransmissions, and each once more after a change."""


class ReceivingEnd:
    """One section's packets from the peer, in the place of aiortc's receiver. Subclasses take the packets."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        self.kind = kind
        self.own_ssrc = 0
        self.signalled_ssrc: int | None = None
        """The media's, where the offer named it."""
        self._transport = transport
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._media_of_rtx: dict[int, int] = {}
        self._streams: dict[int, StreamStatistics] = {}
        self._sender_reports: dict[int, tuple[int, float]] = {}
        self._audio_level_id = 0
        self._started = False
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
        _send(self._transport, bytes(packet))

    def report_reception(self) -> float:
        """Tell the peer what arrived; about once a second. The share of the media's packets lost since, 0 to 1."""
        infos = [self._reception(ssrc, stream) for ssrc, stream in self._streams.items()]
        if infos:
            self.feed_back(RtcpRrPacket(ssrc=self.own_ssrc, reports=infos))
        return max((info.fraction_lost / 256 for info in infos if info.ssrc not in self._media_of_rtx), default=0.0)

    def _reception(self, ssrc: int, stream: StreamStatistics) -> RtcpReceiverInfo:
        last_report, arrived_s = self._sender_reports.get(ssrc, (0, 0.0))
        since = int(min(max(0.0, time.time() - arrived_s), 60.0) * 65536) if last_report else 0
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=stream.fraction_lost,
            packets_lost=stream.packets_lost,
            highest_sequence=stream.max_seq or 0,
            jitter=min(stream.jitter, 0xFFFFFFFF),
            lsr=last_report,
            dlsr=since,
        )

    def _unwrapped(self, packet: Packet, codec: RTCRtpCodecParameters) -> Packet | None:
        if codec.name.lower() != "rtx":
            return packet
        original = self._media_of_rtx.get(packet.ssrc)
        payload_type = codec.parameters.get("apt")
        if original is None or not isinstance(payload_type, int):
            return None
        return original_of(packet, payload_type=payload_type, ssrc=original)

    def _count(self, packet: RtpPacket, codec: RTCRtpCodecParameters) -> None:
        if packet.ssrc not in self._streams and len(self._streams) < MOST_STREAMS:
            self._streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        if packet.ssrc in self._streams:
            self._streams[packet.ssrc].add(packet)

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
        if self._started:
            return
        self._started = True
        self._codecs = {codec.payloadType: codec for codec in parameters.codecs if codec.payloadType is not None}
        self._audio_level_id = {e.uri: e.id for e in parameters.headerExtensions}.get(AUDIO_LEVEL_URI, 0)
        self._transport._register_rtp_receiver(self, parameters)
        for encoding in parameters.encodings:
            self.signalled_ssrc = encoding.ssrc
            if encoding.rtx:
                self._media_of_rtx[encoding.rtx.ssrc] = encoding.ssrc
                # Two sections of one payload type are told apart by SSRC, and the router learns that of the media
                # alone.
                self._transport._rtp_router.ssrc_table[encoding.rtx.ssrc] = self
        self.on_start()

    async def stop(self) -> None:
        self.on_stop()
        if self._started:
            self._transport._unregister_rtp_receiver(self)

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self.own_ssrc = ssrc

    def _handle_disconnect(self) -> None:
        self.on_stop()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.ssrc in self._streams:
            info = packet.sender_info
            self._sender_reports[packet.ssrc] = (info.ntp_timestamp >> 16 & 0xFFFFFFFF, time.time())
            self.on_sender_report(packet.ssrc, info.ntp_timestamp, info.rtp_timestamp, time.monotonic())

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not self._enabled:
            return
        self._count(packet, codec)
        read = read_packet(packet.serialize(self._transport._rtp_header_extensions_map), self._audio_level_id)
        media = self._unwrapped(read, codec) if read is not None else None
        if media is not None:
            self.on_packet(media, time.monotonic())


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
    """One section's packets to the peer, in the place of aiortc's sender. Subclasses make the packets."""

    track: None = None

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        self.kind = kind
        self.ssrc = self._ssrc = random.getrandbits(32)
        self.rtx_ssrc = self._rtx_ssrc = random.getrandbits(32)
        self._transport = transport
        self._started = False
        # Read or written by RTCPeerConnection and RTCRtpTransceiver.
        self._enabled = True
        self._stream_id = str(uuid.uuid4())
        self._track_id = str(uuid.uuid4())

    def on_start(self, form: SendingFormat) -> None:
        """Packets can be sent from now on."""
        raise NotImplementedError

    def on_lost(self, sequence_numbers: list[int]) -> None:
        """The subscriber misses these packets."""
        raise NotImplementedError

    def on_keyframe_wanted(self) -> None:
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
        _send(self._transport, data)

    # --- What aiortc calls ---

    @property
    def transport(self) -> RTCDtlsTransport:
        return self._transport

    def setTransport(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        if self._started:
            return
        self._started = True
        codec, *others = parameters.codecs
        rtx = [other.payloadType for other in others if other.parameters.get("apt") == codec.payloadType]
        self._transport._register_rtp_sender(self, parameters)
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
        if self._started:
            self._transport._unregister_rtp_sender(self)

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        match packet:
            case RtcpRtpfbPacket(fmt=rtp.RTCP_RTPFB_NACK):
                self.on_lost(packet.lost)
            case RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_PLI | rtp.RTCP_PSFB_FIR):
                self.on_keyframe_wanted()
            case RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_APP):
                with suppress(ValueError):
                    self.on_remb(rtp.unpack_remb_fci(packet.fci)[0], time.monotonic())
            case RtcpRrPacket() | RtcpSrPacket():
                for report in packet.reports:
                    if report.ssrc == self.ssrc:
                        self.on_reception(report.fraction_lost / 256, time.monotonic())
            case RtcpByePacket() | RtcpSdesPacket() | RtcpPsfbPacket() | RtcpRtpfbPacket():
                pass


Receiving = TypeVar("Receiving", bound=ReceivingEnd)
Sending = TypeVar("Sending", bound=SendingEnd)


class SectionConnection(RTCPeerConnection, Generic[Receiving, Sending]):
    """A connection whose sections end in `receiving` and `sending`, with VP8 and Opus alone. Close it with `close`."""

    def __init__(
        self,
        receiving: Callable[[str, RTCDtlsTransport], Receiving],
        sending: Callable[[str, RTCDtlsTransport], Sending],
    ) -> None:
        self._make_receiving = receiving
        self._make_sending = sending
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))

    def receiving_ends(self) -> dict[str, Receiving]:
        """By mid, once there is an answer."""
        ends = [t for t in self.getTransceivers() if t.currentDirection == "recvonly"]
        return {t.mid or "": cast(Receiving, t.receiver) for t in ends}

    def sending_ends(self) -> dict[str, Sending]:
        """By mid, once there is an answer."""
        ends = [t for t in self.getTransceivers() if t.currentDirection == "sendonly"]
        return {t.mid or "": cast(Sending, t.sender) for t in ends}

    # --- What aiortc calls ---

    def _RTCPeerConnection__createTransceiver(
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        create = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = cast(RTCRtpTransceiver, create(direction, kind, sender_track))
        stock = transceiver.sender
        sender = self._make_sending(kind, stock.transport)
        receiver = self._make_receiving(kind, stock.transport)
        sender._stream_id = stock._stream_id
        receiver._set_rtcp_ssrc(sender.ssrc)
        ends: Any = transceiver
        ends._RTCRtpTransceiver__sender = sender
        ends._RTCRtpTransceiver__receiver = receiver
        transceiver.setCodecPreferences(_forwarded_codecs(kind))
        return transceiver

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:
        transport: RTCDtlsTransport = super()._RTCPeerConnection__createDtlsTransport()  # type: ignore[misc]
        _harden(transport.transport._connection)
        return transport


def _forwarded_codecs(kind: str) -> list[RTCRtpCodecCapability]:
    names = ("audio/opus",) if kind == "audio" else ("video/vp8", "video/rtx")
    return [codec for codec in get_capabilities(kind).codecs if codec.mimeType.lower() in names]


def _send(transport: RTCDtlsTransport, data: bytes) -> None:
    """Send RTP or RTCP, or lose it: a peer that is just going away must not disturb who sends to it."""
    pair = transport.transport._connection._nominated.get(1)
    if pair is None or transport._tx_srtp is None:
        return
    protect = transport._tx_srtp.protect_rtcp if rtp.is_rtcp(data) else transport._tx_srtp.protect
    with suppress(SrtpError, OSError):
        pair.protocol.transport.sendto(protect(data), pair.remote_addr)


def _harden(connection: IceConnection) -> None:
    """Set this one ICE connection's manners: when its peer counts as dead, what it keeps, which addresses it offers."""
    hooks: Any = connection
    hooks.query_consent = functools.partial(_watch_consent, connection)
    hooks.data_received = functools.partial(_take_datagram, connection)
    hooks.get_component_candidates = functools.partial(_gather, connection.get_component_candidates)


async def _watch_consent(connection: IceConnection) -> None:
    """RFC 7675 with our own interval; the library's is one number for the whole process."""
    failures = 0
    while failures < CONSENT_FAILURES:
        await asyncio.sleep(CONSENT_INTERVAL_S * (0.8 + 0.4 * random.random()))
        for pair in list(connection._nominated.values()):
            request = connection.build_request(pair, nominate=False)
            key = (connection.remote_password or "").encode("utf8")
            try:
                await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=0)
                failures = 0
            except stun.TransactionError:
                failures += 1
    connection._query_consent_task = None
    await connection.close()


def _take_datagram(connection: IceConnection, data: bytes, component: int) -> None:
    if connection._queue.qsize() < MOST_DATAGRAMS_WAITING:
        connection._queue.put_nowait((data, component))


async def _gather(
    gather: Callable[..., Awaitable[list[Candidate]]], component: int, addresses: list[str]
) -> list[Candidate]:
    """On a machine without a network there is only the loopback, which the library leaves out.

    Binding takes milliseconds, so a cancellation waits for its end: sockets bound half-way would belong to nobody.
    """
    binding = asyncio.ensure_future(gather(component=component, addresses=addresses or ["127.0.0.1"]))
    try:
        return await asyncio.shield(binding)
    except asyncio.CancelledError:
        await asyncio.wait([binding])
        raise
