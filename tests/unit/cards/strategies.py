"""Invented cards for property tests: what a resident card can hold, within its fields."""

from datetime import date

from hypothesis import strategies as st

from booth.devices.card.sdt_text import ETHNICITIES
from protocol.records import IdCard, Sex, is_valid_number

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
