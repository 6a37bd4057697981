"""Citizen numbers and their check character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import is_valid_number


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


@given(st.text(max_size=20))
def test_any_text_has_an_answer(text: str) -> None:
    assert is_valid_number(text) in (True, False)


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_changed_digit_is_noticed(place: int, by: int) -> None:
    number = "110101199003070038"
    digit = str((int(number[place]) + by) % 10)
    assert not is_valid_number(number[:place] + digit + number[place + 1 :])
