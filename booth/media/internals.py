"""The booth's only module that touches private names of aiortc and aioice. A contract test fails when one changes."""

import asyncio
import functools
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from aioice import Candidate, stun
from aioice.ice import Connection as IceConnection
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc.clock import current_ntp_time
from aiortc.codecs import get_capabilities, is_rtx
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.mediastreams import MediaStreamError
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
    unwrap_rtx,
    wrap_rtx,
)
from pylibsrtp import Error as SrtpError

from booth.media.encoders import PictureEncoder, Profile, voice_encoder
from booth.media.libraries import LibraryMissing
from booth.media.pacer import Pacer
from booth.media.pictures import Packet
from booth.media.receiving import PictureFlow, VoiceFlow

AIORTC_VERSION = "1.16.0"
AIOICE_VERSION = "0.13.0"

HISTORY_PACKETS = 512
"""For retransmission: 3.4 s at 1.5 Mbit/s; the library's 128 are less than a keyframe and what follows it."""
NOT_AGAIN_S = 0.02
"""A packet that was just sent is on its way, whoever asks for it."""
MOST_STREAMS = 4
"""SSRCs of one section that are reported on: its media, its retransmissions, and each once more after a change."""
CONSENT_INTERVAL_S = 0.4
CONSENT_S = 3.3
"""Without an answer for so long the peer is dead: noticed within 4 s (29.9 s with the library's 5 s and 6 failures)."""
CONSENT_AGAIN = 1
"""One repetition after half a second, so that an answer counts for 1.5 s."""
RELAY_S = 1
"""How long an offer waits for a TURN server; a good one takes two round trips. Without one configured nothing waits."""


_log = logging.getLogger(__name__)


