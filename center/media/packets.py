"""RTP packets as bytes: what forwarding reads and writes of them. Pure."""

from struct import Struct, error

from center.media.flow import Packet

_HEADER = Struct("!BBHLL")
_SEQUENCE_NUMBER = Struct("!H")
HEADER_BYTES = _HEADER.size

_PADDING_BIT = 0x20
_EXTENSION_BIT = 0x10
_ONE_BYTE_PROFILE = b"\xbe\xde"
"""RFC 8285, 4.2: the ids 1 to 14, values of 1 to 16 bytes."""

_NO_DELAY = bytes(3)
"""The playout-delay extension: 12 bits each of the least and the greatest delay, in steps of 10 ms."""

_SHORT_PICTURE_ID_BYTES = 1
_LONG_PICTURE_ID_BYTES = 2


def read_packet(data: bytes) -> Packet | None:
    """An RTP packet in the clear (RFC 3550, 5.1); None when it is malformed. An id of 0 reads no audio level."""
    try:
        first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
        start, end = HEADER_BYTES + 4 * (first & 0x0F), len(data)
        if first & _EXTENSION_BIT:
            start += 4 + 4 * _SEQUENCE_NUMBER.unpack_from(data, start + 2)[0]
        if first & _PADDING_BIT:
            padding = data[-1]
            end -= padding
            if not padding:
                return None
    except (error, IndexError):
        return None
    if first >> 6 != 2 or start > end:
        return None
    return Packet(data, start, end, second & 0x7F, second >> 7, sequence_number, timestamp, ssrc)


def original_of(rtx: Packet, *, payload_type: int, ssrc: int) -> Packet | None:
    """The packet that a retransmission carries (RFC 4588, 4); None when it carries none."""
    if rtx.end - rtx.start < 2:
        return None
    start = rtx.start
    (sequence_number,) = _SEQUENCE_NUMBER.unpack_from(rtx.data, start)
    return Packet(
        rtx.data, start + 2, rtx.end, payload_type, rtx.marker, sequence_number, rtx.timestamp, ssrc, rtx.audio_level
    )


def audio_level_of(packet: Packet, wanted: int) -> int:
    """The first byte of the header extension with this id, in the one-byte form; -1 where it isn't there."""
    data, end = packet.data, packet.start
    at = HEADER_BYTES + 4 * (data[0] & 0x0F)
    if not data[0] & _EXTENSION_BIT or data[at : at + 2] != _ONE_BYTE_PROFILE:
        return -1
    at += 4
    while at + 1 < end:
        head = data[at]
        if not head:
            at += 1
        elif head >> 4 == wanted:
            return data[at + 1]
        elif head >> 4 == 15:
            break
        else:
            at += 2 + (head & 0x0F)
    return -1


def starts_keyframe(payload: bytes) -> bool:
    """True for the first packet of a VP8 keyframe: S = 1, PID = 0, and P = 0 in the frame's header (RFC 7741, 4)."""
    if not payload or payload[0] & 0x1F != 0x10:  # S, then the reserved bit and three bits of PID
        return False
    start = _descriptor_bytes(payload)
    return start is not None and len(payload) > start and not payload[start] & 0x01


def shift_picture(packet: bytearray, start: int, end: int, picture: int, layer: int) -> None:
    """Add `picture` to the picture id (15 or 7 bits) and `layer` to the TL0PICIDX (8 bits) of the VP8 payload that is
    `packet[start:end]`. One that has none, or is cut off, stays as it is."""
    if end - start < 3 or not packet[start] & 0x80:
        return
    flags, at = packet[start + 1], start + 2
    if flags & 0x80:
        if packet[at] & 0x80:
            if at + 1 >= end:
                return
            value = ((packet[at] & 0x7F) << 8 | packet[at + 1]) + picture & 0x7FFF
            packet[at], packet[at + 1] = 0x80 | value >> 8, value & 0xFF
            at += _LONG_PICTURE_ID_BYTES
        else:
            packet[at] = packet[at] + picture & 0x7F
            at += _SHORT_PICTURE_ID_BYTES
    if flags & 0x40 and at < end:
        packet[at] = packet[at] + layer & 0xFF


def picture_of(payload: bytes) -> tuple[int, int] | None:
    """The picture id (0 without one) and the TL0PICIDX (0 without one) of a VP8 payload; None when it has neither."""
    if len(payload) < 3 or not payload[0] & 0x80 or not payload[1] & 0xC0 or _descriptor_bytes(payload) is None:
        return None
    picture, layer, at = 0, 0, 2
    if payload[1] & 0x80:
        long = payload[at] & 0x80
        picture = (payload[at] & 0x7F) << 8 | payload[at + 1] if long else payload[at]
        at += _LONG_PICTURE_ID_BYTES if long else _SHORT_PICTURE_ID_BYTES
    if payload[1] & 0x40:
        layer = payload[at]
    return picture, layer


def _descriptor_bytes(payload: bytes) -> int | None:
    """The length of the VP8 payload descriptor; None when it is cut off."""
    length = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return None
        flags, length = payload[1], 2
        if flags & 0x80:
            if len(payload) <= length:
                return None
            length += _LONG_PICTURE_ID_BYTES if payload[length] & 0x80 else _SHORT_PICTURE_ID_BYTES
        length += bool(flags & 0x40)
        length += bool(flags & 0x30)
    return length if len(payload) >= length else None


class Header:
    """The header of one outgoing stream, written before each of its packets: what does not change is there already.

    Its extensions are the stream's mid, a value of `value_bytes` that changes by the packet, and the wish that pictures
    be shown at once (playout delay). `mid_id`, `value_id` and `delay_id` are the negotiated ids; 0 leaves that one
    out.
    """

    def __init__(
        self,
        *,
        ssrc: int,
        mid: str = "",
        mid_id: int = 0,
        value_id: int = 0,
        value_bytes: int = 0,
        delay_id: int = 0,
    ) -> None:
        elements = b""
        self._value_at = 0
        if value_id and value_bytes:
            elements += bytes([value_id << 4 | value_bytes - 1]) + bytes(value_bytes)
            self._value_at = HEADER_BYTES + 4 + 1
        encoded = mid.encode("ascii")[:16]
        if mid_id and encoded:
            elements += bytes([mid_id << 4 | len(encoded) - 1]) + encoded
        if delay_id:
            elements += bytes([delay_id << 4 | len(_NO_DELAY) - 1]) + _NO_DELAY
        words = (len(elements) + 3) // 4
        block = _ONE_BYTE_PROFILE + _SEQUENCE_NUMBER.pack(words) + elements.ljust(words * 4, b"\0") if elements else b""
        self.size = HEADER_BYTES + len(block)
        self._first = 0x80 | (_EXTENSION_BIT if elements else 0)
        self._ssrc = ssrc
        self._value_end = self._value_at + value_bytes
        self._template = bytearray(HEADER_BYTES) + block

    def write(
        self, into: bytearray, marker_and_type: int, sequence_number: int, timestamp: int, value: bytes = b""
    ) -> None:
        """Write the first `size` bytes of a packet. `value` has `value_bytes`, or none to repeat the last one."""
        template = self._template
        _HEADER.pack_into(template, 0, self._first, marker_and_type, sequence_number, timestamp, self._ssrc)
        if value and self._value_at:
            template[self._value_at : self._value_end] = value
        into[: self.size] = template
