"""From figures to a word: how a participant's network does. The one place that decides it. Pure.

A word that flickers is worse than one that comes late: it takes two bad reports in a row to call a network slow (one,
when it is very bad), and four good ones to take that back. Between "good" and "bad" nothing changes.
"""

from dataclasses import dataclass

from protocol.media import MediaFigures, NetworkGrade

BAD_LOSS_PERMILLE = 50
"""Loss that is heard and seen in spite of retransmission (`docs/benchmarks.md`: at 5 % a face freezes now and then)."""
TERRIBLE_LOSS_PERMILLE = 150
FINE_LOSS_PERMILLE = 20
BAD_ROUND_TRIP_MS = 500
"""ITU-T G.114: beyond 400 ms one way people fall into each other's words; half of a bad round trip comes near it."""
TERRIBLE_ROUND_TRIP_MS = 1500
FINE_ROUND_TRIP_MS = 350
BAD_IN_A_ROW = 2
FINE_IN_A_ROW = 4
SILENT_MS = 6000
"""A participant that has reported and is silent for three reports has no network any more."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of one participant's network, and since which reports."""

    heard_at_ms: int
    slow: bool = False
    bad: int = 0
    """Bad reports in a row."""
    fine: int = 0


def judge(before: Judgement | None, figures: MediaFigures, now_ms: int) -> Judgement:
    """The judgement after one more report."""
    slow = before.slow if before else False
    if _is_terrible(figures):
        return Judgement(now_ms, slow=True, bad=BAD_IN_A_ROW)
    if _is_bad(figures):
        bad = (before.bad if before else 0) + 1
        return Judgement(now_ms, slow=slow or bad >= BAD_IN_A_ROW, bad=bad)
    fine = (before.fine if before else 0) + 1 if _is_fine(figures) else 0
    return Judgement(now_ms, slow=slow and fine < FINE_IN_A_ROW, fine=fine)


def grade(judgement: Judgement | None, now_ms: int) -> NetworkGrade:
    """The word. Who never reported is not judged."""
    if judgement is None:
        return NetworkGrade.GOOD
    if now_ms - judgement.heard_at_ms > SILENT_MS:
        return NetworkGrade.LOST
    return NetworkGrade.SLOW if judgement.slow else NetworkGrade.GOOD


def worst(*grades: NetworkGrade) -> NetworkGrade:
    """Of several connections of one side."""
    for each in (NetworkGrade.LOST, NetworkGrade.SLOW):
        if each in grades:
            return each
    return NetworkGrade.GOOD


def _loss(figures: MediaFigures) -> int:
    return max(figures.lost_in_permille, figures.lost_out_permille)


def _is_terrible(figures: MediaFigures) -> bool:
    return _loss(figures) >= TERRIBLE_LOSS_PERMILLE or (figures.round_trip_ms or 0) >= TERRIBLE_ROUND_TRIP_MS


def _is_bad(figures: MediaFigures) -> bool:
    return _loss(figures) >= BAD_LOSS_PERMILLE or (figures.round_trip_ms or 0) >= BAD_ROUND_TRIP_MS


def _is_fine(figures: MediaFigures) -> bool:
    return _loss(figures) <= FINE_LOSS_PERMILLE and (figures.round_trip_ms or 0) <= FINE_ROUND_TRIP_MS
