"""Invented cards for property tests: what a resident card can hold, within its fields."""

from datetime import date

from hypothesis import strategies as st

from booth.devices.card.sdt_text import ETHNICITIES, ResidentCard
from protocol.records import (
    IdCard,
    PermanentResidentCard,
    PermanentResidentCardVersion,
    ResidencePermit,
    Sex,
    is_valid_foreign_number,
    is_valid_number,
    is_valid_permit_number,
)

_PADDING = " \0\u3000"

characters = st.characters(exclude_categories=("Cs", "Cc"))
"""All of Unicode that a card can hold: rare and private-use characters too, no surrogates, no control characters."""


def texts(size_bytes: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """Texts that fit a UTF-16 field and don't end in padding."""
    return st.text(characters, min_size=least, max_size=size_bytes // 2).filter(
        lambda text: len(text.encode("utf-16-le")) <= size_bytes and text == text.rstrip(_PADDING)
    )


dates = st.dates(min_value=date(1, 1, 1)).map(date.isoformat)
numbers = st.text("0123456789X", min_size=18, max_size=18)


@st.composite
def id_cards(draw: st.DrawFn) -> IdCard:
    number, long_term = draw(numbers), draw(st.booleans())
    return IdCard(
        name=draw(texts(30, least=1)),
        sex=draw(st.sampled_from(Sex)),
        ethnicity=draw(st.sampled_from(sorted(ETHNICITIES.values()))),
        birth_date=draw(st.none() | dates),
        address=draw(texts(70)),
        number=number,
        number_valid=is_valid_number(number),
        issuer=draw(texts(30)),
        valid_from=draw(st.none() | dates),
        valid_until=None if long_term else draw(st.none() | dates),
        long_term=long_term,
    )


@st.composite
def permits(draw: st.DrawFn) -> ResidencePermit:
    number = draw(st.sampled_from(["810000", "820000", "830000", "319999"])) + draw(numbers)[6:]
    long_term = draw(st.booleans())
    return ResidencePermit(
        name=draw(texts(30, least=1)),
        sex=draw(st.sampled_from(Sex)),
        birth_date=draw(st.none() | dates),
        address=draw(texts(70)),
        number=number,
        number_valid=is_valid_permit_number(number),
        issuer=draw(texts(30)),
        valid_from=draw(st.none() | dates),
        valid_until=None if long_term else draw(st.none() | dates),
        pass_number=draw(texts(18)),
        issues=draw(texts(4)),
        long_term=long_term,
    )


@st.composite
def permanent_resident_cards(draw: st.DrawFn) -> PermanentResidentCard:
    version = draw(st.sampled_from(PermanentResidentCardVersion))
    is_old = version is PermanentResidentCardVersion.V2017
    number = draw(st.text("ABCZ0123456789", min_size=15, max_size=15)) if is_old else "9" + draw(numbers)[1:]
    birth_date, long_term = draw(st.none() | dates), draw(st.booleans())
    return PermanentResidentCard(
        version=version,
        name_en=draw(
            st.text("ABC ,.-'", min_size=1, max_size=60 if is_old else 46).map(lambda name: "X" + name[1:-1] + "Y")
        ),
        name=draw(texts(30)),
        sex=draw(st.sampled_from(Sex)),
        nationality=draw(st.text("ABCXYZ", min_size=3, max_size=3)),
        birth_date=birth_date,
        number=number,
        number_valid=is_valid_foreign_number(number, birth_date),
        valid_from=draw(st.none() | dates),
        valid_until=None if long_term else draw(st.none() | dates),
        authority=draw(texts(8)) if is_old else "",
        renewals="" if is_old else draw(texts(4)),
        long_term=long_term,
    )


def resident_cards() -> st.SearchStrategy[ResidentCard]:
    return id_cards() | permits() | permanent_resident_cards()
