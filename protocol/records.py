"""What a resident shows: cards and codes, as typed records. All of it is personal data."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from protocol.fields import Label, Line, Milliseconds, Personal

Date = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""ISO 8601 calendar date."""


BankNumber = Annotated[str, Meta(pattern=r"^\d{12,19}$")]
"""ISO/IEC 7812, without spaces."""


CardPhotoJpeg = Annotated[bytes, Meta(max_length=24_000)]
"""The photo on a card as a JPEG of 102 by 126 pixels, which has 3 to 8 kB."""


FaceScore = Annotated[int, Meta(ge=0, le=100)]


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
    added_address: Line = ""
    """The newer address that the police wrote onto the card after it was issued; empty when there is none."""


class ResidencePermit(Personal, frozen=True, tag="residence_permit"):
    """A residence permit for people from Hong Kong, Macao and Taiwan (港澳台居民居住证, type `J`).

    `number_valid`: the check character of GB 11643 holds and the number begins as such a permit's does.
    """

    name: Label
    sex: Sex
    birth_date: Date | None
    address: Line
    number: Label
    number_valid: bool
    issuer: Line
    valid_from: Date | None
    valid_until: Date | None
    pass_number: Label
    """通行证号码: the travel permit that the holder came with; up to nine characters."""
    issues: Label
    """签发次数, as the card says it: two digits."""
    long_term: bool = False
    added_address: Line = ""


class PermanentResidentCardVersion(StrEnum):
    """By the type character on the chip: `I` is the card of 2017, `Y` that of 2023."""

    V2017 = "2017"
    V2023 = "2023"


class PermanentResidentCard(Personal, frozen=True, tag="permanent_resident_card"):
    """A foreigner's permanent resident card (外国人永久居留身份证).

    `name` is the Chinese name; empty when the holder has none. `nationality` is ISO 3166-1 alpha-3, as the card says
    it. `number_valid`: see `is_valid_foreign_number`.
    """

    version: PermanentResidentCardVersion
    name_en: Label
    name: Label
    sex: Sex
    nationality: Label
    birth_date: Date | None
    number: Label
    number_valid: bool
    valid_from: Date | None
    valid_until: Date | None
    authority: Label = ""
    """受理机关代码, on the card of 2017 only."""
    renewals: Label = ""
    """换证次数, on the card of 2023 only."""
    long_term: bool = False


class SocialSecurityCard(Personal, frozen=True, tag="social_security_card"):
    """A social security card (社会保障卡), version 1.00, 2.00 or 3.00.

    A third-generation card keeps records of its holder behind a PSAM: then `psam_required` is True and stands beside
    what could be read; what could not is None.
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
    bank_number: BankNumber | None = None
    """The number of the bank's application on the same card; None unless the booth is configured to read it."""


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


class FaceAdvice(Personal, frozen=True, tag="face_advice"):
    """How like the card's photo and the live face are, as a program in the booth sees it: advice, never a decision.

    `score` is 0 to 100; `alike` says whether it reaches the comparer's threshold. No liveness is tested.
    """

    score: FaceScore
    alike: bool


Card = IdCard | ResidencePermit | PermanentResidentCard | SocialSecurityCard
IdentityRecord = Card | CodeHolder | FaceAdvice
"""What a resident is identified by, when it says more than that somebody looked."""

Shown = Card | CodeShown | CardLost


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


PERMIT_PREFIXES = ("810000", "820000", "830000")
"""The areas of a residence permit's number: Hong Kong, Macao, Taiwan."""


def is_valid_permit_number(number: str) -> bool:
    """Whether a residence permit's number (`J`) begins with its area and its check character holds."""
    return number.startswith(PERMIT_PREFIXES) and is_valid_number(number)


def is_valid_foreign_number(number: str, birth_date: str | None) -> bool:
    """Whether a foreigner's permanent resident number holds its check character and the card's date of birth.

    2023: 18 characters, `9`, then as GB 11643, the date of birth at 6 to 14. 2017: 15 characters, alpha-3 nationality,
    area 4, the birthday's last six digits, order 1, and a check digit as ICAO 9303 computes it (weights 7, 3, 1, as
    public code has it; no standard was at hand). The nationality is that of the first card and may have changed since.
    """
    birthday = (birth_date or "").replace("-", "")
    if len(number) == 15:
        country, digits = number[:3], number[3:]
        if not (number.isascii() and country.isalpha() and country.isupper() and digits.isdigit()):
            return False
        total = sum(int(character, 36) * (7, 3, 1)[at % 3] for at, character in enumerate(number[:14]))
        return total % 10 == int(number[14]) and number[7:13] == birthday[2:]
    return number.startswith("9") and is_valid_number(number) and number[6:14] == birthday
