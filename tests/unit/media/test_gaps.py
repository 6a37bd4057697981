"""Lost packets are asked for at once, again every 40 ms, and given up after 300 ms."""

from hypothesis import given
from hypothesis import strategies as st

from center.media.gaps import AGAIN_S, GIVE_UP_S, MOST_MISSING, Gaps


def test_a_hole_is_asked_for_at_once_and_again_until_it_is_filled() -> None:
    gaps = Gaps()
    assert gaps.arrived(65_533, 0.0) == []
    assert gaps.arrived(1, 0.0) == [0, 65_534, 65_535]
    assert gaps.arrived(2, AGAIN_S / 2) == []
    assert gaps.arrived(0, AGAIN_S) == [65_534, 65_535]
    assert gaps.arrived(65_534, AGAIN_S * 2) == [65_535]
    assert gaps.arrived(65_535, AGAIN_S * 3) == []
    assert gaps.arrived(3, AGAIN_S * 9) == []


def test_a_hole_is_given_up() -> None:
    gaps = Gaps()
    gaps.arrived(1, 0.0)
    assert gaps.arrived(3, 0.0) == [2]
    assert gaps.arrived(4, GIVE_UP_S + 0.001) == []
    assert gaps.arrived(5, GIVE_UP_S + 1) == []


def test_an_outage_is_not_asked_for() -> None:
    gaps = Gaps()
    gaps.arrived(1, 0.0)
    assert gaps.arrived(3, 0.0) == [2]
    assert gaps.arrived(3 + MOST_MISSING + 1, 0.01) == []
    assert gaps.arrived(3 + MOST_MISSING + 2, 1.0) == []


@given(numbers=st.lists(st.integers(0, 0xFFFF), max_size=200))
def test_requests_are_bounded_sorted_and_never_for_what_just_came(numbers: list[int]) -> None:
    gaps = Gaps()
    for at, number in enumerate(numbers):
        asked = gaps.arrived(number, at * 0.01)
        assert number not in asked
        assert asked == sorted(set(asked))
        assert len(asked) <= 3 * MOST_MISSING
