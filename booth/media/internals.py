"""The booth's only module that touches private names of aiortc and aioice. A contract test fails when one changes."""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aioice import Candidate, stun
from aioice.ice import Connection as IceConnection
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc.codecs import get_capabilities
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.jitterbuffer import JitterBuffer, JitterFrame

AIORTC_VERSION = "1.16.0"
AIOICE_VERSION = "0.13.0"

VIDEO_BPS = 1_500_000
"""What the center allows in its first feedback; to begin with it spares the encoder's being made anew, and a
keyframe."""
CONSENT_INTERVAL_S = 1.0
CONSENT_FAILURES = 3
"""A center that went away is noticed after about 4 s (29.9 s with the library's 5 s and 6)."""


class BoothConnection(RTCPeerConnection):
    """Offers VP8 and Opus, sends at full quality from the start, and delays no frame. Close it with `close`."""

    def __init__(self) -> None:
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))

    # --- What aiortc calls ---

    def _RTCPeerConnection__createTransceiver(
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        create = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = cast(RTCRtpTransceiver, create(direction, kind, sender_track))
        transceiver.setCodecPreferences(_codecs(kind))
        if kind == "video":
            _send_at(transceiver.sender, VIDEO_BPS)
            _emit_on_marker(transceiver.receiver)
        return transceiver

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:
        transport: RTCDtlsTransport = super()._RTCPeerConnection__createDtlsTransport()  # type: ignore[misc]
        connection = transport.transport._connection
        hooks: Any = connection
        hooks.query_consent = functools.partial(_watch_consent, connection)
        hooks.get_component_candidates = functools.partial(_gather, connection.get_component_candidates)
        return transport


class MarkerJitterBuffer(JitterBuffer):
    """Gives a frame away with its last packet; the stock buffer waits for the next frame's first (33 ms at 30 fps)."""

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        packets: list[Any] = []
        for count in range(self._capacity):
            packet = self._packets[((self._origin or 0) + count) % self._capacity]
            if packet is None:
                return None
            if packets and packet.timestamp != packets[0].timestamp:
                break  # the former frame's marker never comes
            packets.append(packet)
            if packet.marker:
                break
        else:
            return None
        self.remove(len(packets))
        return JitterFrame(data=b"".join(packet._data for packet in packets), timestamp=packets[0].timestamp)


def _codecs(kind: str) -> list[RTCRtpCodecCapability]:
    names = ("audio/opus",) if kind == "audio" else ("video/vp8", "video/rtx")
    return [codec for codec in get_capabilities(kind).codecs if codec.mimeType.lower() in names]


def _send_at(sender: RTCRtpSender, bps: int) -> None:
    encoder = Vp8Encoder()
    encoder.target_bitrate = bps
    ends: Any = sender
    ends._RTCRtpSender__encoder = encoder


def _emit_on_marker(receiver: RTCRtpReceiver) -> None:
    ends: Any = receiver
    ends._RTCRtpReceiver__jitter_buffer = MarkerJitterBuffer(capacity=512, is_video=True)


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
