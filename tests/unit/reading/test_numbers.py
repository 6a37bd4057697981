"""Whether a citizen number was read right."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.reading import Doubt
from protocol.records import Sex, is_valid_number
from reading.numbers import Beside, Reread, birth_date_of, judge_number, sex_of
from rigs.invented import invent

TODAY = date(2026, 11, 25)
NUMBER = "319999195803120028"
BESIDE = Beside(date(1958, 3, 12), Sex.FEMALE, expected=True)


def sure(text: str, chance: float = 1.0) -> Reread:
    return Reread(text, chance)


def judged(*readings: Reread, beside: Beside = BESIDE) -> list[Doubt]:
    return judge_number(readings, beside, TODAY)[1]


def test_a_number_that_every_witness_confirms_is_certain() -> None:
    assert judge_number([sure(NUMBER)] * 3, BESIDE, TODAY) == (NUMBER, [])


@pytest.mark.parametrize(
    ("beside", "doubt"),
    [
        (Beside(date(1958, 3, 13), Sex.FEMALE, expected=True), Doubt.BIRTH_DATE_DIFFERS),
        (Beside(date(1958, 3, 12), Sex.MALE, expected=True), Doubt.SEX_DIFFERS),
        (Beside(None, Sex.FEMALE, expected=True), Doubt.UNCONFIRMED),
        (Beside(date(1958, 3, 12), None, expected=True), Doubt.UNCONFIRMED),
    ],
)
def test_what_is_printed_beside_it_must_agree(beside: Beside, doubt: Doubt) -> None:
    assert judged(*[sure(NUMBER)] * 3, beside=beside) == [doubt]


def test_a_second_reading_must_agree_and_a_close_call_is_a_doubt() -> None:
    assert judged(sure(NUMBER), sure("319999195803120029")) == [Doubt.READINGS_DIFFER]
    assert judged(sure(NUMBER), sure(NUMBER, 0.7)) == [Doubt.FAINT]
    assert judged(sure(NUMBER)) == [Doubt.FAINT], "once is not enough"


def test_of_readings_that_differ_the_one_whose_check_character_holds_is_shown() -> None:
    shown, doubts = judge_number([sure("319999195803120029"), sure(NUMBER, 0.5)], BESIDE, TODAY)
    assert shown == NUMBER and Doubt.READINGS_DIFFER in doubts


def test_a_form_prints_nothing_beside_it_so_the_readings_must_be_surer() -> None:
    form = Beside()
    assert judged(*[sure(NUMBER, 0.96)] * 3, beside=form) == []
    assert judged(*[sure(NUMBER, 0.94)] * 3, beside=form) == [Doubt.FAINT]


@given(st.integers(0, 5000), st.data())
def test_no_misread_digit_is_ever_certain(seed: int, data: st.DataObject) -> None:
    person = invent(seed)
    at = data.draw(st.integers(0, 17))
    wrong = data.draw(st.sampled_from("0123456789X".replace(person.number[at], "")))
    misread = person.number[:at] + wrong + person.number[at + 1 :]
    beside = Beside(person.birth_date, person.sex, expected=True)
    assert judge_number([sure(person.number)] * 3, beside, TODAY)[1] == []
    assert judge_number([sure(misread)] * 3, beside, TODAY)[1] != []


@given(st.integers(0, 5000), st.data())
def test_two_misread_digits_are_certain_only_where_no_witness_can_tell(seed: int, data: st.DataObject) -> None:
    person = invent(seed)
    digits = list(person.number)
    for at in data.draw(st.sets(st.integers(6, 13), min_size=2, max_size=2)):
        digits[at] = data.draw(st.sampled_from("0123456789".replace(digits[at], "")))
    beside = Beside(person.birth_date, person.sex, expected=True)
    assert judge_number([sure("".join(digits))] * 3, beside, TODAY)[1] != []


@given(st.text(max_size=24))
def test_nothing_that_is_no_number_is_certain(text: str) -> None:
    shown, doubts = judge_number([sure(text)] * 2, Beside(), TODAY)
    assert shown == text and (doubts != [] or is_valid_number(text))


@given(st.integers(0, 5000))
def test_invented_people_have_numbers_that_hold(seed: int) -> None:
    person = invent(seed)
    assert is_valid_number(person.number) and invent(seed) == person
    assert (birth_date_of(person.number), sex_of(person.number)) == (person.birth_date, person.sex)
