"""From figures to a word."""

from hypothesis import given
from hypothesis import strategies as st

from center.core.network import SILENT_MS, Judgement, grade, judge, worst
from protocol.media import MediaFigures, NetworkGrade

GOOD, SLOW, LOST = NetworkGrade.GOOD, NetworkGrade.SLOW, NetworkGrade.LOST


def figures(lost: int = 0, lost_out: int = 0, round_trip_ms: int | None = 20) -> MediaFigures:
    return MediaFigures(lost, lost_out, round_trip_ms, 1000, 1000, 0)


def after(*reports: MediaFigures) -> list[NetworkGrade]:
    judgement: Judgement | None = None
    words = []
    for n, report in enumerate(reports):
        judgement = judge(judgement, report, n * 2000)
        words.append(grade(judgement, n * 2000))
    return words


def test_one_bad_report_is_not_yet_a_slow_network() -> None:
    assert after(figures(), figures(lost=60), figures()) == [GOOD, GOOD, GOOD]
    assert after(figures(lost_out=60), figures(round_trip_ms=700)) == [GOOD, SLOW]


def test_a_fifth_of_the_packets_lost_is_said_at_once() -> None:
    assert after(figures(lost=200)) == [SLOW]
    assert after(figures(lost_out=200)) == [SLOW]


def test_a_slow_network_is_good_again_after_four_fine_reports() -> None:
    slow = figures(lost=200)
    assert after(slow, *[figures()] * 3) == [SLOW] * 4
    assert after(slow, *[figures()] * 4) == [SLOW] * 4 + [GOOD]


def test_what_is_neither_good_nor_bad_changes_nothing() -> None:
    between = figures(lost=35)
    assert set(after(*[between] * 20)) == {GOOD}
    assert set(after(figures(lost=200), *[between] * 20)) == {SLOW}


def test_who_has_reported_and_is_silent_is_lost_and_who_never_did_is_not_judged() -> None:
    judgement = judge(None, figures(), 1000)
    assert grade(judgement, 1000 + SILENT_MS) is GOOD
    assert grade(judgement, 1001 + SILENT_MS) is LOST
    assert grade(None, 10**12) is GOOD
    assert worst(GOOD, SLOW) is SLOW
    assert worst(SLOW, LOST, GOOD) is LOST
    assert worst() is GOOD


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.none() | st.integers(0, 60_000))))
def test_the_word_changes_at_most_once_in_four_reports(reports: list[tuple[int, int, int | None]]) -> None:
    words = after(*(figures(*each) for each in reports))
    changes = [n for n in range(1, len(words)) if words[n] is not words[n - 1]]
    back = [n for n in changes if words[n] is GOOD]
    for n in back:
        assert SLOW in words[max(0, n - 4) : n] and words[max(0, n - 3) : n] == [SLOW] * min(3, n)
