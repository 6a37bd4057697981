"""Lost packets are asked for at once, again every 40 ms, and given up after 300 ms."""

from hypothesis import given
from hypothesis import strategies as st

from center.media.gaps import AGAIN_S, GIVE_UP_S, MOST_MISSING, TAIL_S, Gaps


def test_a_hole_is_asked_for_at_once_and_again_until_it_is_filled() -> None:
    gaps = Gaps()
    assert gaps.arrived(65_533, 1, 0.0) == []
    assert gaps.arrived(1, 1, 0.0) == [0, 65_534, 65_535]
    assert gaps.arrived(2, 1, AGAIN_S / 2) == []
    assert gaps.arrived(0, 1, AGAIN_S) == [65_534, 65_535]
    assert gaps.arrived(65_534, 1, AGAIN_S * 2) == [65_535]
    assert gaps.arrived(65_535, 1, AGAIN_S * 3) == []
    assert gaps.arrived(3, 1, AGAIN_S * 9) == []


def test_a_hole_is_given_up() -> None:
    gaps = Gaps()
    gaps.arrived(1, 1, 0.0)
    assert gaps.arrived(3, 1, 0.0) == [2]
    assert gaps.arrived(4, 1, GIVE_UP_S + 0.001) == []
    assert gaps.arrived(5, 1, GIVE_UP_S + 1) == []


def test_an_outage_is_not_asked_for() -> None:
    gaps = Gaps()
    gaps.arrived(1, 1, 0.0)
    assert gaps.arrived(3, 1, 0.0) == [2]
    assert gaps.arrived(3 + MOST_MISSING + 1, 1, 0.01) == []
    assert gaps.arrived(3 + MOST_MISSING + 2, 1, 1.0) == []


def test_the_end_of_a_picture_is_asked_for_before_the_next_picture_comes() -> None:
    gaps = Gaps()
    gaps.arrived(7, 0, 0.0)
    assert gaps.waiting
    assert gaps.due(TAIL_S / 2) == []
    assert gaps.due(TAIL_S) == [8]
    assert gaps.due(TAIL_S + AGAIN_S) == [8]
    assert gaps.arrived(8, 1, TAIL_S + AGAIN_S + 0.001) == []
    assert not gaps.waiting and gaps.due(1.0) == []


def test_a_picture_that_comes_slowly_has_not_lost_its_end() -> None:
    gaps = Gaps()
    gaps.arrived(1, 0, 0.0)
    gaps.arrived(2, 0, 0.02)
    assert gaps.due(0.02 + 2 * TAIL_S) == []
    assert gaps.due(0.081) == [3]


def test_a_stream_that_stops_in_a_picture_is_asked_for_its_end_no_longer_than_for_a_hole() -> None:
    gaps = Gaps()
    gaps.arrived(1, 0, 0.0)
    gaps.due(TAIL_S)
    assert gaps.due(TAIL_S + GIVE_UP_S + 0.001) == [] and not gaps.waiting


@given(numbers=st.lists(st.integers(0, 0xFFFF), max_size=200))
def test_requests_are_bounded_sorted_and_never_for_what_just_came(numbers: list[int]) -> None:
    gaps = Gaps()
    for at, number in enumerate(numbers):
        asked = gaps.arrived(number, 1, at * 0.01)
        assert number not in asked
        assert asked == sorted(set(asked))
        assert len(asked) <= 3 * MOST_MISSING
