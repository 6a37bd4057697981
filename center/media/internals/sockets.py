"""The forwarder's UDP sockets, in the place of asyncio's: aioice binds where it likes, and takes every datagram apart.

A socket belongs to one connection. A datagram of media goes to `MediaTaker` out of the buffer into which it was
received, without a copy, a parse or a wake-up; all others (STUN, DTLS) go to aioice.
"""

import asyncio
import ctypes
import errno
import random
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from aioice import Candidate
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import Connection as IceConnection
from aioice.ice import StunProtocol

from center.media.interface import MediaError, MediaSettings

DATAGRAM_BYTES = 2048
"""No peer sends more than an MTU."""
BUFFER_BYTES = 1 << 20
"""The kernel's, each way: at 20 Mbit/s 0.4 s. The kernel halves or caps it as it is set up (net.core.rmem_max)."""
MOST_SEGMENTS = 16
"""Packets for one address that wait for each other: about half a millisecond of work."""
MOST_AT_ONCE = 64
"""Datagrams of one socket before the others have their turn."""

Address = tuple[str, int]

ANY_PORTS = range(32768, 61000)
"""Linux' own for who names none. A socket would lose one that the kernel chose with the address that it settled on."""

_libc = ctypes.CDLL(None)
_NOBODY = struct.pack("=H14x", socket.AF_UNSPEC)
"""What connect(2) takes to dissolve what it made; `socket.connect` knows no such address."""
_UDP_SEGMENT = 103
"""Linux' <linux/udp.h>; Python has no name for it."""
_SEGMENT = struct.Struct("=H")
_NO_SEGMENTS = (errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.EOPNOTSUPP)
"""A kernel or a device that can't, or packets larger than the way's MTU: one by one from then on."""


class MediaTaker(Protocol):
    """Takes the datagrams whose first byte is 128 to 191 (RFC 7983): SRTP and SRTCP."""

    def take_datagram(self, size: int, address: Address) -> None:
        """The datagram is the first `size` bytes of `inbox`, until the call returns. Must not raise."""
        ...

    def may_talk(self, address: Address, now_s: float) -> bool:
        """Whether one more of the other datagrams from this address is taken."""
        ...


inbox = bytearray(DATAGRAM_BYTES)
"""Where every datagram of the process is received, one after the other."""


