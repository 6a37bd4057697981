"""The load's two ends: one that sends a film again and again, and one that notes when packets came."""

import random
import time
from array import array

from aiortc import RTCDtlsTransport

from center.media.flow import Packet
from center.media.interface import MediaSettings
from center.media.internals.connection import SectionConnection
from center.media.internals.sections import ReceivingEnd, SendingEnd, SendingFormat
from center.media.internals.srtp import outbox
from center.media.packets import Header
from rigs.media.film import FPS, Film

STAMP_BYTES = 8
VOICE_BYTES = 80
"""32 kbit/s in packets of 20 ms."""
_MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"


class Replay(SendingEnd):
    """Sends a film, or a voice; each payload ends with the monotonic clock's nanoseconds when `stamped`."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.film: Film | None = None
        self.stamped = True
        self.packets = 0
        self.missed = 0
        """Packets that the other side asked for again."""
        self._form: SendingFormat | None = None
        self._header = Header(ssrc=0)
        self._number = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._picture = 0
        self._at = 0

    @property
    def interval_s(self) -> float:
        return 1 / FPS if self.kind == "video" else 0.02

    def send_next(self) -> None:
        """The next picture's packets, or the next of the voice."""
        if self._form is None or self._path is None:
            return
        if self.film is None:
            self._send(b"", bytes(VOICE_BYTES), 0)
            self._timestamp += 960
            return
        parts = self.film.pictures[self._at]
        self._at = (self._at + 1) % len(self.film.pictures)
        self._picture = self._picture + 1 & 0x7FFF
        last = len(parts) - 1
        for index, part in enumerate(parts):
            first = 0x80 if index else 0x90
            descriptor = bytes((first, 0x80, 0x80 | self._picture >> 8, self._picture & 0xFF))
            self._send(descriptor, part, int(index == last))
        self._timestamp += 90_000 // FPS

    def _send(self, descriptor: bytes, payload: bytes, marker: int) -> None:
        form, path, header = self._form, self._path, self._header
        assert form is not None and path is not None
        header.write(outbox, marker << 7 | form.payload_type, self._number, self._timestamp & 0xFFFFFFFF)
        self._number = self._number + 1 & 0xFFFF
        stamp = time.monotonic_ns().to_bytes(STAMP_BYTES, "big") if self.stamped else b""
        body = descriptor + payload + stamp
        size = header.size + len(body)
        outbox[header.size : size] = body
        self.packets += 1
        path.send_outbox(size)

    def on_start(self, form: SendingFormat) -> None:
        self._form = form
        self._header = Header(ssrc=self.ssrc, mid=form.mid, mid_id=form.extension_ids.get(_MID_URI, 0))

    def on_lost(self, sequence_numbers: list[int], now_s: float) -> None:
        self.missed += len(sequence_numbers)

    def on_keyframe_wanted(self, now_s: float) -> None:
        self._at = 0

    def on_reception(self, fraction_lost: float, now_s: float) -> None: ...

    def on_remb(self, bps: int, now_s: float) -> None: ...

    def on_stop(self) -> None:
        self._form = None


class Sink(ReceivingEnd):
    """Notes how long each stamped packet took, in microseconds."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.stamped = True
        self.packets = 0
        self.delays_us = array("f")
        self.gone = 0
        """Sequence numbers that were left out."""
        self._next: int | None = None

    def on_packet(self, packet: Packet, now_s: float) -> None:
        if self.stamped:
            sent = int.from_bytes(packet.data[packet.end - STAMP_BYTES : packet.end], "big")
            self.delays_us.append((time.monotonic_ns() - sent) / 1000)
        self.packets += 1
        number = packet.sequence_number
        if self._next is not None:
            self.gone += ((number - self._next + 0x8000) & 0xFFFF) - 0x8000
        self._next = number + 1 & 0xFFFF

    def on_start(self) -> None: ...

    def on_sender_report(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None: ...

    def on_stop(self) -> None: ...


class LoadConnection(SectionConnection[Sink, Replay]):
    """A peer of the load. It has no share: it may be sent whatever the server sends."""

    def __init__(self) -> None:
        super().__init__(Sink, Replay, MediaSettings(most_publisher_bps=10**9))