class BoothConnection(RTCPeerConnection):
    """Offers VP8 and Opus; its senders and receivers are `PacedSender` and `FlowReceiver`. Close it with `close`."""

    def __init__(self, relays: Sequence[RTCIceServer] = ()) -> None:
        super().__init__(RTCConfiguration(iceServers=list(relays), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._estimator = RemoteBitrateEstimator()
        """One for all that is received: it comes over one line."""

    def publish(self, track: MediaStreamTrack, profile: Profile) -> tuple[RTCRtpTransceiver, PictureEncoder | None]:
        """A section that sends this track; the profile and the encoder are for video."""
        transceiver = self.addTransceiver(track, "sendonly")
        return transceiver, cast(PacedSender, transceiver.sender).encode_as(profile)

    def subscribe(self, kind: str) -> tuple[RTCRtpTransceiver, PictureFlow | VoiceFlow]:
        """A section that receives, and what comes out of it."""
        transceiver = self.addTransceiver(kind, "recvonly")
        return transceiver, cast(FlowReceiver, transceiver.receiver).flow

    # --- What aiortc calls ---

    def _RTCPeerConnection__createTransceiver(
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        create = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = cast(RTCRtpTransceiver, create(direction, kind, sender_track))
        transceiver.setCodecPreferences(_codecs(kind))
        transport = transceiver.sender.transport
        receiver = FlowReceiver(kind, transport, self._estimator)
        ends: Any = transceiver
        if sender_track is not None:
            sender = PacedSender(sender_track, transport)
            sender._stream_id = transceiver.sender._stream_id
            ends._RTCRtpTransceiver__sender = sender
        receiver._set_rtcp_ssrc(transceiver.sender._ssrc)
        ends._RTCRtpTransceiver__receiver = receiver
        return transceiver

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:
        transport: RTCDtlsTransport = super()._RTCPeerConnection__createDtlsTransport()  # type: ignore[misc]
        connection = transport.transport._connection
        hooks: Any = connection
        hooks.query_consent = functools.partial(_watch_consent, connection, transport)
        hooks.get_component_candidates = functools.partial(_gather, connection.get_component_candidates)
        return transport


class PacedSender(RTCRtpSender):
    """aiortc's sender, with our encoders, a pace, and retransmissions that neither come too late nor twice at once."""

    def __init__(self, track: MediaStreamTrack, transport: RTCDtlsTransport) -> None:
        super().__init__(track, transport)
        self._pacer = Pacer()
        self._kept: list[tuple[RtpPacket, float] | None] = [None] * HISTORY_PACKETS

    def encode_as(self, profile: Profile) -> PictureEncoder | None:
        """Before it sends: what a video track favours. None for a voice, and where libvpx is not usable."""
        ends: Any = self
        if self.kind == "audio":
            ends._RTCRtpSender__encoder = voice_encoder()
            return None
        try:
            encoder = PictureEncoder(profile)
        except LibraryMissing:
            _log.warning("libvpx can't be used directly: changes of bitrate cost keyframes")
            return None
        ends._RTCRtpSender__encoder = encoder
        return encoder

    # --- What aiortc calls ---

    async def _run_rtp(self, codec: RTCRtpCodecParameters) -> None:
        ends: Any = self
        ends._RTCRtpSender__rtp_started.set()
        try:
            await self._stream(codec)
        except (asyncio.CancelledError, ConnectionError, MediaStreamError):
            pass  # the library awaits what follows, and cancels to stop
        except Exception:
            _log.exception("a source of %s failed", self.kind)
        if self.track is not None:
            self.track.stop()
        ends._RTCRtpSender__track = ends._RTCRtpSender__encoder = None
        ends._RTCRtpSender__rtp_exited.set()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        encoder = cast(Any, self)._RTCRtpSender__encoder
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket) and isinstance(encoder, PictureEncoder):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    encoder.on_report(report.fraction_lost / 256)
        await super()._handle_rtcp_packet(packet)

    async def _retransmit(self, sequence_number: int) -> None:
        kept = self._kept[sequence_number % HISTORY_PACKETS]
        now_s = time.monotonic()
        if kept is None or kept[0].sequence_number != sequence_number or now_s - kept[1] < NOT_AGAIN_S:
            return
        ends: Any = self
        packet = kept[0]
        bps = getattr(ends._RTCRtpSender__encoder, "target_bitrate", 0)
        if bps and not self._pacer.has_room(len(packet.payload), bps, now_s):
            return  # it will be asked for again
        self._kept[sequence_number % HISTORY_PACKETS] = (packet, now_s)
        if (payload_type := ends._RTCRtpSender__rtx_payload_type) is not None:
            number = ends._RTCRtpSender__rtx_sequence_number
            ends._RTCRtpSender__rtx_sequence_number = number + 1 & 0xFFFF
            packet = wrap_rtx(packet, payload_type=payload_type, sequence_number=number, ssrc=self._rtx_ssrc)
        await self._send(packet)

    async def _stream(self, codec: RTCRtpCodecParameters) -> None:
        ends: Any = self
        sequence_number, origin = random.getrandbits(15), random.getrandbits(32)
        while True:
            encoded = await self._next_encoded_frame(codec)
            if encoded is None:
                continue
            for number, payload in enumerate(encoded.payloads):
                packet = RtpPacket(
                    payload_type=codec.payloadType or 0,
                    marker=int(number == len(encoded.payloads) - 1),
                    sequence_number=sequence_number,
                    timestamp=origin + encoded.timestamp & 0xFFFFFFFF,
                    ssrc=self._ssrc,
                    payload=payload,
                )
                packet.extensions.mid = ends._RTCRtpSender__mid
                if encoded.audio_level is not None:
                    packet.extensions.audio_level = (False, -encoded.audio_level)
                await self._pause(len(payload))
                packet.extensions.abs_send_time = current_ntp_time() >> 14 & 0xFFFFFF
                if self.kind == "video":
                    self._kept[sequence_number % HISTORY_PACKETS] = (packet, time.monotonic())
                await self._send(packet)
                ends._RTCRtpSender__ntp_timestamp = current_ntp_time()
                ends._RTCRtpSender__rtp_timestamp = packet.timestamp
                ends._RTCRtpSender__octet_count += len(payload)
                ends._RTCRtpSender__packet_count += 1
                sequence_number = sequence_number + 1 & 0xFFFF

    async def _pause(self, size: int) -> None:
        ends: Any = self
        bps = getattr(ends._RTCRtpSender__encoder, "target_bitrate", 0)
        if self.kind == "video" and bps and (wait_s := self._pacer.wait_s(size, bps, time.monotonic())):
            await asyncio.sleep(wait_s)

    async def _send(self, packet: RtpPacket) -> None:
        ends: Any = self
        with suppress(SrtpError, OSError):
            await self.transport._send_rtp(packet.serialize(ends._RTCRtpSender__rtp_header_extensions_map))


class FlowReceiver(RTCRtpReceiver):
    """aiortc's receiver without its jitter buffer, its decoder's thread and its unbounded queue."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, estimator: RemoteBitrateEstimator) -> None:
        super().__init__(kind, transport)
        self._estimator = estimator
        self.flow: PictureFlow | VoiceFlow = (
            VoiceFlow() if kind == "audio" else PictureFlow(self._ask, self._want_keyframe)
        )
        self._media_ssrc: int | None = None

    # --- What aiortc calls ---

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        ends: Any = self
        if ends._RTCRtpReceiver__started:
            return
        ends._RTCRtpReceiver__started = True
        for codec in parameters.codecs:
            ends._RTCRtpReceiver__codecs[codec.payloadType] = codec
        for encoding in parameters.encodings:
            if encoding.rtx:
                ends._RTCRtpReceiver__rtx_ssrc[encoding.rtx.ssrc] = encoding.ssrc
        self.transport._register_rtp_receiver(self, parameters)
        for encoding in parameters.encodings:
            if encoding.rtx:  # the router learns the media's SSRC alone, and two sections share a payload type
                self.transport._rtp_router.ssrc_table[encoding.rtx.ssrc] = self
        ends._RTCRtpReceiver__rtcp_task = asyncio.ensure_future(self._run_rtcp())

    async def stop(self) -> None:
        self.flow.end()
        await super().stop()

    def _handle_disconnect(self) -> None:
        self.flow.end()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if not isinstance(packet, RtcpByePacket):  # the center's streams go on from one call to the next
            await super()._handle_rtcp_packet(packet)

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        ends: Any = self
        codec = ends._RTCRtpReceiver__codecs.get(packet.payload_type)
        if codec is None or not self._enabled:
            return
        await self._estimate(packet, arrival_time_ms)
        streams = ends._RTCRtpReceiver__remote_streams
        if packet.ssrc not in streams and len(streams) < MOST_STREAMS:
            streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        if packet.ssrc in streams:
            streams[packet.ssrc].add(packet)
        if is_rtx(codec):
            original = ends._RTCRtpReceiver__rtx_ssrc.get(packet.ssrc)
            media_type = codec.parameters.get("apt")
            if original is None or len(packet.payload) < 2 or not isinstance(media_type, int):
                return
            packet = unwrap_rtx(packet, payload_type=media_type, ssrc=original)
        self._media_ssrc = packet.ssrc
        await self._take(packet, asyncio.get_running_loop().time())

    async def _take(self, packet: RtpPacket, now_s: float) -> None:
        if isinstance(self.flow, VoiceFlow):
            await self.flow.take(packet.timestamp, packet.payload, now_s)
            return
        with suppress(ValueError):  # not VP8: dropped, and asked for like any other that is missing
            await self.flow.take(_video_packet(packet), now_s)

    async def _estimate(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        """aiortc's estimate of what this way carries, told to the center as REMB."""
        ends: Any = self
        if packet.extensions.abs_send_time is None:
            return
        remb = self._estimator.add(
            abs_send_time=packet.extensions.abs_send_time,
            arrival_time_ms=arrival_time_ms,
            payload_size=len(packet.payload) + packet.padding_size,
            ssrc=packet.ssrc,
        )
        own_ssrc = ends._RTCRtpReceiver__rtcp_ssrc
        if remb is not None and own_ssrc is not None:
            fci = pack_remb_fci(*remb)
            await self._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=own_ssrc, media_ssrc=0, fci=fci))

    async def _ask(self, lost: list[int]) -> None:
        if self._media_ssrc is not None:
            await self._send_rtcp_nack(self._media_ssrc, lost)

    async def _want_keyframe(self) -> None:
        if self._media_ssrc is not None:
            await self._send_rtcp_pli(self._media_ssrc)


