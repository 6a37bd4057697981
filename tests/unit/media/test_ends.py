"""The ends of forwarding on a transport that only writes down what is sent."""

import time
from collections.abc import Iterable, Iterator
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
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    RtpPacket,
    is_rtcp,
    unpack_remb_fci,
    wrap_rtx,
)

from center.media.ends import KEYFRAME_INTERVAL_S, MID_URI, PublisherEnd, SubscriberEnd
from center.media.flow import Packet
from center.media.internals.srtp import outbox
from center.media.packets import read_packet
from center.media.rates import REMB_BPS

VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=96)
RTX = RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=97, parameters={"apt": 96})
KEY, DELTA = b"\x10\x10 key", b"\x10\x11 delta"
MEDIA_SSRC, RTX_SSRC = 1000, 1001


class Path:
    """Stands for `MediaPath`: writes down what is sent."""

    def __init__(self) -> None:
        self.sections: dict[int, object] = {}
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def send_outbox(self, size: int) -> None:
        self.sent.append(bytes(outbox[:size]))

    def add_section(self, section: object, ssrcs: Iterable[int], payload_types: object) -> None:
        self.sections.update(dict.fromkeys(ssrcs, section))

    def remove_section(self, section: object) -> None: ...

    def add_rtcp_taker(self, taker: object) -> None: ...

    def remove_rtcp_taker(self, taker: object) -> None: ...


class Transport:
    """Stands for `RTCDtlsTransport`."""

    def __init__(self) -> None:
        self.media_path = Path()

    def take(self) -> list[Any]:
        """What was sent since the last look, parsed."""
        sent, self.media_path.sent = self.media_path.sent, []
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


def arrive(publisher: PublisherEnd, *packets: RtpPacket) -> None:
    for packet in packets:
        publisher.take_packet(read(packet), time.monotonic())


@pytest.fixture
def wires() -> Iterator[tuple[Transport, Transport]]:
    yield Transport(), Transport()


async def test_a_publisher_is_told_its_bitrate_with_its_first_packet(wires: tuple[Transport, Transport]) -> None:
    publisher = await started_publisher(wires[0])
    arrive(publisher, media(1))
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


async def test_a_keyframe_that_comes_meanwhile_is_not_asked_for_again(wires: tuple[Transport, Transport]) -> None:
    publisher = await started_publisher(wires[0])
    publisher.request_keyframe(10.0)
    publisher.request_keyframe(10.1)
    publisher.on_packet(read(media(1, KEY)), 10.2)
    publisher.on_packet(read(media(2)), 10.0 + KEYFRAME_INTERVAL_S)
    assert publisher.keyframes_requested == 1


async def test_a_lost_packet_is_asked_for_and_its_retransmission_forwarded_in_its_place(
    wires: tuple[Transport, Transport],
) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, media(1, KEY), media(3))
    nack = wires[0].take()[-1]
    assert isinstance(nack, RtcpRtpfbPacket) and (nack.fmt, nack.lost) == (RTCP_RTPFB_NACK, [2])
    arrive(publisher, wrap_rtx(media(2), payload_type=97, sequence_number=500, ssrc=RTX_SSRC))
    first, third, second = wires[1].take()
    assert third.sequence_number - first.sequence_number == 2
    assert second.sequence_number - first.sequence_number == 1
    assert second.payload == DELTA
    assert wires[0].media_path.sections == {MEDIA_SSRC: publisher, RTX_SSRC: publisher}


async def test_a_subscriber_gets_what_it_missed_but_nothing_of_a_source_that_is_detached(
    wires: tuple[Transport, Transport],
) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, media(1, KEY), media(2))
    first, second = wires[1].take()
    subscriber.on_lost([first.sequence_number, second.sequence_number, 5], 0.0)
    again = wires[1].take()
    assert [packet.payload_type for packet in again] == [97, 97]
    assert {packet.ssrc for packet in again} == {subscriber.rtx_ssrc}
    subscriber.attach(None)
    subscriber.on_lost([first.sequence_number], 0.0)
    arrive(publisher, media(3))
    subscriber.take(read(media(4)), 0.0)
    assert wires[1].take() == []


async def test_a_forged_request_has_a_bounded_answer(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, *(media(number, KEY) for number in range(300)))
    number = wires[1].take()[0].sequence_number
    subscriber.on_lost([number] * 6000, 0.0)
    assert len(wires[1].take()) == 128


