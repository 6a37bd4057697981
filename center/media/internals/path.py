"""The way of media through one connection: from its socket to its sections, and from its sections to the socket.

aiortc's own way for a packet is: a parse as STUN, a queue, a task that wakes up, two copies for SRTP, an object for the
packet, and four awaits. Here it is one call, from the socket's readiness to the last subscriber's `sendto`.
"""

import logging
import struct
import time
from collections.abc import Iterable
from typing import Any, Protocol

from aiortc import RTCDtlsTransport
from aiortc.rtp import AnyRtcpPacket, RtcpPacket

from center.media.flow import Packet
from center.media.internals.sockets import Address, inbox
from center.media.internals.srtp import Keys, outbox
from center.media.packets import read_packet
from center.media.policing import Bucket, Complaints

MOST_SSRCS = 64
"""That one connection may use: each section's media, its retransmissions, and each again after some changes."""
BURST_S = 1.0
"""What a publisher may save up of its share: a keyframe is ten times an ordinary picture."""
CHATTER_RATE, CHATTER_BURST = 200.0, 400.0
"""STUN and DTLS datagrams, a second and at once. A handshake takes 20, checks and consent 2 a second."""
COMPLAINT_S = 10.0
SETTLED_S = 3.0
"""A browser tries all ways at once, the shortest last to be found; it has chosen by then."""

_monotonic = time.monotonic
_inbox, _outbox = memoryview(inbox), memoryview(outbox)
_log = logging.getLogger(__name__)


class Section(Protocol):
    """What takes a published section's packets."""

    def take_packet(self, packet: Packet, now_s: float) -> None: ...


class RtcpTaker(Protocol):
    def take_rtcp(self, packet: AnyRtcpPacket, now_s: float) -> None:
        """One of a compound packet, whoever it is for."""
        ...


