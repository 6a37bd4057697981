"""The ends of forwarding on a transport that only writes down what is sent."""

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import (
    RTCRtcpParameters,
    RTCRtpCodecParameters,
    RTCRtpDecodingParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpReceiveParameters,
    RTCRtpRtxParameters,
    RTCRtpSendParameters,
)
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    HeaderExtensionsMap,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    is_rtcp,
    unpack_remb_fci,
    wrap_rtx,
)

from center.media.ends import KEYFRAME_INTERVAL_S, MID_URI, PublisherEnd, SubscriberEnd
from center.media.flow import Packet
from center.media.packets import read_packet
from center.media.rates import REMB_BPS

VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=96)
RTX = RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=97, parameters={"apt": 96})
KEY, DELTA = b"\x10\x10 key", b"\x10\x11 delta"
MEDIA_SSRC, RTX_SSRC = 1000, 1001


class Router:
    def __init__(self) -> None:
        self.ssrc_table: dict[int, object] = {}


class Clear:
    """Stands for an SRTP session: leaves all as it is."""

    def protect(self, data: bytes) -> bytes:
        return data

    protect_rtcp = protect


class Transport:
    """Stands for `RTCDtlsTransport`, and for all below it."""

    def __init__(self) -> None:
        self._rtp_router = Router()
        self._rtp_header_extensions_map = HeaderExtensionsMap()
        self._tx_srtp = Clear()
        self._nominated = {1: self}
        self.transport = self.protocol = self._connection = self
        self.remote_addr = ("192.0.2.1", 9)
        self.sent: list[bytes] = []
        self.broken = False

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        if self.broken:
            raise OSError
        self.sent.append(data)

    def _register_rtp_receiver(self, receiver: object, parameters: object) -> None: ...

    def _unregister_rtp_receiver(self, receiver: object) -> None: ...

    def _register_rtp_sender(self, sender: object, parameters: object) -> None: ...

    def _unregister_rtp_sender(self, sender: object) -> None: ...

    def take(self) -> list[Any]:
        """What was sent since the last look, parsed."""
        sent, self.sent = self.sent, []
        return [x for data in sent for x in (RtcpPacket.parse(data) if is_rtcp(data) else [RtpPacket.parse(data)])]


def as_dtls(transport: Transport) -> RTCDtlsTransport:
    return cast(RTCDtlsTransport, transport)


async def started_publisher(transport: Transport) -> PublisherEnd:
    publisher = PublisherEnd("video", as_dtls(transport))
    encoding = RTCRtpDecodingParameters(ssrc=MEDIA_SSRC, payloadType=96, rtx=RTCRtpRtxParameters(ssrc=RTX_SSRC))
    await publisher.receive(RTCRtpReceiveParameters(codecs=[VP8, RTX], muxId="0", encodings=[encoding]))
    return publisher


async def started_subscriber(transport: Transport) -> SubscriberEnd:
    subscriber = SubscriberEnd("video", as_dtls(transport))
    extensions = [RTCRtpHeaderExtensionParameters(id=1, uri=MID_URI)]
    await subscriber.send(
        RTCRtpSendParameters(
            codecs=[VP8, RTX], muxId="3", headerExtensions=extensions, rtcp=RTCRtcpParameters(cname="center")
        )
    )
    return subscriber


def media(number: int, payload: bytes = DELTA) -> RtpPacket:
    return RtpPacket(payload_type=96, sequence_number=number, timestamp=number * 10, ssrc=MEDIA_SSRC, payload=payload)


def read(packet: RtpPacket) -> Packet:
    found = read_packet(packet.serialize())
    assert found is not None
    return found


async def arrive(publisher: PublisherEnd, *packets: RtpPacket) -> None:
    for packet in packets:
        await publisher._handle_rtp_packet(packet, 0)


@pytest.fixture
def wires() -> Iterator[tuple[Transport, Transport]]:
    yield Transport(), Transport()


async def test_a_publisher_is_told_its_bitrate_with_its_first_packet(wires: tuple[Transport, Transport]) -> None:
    publisher = await started_publisher(wires[0])
    await arrive(publisher, media(1))
    (feedback,) = wires[0].take()
    assert isinstance(feedback, RtcpPsfbPacket) and feedback.fmt == RTCP_PSFB_APP
    bitrate, ssrcs = unpack_remb_fci(feedback.fci)
    assert (abs(bitrate - REMB_BPS) < 10, ssrcs) == (True, [MEDIA_SSRC])


