"""The upload's own connection: it asks the network for the back seat, and tells how long the line's queue is. And that
of the light pages, for which a clerk waits."""

import contextlib
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
_INFO_BYTES = 152


KEPT_S = 60.0
"""A resident lays the next page within a minute; making the connection anew takes two round trips."""


def urgent_connector() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=1, keepalive_timeout=KEPT_S)


class UploadLine:
    """Makes the connector of the upload session, whose one connection it watches."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(limit=1, socket_factory=self._make_socket)

    def round_trips_s(self) -> tuple[float, float] | None:
        """The smoothed and the least round trip of the connection; None when there is none, or not on Linux."""
        if self._socket is None or not hasattr(socket, "TCP_INFO"):
            return None
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        except OSError:
            return None
        if len(info) < _INFO_BYTES:
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
