"""aiortc's connection with our ends, our sockets and our manners.

Other users of aiortc in the process see no change: the connection is a subclass, and hooks are set on single objects.
"""

import asyncio
import functools
import random
import time
from collections.abc import Callable
from contextlib import suppress
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
    RTCSessionDescription,
)
from aiortc.codecs import get_capabilities
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.rtp import RtcpRrPacket
from aiortc.sdp import SessionDescription

from center.media.beat import together
from center.media.interface import MediaSettings
from center.media.internals.path import MediaPath
from center.media.internals.sections import PLAYOUT_DELAY_URI, ReceivingEnd, SendingEnd
from center.media.internals.sockets import gather

CONSENT_INTERVAL_S = 0.4
CONSENT_S = 3.3
"""Without an answer for so long the peer is dead: noticed within 4 s (29.9 s with the library's 5 s and 6 failures)."""
CONSENT_HEARD_S = 5.0
"""Between two checks of a peer that is heard, and was within `HEARD_S`: reports come about once a second."""
HEARD_S = 1.2
EMPTY_REPORT = bytes(RtcpRrPacket(ssrc=1))
CONSENT_AGAIN = 1
"""One repetition after half a second, so that an answer counts for 1.5 s."""
MOST_DATAGRAMS_WAITING = 2000
"""Before the handshake nobody reads them, and anybody can send some. The newest are dropped."""

Receiving = TypeVar("Receiving", bound=ReceivingEnd)
Sending = TypeVar("Sending", bound=SendingEnd)


class SectionConnection(RTCPeerConnection, Generic[Receiving, Sending]):
    """A connection whose sections end in `receiving` and `sending`, with VP8 and Opus alone. Close it with `close`."""

    def __init__(
        self,
        receiving: Callable[[str, RTCDtlsTransport], Receiving],
        sending: Callable[[str, RTCDtlsTransport], Sending],
        settings: MediaSettings,
    ) -> None:
        self._make_receiving = receiving
        self._make_sending = sending
        self._settings = settings
        self.paths: list[MediaPath] = []
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))

    def receiving_ends(self) -> dict[str, Receiving]:
        """By mid, once there is an answer."""
        ends = [t for t in self.getTransceivers() if t.currentDirection == "recvonly"]
        return {t.mid or "": cast(Receiving, t.receiver) for t in ends}

    def sending_ends(self) -> dict[str, Sending]:
        """By mid, once there is an answer."""
        ends = [t for t in self.getTransceivers() if t.currentDirection == "sendonly"]
        return {t.mid or "": cast(Sending, t.sender) for t in ends}

    async def setRemoteDescription(self, sessionDescription: RTCSessionDescription) -> None:
        """As aiortc's; besides, each picture's section takes the extensions that aiortc doesn't know and we write."""
        await super().setRemoteDescription(sessionDescription)
        offered = {media.rtp.muxId: media for media in SessionDescription.parse(sessionDescription.sdp).media}
        for transceiver in self.getTransceivers():
            media = offered.get(transceiver.mid or "")
            if media is not None and transceiver.kind == "video":
                ours = [extension for extension in media.rtp.headerExtensions if extension.uri == PLAYOUT_DELAY_URI]
                transceiver._headerExtensions = [*transceiver._headerExtensions, *ours]

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
        path = MediaPath(transport, self._settings.most_publisher_bps)
        self.paths.append(path)
        cast(Any, transport).media_path = path
        _harden(transport.transport._connection, path, self._settings)
        return transport


def _forwarded_codecs(kind: str) -> list[RTCRtpCodecCapability]:
    names = ("audio/opus",) if kind == "audio" else ("video/vp8", "video/rtx")
    return [codec for codec in get_capabilities(kind).codecs if codec.mimeType.lower() in names]


def _harden(connection: IceConnection, path: MediaPath, settings: MediaSettings) -> None:
    """Set this one ICE connection's manners: when its peer counts as dead, what it keeps, where it binds."""
    hooks: Any = connection
    hooks.query_consent = functools.partial(_watch_consent, connection, path)
    hooks.data_received = functools.partial(_take_datagram, connection)
    hooks.get_component_candidates = functools.partial(_gather, connection, path, settings)


async def _watch_consent(connection: IceConnection, path: MediaPath) -> None:
    """RFC 7675 with our own interval; the library's is one number for the whole process.

    Checks overlap, so that a slow answer counts, and so many have to be lost in a row that a network of which a fifth
    is lost doesn't end a connection: five, twice each, in two seconds. A full line loses checks and answers alike: who
    is heard, in packets that only the peer can make, is there. While that is so a check in five seconds is enough
    (RFC 7675, 5.1), and the peer, which listens for us as we do for it, gets an empty report where it gets nothing
    else: with 24 forwarded pictures, checks were an eighth of the work.
    """
    heard_s = checked_s = time.monotonic()
    sent = path.sent

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
        while (now_s := time.monotonic()) - max(heard_s, path.heard_s) < CONSENT_S:
            heard = now_s - path.heard_s < HEARD_S
            path.settle(now_s, heard)
            if not heard or now_s - checked_s > CONSENT_HEARD_S:
                checked_s = now_s
                task = checks.create_task(check(), name="media consent")
                running.add(task)
                task.add_done_callback(running.discard)
            elif path.sent == sent:
                path.send(EMPTY_REPORT)
            sent = path.sent
            await asyncio.sleep(together(now_s + CONSENT_INTERVAL_S * (0.8 + 0.4 * random.random())) - now_s)
        for task in running:
            task.cancel()
    connection._query_consent_task = None
    await connection.close()


def _take_datagram(connection: IceConnection, data: bytes, component: int) -> None:
    if connection._queue.qsize() < MOST_DATAGRAMS_WAITING:
        connection._queue.put_nowait((data, component))


async def _gather(
    connection: IceConnection,
    path: MediaPath,
    settings: MediaSettings,
    component: int,
    addresses: list[str],
) -> list[Candidate]:
    return gather(connection, path, settings, component, addresses)
