"""Dates as cards and registers print them. Pure."""

import re
from datetime import date

EARLIEST_YEAR = 1890
"""Nobody who comes is older."""

_DATE = re.compile(r"(\d{4})[年.\-/](\d{1,2})[月.\-/](\d{1,2})日?")
_TIGHT = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_TERM = re.compile(r"(\d{4}\.?\d{2}\.?\d{2})[-—一~至–－]*(长期|\d{4}\.?\d{2}\.?\d{2})")


def date_in(text: str) -> date | None:
    """The first date in the text, if it is one of the calendar."""
    found = _DATE.search(text) or _TIGHT.search(text)
    return date_of(*found.groups()) if found else None


def term_in(text: str) -> tuple[date | None, date | None, bool] | None:
    """有效期限: from, until, and whether it is 长期. None when the text holds no term."""
    found = _TERM.search(text)
    if found is None:
        return None
    begins, ends = found.groups()
    return _bare(begins), None if ends == "长期" else _bare(ends), ends == "长期"


def date_of(year: str, month: str, day: str) -> date | None:
    """The calendar's date, or None when it has no such day."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def is_birth_date(day: date, today: date) -> bool:
    return date(EARLIEST_YEAR, 1, 1) <= day <= today


def _bare(digits: str) -> date | None:
    digits = digits.replace(".", "")
    return date_of(digits[:4], digits[4:6], digits[6:])
