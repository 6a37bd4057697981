"""The forwarder's sockets: what can't be sent is lost at once, and ports stay in their range."""

import asyncio
import socket
from types import SimpleNamespace
from typing import cast

import pytest
from aioice.ice import Connection

from center.media.interface import MediaError, MediaSettings
from center.media.internals.sockets import Address, MediaSocket, bind, check_settings, gather, inbox


class Protocol:
    """Stands for `StunProtocol`."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.lost = asyncio.Event()

    def connection_made(self, transport: object) -> None: ...

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()

    def datagram_received(self, data: bytes, address: Address) -> None:
        self.received.append(data)


class Taker:
    def __init__(self) -> None:
        self.media: list[bytes] = []
        self.silent = False
        self.came = asyncio.Event()

    def take_datagram(self, size: int, address: Address) -> None:
        self.media.append(bytes(inbox[:size]))
        self.came.set()

    def may_talk(self, address: Address, now_s: float) -> bool:
        return not self.silent

    async def all(self, count: int) -> None:
        """Until so many came."""
        async with asyncio.timeout(5):
            while len(self.media) < count:
                self.came.clear()
                await self.came.wait()


async def test_media_and_the_rest_go_their_own_ways() -> None:
    protocol, taker = Protocol(), Taker()
    bound = bind("127.0.0.1", MediaSettings())
    transport = MediaSocket(bound, protocol, taker)  # type: ignore[arg-type]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for first in (0, 20, 63, 127, 192, 255):
            sender.sendto(bytes([first]) * 3, bound.getsockname())
        sender.sendto(b"", bound.getsockname())
        for first in (128, 191):
            sender.sendto(bytes([first]) * 3, bound.getsockname())
        await taker.all(2)
    assert [data[:1] for data in protocol.received] == [b"\x00", b"\x14", b"\x3f", b"\x7f", b"\xc0", b"\xff", b""]
    assert [data[0] for data in taker.media] == [128, 191]
    transport.close()
    transport.close()
    async with asyncio.timeout(5):
        await protocol.lost.wait()


async def test_a_settled_socket_hears_and_reaches_its_peer_alone_until_it_is_dissolved() -> None:
    taker = Taker()
    bound = bind("127.0.0.1", MediaSettings())
    transport = MediaSocket(bound, Protocol(), taker)  # type: ignore[arg-type]
    here = bound.getsockname()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for each in (peer, other):
            each.bind(("127.0.0.1", 0))
            each.settimeout(5)
        transport.settle(peer.getsockname())
        other.sendto(b"\x80 a stranger", here)
        peer.sendto(b"\x80 the peer", here)
        await taker.all(1)
        transport.sendto(b"to the peer", peer.getsockname())
        transport.sendto(b"to another", other.getsockname())
        assert peer.recv(99) == b"to the peer" and other.recv(99) == b"to another"
        transport.settle(None)
        transport.settle(None)
        other.sendto(b"\x80 the peer, elsewhere", here)
        await taker.all(2)
        transport.settle(("no address", 0))
        peer.sendto(b"\x80 still", here)
        await taker.all(3)
    assert [data[2:] for data in taker.media] == [b"the peer", b"the peer, elsewhere", b"still"]
    transport.close()
    transport.settle(here)


async def test_a_subscriber_that_never_reads_costs_a_bounded_buffer_and_no_waiting() -> None:
    """Its packets are lost in its own socket's buffer; a buffer of ours that is full loses them at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as subscriber:
        subscriber.bind(("127.0.0.1", 0))
        transport = MediaSocket(bind("127.0.0.1", MediaSettings()), Protocol(), Taker())  # type: ignore[arg-type]
        for _ in range(5000):
            transport.sendto(bytes(1200), subscriber.getsockname())
        transport.sendto(bytes(1200), ("240.0.0.1", 9))  # nobody can be there
        transport.close()
        transport.sendto(bytes(1200), subscriber.getsockname())
        await asyncio.sleep(0)


class Echo(Taker):
    """Posts for each datagram of media some of its own."""

    def __init__(self, sizes: list[int], address: Address) -> None:
        super().__init__()
        self.sizes = sizes
        self.address = address
        self.out: MediaSocket | None = None

    def take_datagram(self, size: int, address: Address) -> None:
        assert self.out is not None
        for number, length in enumerate(self.sizes):
            self.out.post(memoryview(bytes([number]) * length), self.address)


@pytest.mark.parametrize("segments", [True, False])
@pytest.mark.parametrize("sizes", [[1200], [1200] * 6 + [300], [300, 1200, 1200, 300, 300, 1199, 1200], [500] * 40])
async def test_a_burst_leaves_as_the_packets_that_were_posted_in_their_order(sizes: list[int], segments: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as subscriber:
        subscriber.bind(("127.0.0.1", 0))
        subscriber.setblocking(False)
        echo = Echo(sizes, subscriber.getsockname())
        bound = bind("127.0.0.1", MediaSettings())
        echo.out = transport = MediaSocket(bound, Protocol(), echo)  # type: ignore[arg-type]
        transport._segments = segments
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as publisher:
            publisher.sendto(b"\x80media", bound.getsockname())
        async with asyncio.timeout(5):
            loop = asyncio.get_running_loop()
            came = [await loop.sock_recv(subscriber, 2048) for _ in sizes]
        transport.close()
        await asyncio.sleep(0)
    assert came == [bytes([number]) * length for number, length in enumerate(sizes)]
    assert transport._segments is segments


def test_ports_stay_in_their_range_and_run_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        first = probe.getsockname()[1]
    settings = MediaSettings(("127.0.0.1",), first, first)
    with bind("127.0.0.1", settings) as bound:
        assert bound.getsockname()[1] == first
        with pytest.raises(OSError, match="no port of the range is free"):
            bind("127.0.0.1", settings)
        with pytest.raises(MediaError, match=r"127\.0\.0\.1"):
            check_settings(settings)


@pytest.mark.parametrize("ports", [(5000, 4000), (0, 10), (10, 0), (1, 70_000), (-1, 5)])
def test_what_is_no_range_is_refused(ports: tuple[int, int]) -> None:
    with pytest.raises(MediaError, match="no range"):
        check_settings(MediaSettings((), *ports))


async def test_a_connection_without_any_address_offers_the_loopback() -> None:
    connection = cast(Connection, SimpleNamespace(_protocols=[], protocol_lost=lambda protocol: None))
    (candidate,) = gather(connection, Taker(), MediaSettings(), 1, [])
    assert candidate.host == "127.0.0.1"
    await connection._protocols[0].close()
