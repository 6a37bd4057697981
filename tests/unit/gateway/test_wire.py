"""What comes back from the gateway is an answer or it is nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from center.core.identity import NotRedeemed, redemption_key
from center.gateway.wire import MAX_ANSWER_BYTES, RedeemWanted, read_answer
from protocol.errors import ErrorCode
from protocol.records import CodeHolder

GOOD = {"result": "redeemed", "name": "测试甲", "number": "319999195206180022", "verified_at_ms": 1000}


def encoded(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_an_answer_names_the_holder_and_says_whether_the_number_holds() -> None:
    assert read_answer(200, encoded()) == CodeHolder("测试甲", "319999195206180022", True, 1000)
    wrong = read_answer(200, encoded(number="319999195206180020"))
    assert isinstance(wrong, CodeHolder) and not wrong.number_valid


@pytest.mark.parametrize("result", ["expired", "used", "unknown"])
def test_a_code_that_is_over_is_said_to_be_over(result: str) -> None:
    assert read_answer(200, json.dumps({"result": result}).encode()) == NotRedeemed(ErrorCode.CODE_EXPIRED)


@pytest.mark.parametrize(
    "body",
    [
        encoded(name=""),
        encoded(name="a" * 81),
        encoded(name="two\nlines"),
        encoded(number="319999195206180022\n"),
        encoded(number="<b>"),
        encoded(verified_at_ms=-1),
        encoded(verified_at_ms=2**60),
        encoded(result="granted"),
        b'{"result": "redeemed"}',
        b"",
        b"\xff\xfe",
        b"[" * 2000,
        encoded() + b" " * MAX_ANSWER_BYTES,
    ],
)
def test_what_is_not_exactly_an_answer_is_none(body: bytes) -> None:
    assert read_answer(200, body) is None


@given(st.integers(100, 599).filter(lambda status: status != 200))
def test_only_a_200_is_an_answer(status: int) -> None:
    assert read_answer(status, encoded()) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=90) | st.sampled_from(["redeemed", "used", "expired"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["result", "name", "number", "verified_at_ms", "x"]), inner, max_size=5)
    ),
    max_leaves=10,
)


@given(st.binary(max_size=300) | _values.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_a_holder_a_refusal_or_nothing(body: bytes) -> None:
    answer = read_answer(200, body)
    if isinstance(answer, CodeHolder):
        assert 1 <= len(answer.name) <= 80 and answer.name.isprintable() | (not answer.name.isascii())
        assert 4 <= len(answer.number) <= 40
    else:
        assert answer is None or answer == NotRedeemed(ErrorCode.CODE_EXPIRED)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_key_is_the_same_for_the_same_request_alone(booth: str, request: str, booth2: str, request2: str) -> None:
    same = (booth, request) == (booth2, request2)
    assert (redemption_key(booth, request) == redemption_key(booth2, request2)) is same


def test_nothing_that_holds_a_code_or_a_name_shows_it() -> None:
    for personal in (RedeemWanted("SECRET"), read_answer(200, encoded())):
        assert "SECRET" not in repr(personal) and "测试甲" not in repr(personal)