def _video_packet(packet: RtpPacket) -> Packet:
    """Raises ValueError when the payload is not VP8."""
    descriptor, data = VpxPayloadDescriptor.parse(packet.payload)
    begins = bool(descriptor.partition_start) and descriptor.partition_id == 0
    return Packet(
        sequence_number=packet.sequence_number,
        timestamp=packet.timestamp,
        marker=bool(packet.marker),
        begins=begins,
        keyframe=begins and bool(data) and not data[0] & 1,
        data=data,
    )


def _codecs(kind: str) -> list[RTCRtpCodecCapability]:
    names = ("audio/opus",) if kind == "audio" else ("video/vp8", "video/rtx")
    return [codec for codec in get_capabilities(kind).codecs if codec.mimeType.lower() in names]


async def _watch_consent(connection: IceConnection, transport: RTCDtlsTransport) -> None:
    """RFC 7675 with our own interval; the library's is one number for the whole process.

    Checks overlap, so that a slow answer counts, and so many have to be lost in a row that a network of which a fifth
    is lost doesn't end a connection: nine in three and a half seconds, of which each is lost with 36 %. A full line
    loses checks and answers alike: while anything comes, the center is there.
    """
    heard_s, received = time.monotonic(), 0

    async def check() -> None:
        nonlocal heard_s
        for pair in list(connection._nominated.values()):
            request = connection.build_request(pair, nominate=False)
            key = (connection.remote_password or "").encode("utf8")
            with suppress(stun.TransactionError, ConnectionError, OSError):
                await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=CONSENT_AGAIN)
                heard_s = time.monotonic()

    async with asyncio.TaskGroup() as checks:
        running: set[asyncio.Task[None]] = set()
        while time.monotonic() - heard_s < CONSENT_S:
            task = checks.create_task(check(), name="media consent")
            running.add(task)
            task.add_done_callback(running.discard)
            before, received = received, cast(Any, transport)._RTCDtlsTransport__rx_packets
            if received != before:
                heard_s = time.monotonic()
            await asyncio.sleep(CONSENT_INTERVAL_S * (0.8 + 0.4 * random.random()))
        for task in running:
            task.cancel()
    connection._query_consent_task = None
    await connection.close()


async def _gather(
    gather: Callable[..., Awaitable[list[Candidate]]], component: int, addresses: list[str]
) -> list[Candidate]:
    """On a machine without a network there is only the loopback, which the library leaves out.

    Binding takes milliseconds, so a cancellation waits for its end: sockets bound half-way would belong to nobody.
    """
    binding = asyncio.ensure_future(gather(component=component, addresses=addresses or ["127.0.0.1"], timeout=RELAY_S))
    try:
        return await asyncio.shield(binding)
    except asyncio.CancelledError:
        await asyncio.wait([binding])
        raise
