"""SRTP in place, by libsrtp itself: pylibsrtp copies each packet three times, and makes an object of each length."""

from typing import Any

from aiortc import RTCDtlsTransport
from pylibsrtp import SRTP_MAX_SRTCP_TRAILER_LEN
from pylibsrtp._binding import ffi, lib

from center.media.internals.sockets import DATAGRAM_BYTES, inbox

_OK = lib.srtp_err_status_ok
_protect, _protect_rtcp = lib.srtp_protect, lib.srtp_protect_rtcp
_unprotect, _unprotect_rtcp = lib.srtp_unprotect, lib.srtp_unprotect_rtcp

outbox = bytearray(DATAGRAM_BYTES + SRTP_MAX_SRTCP_TRAILER_LEN)
"""Where every outgoing packet of the process is built, one after the other."""

_inbox, _outbox = ffi.from_buffer(inbox), ffi.from_buffer(outbox)
_length = ffi.new("int *")


class Keys:
    """What protects one connection from the moment at which its DTLS handshake is done."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport
        self._receive: Any = None
        self._send: Any = None
        self._sessions: Any = None
        self.is_ready = False

    def ready(self) -> bool:
        """True when packets can be opened and sealed. `is_ready` is that once `ready` found it out."""
        if not self.is_ready and self._transport._tx_srtp is not None:
            # The sessions own what the pointers point to.
            self._sessions = (self._transport._rx_srtp, self._transport._tx_srtp)
            self._receive, self._send = (session._srtp[0] for session in self._sessions)
            self.is_ready = True
        return self.is_ready

    def open(self, size: int, rtcp: bool) -> int:
        """Decrypt the first `size` bytes of `inbox`, and say how many are left; 0 for what is not authentic, or came
        twice. Needs `ready`."""
        _length[0] = size
        status = _unprotect_rtcp(self._receive, _inbox, _length) if rtcp else _unprotect(self._receive, _inbox, _length)
        return _length[0] if status == _OK else 0

    def seal(self, size: int, rtcp: bool) -> int:
        """Encrypt the first `size` bytes of `outbox`, and say how many there are now; 0 when they can't be sent. Needs
        `ready`."""
        _length[0] = size
        status = _protect_rtcp(self._send, _outbox, _length) if rtcp else _protect(self._send, _outbox, _length)
        return _length[0] if status == _OK else 0
