"""How a social security card (社会保障卡) is read: commands out, answers in, one record at the end. Pure.

Drive it with a transmitter: `reading = read_card()`, send what it yields to the card, give back what the card
answered (data, SW1, SW2).

Records are matched by tag, never by position, which differs from version to version. The bank's number stays unread
unless it is asked for.
"""

from dataclasses import dataclass
from enum import Enum

from booth.devices.card.apdu import LOCKED, NOT_THERE, OK, Exchange, ask, damaged, select_command
from booth.devices.card.sdt_text import SEXES, is_text, iso_date
from booth.devices.card.ssc_bank import read_bank_number
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.records import Sex, SocialSecurityCard, is_valid_number

APPLICATION = b"sx1.sh." + "社会保障".encode("gb18030")
EF_CARD = 0x05
EF_HOLDER = 0x06

VERSION, ISSUED, EXPIRES, CARD_NUMBER = 0x03, 0x05, 0x06, 0x07
NUMBER, NAME, SEX, BIRTH, NAME_REST = 0x08, 0x09, 0x0A, 0x0D, 0x4E

VERSIONS = ("1.00", "2.00", "3.00")
FIRST_WITH_PSAM = "3.00"
"""From this version on the holder's records need an external authentication with a PSAM."""

_LONGEST_CHARS = 80
"""What a record of `protocol.records` can hold."""


class _Refusal(Enum):
    LOCKED = "locked"
    NOT_THERE = "not_there"


def read_card(bank_number: bool = False) -> Exchange[SocialSecurityCard]:
    """Read the records that a booth may see; with `bank_number` the bank's number after them, if there is one.

    Raises `DeviceError` and nothing else: `card_unsupported` for a card without this application or of a version that
    is not known, `card_damaged` for nonsense. A card of the third generation that keeps its holder to itself gives a
    record with `psam_required`.
    """
    yield from _select_application()
    yield from _select_file(EF_CARD)
    version = _ascii((yield from _record(VERSION)))
    if version not in VERSIONS:
        raise DeviceError(ErrorCode.CARD_UNSUPPORTED, "a version of the social security card that is not known")
    issued = yield from _record(ISSUED)
    expires = yield from _record(EXPIRES)
    card_number = yield from _record(CARD_NUMBER)
    holder = yield from _read_holder()
    locked = holder.locked
    if locked and version != FIRST_WITH_PSAM:
        raise DeviceError(ErrorCode.CARD_UNSUPPORTED, "the card refuses what its version leaves open")
    if card_number is _Refusal.NOT_THERE or (card_number is _Refusal.LOCKED and not locked):
        raise damaged("no card number")
    return SocialSecurityCard(
        version=version,
        card_number=_ascii(card_number),
        name=holder.name or None,
        number=holder.number or None,
        number_valid=is_valid_number(holder.number),
        sex=holder.sex,
        birth_date=holder.birth_date,
        issued=_bcd_date(issued),
        expires=_bcd_date(expires),
        psam_required=locked,
        bank_number=(yield from read_bank_number()) if bank_number else None,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Holder:
    """What the card says of its holder; texts are empty for what it keeps to itself. `locked`: it keeps something."""

    locked: bool
    name: str = ""
    number: str = ""
    sex: Sex = Sex.UNKNOWN
    birth_date: str | None = None


def _read_holder() -> Exchange[_Holder]:
    """Every record is asked for: a card may keep its number to itself and still tell the name."""
    if (yield from _select_file(EF_HOLDER)) is _Refusal.LOCKED:
        return _Holder(locked=True)
    number = yield from _record(NUMBER)
    name = yield from _record(NAME)
    name_rest = yield from _record(NAME_REST)
    sex = yield from _record(SEX)
    birth = yield from _record(BIRTH)
    holder = _Holder(
        locked=_Refusal.LOCKED in (number, name),
        name="" if isinstance(name, _Refusal) else _text(name, name_rest),
        number=_ascii(number),
        sex=SEXES.get(_ascii(sex), Sex.UNKNOWN),
        birth_date=_bcd_date(birth),
    )
    if (not holder.name and name is not _Refusal.LOCKED) or (not holder.number and number is not _Refusal.LOCKED):
        raise damaged("no name or no number")
    return holder


def _select_application() -> Exchange[None]:
    answer = yield from ask(select_command(APPLICATION))
    if answer.word != OK:
        raise DeviceError(ErrorCode.CARD_UNSUPPORTED, "no social security application on this card")


def _select_file(name: int) -> Exchange[_Refusal | None]:
    answer = yield from ask(bytes([0x00, 0xA4, 0x02, 0x00, 0x02, 0xEF, name]))
    if answer.word in LOCKED:
        return _Refusal.LOCKED
    if answer.word != OK:
        raise damaged("a file is missing")
    return None


def _record(tag: int) -> Exchange[bytes | _Refusal]:
    """The value of the current file's record with this tag."""
    answer = yield from ask(bytes([0x00, 0xB2, tag, 0x00, 0x00]))
    if answer.word in LOCKED:
        return _Refusal.LOCKED
    if answer.word in NOT_THERE:
        return _Refusal.NOT_THERE
    if answer.word != OK:
        raise damaged(f"record {tag:02X} answered {answer.word:04X}")
    data = answer.data
    if len(data) < 2 or data[0] != tag or len(data) < 2 + data[1]:
        raise damaged(f"record {tag:02X} is not tag, length and value")
    return data[2 : 2 + data[1]]


def _text(*parts: bytes | _Refusal) -> str:
    """GB18030 in one or two records, each padded on the right."""
    raw = b"".join(part.rstrip(b"\x00\x20\xff") for part in parts if isinstance(part, bytes))
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        raise damaged("a text is no GB18030") from None
    if len(text) > _LONGEST_CHARS or not is_text(text):
        raise damaged("a text holds control characters, or is too long")
    return text


def _ascii(value: bytes | _Refusal) -> str:
    """A printable ASCII value without its padding; empty for what the card does not give."""
    if isinstance(value, _Refusal):
        return ""
    text = value.rstrip(b"\x00\x20\xff")
    if len(text) > _LONGEST_CHARS or not text.isascii() or not text.decode("ascii").isprintable():
        raise damaged("a value is no ASCII, or too long")
    return text.decode("ascii")


def _bcd_date(value: bytes | _Refusal) -> str | None:
    """Four bytes of BCD, `20150601`; None for what is no date or is not given."""
    return None if isinstance(value, _Refusal) else iso_date(value.hex())
