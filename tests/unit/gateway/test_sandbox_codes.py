"""The sandbox's codes behave like the city's: a minute, once, and a repetition is no second time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from center.gateway.sandbox.codes import PEOPLE, REPLAY_MS, VALID_MS, Codes, KeyReused
from center.gateway.wire import Expired, Redeemed, Unknown, Used
from protocol.records import is_valid_number


def test_everybody_in_the_sandbox_has_a_number_of_an_area_that_does_not_exist() -> None:
    for person in PEOPLE.values():
        assert is_valid_number(person.number) and person.number.startswith("319999")


def test_a_code_is_redeemed_once_and_a_repeated_key_hears_the_same() -> None:
    codes = Codes()
    code = codes.issue("shen", 0)
    first = codes.redeem(code, "key-1", VALID_MS - 1)
    assert first == Redeemed("沈佩兰", PEOPLE["shen"].number, VALID_MS - 1)
    assert codes.redeem(code, "key-1", VALID_MS * 5) == first
    assert codes.redeem(code, "key-2", VALID_MS - 1) == Used()
    assert codes.redeemed == 1


def test_a_code_is_over_after_its_minute_and_an_unknown_one_is_unknown() -> None:
    codes = Codes()
    assert codes.redeem(codes.issue("shen", 0), "key-1", VALID_MS) == Expired()
    assert codes.redeem("invented", "key-2", 0) == Unknown()
    with pytest.raises(KeyError):
        codes.issue("nobody", 0)


def test_a_key_belongs_to_one_code() -> None:
    codes = Codes()
    codes.redeem(codes.issue("shen", 0), "key-1", 0)
    with pytest.raises(KeyReused):
        codes.redeem(codes.issue("shen", 0), "key-1", 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, REPLAY_MS // 4)), max_size=40))
def test_no_order_of_requests_redeems_a_code_twice(requests: list[tuple[int, int, int]]) -> None:
    codes, now_ms = Codes(), 0
    issued = [codes.issue("shen", 0) for _ in range(4)]
    granted: dict[int, set[str]] = {}
    for code, key, later_ms in requests:
        now_ms += later_ms
        try:
            answer = codes.redeem(issued[code], f"key-{key}", now_ms)
        except KeyReused:
            continue
        if isinstance(answer, Redeemed):
            granted.setdefault(code, set()).add(f"key-{key}")
    assert all(len(keys) == 1 for keys in granted.values())
    assert codes.redeemed == len(granted)
