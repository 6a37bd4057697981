"""The forwarder's sockets: what can't be sent is lost at once, and ports stay in their range."""

import asyncio
import socket
from typing import cast

import pytest
from aioice.ice import Connection

from center.media.interface import MediaError, MediaSettings
from center.media.internals.sockets import Address, MediaSocket, bind, check_settings, inbox


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
        async with asyncio.timeout(5):
            await taker.came.wait()
    assert [data[:1] for data in protocol.received] == [b"\x00", b"\x14", b"\x3f", b"\x7f", b"\xc0", b"\xff", b""]
    assert [data[0] for data in taker.media] == [128, 191]
    transport.close()
    transport.close()
    async with asyncio.timeout(5):
        await protocol.lost.wait()


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
    from center.media.internals.sockets import gather

    connection = cast(Connection, type("Stub", (), {"_protocols": []})())
    (candidate,) = gather(connection, Taker(), MediaSettings(), 1, [])
    assert candidate.host == "127.0.0.1"
    await connection._protocols[0].close()
