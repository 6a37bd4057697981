"""Whether a citizen number was read right: every independent witness must say so. Pure.

The check character (GB 11643, ISO 7064 MOD 11-2) finds every single wrong digit and lets one in eleven other errors
pass. So a number is certain only when it was read several times, from pictures prepared in different ways, with one
result; when no character was a close call; and when the date of birth and the sex in it are those printed beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from protocol.reading import Doubt
from protocol.records import Sex, is_valid_number
from reading.dates import date_of, is_birth_date

NUMBER_CHARACTERS = "0123456789X"

SURE = 0.85
"""A character below this chance was a close call; chosen on generated cards, see docs/benchmarks.md."""

SURE_ALONE = 0.95
"""The same where nothing is printed beside the number to compare it with."""

_PROVINCES = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91"
)
PROVINCES = frozenset(_PROVINCES.split())
"""GB/T 2260, first two digits; 83: residents of Taiwan; 91: foreigners. Abolished areas are below this level."""


@dataclass(frozen=True, slots=True, repr=False)
class Reread:
    """One reading of a field: its characters, and the chance of the least sure one."""

    text: str
    chance: float


@dataclass(frozen=True, slots=True, repr=False)
class Beside:
    """What is printed beside the number. `expected`: this kind of document has both, so their absence is a doubt."""

    birth_date: date | None = None
    sex: Sex | None = None
    expected: bool = False


def judge_number(readings: Sequence[Reread], beside: Beside, today: date) -> tuple[str, list[Doubt]]:
    """The number to show and why it is doubtful; an empty list says that it is certain. At least one reading."""
    number = _chosen(readings)
    doubts = []
    if any(reading.text != number for reading in readings):
        doubts.append(Doubt.READINGS_DIFFER)
    if not is_valid_number(number):
        doubts.append(Doubt.CHECK_DIGIT)
    alone = beside.birth_date is None or beside.sex is None
    sure = SURE_ALONE if alone else SURE
    if len(readings) < 2 or any(reading.chance < sure for reading in readings):
        doubts.append(Doubt.FAINT)
    born = birth_date_of(number)
    if born is None or not is_birth_date(born, today) or number[:2] not in PROVINCES:
        doubts.append(Doubt.IMPLAUSIBLE)
    if beside.birth_date is not None and born != beside.birth_date:
        doubts.append(Doubt.BIRTH_DATE_DIFFERS)
    if beside.sex is not None and sex_of(number) is not beside.sex:
        doubts.append(Doubt.SEX_DIFFERS)
    if beside.expected and alone:
        doubts.append(Doubt.UNCONFIRMED)
    return number, doubts


def birth_date_of(number: str) -> date | None:
    """The date within an 18-character number."""
    digits = number[6:14]
    return date_of(digits[:4], digits[4:6], digits[6:]) if len(digits) == 8 and digits.isdigit() else None


def sex_of(number: str) -> Sex | None:
    """GB 11643, 4.3: the seventeenth digit is odd for men."""
    if len(number) != 18 or not number[16].isdigit():
        return None
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def _chosen(readings: Sequence[Reread]) -> str:
    """A reading whose check character holds before one whose does not; then the surest."""
    return max(readings, key=lambda reading: (is_valid_number(reading.text), reading.chance)).text
