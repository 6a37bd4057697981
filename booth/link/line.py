"""The upload's own connection: it asks the network for the back seat, and tells how long the line's queue is. And that
of the light pages, for which a clerk waits: it tells when nothing comes back."""

import asyncio
import contextlib
import math
import socket
import struct
from typing import Any

import aiohttp

LOWER_EFFORT = 1 << 2
"""DSCP LE (000001), RFC 8622: where a router or this machine's own queue has to choose, pages wait."""

UNSENT_BYTES = 16_384
"""What the kernel keeps beyond what is under way. More would hide from us how the line fares."""

_ROUND_TRIP_AT, _LEAST_ROUND_TRIP_AT = 68, 148
"""`tcpi_rtt` and `tcpi_min_rtt` in Linux's `struct tcp_info` (include/uapi/linux/tcp.h), unsigned, microseconds."""
_LAST_ACK_AT = 56
"""`tcpi_last_ack_recv` there: since the peer last acknowledged anything, unsigned, milliseconds."""
_INFO_BYTES = 152

KEPT_S = 60.0
"""A resident lays the next page within a minute; making the connection anew takes two round trips."""

SILENCE_S = 0.4
"""Nothing acknowledged for so long: stuck, not slow. While anything of ours arrives, an acknowledgement comes with each
packet or two, 12 ms apart at 1 Mbit/s. One lost packet is asked for by the next ones, or by Linux's retransmission
time-out, 200 ms and a round trip of 50 to 150; what is silent longer lost that, too, and the next time-out is twice as
long, or it lost its first packet, and waits a whole second (RFC 6298, 2.1).

Measured with 2 Mbit/s, 25 ms each way and 1.2 Mbit/s of other packets, a new connection for each page of 40 to 91 kB.
1 % lost, 200 pages: 10 took over 1.2 s, the slowest 2.7; with 0.5, 0.4, 0.3 it were 3, 4, 3 and 1.5, 1.9, 1.3 s. 3 %
lost, 100 pages: 95th percentile 1.5 s, with 0.4 1.4 s; with 0.6 s since the request began, heard or not, 74 were sent
twice, and it was 1.9 s. Where 0.25 Mbit/s were left, 0.3 had 4 of 150 pages sent twice, and the median stayed."""


class UrgentLine:
    """Makes the connector of the light pages' session, and watches its connections: one, and a second one while the
    first is silent."""

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self._silence_s = silence_s
        self._sockets: list[socket.socket] = []

    def connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(limit=2, keepalive_timeout=KEPT_S, socket_factory=self._make_socket)

    async def silence(self) -> None:
        """Return when the center has acknowledged nothing for `silence_s`, all of it since the call. Not on Linux: when
        so much has passed."""
        clock = asyncio.get_running_loop().time
        begun_s = clock()
        while (left_s := self._silence_s - min(self.silent_s(), clock() - begun_s)) > 0:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(left_s)

    def silent_s(self) -> float:
        """Since the center last acknowledged anything; infinite when there is no connection, or where that can't be
        told."""
        infos = [_tcp_info(each) for each in self._sockets]
        return min((struct.unpack_from("=I", info, _LAST_ACK_AT)[0] / 1e3 for info in infos if info), default=math.inf)

    def _make_socket(self, address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        self._sockets = [each for each in self._sockets if each.fileno() >= 0] + [made]
        return made


class UploadLine:
    """Makes the connector of the upload session, whose one connection it watches."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(limit=1, socket_factory=self._make_socket)

    def round_trips_s(self) -> tuple[float, float] | None:
        """The smoothed and the least round trip of the connection; None when there is none, or not on Linux."""
        info = _tcp_info(self._socket) if self._socket is not None else None
        if info is None:
            return None
        now_us, least_us = (struct.unpack_from("=I", info, at)[0] for at in (_ROUND_TRIP_AT, _LEAST_ROUND_TRIP_AT))
        return (now_us / 1e6, least_us / 1e6) if now_us else None

    def _make_socket(self, address: Any) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._socket = made
        # None of these is needed to get a page through, and not every system has them.
        with contextlib.suppress(OSError, AttributeError):
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, LOWER_EFFORT)
            else:
                made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, LOWER_EFFORT)
        with contextlib.suppress(OSError, AttributeError):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_NOTSENT_LOWAT", 25), UNSENT_BYTES)
        return made


def _tcp_info(connection: socket.socket) -> bytes | None:
    """What the kernel knows of it; None when it is closed, or not on Linux."""
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    except OSError:
        return None
    return info if len(info) >= _INFO_BYTES else None