class MediaPath:
    """One connection's. `most_bps` is what its peer may send of media altogether."""

    def __init__(self, transport: RTCDtlsTransport, most_bps: int) -> None:
        self._transport = transport
        self._pairs = transport.transport._connection._nominated
        self._keys = Keys(transport)
        self._pair: Any = None
        self._address: Address = ("", 0)
        self._socket: Any = None
        self._since_s = 0.0
        """When this pair was first used."""
        self._sections: dict[int, Section] = {}
        self._sections_of_type: dict[int, list[Section]] = {}
        self._rtcp_takers: tuple[RtcpTaker, ...] = ()
        self._share = Bucket(most_bps / 8, most_bps / 8 * BURST_S)
        self._peer_chatter = Bucket(CHATTER_RATE, CHATTER_BURST)
        self._chatter = Bucket(CHATTER_RATE, CHATTER_BURST)
        self._complaints = Complaints(COMPLAINT_S)
        self.heard_s = float("-inf")
        """When the peer was heard last, by a datagram that only it can make."""
        self.sent = 0
        """Datagrams of media and its reports, to the peer."""

    # --- Who takes part ---

    def add_section(self, section: Section, ssrcs: Iterable[int], payload_types: Iterable[int]) -> None:
        """Hand packets of these SSRCs to this section; those of an SSRC that nobody named, if the payload type is no
        other section's."""
        for ssrc in ssrcs:
            self._sections[ssrc] = section
        for payload_type in payload_types:
            self._sections_of_type.setdefault(payload_type, []).append(section)

    def remove_section(self, section: Section) -> None:
        self._sections = {ssrc: other for ssrc, other in self._sections.items() if other is not section}
        for sections in self._sections_of_type.values():
            if section in sections:
                sections.remove(section)

    def add_rtcp_taker(self, taker: RtcpTaker) -> None:
        self._rtcp_takers = (*self._rtcp_takers, taker)

    def remove_rtcp_taker(self, taker: RtcpTaker) -> None:
        self._rtcp_takers = tuple(other for other in self._rtcp_takers if other is not taker)

    # --- In ---

    def take_datagram(self, size: int, address: Address) -> None:
        pair = self._pairs.get(1)
        if pair is not self._pair:
            self._follow(pair)
        if pair is None or address[:2] != self._address:
            self._complaints.dropped.strangers += 1
            return
        now_s = _monotonic()
        if not self._share.take(size, now_s):
            self._complaints.dropped.excess += 1
            return
        if size < 12 or (not self._keys.is_ready and not self._keys.ready()):
            return
        rtcp = 192 <= inbox[1] <= 223  # RFC 5761, 4
        size = self._keys.open(size, rtcp)
        if not size:
            self._complaints.dropped.unauthentic += 1
            return
        self.heard_s = now_s
        if rtcp:
            self._take_rtcp(bytes(_inbox[:size]), now_s)
        else:
            self._take_rtp(bytes(_inbox[:size]), now_s)

    def _follow(self, pair: Any) -> None:
        """Note the way to the peer, which changes when ICE nominates another."""
        self._pair, self._since_s = pair, _monotonic()
        if self._socket is not None:
            self._socket.settle(None)
        if pair is not None:
            self._address, self._socket = pair.remote_addr, pair.protocol.transport

    def settle(self, now_s: float, heard: bool) -> None:
        """From time to time: hear the peer alone once the way to it has stood for a while, and anybody again when it
        has fallen silent: it may have moved."""
        if self._pair is not None and self._pairs.get(1) is self._pair:
            self._socket.settle(self._address if heard and now_s - self._since_s > SETTLED_S else None)

    def may_talk(self, address: Address, now_s: float) -> bool:
        """Whether one more datagram of STUN or DTLS from this address is taken."""
        pair = self._pairs.get(1)
        known = pair is not None and address[:2] == pair.remote_addr
        if (self._peer_chatter if known else self._chatter).take(1, now_s):
            return True
        self._complaints.dropped.chatter += 1
        return False

    def complain(self, name: str, now_s: float) -> None:
        """Say what was dropped of this participant, from time to time."""
        if (line := self._complaints.due(now_s)) is not None:
            _log.warning("media of %s: dropped %s", name, line)

    def _take_rtp(self, data: bytes, now_s: float) -> None:
        packet = read_packet(data)
        if packet is None:
            self._complaints.dropped.malformed += 1
            return
        section = self._sections.get(packet.ssrc) or self._section_of(packet)
        if section is None:
            self._complaints.dropped.malformed += 1
        else:
            section.take_packet(packet, now_s)

    def _section_of(self, packet: Packet) -> Section | None:
        """Whose an SSRC is that nobody named."""
        if len(self._sections) < MOST_SSRCS:
            sections = self._sections_of_type.get(packet.payload_type, [])
            if len(sections) == 1:
                self._sections[packet.ssrc] = sections[0]
                return sections[0]
        return None

    def _take_rtcp(self, data: bytes, now_s: float) -> None:
        try:
            packets = RtcpPacket.parse(data)
        except (ValueError, IndexError, struct.error):
            self._complaints.dropped.malformed += 1
            return
        for packet in packets:
            for taker in self._rtcp_takers:
                taker.take_rtcp(packet, now_s)

    # --- Out ---

    def send(self, data: bytes) -> None:
        """Send RTP or RTCP, or lose it: a peer that is just going away must not disturb who sends to it."""
        size = len(data)
        _outbox[:size] = data
        self.send_outbox(size, 192 <= data[1] <= 223)

    def send_outbox(self, size: int, rtcp: bool = False) -> None:
        """Send the first `size` bytes of `outbox`, or lose them."""
        pair = self._pairs.get(1)
        if pair is not self._pair:
            self._follow(pair)
        keys = self._keys
        if pair is None or (not keys.is_ready and not keys.ready()):
            return
        size = keys.seal(size, rtcp)
        if size:
            self.sent += 1
            self._socket.post(_outbox[:size], self._address)
