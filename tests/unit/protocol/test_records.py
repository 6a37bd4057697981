"""Citizen numbers and their check character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import is_valid_foreign_number, is_valid_number, is_valid_permit_number


@pytest.mark.parametrize("number", ["11010119900307003" + "8", "310107194802030029"[:17] + "0"])
def test_the_check_character_decides(number: str) -> None:
    valid = [number[:17] + check for check in "0123456789X" if is_valid_number(number[:17] + check)]
    assert len(valid) == 1


def test_a_lower_case_x_is_the_same_character() -> None:
    body = next(f"31010719480203{n:03d}" for n in range(1000) if is_valid_number(f"31010719480203{n:03d}X"))
    assert is_valid_number(body + "x")


def test_an_unknown_area_is_not_judged() -> None:
    body = "990101199003070"
    assert any(is_valid_number(f"{body}{n:02d}{check}") for n in range(100) for check in "0123456789X")


@given(st.text(max_size=20) | st.text("AZ019X", min_size=15, max_size=18), st.none() | st.just("1990-12-31"))
def test_any_text_has_an_answer(text: str, birth_date: str | None) -> None:
    for answer in (is_valid_number(text), is_valid_permit_number(text), is_valid_foreign_number(text, birth_date)):
        assert answer in (True, False)


def test_a_permits_number_begins_with_its_area() -> None:
    assert is_valid_permit_number("810000199408230005")
    assert is_valid_number("110101199003070038")
    assert not is_valid_permit_number("110101199003070038")


@pytest.mark.parametrize("place", range(15))
def test_one_changed_place_of_a_foreigners_old_number_is_noticed(place: int) -> None:
    number, birth_date = "UTO319972030902", "1972-03-09"
    assert is_valid_foreign_number(number, birth_date)
    other = "V" if place < 3 else str((int(number[place]) + 1) % 10)
    assert not is_valid_foreign_number(number[:place] + other + number[place + 1 :], birth_date)


def test_a_foreigners_new_number_begins_with_nine_and_holds_the_birthday() -> None:
    assert is_valid_foreign_number("931999198506170004", "1985-06-17")
    assert not is_valid_foreign_number("931999198506170004", "1985-06-18")
    assert not is_valid_foreign_number("931999198506170004", None)


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_changed_digit_is_noticed(place: int, by: int) -> None:
    number = "110101199003070038"
    digit = str((int(number[place]) + by) % 10)
    assert not is_valid_number(number[:place] + digit + number[place + 1 :])
