"""What a resident shows: cards and codes, as typed records. All of it is personal data."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from protocol.fields import Label, Line, Milliseconds, Personal

Date = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""ISO 8601 calendar date."""


class Sex(StrEnum):
    """GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 unstated."""

    UNKNOWN = "unknown"
    MALE = "male"
    FEMALE = "female"
    UNSTATED = "unstated"


class IdCard(Personal, frozen=True, tag="id_card"):
    """A second-generation resident ID card (GA/T 467-2019), as the SAM_V module gave it.

    `number_valid` says whether the check character of GB 11643 holds; a wrong one is shown, not dropped.
    `valid_until` is None when the card is valid for good (长期).
    """

    name: Label
    sex: Sex
    ethnicity: Label
    birth_date: Date | None
    address: Line
    number: Label
    number_valid: bool
    issuer: Line
    valid_from: Date | None
    valid_until: Date | None
    long_term: bool = False


class SocialSecurityCard(Personal, frozen=True, tag="social_security_card"):
    """A social security card (社会保障卡), version 1.00, 2.00 or 3.00.

    A third-generation card keeps the holder's records behind a PSAM: then `psam_required` is True and
    `name` and `number` are None.
    """

    version: Label
    card_number: Label
    name: Label | None
    number: Label | None
    number_valid: bool
    sex: Sex
    birth_date: Date | None
    issued: Date | None
    expires: Date | None
    psam_required: bool = False


class CodeShown(Personal, frozen=True, tag="code_shown"):
    """A 随申码 or another code, opaque: an authorisation to be redeemed, never a datum to be kept."""

    code: Annotated[str, Meta(min_length=1, max_length=512)]


class CardLost(Personal, frozen=True, tag="card_lost"):
    """The resident has no card with them; the clerk checks by sight (`clerk_visual`)."""


class CodeHolder(Personal, frozen=True, tag="code_holder"):
    """Whose a code was, as the city's gateway said when it was redeemed (`verified_at_ms`). The code itself is gone."""

    name: Label
    number: Label
    number_valid: bool
    verified_at_ms: Milliseconds


Card = IdCard | SocialSecurityCard
IdentityRecord = Card | CodeHolder
"""What a resident is identified by, when it says more than that somebody looked."""

Shown = IdCard | SocialSecurityCard | CodeShown | CardLost


def is_valid_number(number: str) -> bool:
    """Whether the check character of an 18-character citizen number holds (GB 11643, ISO 7064 MOD 11-2).

    The area prefix is never judged: abolished areas live on in numbers.
    """
    body, check = number[:-1], number[-1:]
    if len(number) != 18 or not (body.isascii() and body.isdigit()):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return "10X98765432"[total % 11] == check.upper()
