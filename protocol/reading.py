"""What a reader says about a page, and how the center and its reader process talk.

The reader is a process of its own that may be absent. Over its standard input and output go frames: four bytes of
length, most significant first, then one message as MessagePack. The center sends `ReadPage`; the reader begins with
`ReaderReady` or `ReaderAbsent`, then answers each request with `PageRead` or `PageUnreadable`, in order.
"""

import struct
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, field

from protocol.fields import Count, Label, Line, Message, Number, Personal
from protocol.pages import MAX_PAGE_BYTES

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = MAX_PAGE_BYTES + 1024
"""The largest frame is the largest page."""

MAX_ANSWER_BYTES = 1024 * 1024
"""What the center takes from a reader: a page of text is some ten kilobytes."""


class PageKind(StrEnum):
    """The kinds of document that are told apart by what stands on them."""

    ID_CARD_FRONT = "id_card_front"
    ID_CARD_BACK = "id_card_back"
    HOUSEHOLD_REGISTER = "household_register"
    MEDICAL_BOOKLET = "medical_booklet"
    SOCIAL_SECURITY_CARD = "social_security_card"
    FORM = "form"
    OTHER = "other"


class Attribute(StrEnum):
    """What a field says of its holder. Those that cards have too bear the same names as in `protocol.records`."""

    NAME = "name"
    SEX = "sex"
    ETHNICITY = "ethnicity"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"
    NUMBER = "number"
    ISSUER = "issuer"
    VALID_FROM = "valid_from"
    VALID_UNTIL = "valid_until"
    CARD_NUMBER = "card_number"
    RELATION = "relation"
    INSURANCE_NUMBER = "insurance_number"
    BOOKLET_NUMBER = "booklet_number"
    PHONE = "phone"


class Doubt(StrEnum):
    """Why a field must be compared by eye before it is used."""

    CHECK_DIGIT = "check_digit"
    """The number's check character does not hold (GB 11643)."""
    READINGS_DIFFER = "readings_differ"
    """Read twice, independently, with different results."""
    FAINT = "faint"
    """The reader was unsure of a character."""
    BIRTH_DATE_DIFFERS = "birth_date_differs"
    """The date within the number is not the date printed beside it."""
    SEX_DIFFERS = "sex_differs"
    IMPLAUSIBLE = "implausible"
    """No such date, or no such form of a number or a name."""
    UNCONFIRMED = "unconfirmed"
    """What it should be compared with could not be read."""


class TextBox(Message, frozen=True):
    """A rectangle in pixels of the full page as it is stored, whichever way up."""

    left: Count
    top: Count
    right: Count
    bottom: Count


class TextLine(Personal, frozen=True):
    """One line of print or writing. `trust`: how sure the reader was, per cent."""

    box: TextBox
    text: Line
    trust: Annotated[int, Meta(ge=0, le=100)]


class FieldRead(Personal, frozen=True):
    """One field, with where it stands. Certain only without doubts."""

    attribute: Attribute
    value: Line
    box: TextBox
    doubts: Annotated[list[Doubt], Meta(max_length=8)] = field(default_factory=list)


class PageReading(Personal, frozen=True):
    """`quarter_turns`: so often must the stored page be turned clockwise by 90 degrees to stand upright."""

    kind: PageKind
    quarter_turns: Annotated[int, Meta(ge=0, le=3)]
    width_px: Count
    height_px: Count
    fields: Annotated[list[FieldRead], Meta(max_length=40)]
    lines: Annotated[list[TextLine], Meta(max_length=400)]


class Unreadable(StrEnum):
    NOT_AN_IMAGE = "not_an_image"
    """Neither JPEG nor PNG, or broken off."""
    TOO_LARGE = "too_large"
    """More pixels than any camera of ours makes: a decompression bomb."""
    NO_MEMORY = "no_memory"
    FAILED = "failed"


class ReadPage(Personal, frozen=True, tag="read"):
    n: Number
    image: bytes


class ReaderReady(Message, frozen=True, tag="ready"):
    pass


class ReaderAbsent(Message, frozen=True, tag="absent"):
    """The libraries that read are not installed; `missing` names the module."""

    missing: Label


class PageRead(Personal, frozen=True, tag="page_read"):
    n: Number
    reading: PageReading
    took_ms: Count


class PageUnreadable(Message, frozen=True, tag="unreadable"):
    n: Number
    why: Unreadable


Answer = ReaderReady | ReaderAbsent | PageRead | PageUnreadable

_encode = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(ReadPage)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def frame(message: ReadPage | Answer) -> bytes:
    body = _encode.encode(message)
    return LENGTH.pack(len(body)) + body


def request_of(body: bytes) -> ReadPage:
    """Raises `msgspec.DecodeError` for what is no request."""
    return _requests.decode(body)


def answer_of(body: bytes) -> Answer:
    """Raises `msgspec.DecodeError` for what is no answer."""
    return _answers.decode(body)
