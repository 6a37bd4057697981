"""Packets in order: nothing twice, nothing late, nothing for longer than it is worth."""

from hypothesis import given
from hypothesis import strategies as st

from center.media.recording.order import MOST_HELD, WAIT_S, Arrived, Order


def packet(number: int, arrived_s: float = 0.0) -> Arrived:
    return Arrived(number, False, number.to_bytes(8, "big"), arrived_s, 0)


@given(st.integers(0, 0xFFFF), st.permutations(range(1, 30)))
def test_packets_that_come_in_any_order_go_out_in_the_order_they_were_sent(start: int, later: list[int]) -> None:
    order, out = Order(), []
    for number in [0, *later]:
        out += order.put(start + number & 0xFFFF, packet(number), 0.1)
    assert [each.timestamp for each in out] == list(range(30))
    assert not any(each.lost for each in out)


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 0.2)), min_size=1, max_size=200),
)
def test_whatever_comes_goes_out_once_and_forward(start: int, arrivals: list[tuple[int, float]]) -> None:
    order, out, now_s = Order(), [], 0.0
    for number, after_s in arrivals:
        now_s += after_s
        out += order.put(start + number & 0xFFFF, packet(number, now_s), now_s)
        out += order.due(now_s)
    out += order.rest()
    numbers = [each.timestamp for each in out]
    assert numbers == sorted(set(numbers))
    first = arrivals[0][0]
    # Everything between is there or is counted as lost.
    assert len(out) + sum(each.lost for each in out) == (numbers[-1] - first + 1 if numbers else 0)


def test_a_hole_is_waited_for_and_then_told() -> None:
    order = Order()
    assert len(order.put(7, packet(7, 0.0), 0.0)) == 1
    assert order.put(9, packet(9, 0.1), 0.1) == []
    assert order.due(0.1 + WAIT_S - 0.01) == []
    (late,) = order.due(0.1 + WAIT_S)
    assert (late.timestamp, late.lost) == (9, 1)
    assert order.put(8, packet(8, 0.7), 0.7) == []  # too late for its place


def test_a_retransmission_fills_its_hole() -> None:
    order = Order()
    order.put(0xFFFF, packet(0, 0.0), 0.0)
    assert order.put(1, packet(2, 0.1), 0.1) == []
    assert [each.timestamp for each in order.put(0, packet(1, 0.3), 0.3)] == [1, 2]


def test_a_flood_behind_a_hole_is_bounded() -> None:
    order = Order()
    order.put(0, packet(0), 0.0)
    held = 0
    for number in range(2, MOST_HELD + 500):
        held += 1 - len(order.put(number & 0xFFFF, packet(number), 0.0))
        assert held <= MOST_HELD + 1


def test_a_stream_that_jumps_goes_on_at_its_new_place() -> None:
    order = Order()
    order.put(10, packet(10), 0.0)
    order.put(12, packet(12), 0.0)
    out = order.put(30_000, packet(30_000), 0.0)
    assert [each.timestamp for each in out] == [12, 30_000]
    assert [each.timestamp for each in order.put(30_001, packet(30_001), 0.0)] == [30_001]
