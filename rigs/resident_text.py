"""The 256 bytes of text that read as a given card of the resident family: the way back of `sdt_text`, written from the
same public table (docs of GA/T 467-2019), not from its code.
"""

from booth.devices.card.sdt_text import ETHNICITIES, LONG_TERM, ResidentCard
from protocol.records import IdCard, PermanentResidentCard, PermanentResidentCardVersion, ResidencePermit, Sex

ADDED_ADDRESS_BYTES = 70
_CODES = {name: code for code, name in ETHNICITIES.items()}
_SEX_CODES = {Sex.UNKNOWN: "0", Sex.MALE: "1", Sex.FEMALE: "2", Sex.UNSTATED: "9"}
_FIRST_PIECE = 35
"""How many characters of a 2023 card's English name stand in its first piece."""

Fields = tuple[tuple[str, int], ...]
"""Text and size in bytes, in the order of the card."""


def text_of(card: ResidentCard) -> bytes:
    """The text of a card that reads as `card`."""
    return b"".join(padded(text, size_bytes) for text, size_bytes in _fields_of(card))


def added_address_of(card: ResidentCard) -> bytes | None:
    """The added address as the module gives it; None for a card without one."""
    if isinstance(card, PermanentResidentCard) or not card.added_address:
        return None
    return padded(card.added_address, ADDED_ADDRESS_BYTES)


def padded(text: str, size_bytes: int) -> bytes:
    raw = text.encode("utf-16-le")
    if len(raw) > size_bytes:
        raise ValueError(f"a field of {size_bytes} bytes can't hold {len(raw)}")
    return raw + " ".encode("utf-16-le") * ((size_bytes - len(raw)) // 2)


def _fields_of(card: ResidentCard) -> Fields:
    match card:
        case IdCard():
            return _of_id_card(card)
        case ResidencePermit():
            return _of_permit(card)
        case PermanentResidentCard():
            return _of_2017(card) if card.version is PermanentResidentCardVersion.V2017 else _of_2023(card)


def _of_id_card(card: IdCard) -> Fields:
    return (
        (card.name, 30),
        (_SEX_CODES[card.sex], 2),
        (_CODES.get(card.ethnicity, card.ethnicity), 4),
        (_digits(card.birth_date), 16),
        (card.address, 70),
        (card.number, 36),
        (card.issuer, 30),
        (_digits(card.valid_from), 16),
        (_until(card), 16),
        ("", 28),
        ("", 2),
        ("", 6),
    )


def _of_permit(card: ResidencePermit) -> Fields:
    return (
        (card.name, 30),
        (_SEX_CODES[card.sex], 2),
        ("", 4),
        (_digits(card.birth_date), 16),
        (card.address, 70),
        (card.number, 36),
        (card.issuer, 30),
        (_digits(card.valid_from), 16),
        (_until(card), 16),
        (card.pass_number, 18),
        (card.issues, 4),
        ("", 6),
        ("J", 2),
        ("", 6),
    )


def _of_2017(card: PermanentResidentCard) -> Fields:
    return (
        (card.name_en, 120),
        (_SEX_CODES[card.sex], 2),
        (card.number, 30),
        (card.nationality, 6),
        (card.name, 30),
        (_digits(card.valid_from), 16),
        (_until(card), 16),
        (_digits(card.birth_date), 16),
        ("01", 4),
        (card.authority, 8),
        ("I", 2),
        ("", 6),
    )


def _of_2023(card: PermanentResidentCard) -> Fields:
    return (
        (card.name, 30),
        (_SEX_CODES[card.sex], 2),
        (card.renewals, 4),
        (_digits(card.birth_date), 16),
        (card.name_en[:_FIRST_PIECE], 70),
        (card.number, 36),
        ("", 30),
        (_digits(card.valid_from), 16),
        (_until(card), 16),
        (card.name_en[_FIRST_PIECE:], 22),
        (card.nationality, 6),
        ("Y", 2),
        ("", 6),
    )


def _until(card: ResidentCard) -> str:
    return LONG_TERM if card.long_term else _digits(card.valid_until)


def _digits(date: str | None) -> str:
    return (date or "").replace("-", "")
