"""A publisher's newest packets, for who misses one. Pure."""

from collections import deque

from center.media.flow import Packet

KEPT_S = 1.0
"""Twice the longest time after which a retransmission is of any use: 500 ms of an interactive picture."""
MOST_PACKETS = 4096
"""1 s at 40 Mbit/s. What a source that is never asked anything costs: at 1.5 Mbit/s about 200 kB."""


class History:
    """The packets of one SSRC, by sequence number, for `KEPT_S`."""

    def __init__(self) -> None:
        self._packets: dict[int, Packet] = {}
        self._order: deque[tuple[float, int]] = deque()

    def add(self, packet: Packet, now_s: float) -> None:
        """Keep a packet; what has become too old is forgotten."""
        number = packet.sequence_number
        if number in self._packets:
            return
        self._packets[number] = packet
        order = self._order
        order.append((now_s + KEPT_S, number))
        while order[0][0] < now_s or len(order) > MOST_PACKETS:
            del self._packets[order.popleft()[1]]

    def recall(self, sequence_number: int) -> Packet | None:
        return self._packets.get(sequence_number)