async def test_waiting_for_a_keyframe_asks_for_one(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, media(1))
    assert wires[1].take() == []
    assert RTCP_PSFB_PLI in [packet.fmt for packet in wires[0].take()]
    arrive(publisher, media(2, KEY))
    assert [packet.payload for packet in wires[1].take()] == [KEY]


def sender_report(publisher: PublisherEnd, ntp: int, timestamp: int, now_s: float) -> None:
    info = RtcpSenderInfo(ntp_timestamp=ntp, rtp_timestamp=timestamp, packet_count=0, octet_count=0)
    publisher.take_rtcp(RtcpSrPacket(ssrc=MEDIA_SSRC, sender_info=info), now_s)


async def test_reports_go_both_ways(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, media(1, KEY), media(2))
    wires[0].take()
    *_, sent = wires[1].take()
    publisher.report(time.monotonic())
    received = wires[0].take()[0]
    assert isinstance(received, RtcpRrPacket) and received.reports[0].highest_sequence == 2
    subscriber.report(100.0)
    assert wires[1].take() == []  # the publisher has not said what its clock says
    sender_report(publisher, 1000 << 32, 20, 100.0)
    subscriber.report(100.5)
    told = wires[1].take()[0]
    assert isinstance(told, RtcpSrPacket)
    assert told.sender_info.packet_count == 2
    # Packet 2 had the timestamp 20; half a second later the publisher's clocks say so:
    assert told.sender_info.ntp_timestamp == (1000 << 32) + (1 << 31)
    assert (told.sender_info.rtp_timestamp - sent.timestamp) & 0xFFFFFFFF == 45_000


async def test_a_subscriber_that_comes_later_is_told_the_publishers_clock_at_once(
    wires: tuple[Transport, Transport],
) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    arrive(publisher, media(1, KEY))
    sender_report(publisher, 5 << 32, 10, 50.0)
    subscriber.attach(publisher)
    arrive(publisher, media(2, KEY))
    subscriber.report(51.0)
    assert any(isinstance(packet, RtcpSrPacket) for packet in wires[1].take())


async def test_a_subscriber_that_goes_away_does_not_disturb_the_publisher(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, media(1, KEY), media(2))
    wires[1].take()
    await subscriber.stop()
    arrive(publisher, media(3))
    assert wires[1].take() == []


async def test_of_a_former_source_nothing_goes_out_and_the_next_begins_with_a_keyframe(
    wires: tuple[Transport, Transport],
) -> None:
    """The next resident's clerk must not see anything of the one before, in whichever order packets still come."""
    before, after, subscriber = (
        await started_publisher(wires[0]),
        await started_publisher(Transport()),
        await started_subscriber(wires[1]),
    )
    subscriber.attach(before)
    arrive(before, media(1, KEY), media(2, b"\x10\x11 the one before"))
    numbers = [packet.sequence_number for packet in wires[1].take()]
    subscriber.attach(None)
    arrive(before, media(3))
    subscriber.on_lost(numbers, 0.0)
    subscriber.attach(after)
    subscriber.on_lost(numbers, 0.0)
    arrive(before, media(4))
    arrive(after, media(2), media(3))
    assert wires[1].take() == []
    arrive(after, media(4, KEY), media(5))
    subscriber.on_lost(numbers, 0.0)
    arrive(before, wrap_rtx(media(2), payload_type=97, sequence_number=500, ssrc=RTX_SSRC), media(6))
    sent = wires[1].take()
    assert [packet.payload for packet in sent] == [KEY, DELTA]
    assert sent[0].sequence_number == (numbers[-1] + 1) & 0xFFFF


async def test_half_a_second_at_20_mbit_s_can_be_sent_again(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    payload = DELTA + bytes(1190)
    for number in range(1042):
        publisher.on_packet(read(media(number, payload if number else KEY)), 100.0 + number * 1200 * 8 / 20e6)
    sent = wires[1].take()
    subscriber.on_lost([sent[0].sequence_number], 100.5)
    assert [packet.payload[2:] for packet in wires[1].take()] == [KEY]


async def test_retransmissions_take_no_more_than_the_media_did(wires: tuple[Transport, Transport]) -> None:
    publisher, subscriber = await started_publisher(wires[0]), await started_subscriber(wires[1])
    subscriber.attach(publisher)
    arrive(publisher, *(media(number, KEY + bytes(1000)) for number in range(10)))
    number = wires[1].take()[0].sequence_number
    for _ in range(20):
        subscriber.on_lost([number] * 128, 0.0)
    assert 8 <= len(wires[1].take()) <= 10
