"""The way of packets through one connection, with whatever an enemy or a broken peer puts on it."""

import logging
import time
from types import SimpleNamespace
from typing import Any, cast

import pylibsrtp
import pytest
from aiortc import RTCDtlsTransport
from aiortc.rtp import AnyRtcpPacket, RtcpPsfbPacket, RtpPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from center.media.flow import Packet
from center.media.internals.path import CHATTER_BURST, MOST_SSRCS, SETTLED_S, MediaPath
from center.media.internals.sockets import inbox
from tests.unit.media.test_ends import MEDIA_SSRC, RTX_SSRC, Transport, started_publisher, started_subscriber

PEER, STRANGER = ("192.0.2.1", 1000), ("192.0.2.2", 1000)
KEY = bytes(range(46))


class Sent:
    """Stands for a socket."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, tuple[str, int]]] = []
        self.settled: list[tuple[str, int] | None] = []

    def settle(self, address: tuple[str, int] | None) -> None:
        self.settled.append(address)

    def post(self, data: memoryview, address: tuple[str, int]) -> None:
        self.datagrams.append((bytes(data), address))


class Section:
    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.rtcp: list[AnyRtcpPacket] = []

    def take_packet(self, packet: Packet, now_s: float) -> None:
        self.packets.append(packet)

    def take_rtcp(self, packet: AnyRtcpPacket, now_s: float) -> None:
        self.rtcp.append(packet)


def session(direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(key=KEY, ssrc_type=direction)
    policy.allow_repeat_tx = True
    return pylibsrtp.Session(policy)


class Wire:
    """A path with its DTLS handshake done, a peer, and one section for each of two payload types."""

    def __init__(self, most_bps: int = 8_000_000) -> None:
        self.peer = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self.socket = Sent()
        pair = SimpleNamespace(remote_addr=PEER, protocol=SimpleNamespace(transport=self.socket))
        self.pairs = {1: pair}
        self.transport: Any = SimpleNamespace(
            _rx_srtp=session(pylibsrtp.Policy.SSRC_ANY_INBOUND),
            _tx_srtp=session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND),
            transport=SimpleNamespace(_connection=SimpleNamespace(_nominated=self.pairs)),
        )
        self.path = MediaPath(cast(RTCDtlsTransport, self.transport), most_bps)
        self.section = Section()
        self.path.add_section(self.section, [], [96])
        self.path.add_rtcp_taker(self.section)

    def put(self, datagram: bytes, address: tuple[str, int] = PEER) -> None:
        inbox[: len(datagram)] = datagram
        self.path.take_datagram(len(datagram), address)

    def line(self, caplog: pytest.LogCaptureFixture) -> str:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            self.path.complain("booth:a", 1000.0)
        return caplog.text


def rtp(number: int = 1, ssrc: int = 7, size: int = 1000, payload_type: int = 96) -> bytes:
    return RtpPacket(payload_type=payload_type, sequence_number=number, ssrc=ssrc, payload=bytes(size)).serialize()


def test_a_packet_of_the_peer_reaches_its_section_and_a_strangers_none(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    sealed = wire.peer.protect(rtp())
    wire.put(sealed, STRANGER)
    wire.put(sealed)
    wire.put(sealed)  # repeated
    wire.put(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert [len(packet.payload) for packet in wire.section.packets] == [1000]
    assert "media of booth:a: dropped 1 strangers, 2 unauthentic" in wire.line(caplog)
    assert wire.line(caplog) == ""


def test_a_way_that_has_stood_for_a_while_is_kept_to_until_the_peer_falls_silent_or_another_is_chosen() -> None:
    wire = Wire()
    begun_s = time.monotonic()
    wire.path.settle(begun_s, heard=True)
    assert wire.socket.settled == []  # nothing has come yet
    wire.put(wire.peer.protect(rtp()))
    wire.path.settle(begun_s + SETTLED_S / 2, heard=True)
    wire.path.settle(begun_s + SETTLED_S * 2, heard=True)
    wire.path.settle(begun_s + SETTLED_S * 2, heard=False)
    assert wire.socket.settled == [None, PEER, None]
    wire.pairs[1] = SimpleNamespace(remote_addr=STRANGER, protocol=SimpleNamespace(transport=wire.socket))
    wire.path.settle(begun_s + SETTLED_S * 3, heard=True)  # the next packet takes the new way
    wire.put(wire.peer.protect(rtp(2)), STRANGER)
    assert wire.socket.settled == [None, PEER, None, None]
    assert len(wire.section.packets) == 2


def test_before_the_handshake_and_without_a_pair_nothing_is_taken_or_sent() -> None:
    wire = Wire()
    sealed = wire.peer.protect(rtp())
    pairs = dict(wire.pairs)
    wire.pairs.clear()
    wire.put(sealed)
    wire.path.send(rtp())
    wire.pairs.update(pairs)
    wire.transport._tx_srtp = None
    wire.put(sealed)
    wire.path.send(rtp())
    assert (wire.section.packets, wire.socket.datagrams) == ([], [])


def test_a_publisher_at_ten_times_its_rate_is_held_to_its_share(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(most_bps=1_500_000)
    sealed = [wire.peer.protect(rtp(number)) for number in range(1900)]  # 15 Mbit, at once
    for datagram in sealed:
        wire.put(datagram)
    passed = sum(len(packet.data) for packet in wire.section.packets)
    assert 180_000 < passed < 1_500_000 / 8 * 2
    assert "excess" in wire.line(caplog)


def test_ssrcs_without_end_are_not_remembered_without_end() -> None:
    wire = Wire(most_bps=10**9)
    for number in range(MOST_SSRCS * 3):
        wire.put(wire.peer.protect(rtp(ssrc=number, size=10)))
    assert len(wire.section.packets) == len(wire.path._sections) == MOST_SSRCS


def test_an_unknown_payload_type_is_of_no_section_and_one_of_two_sections_of_neither() -> None:
    wire = Wire()
    wire.put(wire.peer.protect(rtp(payload_type=100)))
    wire.path.add_section(Section(), [], [96])
    wire.put(wire.peer.protect(rtp(2, ssrc=8)))
    assert wire.section.packets == []


def test_chatter_of_strangers_does_not_use_up_the_peers() -> None:
    wire = Wire()
    passed = [wire.path.may_talk(STRANGER, 0.0) for _ in range(1000)]
    assert passed.count(True) == CHATTER_BURST
    assert wire.path.may_talk(PEER, 0.0)


@given(head=st.integers(128, 191), data=st.binary(max_size=300))
def test_no_bytes_from_the_network_raise(head: int, data: bytes) -> None:
    wire = Wire()
    wire.put(bytes([head]) + data)
    assert wire.section.packets == [] == wire.section.rtcp


@given(second=st.integers(192, 223), data=st.binary(min_size=6, max_size=200))
def test_authentic_nonsense_as_rtcp_is_dropped_or_parsed_and_never_raises(second: int, data: bytes) -> None:
    wire = Wire()
    wire.put(wire.peer.protect_rtcp(bytes([0x80 | len(data) & 0x3F, second]) + data))


rtcp_packets = st.builds(
    lambda count, kind, words: bytes([0x80 | count, kind]) + (len(words) // 4).to_bytes(2, "big") + words,
    st.integers(0, 31),
    st.sampled_from([200, 201, 202, 203, 205, 206]),
    st.binary(max_size=120).map(lambda data: data[: len(data) // 4 * 4]),
)
rtp_packets = st.builds(
    lambda number, timestamp, payload_type, payload: RtpPacket(
        payload_type=payload_type,
        sequence_number=number,
        timestamp=timestamp,
        ssrc=MEDIA_SSRC if payload_type == 96 else RTX_SSRC,
        payload=payload,
    ).serialize(),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from([96, 97]),
    st.binary(max_size=20),
)


@given(st.lists(st.one_of(rtcp_packets, rtp_packets, st.binary(max_size=60)), max_size=20))
@settings(max_examples=50)
async def test_authentic_nonsense_does_not_raise_in_the_ends_either(clear: list[bytes]) -> None:
    """A peer with good keys and bad intentions: any RTCP, any payload, any order."""
    publisher, subscriber = await started_publisher(Transport()), await started_subscriber(Transport())
    subscriber.attach(publisher)
    path = Wire().path
    path.add_section(publisher, [MEDIA_SSRC, RTX_SSRC], [96, 97])
    path.add_rtcp_taker(publisher)
    path.add_rtcp_taker(subscriber)
    path._take_rtp(rtp(ssrc=MEDIA_SSRC), 1.0)
    for at, data in enumerate(clear):
        path._take_rtp(data, 1.0 + at)
        path._take_rtcp(data, 1.0 + at)
    publisher.report(100.0)
    subscriber.report(100.0)


def test_what_is_sent_is_sealed_for_the_peers_address() -> None:
    wire, opened = Wire(), session(pylibsrtp.Policy.SSRC_ANY_INBOUND)
    rtcp = bytes(RtcpPsfbPacket(fmt=1, ssrc=7, media_ssrc=8))
    wire.path.send(rtp())
    wire.path.send(rtcp)
    (first, to), (second, _) = wire.socket.datagrams
    assert (to, opened.unprotect(first), opened.unprotect_rtcp(second)) == (PEER, rtp(), rtcp)
