"""A keyframe is spread, an ordinary picture is not, and retransmissions don't crowd pictures out."""

from hypothesis import given
from hypothesis import strategies as st

from booth.media.pacer import NARROW_OVER_RATE, OVER_RATE, OVERDRAFT, Pacer


def test_an_ordinary_picture_leaves_at_once() -> None:
    pacer = Pacer()
    assert [pacer.wait_s(1200, 1_200_000, number / 30) for number in range(30) for _ in range(4)] == [0.0] * 120


def test_a_keyframe_is_spread_over_the_time_that_its_bitrate_times_one_and_a_half_gives() -> None:
    pacer = Pacer()
    now_s = 0.0
    for _ in range(50):
        now_s += pacer.wait_s(1200, 300_000, now_s)
    assert 0.5 * 50 * 1200 * 8 / (300_000 * NARROW_OVER_RATE) < now_s < 50 * 1200 * 8 / (300_000 * NARROW_OVER_RATE)


def test_what_is_out_of_turn_waits_until_there_is_room() -> None:
    pacer = Pacer()
    let_through = sum(pacer.has_room(1200, 300_000, 0.0) for _ in range(100))
    assert 3 <= let_through <= OVERDRAFT * 3 + 1
    assert pacer.has_room(1200, 300_000, 1.0)


@given(st.lists(st.tuples(st.integers(1, 1300), st.integers(50_000, 2_000_000), st.floats(0, 0.05)), max_size=100))
def test_waiting_as_told_keeps_the_rate(sent: list[tuple[int, int, float]]) -> None:
    pacer = Pacer()
    now_s, octets = 0.0, 0
    for size, bps, pause_s in sent:
        wait_s = pacer.wait_s(size, bps, now_s)
        assert 0 <= wait_s < 2.0
        now_s += wait_s + pause_s
        octets += size
    assert octets * 8 <= 2_000_000 * OVER_RATE * now_s + 8 * (20_000 + 1300) + 1
