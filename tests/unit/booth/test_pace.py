"""Pages give way: a model of one line, shared with a voice."""

from hypothesis import given
from hypothesis import strategies as st

from booth.link.pace import BURST_S, FIRST_BPS, LEAST_BPS, LOOK_S, MOST_BPS, PIECE_BYTES, TARGET_S, PagePace


def send_for(
    pace: PagePace, seconds: float, line_bps: float, other_bps: float = 0.0, start_s: float = 0.0
) -> list[float]:
    """Send pieces over a line with a round trip of 50 ms and a queue of its own; the queue's delay, ms by ms.

    As with a real socket, the line is looked at when a piece goes, and shows the queue of a round trip ago.
    """
    now_s, queue_bytes, delays = start_s, 0.0, [0.0] * 50
    ready_s = now_s + pace.wait_s(PIECE_BYTES, now_s)
    while now_s < start_s + seconds:
        now_s += 0.001
        queue_bytes = max(0.0, queue_bytes + (other_bps - line_bps) / 8000)
        while ready_s <= now_s:
            queue_bytes += PIECE_BYTES
            if pace.look_is_due(now_s):
                pace.look(0.05 + delays[-50], 0.05, now_s)
            ready_s = now_s + pace.wait_s(PIECE_BYTES, now_s)
        delays.append(queue_bytes * 8 / line_bps)
    return delays[50:]


def test_a_free_line_is_used_within_two_seconds() -> None:
    pace = PagePace()
    send_for(pace, 2.0, line_bps=100e6)
    assert pace.rate_bps > 30e6


def test_on_a_slow_line_the_queue_stays_short_enough_for_a_voice() -> None:
    pace = PagePace()
    delays = send_for(pace, 10.0, line_bps=2e6, other_bps=1.3e6)
    settled = sorted(delays[len(delays) // 5 :])
    assert settled[len(settled) // 2] < 1.5 * TARGET_S
    assert settled[int(len(settled) * 0.95)] < 4 * TARGET_S
    assert pace.rate_bps < 1.5e6


def test_pages_take_what_is_left_over() -> None:
    pace = PagePace()
    send_for(pace, 5.0, line_bps=2e6, other_bps=1.5e6)
    crowded = pace.rate_bps
    send_for(pace, 5.0, line_bps=2e6, other_bps=0.1e6, start_s=5.0)
    assert pace.rate_bps > 1.5 * crowded


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=60))
def test_whatever_the_round_trips_are_a_page_moves_and_never_without_a_bound(trips: list[tuple[float, float]]) -> None:
    pace = PagePace()
    for n, (now, least) in enumerate(trips):
        pace.look(now, least, n * LOOK_S)
        assert LEAST_BPS <= pace.rate_bps <= MOST_BPS


def test_a_pause_saves_up_next_to_nothing() -> None:
    pace = PagePace()
    pace.wait_s(PIECE_BYTES, 0.0)
    sent = 0
    while pace.wait_s(PIECE_BYTES, 60.0) == 0.0:
        sent += PIECE_BYTES
    assert sent <= FIRST_BPS / 8 * BURST_S + 2 * PIECE_BYTES
