"""From packets in order to whole frames: VP8 (RFC 7741) and Opus (RFC 7587). Pure."""

from typing import NamedTuple

from center.media.recording.order import Arrived

MOST_FRAME_BYTES = 2_000_000
"""A 20 Mbit/s keyframe of a page stays under a tenth of it; more is no picture of ours."""
MOST_SOUND_BYTES = 1275 * 6
"""RFC 6716, 3.2: the largest frame, times the most that fill 120 ms at 20 ms each."""

_START_CODE = b"\x9d\x01\x2a"


class Frame(NamedTuple):
    """One frame as a file holds it. `size_px`: (width, height) of a keyframe, None for everything else."""

    timestamp: int
    arrived_s: float
    keyframe: bool
    data: bytes
    size_px: tuple[int, int] | None = None


class VideoFrames:
    """Puts VP8 frames together. After a loss nothing comes until a keyframe: the rest refers to what is gone."""

    def __init__(self) -> None:
        self.waiting = True
        """Until a keyframe comes, no frame does: whoever feeds this asks the publisher for one."""
        self._parts: list[bytes] = []
        self._bytes = 0
        self._timestamp: int | None = None

    def add(self, packet: Arrived) -> Frame | None:
        """The frame that this packet ends, if it does and the frame is whole."""
        if packet.lost:
            self._drop()
        if not packet.payload:
            return None  # padding
        at = _descriptor_bytes(packet.payload)
        if at is None or at >= len(packet.payload):
            self._drop()
            return None
        if packet.payload[0] & 0x17 == 0x10:  # S = 1, PID = 0: a frame begins (RFC 7741, 4.2)
            if self._timestamp is not None:
                self._drop()  # the one before never ended
            self._timestamp = packet.timestamp
        elif self._timestamp != packet.timestamp:
            self._drop()
            return None
        self._parts.append(packet.payload[at:])
        self._bytes += len(packet.payload) - at
        if self._bytes > MOST_FRAME_BYTES:
            self._drop()
            return None
        return self._whole(packet) if packet.marker else None

    def _whole(self, packet: Arrived) -> Frame | None:
        data = b"".join(self._parts)
        self._parts, self._bytes, self._timestamp = [], 0, None
        keyframe = not data[0] & 0x01
        size_px = _size_px(data) if keyframe else None
        if keyframe and size_px is None:
            self.waiting = True
        elif keyframe:
            self.waiting = False
        if self.waiting:
            return None
        return Frame(packet.timestamp, packet.arrived_s, keyframe, data, size_px)

    def _drop(self) -> None:
        self._parts, self._bytes, self._timestamp = [], 0, None
        self.waiting = True


class SoundFrames:
    """Opus: a packet is a frame, and each can be decoded by itself."""

    waiting = False

    def add(self, packet: Arrived) -> Frame | None:
        if not 0 < len(packet.payload) <= MOST_SOUND_BYTES:
            return None
        return Frame(packet.timestamp, packet.arrived_s, True, packet.payload)


def _descriptor_bytes(payload: bytes) -> int | None:
    """The length of the VP8 payload descriptor (RFC 7741, 4.2); None when it is cut off."""
    length = 1
    if payload[0] & 0x80:  # X
        if len(payload) < 2:
            return None
        flags, length = payload[1], 2
        if flags & 0x80:  # I: a picture id of 7 or 15 bits
            if len(payload) < 3:
                return None
            length += 2 if payload[2] & 0x80 else 1
        length += bool(flags & 0x40)  # L
        length += bool(flags & 0x30)  # T, K
    return length if len(payload) >= length else None


def _size_px(data: bytes) -> tuple[int, int] | None:
    """Width and height of a VP8 keyframe (RFC 6386, 9.1); None when it is none."""
    if len(data) < 10 or data[3:6] != _START_CODE:
        return None
    width = int.from_bytes(data[6:8], "little") & 0x3FFF
    height = int.from_bytes(data[8:10], "little") & 0x3FFF
    return (width, height) if width and height else None
