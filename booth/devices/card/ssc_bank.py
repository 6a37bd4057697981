"""The bank number of a social security card that is a bank card too: the PAN of its debit application. Pure.

Read only where it is configured. The application is PBOC's (JR/T 0025, which follows EMV 4.3 books 1 and 3): select
it, hand it what its PDOL asks for (zeros: nothing is paid), and read the records that its AFL names until one holds
the number (5A), or the track that holds it (57). No real card was at hand.
"""

from collections.abc import Iterator

from booth.devices.card.apdu import OK, Answer, Exchange, ask, select_command
from booth.errors import DeviceError

APPLICATIONS = tuple(bytes.fromhex(f"A00000033301010{kind}") for kind in (1, 2, 3))
"""UnionPay's debit, credit and quasi-credit, in the order in which a social security card may have them."""

FCI_PROPRIETARY, FCI, RECORD = 0xA5, 0x6F, 0x70
PDOL, COMMAND_DATA, AFL, PAN, TRACK = 0x9F38, 0x83, 0x94, 0x5A, 0x57
_PLAIN_OPTIONS, _TAGGED_OPTIONS = 0x80, 0x77
_TEMPLATES = frozenset({FCI, FCI_PROPRIETARY, RECORD, _TAGGED_OPTIONS})
MOST_RECORDS = 16
"""How many records are read before a card without a number among them is believed to have none."""
MOST_PDOL_BYTES = 128
DEEPEST = 4
DIGITS = range(12, 20)
"""ISO/IEC 7812: a number has up to 19 digits, and banks give none with less than 12."""


def read_bank_number() -> Exchange[str | None]:
    """The number; None for a card without one, and for one that answers nonsense: the number is an extra."""
    try:
        return (yield from _read())
    except DeviceError:
        return None


def _read() -> Exchange[str | None]:
    for name in APPLICATIONS:
        selected = yield from _answered(select_command(name))
        if selected.word == OK:
            return (yield from _number(value_of(selected.data, PDOL) or b""))
    return None


def _number(pdol: bytes) -> Exchange[str | None]:
    wanted = bytes([COMMAND_DATA, asked := _pdol_bytes(pdol)]) + bytes(asked)
    options = yield from _answered(bytes([0x80, 0xA8, 0x00, 0x00, len(wanted)]) + wanted)
    if options.word != OK:
        return None
    for file, record in _named(_afl(options.data)):
        answer = yield from ask(bytes([0x00, 0xB2, record, file << 3 | 0x04, 0x00]))
        if answer.word == OK and (number := _pan(answer.data)) is not None:
            return number
    return None


def _answered(command: bytes) -> Exchange[Answer]:
    """A command that carries data and wants data. Without Le, as T=0 needs it; a T=1 card may give none then, and is
    asked again with it.
    """
    answer = yield from ask(command)
    return (yield from ask(command + b"\0")) if answer.word == OK and not answer.data else answer


def _afl(options: bytes) -> bytes:
    """The application file locator of both forms of the answer: tagged, or after two bytes of the profile."""
    plain = next((value for tag, value in tlvs(options) if tag == _PLAIN_OPTIONS), None)
    return plain[2:] if plain is not None else value_of(options, AFL) or b""


def _named(afl: bytes) -> Iterator[tuple[int, int]]:
    """Short file and record numbers, the first `MOST_RECORDS` of them."""
    read = 0
    for at in range(0, len(afl) - 3, 4):
        for record in range(max(1, afl[at + 1]), afl[at + 2] + 1):
            if read == MOST_RECORDS:
                return
            read += 1
            yield afl[at] >> 3, record


def _pan(record: bytes) -> str | None:
    digits = ""
    if (pan := value_of(record, PAN)) is not None:
        digits = pan.hex().rstrip("f")
    elif (track := value_of(record, TRACK)) is not None:
        digits = track.hex().partition("d")[0]
    return digits if len(digits) in DIGITS and digits.isdigit() else None


def _pdol_bytes(pdol: bytes) -> int:
    """How many bytes the tags and lengths of a PDOL ask for; at most `MOST_PDOL_BYTES`."""
    asked, at = 0, 0
    while at < len(pdol):
        at += _tag_bytes(pdol, at)
        if at < len(pdol):
            asked += pdol[at]
        at += 1
    return min(asked, MOST_PDOL_BYTES)


def value_of(data: bytes, tag: int) -> bytes | None:
    """The first value with this tag, in templates too."""
    return next((value for found, value in tlvs(data) if found == tag), None)


def tlvs(data: bytes, depth: int = 0) -> Iterator[tuple[int, bytes]]:
    """Tags and values (BER, as EMV 4.3 book 3 annex B has it), templates after themselves entered, up to `DEEPEST`.

    Whatever the lengths say, each byte is looked at once a level: what overruns ends its level.
    """
    at = 0
    while at < len(data):
        if data[at] in (0x00, 0xFF):  # padding between two
            at += 1
            continue
        size = _tag_bytes(data, at)
        tag = int.from_bytes(data[at : at + size], "big")
        at += size
        length, at = _length(data, at)
        if length is None or at + length > len(data):
            return
        value = data[at : at + length]
        at += length
        yield tag, value
        if tag in _TEMPLATES and depth < DEEPEST:
            yield from tlvs(value, depth + 1)


def _tag_bytes(data: bytes, at: int) -> int:
    """One byte, or two when the lowest five bits of the first are all set; longer tags are none of ours."""
    return 2 if data[at] & 0x1F == 0x1F else 1


def _length(data: bytes, at: int) -> tuple[int | None, int]:
    """A length of one or two bytes, and where its value begins; None for what is none."""
    first = data[at] if at < len(data) else 0xFF
    if first < 0x80:
        return first, at + 1
    if first == 0x81 and at + 1 < len(data):
        return data[at + 1], at + 2
    return None, at
