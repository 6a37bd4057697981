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

_SHORT_PICTURE_ID_BYTES = 1
_LONG_PICTURE_ID_BYTES = 2


def read_packet(data: bytes, audio_level_id: int = 0) -> Packet | None:
    """An RTP packet in the clear (RFC 3550, 5.1); None when it is malformed. An id of 0 reads no audio level."""
    try:
        first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
        start, end = HEADER_BYTES + 4 * (first & 0x0F), len(data)
        audio_level = -1
        if first & _EXTENSION_BIT:
            block = start + 4
            start = block + 4 * _SEQUENCE_NUMBER.unpack_from(data, start + 2)[0]
            if audio_level_id:
                audio_level = _one_byte_value(data, block, start, audio_level_id)
        if first & _PADDING_BIT:
            padding = data[-1]
            end -= padding
            if not padding:
                return None
    except (error, IndexError):
        return None
    if first >> 6 != 2 or start > end:
        return None
    return Packet(data, start, end, second & 0x7F, second >> 7, sequence_number, timestamp, ssrc, audio_level)


def original_of(rtx: Packet, *, payload_type: int, ssrc: int) -> Packet | None:
    """The packet that a retransmission carries (RFC 4588, 4); None when it carries none."""
    if rtx.end - rtx.start < 2:
        return None
    start = rtx.start
    (sequence_number,) = _SEQUENCE_NUMBER.unpack_from(rtx.data, start)
    return Packet(
        rtx.data, start + 2, rtx.end, payload_type, rtx.marker, sequence_number, rtx.timestamp, ssrc, rtx.audio_level
    )


def _one_byte_value(data: bytes, at: int, end: int, wanted: int) -> int:
    """The first byte of a header extension in the one-byte form; -1 where it isn't there. Raises IndexError."""
    if data[at - 4 : at - 2] != _ONE_BYTE_PROFILE:
        return -1
    while at < end:
        head = data[at]
        if not head:
            at += 1
        elif head >> 4 == 15:
            break
        elif head >> 4 == wanted:
            return data[at + 1]
        else:
            at += 2 + (head & 0x0F)
    return -1


def starts_keyframe(payload: bytes) -> bool:
    """True for the first packet of a VP8 keyframe: S = 1, PID = 0, and P = 0 in the frame's header (RFC 7741, 4)."""
    if not payload or payload[0] & 0x1F != 0x10:  # S, then the reserved bit and three bits of PID
        return False
    start = _descriptor_bytes(payload)
    return start is not None and len(payload) > start and not payload[start] & 0x01


def shift_picture(payload: bytes, picture: int, layer: int) -> bytes:
    """The VP8 payload with `picture` added to its picture id (15 or 7 bits) and `layer` to its TL0PICIDX (8 bits)."""
    if len(payload) < 3 or not payload[0] & 0x80 or not payload[1] & 0xC0 or _descriptor_bytes(payload) is None:
        return payload
    shifted = bytearray(payload)
    at = 2
    if payload[1] & 0x80:
        if payload[at] & 0x80:
            value = ((payload[at] & 0x7F) << 8 | payload[at + 1]) + picture & 0x7FFF
            shifted[at], shifted[at + 1] = 0x80 | value >> 8, value & 0xFF
            at += _LONG_PICTURE_ID_BYTES
        else:
            shifted[at] = payload[at] + picture & 0x7F
            at += _SHORT_PICTURE_ID_BYTES
    if payload[1] & 0x40:
        shifted[at] = payload[at] + layer & 0xFF
    return bytes(shifted)


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


class Extensions:
    """The header extensions of one outgoing stream: its mid, and a value of 1 to 16 bytes that changes by the packet.

    `mid_id` and `value_id` are the negotiated ids; 0 leaves that one out.
    """

    def __init__(self, mid: str, mid_id: int, value_id: int) -> None:
        encoded = mid.encode("ascii")
        self._mid = bytes([mid_id << 4 | len(encoded) - 1]) + encoded if mid_id and encoded else b""
        self._value_id = value_id

    def block(self, value: bytes) -> bytes:
        """The extension block, padded; nothing for nothing. An empty `value` is left out."""
        elements = self._mid
        if self._value_id and value:
            elements += bytes([self._value_id << 4 | len(value) - 1]) + value
        if not elements:
            return b""
        words = (len(elements) + 3) // 4
        return _ONE_BYTE_PROFILE + _SEQUENCE_NUMBER.pack(words) + elements.ljust(words * 4, b"\0")


def rtp_packet(
    *,
    payload_type: int,
    marker: int,
    sequence_number: int,
    timestamp: int,
    ssrc: int,
    extensions: bytes,
    payload: bytes,
) -> bytes:
    """One packet, before encryption. `extensions` is `Extensions.block`'s."""
    first = 0x80 | _EXTENSION_BIT if extensions else 0x80
    header = _HEADER.pack(first, marker << 7 | payload_type, sequence_number, timestamp, ssrc)
    return header + extensions + payload


def rtx_packet(packet: bytes, *, payload_type: int, sequence_number: int, ssrc: int) -> bytes:
    """The retransmission of an `rtp_packet` (RFC 4588, 4): another stream, the lost number before the payload."""
    first, marker_and_type, lost, timestamp, _ = _HEADER.unpack_from(packet)
    start = HEADER_BYTES
    if first & _EXTENSION_BIT:
        start += 4 + 4 * _SEQUENCE_NUMBER.unpack_from(packet, HEADER_BYTES + 2)[0]
    header = _HEADER.pack(first, marker_and_type & 0x80 | payload_type, sequence_number, timestamp, ssrc)
    return header + packet[HEADER_BYTES:start] + _SEQUENCE_NUMBER.pack(lost) + packet[start:]
