"""Upload tokens: one a booth, alive with its link and ten minutes longer."""

from hypothesis import given
from hypothesis import strategies as st

from center.web.tokens import GRACE_S, UploadTokens


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_names_its_booth_as_long_as_the_link_is_up() -> None:
    clock = Clock()
    tokens = UploadTokens(clock)
    one, two = tokens.issue("sample-01"), tokens.issue("sample-02")
    clock.now_s += 10 * GRACE_S
    assert (tokens.booth_of(one), tokens.booth_of(two)) == ("sample-01", "sample-02")


def test_a_token_outlives_its_link_for_ten_minutes() -> None:
    clock = Clock()
    tokens = UploadTokens(clock)
    token = tokens.issue("sample-01")
    tokens.dropped("sample-01")
    clock.now_s += 599
    assert tokens.booth_of(token) == "sample-01"
    tokens.dropped("sample-01")  # said twice, it lives no longer
    clock.now_s += 1
    assert tokens.booth_of(token) is None


def test_a_new_token_ends_the_older_one_and_lives_on() -> None:
    clock = Clock()
    tokens = UploadTokens(clock)
    older = tokens.issue("sample-01")
    tokens.dropped("sample-01")
    newer = tokens.issue("sample-01")
    clock.now_s += 2 * GRACE_S
    assert tokens.booth_of(older) is None
    assert tokens.booth_of(newer) == "sample-01"


def test_a_booth_without_a_token_may_drop() -> None:
    UploadTokens(Clock()).dropped("sample-01")


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    tokens = UploadTokens(Clock())
    token = tokens.issue("sample-01")
    assert tokens.booth_of(text) is None
    assert token not in repr(tokens._issued)
    assert len(token) <= 64
