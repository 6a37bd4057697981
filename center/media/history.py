"""A publisher's newest packets, for who misses one. Pure."""

from center.media.flow import Packet

KEPT_S = 0.5
"""The longest time after which a retransmission is of any use to an interactive picture."""
FEWEST_PACKETS, MOST_PACKETS = 256, 4096
"""256 are 1.7 s at 1.5 Mbit/s; 4096 are half a second at 80 Mbit/s. Powers of two."""


class History:
    """The packets of one SSRC by sequence number: as many as come in `KEPT_S`, and at most `MOST_PACKETS`."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._packets: list[Packet | None] = [None] * FEWEST_PACKETS
        self._mask = FEWEST_PACKETS - 1
        self._round = self._left = FEWEST_PACKETS
        """Packets until it is seen anew whether the places suffice."""
        self._round_s = now_s

    def add(self, packet: Packet, now_s: float) -> None:
        """Keep a packet in the place of one that is as many numbers older."""
        self._packets[packet.sequence_number & self._mask] = packet
        self._left -= 1
        if not self._left:
            self._begin_round(now_s)

    def recall(self, sequence_number: int) -> Packet | None:
        packet = self._packets[sequence_number & self._mask]
        return packet if packet is not None and packet.sequence_number == sequence_number else None

    def _begin_round(self, now_s: float) -> None:
        """Twice as many places, where those that there are don't last for `KEPT_S`."""
        size = self._mask + 1
        lasts_s = (now_s - self._round_s) * size / self._round
        self._round = self._left = size
        self._round_s = now_s
        if lasts_s < KEPT_S * 1.5 and size < MOST_PACKETS:
            kept = [packet for packet in self._packets if packet is not None]
            places: list[Packet | None] = [None] * (size * 2)
            for packet in kept:
                places[packet.sequence_number & size * 2 - 1] = packet
            self._packets, self._mask = places, size * 2 - 1
