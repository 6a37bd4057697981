"""What floods may take, and what is said about them."""

from hypothesis import given
from hypothesis import strategies as st

from center.media.flow import Packet
from center.media.history import FEWEST_PACKETS, KEPT_S, MOST_PACKETS, History
from center.media.policing import Bucket, Complaints
from center.media.reception import Reception


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 2000)), max_size=200))
def test_no_order_of_arrivals_gets_more_than_the_burst_and_the_rate(arrivals: list[tuple[float, int]]) -> None:
    bucket, now_s, passed = Bucket(rate=1000.0, burst=5000.0), 0.0, 0
    for pause_s, size in arrivals:
        now_s += pause_s
        passed += size if bucket.take(size, now_s) else 0
        assert passed <= 5000 + 1000 * now_s + 1


def test_a_share_that_is_kept_to_is_never_refused() -> None:
    bucket = Bucket(rate=1000.0, burst=1000.0)
    assert all(bucket.take(100, step * 0.1) for step in range(1000))


def test_a_flood_is_one_line_in_ten_seconds_and_no_flood_none() -> None:
    complaints, lines = Complaints(10.0), []
    assert complaints.due(0.0) is None
    for step in range(3000):
        complaints.dropped.strangers += 100
        if (line := complaints.due(step * 0.01)) is not None:
            lines.append(line)
    assert len(lines) == 3
    assert lines[0] == "100 strangers"


def packet(number: int, timestamp: int = 0) -> Packet:
    return Packet(b"", 0, 0, 96, 0, number & 0xFFFF, timestamp & 0xFFFFFFFF, 1)


def test_a_history_keeps_half_a_second_of_any_rate_and_is_bounded() -> None:
    for rate in (150, 2100, 6000):
        history, kept = History(), int(rate * KEPT_S)
        for number in range(3 * rate):
            history.add(packet(number), number / rate)
        newest = 3 * rate - 1
        assert all(history.recall(newest - back & 0xFFFF) is not None for back in range(kept))
        assert history.recall(newest + 1 & 0xFFFF) is None
        assert len(history._packets) <= MOST_PACKETS
    assert len(History()._packets) == FEWEST_PACKETS


@given(
    start=st.integers(0, 0xFFFF),
    kept=st.lists(st.booleans(), min_size=2, max_size=300),
)
def test_losses_are_counted_over_every_wrap(start: int, kept: list[bool]) -> None:
    reception = Reception(90_000)
    kept = [True, *kept, True]
    for step, there in enumerate(kept):
        if there:
            reception.add(packet(start + step, step * 3000), step / 30)
    report = reception.report()
    lost = kept.count(False)
    assert (report.packets_lost, report.fraction_lost) == (lost, (lost << 8) // len(kept))
    assert report.highest_sequence == start + len(kept) - 1
    assert report.jitter == 0
    assert reception.report().fraction_lost == 0