async def test_however_many_ask_a_publisher_gets_one_keyframe_request_in_300_ms(
    wires: tuple[Transport, Transport],
) -> None:
    publisher = await started_publisher(wires[0])
    for at in range(100):
        publisher.request_keyframe(10.0 + at * KEYFRAME_INTERVAL_S / 101)
    assert [(p.fmt, p.media_ssrc) for p in wires[0].take()] == [(RTCP_PSFB_PLI, MEDIA_SSRC)]
    publisher.on_packet(read(media(1)), 10.0 + KEYFRAME_INTERVAL_S * 0.9)
    assert RTCP_PSFB_PLI not in [p.fmt for p in wires[0].take()]
    publisher.on_packet(read(media(2)), 10.0 + KEYFRAME_INTERVAL_S)
    publisher.on_packet(read(media(3)), 10.0 + KEYFRAME_INTERVAL_S * 3)
    assert [p.fmt for p in wires[0].take()] == [RTCP_PSFB_PLI]
    assert publisher.keyframes_requested == 2


async def test_a_lost_packet_is_asked_for_and_its_retransmission_forwarded_in_its_place(
    wires: tuple[Transport, Transport],
) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    await arrive(publisher, media(1, KEY), media(3))
    nack = wires[0].take()[-1]
    assert isinstance(nack, RtcpRtpfbPacket) and (nack.fmt, nack.lost) == (RTCP_RTPFB_NACK, [2])
    await arrive(publisher, wrap_rtx(media(2), payload_type=97, sequence_number=500, ssrc=RTX_SSRC))
    first, third, second = wires[1].take()
    assert third.sequence_number - first.sequence_number == 2
    assert second.sequence_number - first.sequence_number == 1
    assert second.payload == DELTA
    assert wires[0]._rtp_router.ssrc_table[RTX_SSRC] is publisher


async def test_a_subscriber_gets_what_it_missed_but_nothing_of_a_source_that_is_detached(
    wires: tuple[Transport, Transport],
) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    await arrive(publisher, media(1, KEY), media(2))
    first, second = wires[1].take()
    subscriber.on_lost([first.sequence_number, second.sequence_number, 5])
    again = wires[1].take()
    assert [packet.payload_type for packet in again] == [97, 97]
    assert {packet.ssrc for packet in again} == {subscriber.rtx_ssrc}
    subscriber.attach(None)
    subscriber.on_lost([first.sequence_number])
    await arrive(publisher, media(3))
    subscriber.take(read(media(4)), 0.0)
    assert wires[1].take() == []


async def test_a_forged_request_has_a_bounded_answer(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    await arrive(publisher, media(1, KEY))
    number = wires[1].take()[0].sequence_number
    subscriber.on_lost([number] * 6000)
    assert len(wires[1].take()) == 128


async def test_waiting_for_a_keyframe_asks_for_one(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    await arrive(publisher, media(1))
    assert wires[1].take() == []
    assert RTCP_PSFB_PLI in [packet.fmt for packet in wires[0].take()]
    await arrive(publisher, media(2, KEY))
    assert [packet.payload for packet in wires[1].take()] == [KEY]


async def test_reports_go_both_ways(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    subscriber.report()
    assert wires[1].take() == []
    await arrive(publisher, media(1, KEY), media(2))
    wires[0].take()
    *_, sent = wires[1].take()
    publisher.report(time.monotonic())
    subscriber.report()
    received = wires[0].take()[0]
    assert isinstance(received, RtcpRrPacket) and received.reports[0].highest_sequence == 2
    told = wires[1].take()[0]
    assert isinstance(told, RtcpSrPacket)
    assert (told.sender_info.packet_count, told.sender_info.rtp_timestamp) == (2, sent.timestamp)


async def test_a_subscriber_that_goes_away_does_not_disturb_the_publisher(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    wires[1].broken = True
    await arrive(publisher, media(1, KEY), media(2))
    await subscriber.stop()
    await arrive(publisher, media(3))
    assert wires[1].take() == []