class MediaSocket(asyncio.DatagramTransport):
    """One bound UDP socket, as `StunProtocol` needs it. What can't be sent at once is lost, as UDP loses things."""

    def __init__(self, bound: socket.socket, protocol: StunProtocol, taker: MediaTaker) -> None:
        super().__init__()
        self._socket = bound
        self._protocol = protocol
        self._taker = taker
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._posted: list[bytes] = []
        self._posted_to: Address = ("", 0)
        self._segments = True
        self._settled: Address | None = None
        self._loop.add_reader(bound.fileno(), self._read)
        protocol.connection_made(self)

    def post(self, data: memoryview, address: Address) -> None:
        """Send a packet of media now, or, while a burst is being read, with the others for the same address."""
        if not _burst.reading:
            self.sendto(data, address)
            return
        if not self._posted:
            _burst.posting.append(self)
        elif address != self._posted_to or len(self._posted) == MOST_SEGMENTS:
            self._send_posted()
        self._posted_to = address
        self._posted.append(bytes(data))

    def settle(self, address: Address | None) -> None:
        """Hear and reach this address alone from now on, or anybody again. The kernel then keeps strangers away, and
        finds the way and tells the address once instead of with every packet: a thirteenth of all that forwarding
        costs. Where it can't, all stays as it is."""
        if address == self._settled or self._closing:
            return
        if self._settled is not None:
            self._settled = None
            _libc.connect(self._socket.fileno(), _NOBODY, len(_NOBODY))
        if address is not None:
            with suppress(OSError):
                self._socket.connect(address)
                self._settled = address

    def deliver(self) -> None:
        """Send what was posted."""
        if self._posted:
            self._send_posted()

    def _send_posted(self) -> None:
        posted, self._posted = self._posted, []
        start, count = 0, len(posted)
        while start < count:
            # A run of equal sizes, with one shorter at its end, is one datagram to the kernel until the last step.
            size, end = len(posted[start]), start + 1
            while end < count and len(posted[end]) == size:
                end += 1
            if end < count and len(posted[end]) < size:
                end += 1
            self._send_run(posted[start:end], size)
            start = end

    def _send_run(self, run: list[bytes], size: int) -> None:
        if len(run) > 1 and self._segments:
            segments = [(socket.IPPROTO_UDP, _UDP_SEGMENT, _SEGMENT.pack(size))]
            try:
                if self._settled == self._posted_to:
                    self._socket.sendmsg(run, segments)
                else:
                    self._socket.sendmsg(run, segments, 0, self._posted_to)
                return
            except OSError as error:
                if error.errno not in _NO_SEGMENTS:
                    return
                self._segments = False
        for data in run:
            self.sendto(data, self._posted_to)

    def sendto(self, data: Any, addr: Any = None) -> None:
        try:
            if addr == self._settled:
                self._socket.send(data)
            else:
                self._socket.sendto(data, addr)
        except OSError:
            return

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        match name:
            case "socket":
                return self._socket
            case "sockname":
                return self._socket.getsockname()
            case _:
                return default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close

    def _read(self) -> None:
        _burst.reading = True
        try:
            self._read_burst()
        finally:
            _burst.reading = False
            for poster in _burst.posting:
                poster.deliver()
            _burst.posting.clear()

    def _read_burst(self) -> None:
        bound, taker, settled = self._socket, self._taker, self._settled
        try:
            for _ in range(MOST_AT_ONCE):
                if settled is None:
                    size, address = bound.recvfrom_into(inbox)
                else:
                    size, address = bound.recv_into(inbox), settled
                if size and 128 <= inbox[0] < 192:
                    taker.take_datagram(size, address)
                elif taker.may_talk(address, time.monotonic()):
                    self._protocol.datagram_received(bytes(inbox[:size]), address)
                if self._closing:
                    return
        except OSError:
            return  # nothing more to read, or an ICMP message about something sent


class _Burst:
    """What one readiness of a socket makes the process send. A picture comes as a burst of packets of one size, and the
    kernel takes a run of them for little more than the price of one (UDP GSO, Linux 4.18)."""

    def __init__(self) -> None:
        self.reading = False
        self.posting: list[MediaSocket] = []


_burst = _Burst()


def bind(address: str, settings: MediaSettings) -> socket.socket:
    """A socket at this address, on a free port of the range. Raises OSError."""
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            bound.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        for port in _ports(settings):
            try:
                bound.bind((address, port))
                return bound
            except OSError:
                continue
        raise OSError("no port of the range is free")
    except BaseException:
        bound.close()
        raise


def check_settings(settings: MediaSettings) -> None:
    """Raises `MediaError` when media could not be bound so."""
    if not 0 <= settings.first_port <= settings.last_port <= 65535 or bool(settings.first_port) != bool(
        settings.last_port
    ):
        raise MediaError(f"ports {settings.first_port} to {settings.last_port} are no range")
    for address in settings.addresses:
        try:
            bind(address, settings).close()
        except OSError as error:
            raise MediaError(f"address {address}: {error.strerror or error}") from None


def gather(
    connection: IceConnection, taker: MediaTaker, settings: MediaSettings, component: int, addresses: Sequence[str]
) -> list[Candidate]:
    """Bind one socket an address, and offer it. `addresses` are the machine's.

    On a machine without a network there is only the loopback, which aioice leaves out.
    """
    candidates: list[Candidate] = []
    for address in settings.addresses or tuple(addresses) or ("127.0.0.1",):
        try:
            bound = bind(address, settings)
        except OSError:
            continue
        protocol = StunProtocol(connection)
        MediaSocket(bound, protocol, taker)
        host, port = bound.getsockname()[:2]
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=host,
            port=port,
            type="host",
        )
        connection._protocols.append(protocol)
        candidates.append(protocol.local_candidate)
    return candidates


def _ports(settings: MediaSettings) -> Iterator[int]:
    """All of the range, from a place in it that nobody knows."""
    ports = range(settings.first_port, settings.last_port + 1) if settings.first_port else ANY_PORTS
    start = random.randrange(len(ports))
    yield from ports[start:]
    yield from ports[:start]
