"""Frames of the SAM_V module's serial protocol (SDT, GA/T 467-2019). Pure: bytes in, frames out.

    request  AA AA AA 96 69 | length, 2 | CMD PARA DATA    | CHK
    reply    AA AA AA 96 69 | length, 2 | SW1 SW2 SW3 DATA | CHK

The length is big-endian and counts everything after itself, CHK included. CHK is the XOR of everything from the
length's first byte on.
"""

import struct
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from booth.errors import DeviceError
from protocol.errors import ErrorCode

PREAMBLE = bytes.fromhex("AAAAAA9669")
_LENGTH_BYTES = 2
FRAME_BYTES = len(PREAMBLE) + _LENGTH_BYTES + 1
"""What a frame has beyond its body: preamble, length, checksum."""
MIN_LENGTH = 3
"""The shortest body: CMD, PARA, CHK."""
MAX_LENGTH = 4096
"""The longest body that is believed. The longest reply known is 2314 (text, photo and fingerprints); more is garbage
that looks like a frame.
"""

RESET = bytes.fromhex("10FF")
STATUS = bytes.fromhex("11FF")
MODULE_ID = bytes.fromhex("12FF")
FIND = bytes.fromhex("2001")
SELECT = bytes.fromhex("2002")
READ = bytes.fromhex("3001")
"""Text and photo. The command that reads fingerprints too (3010) is not here on purpose: they are never read."""
ADDED_ADDRESS = bytes.fromhex("3003")

DONE = 0x90
FOUND = 0x9F
WRONG_CARD_TYPE = 0x40
FIND_FAILED = 0x80
CARD_FAULTS = frozenset({0x31, 0x32, 0x33, 0x34, 0x41, 0x80, 0x81})
"""SW3 when it is the card that failed: it refused or was refused, could not be verified, found, selected or read."""

TEXT_BYTES = 256
PHOTO_BYTES = 1024
ADDED_ADDRESS_BYTES = 70


@dataclass(frozen=True, slots=True)
class Reply:
    """What the module answered: SW3, and the data, which are personal when a card was read."""

    status: int
    data: bytes = field(repr=False)


def frame(body: bytes) -> bytes:
    """`body` (CMD PARA DATA, or SW1 SW2 SW3 DATA) as it goes over the wire."""
    counted = (len(body) + 1).to_bytes(_LENGTH_BYTES, "big") + body
    return PREAMBLE + counted + bytes([_checksum(counted)])


def as_reply(body: bytes) -> Reply | None:
    """The body of a frame, read as a reply; None when it is too short to be one."""
    return Reply(body[2], body[3:]) if len(body) >= 3 else None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a reading holds. Of fingerprints, which some modules send unasked, the length is noted and nothing kept."""

    text: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    fingerprint_bytes: int


def contents_of(data: bytes) -> Contents:
    """The data of a reply to READ, taken apart by the lengths that stand before them.

    Raises `DeviceError` (`card_damaged`) when the lengths don't fit.
    """
    lengths = [int.from_bytes(data[at : at + 2], "big") for at in (0, 2, 4)]
    for count in (2, 3):  # without and with a third length, the fingerprints'
        start = 2 * count
        if len(data) == start + sum(lengths[:count]) and lengths[0] == TEXT_BYTES and lengths[1] in (0, PHOTO_BYTES):
            photo_at = start + TEXT_BYTES
            fingerprint_bytes = lengths[2] if count == 3 else 0
            return Contents(data[start:photo_at], data[photo_at : photo_at + lengths[1]], fingerprint_bytes)
    raise DeviceError(ErrorCode.CARD_DAMAGED, "the record's lengths do not fit")


def module_id_of(data: bytes) -> str | None:
    """The module's id as it is printed on its label, e.g. `05.03-20260101-0000123456-0987654321`; None for nonsense."""
    if len(data) != 16:
        return None
    maker, model, day, first, second = struct.unpack("<HHIII", data)
    return f"{maker:02d}.{model:02d}-{day:08d}-{first:010d}-{second:010d}"


class Deframer:
    """Bytes as they come, in any pieces; whole frames' bodies out. Never holds more than one frame of the longest kind.

    What is not a frame is skipped: after a wrong length or checksum the search goes on right behind that preamble, so
    a frame inside a false one is still found. `skipped` counts such false starts.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.skipped = 0

    def __len__(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        bodies = []
        while self._to_preamble():
            start, length = self._body_start(), self._body_length()
            if length is None:
                break
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                self._skip()
            elif len(self._buffer) < start + length:
                break
            elif _checksum(self._buffer[len(PREAMBLE) : start + length]) != 0:
                self._skip()
            else:
                bodies.append(bytes(self._buffer[start : start + length - 1]))
                del self._buffer[: start + length]
        return bodies

    def _to_preamble(self) -> bool:
        """Drop what stands before the next preamble; without one keep only what could be its beginning."""
        at = self._buffer.find(PREAMBLE)
        del self._buffer[: at if at >= 0 else max(0, len(self._buffer) - len(PREAMBLE) + 1)]
        return at >= 0

    def _body_start(self) -> int:
        return len(PREAMBLE) + _LENGTH_BYTES

    def _body_length(self) -> int | None:
        counted = self._buffer[len(PREAMBLE) : self._body_start()]
        return int.from_bytes(counted, "big") if len(counted) == _LENGTH_BYTES else None

    def _skip(self) -> None:
        self.skipped += 1
        del self._buffer[: len(PREAMBLE)]


def _checksum(data: bytes | bytearray) -> int:
    return reduce(xor, data, 0)
