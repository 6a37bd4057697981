"""Who need not be exact wakes up with the others."""

from hypothesis import given
from hypothesis import strategies as st

from center.media.beat import BEAT_S, together


@given(st.floats(0, 1e7), st.floats(0, BEAT_S / 2))
def test_never_before_and_at_most_a_beat_after(at_s: float, later_s: float) -> None:
    assert at_s - 1e-6 <= together(at_s) <= at_s + BEAT_S + 1e-6
    assert together(at_s + later_s) >= together(at_s)
    assert len({round(together(at_s + BEAT_S * step / 7) / BEAT_S) for step in range(8)}) <= 2
