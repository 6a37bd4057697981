"""Sound goes on through losses; its delay rises with what the network does and falls again."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.media.playout import (
    CATCH_UP_S,
    FRAME_SAMPLES,
    LEAST_DELAY_S,
    MOST_DELAY_S,
    RATE_HZ,
    Conceal,
    Merge,
    Play,
    Playout,
    Recover,
    Step,
)

PERIOD_S = FRAME_SAMPLES / RATE_HZ


def heard(arrivals: dict[int, float], until_s: float, playout: Playout | None = None) -> list[Step]:
    """The steps when packet `n`, sent at `n` periods, arrives at the given time; a packet that is absent was lost."""
    playout = playout or Playout()
    steps: list[Step] = []
    coming = sorted((at_s, number) for number, at_s in arrivals.items())
    for tick in range(int(until_s / 0.005)):
        now_s = tick * 0.005
        while coming and coming[0][0] <= now_s:
            at_s, number = coming.pop(0)
            playout.arrived(number * FRAME_SAMPLES & 0xFFFFFFFF, b"%d" % number, at_s)
        steps += playout.due(now_s)
    return steps


def punctual(count: int, way_s: float = 0.03) -> dict[int, float]:
    return {number: number * PERIOD_S + way_s for number in range(count)}


def test_packets_that_come_in_time_are_played_in_order_and_soon() -> None:
    playout = Playout()
    steps = heard(punctual(100), 2.3, playout)
    assert steps[:100] == [Play(b"%d" % number) for number in range(100)]
    assert playout.delay_s <= LEAST_DELAY_S + PERIOD_S


def test_a_lost_packet_is_taken_from_the_next_one_and_raises_nothing() -> None:
    playout = Playout()
    arrivals = punctual(100)
    del arrivals[50]
    steps = heard(arrivals, 1.95, playout)
    assert steps[50] == Recover(b"51")
    assert steps[51] == Play(b"51")
    assert playout.delay_s <= LEAST_DELAY_S + PERIOD_S


def test_two_lost_packets_are_concealed_and_the_delay_comes_back() -> None:
    playout = Playout()
    arrivals = punctual(200)
    for number in (50, 51):
        del arrivals[number]
    steps = heard(arrivals, 4.2, playout)
    assert Conceal() in steps
    assert steps[-1] != Conceal() or playout.next_due_s is None
    assert playout.delay_s <= LEAST_DELAY_S + PERIOD_S


def test_a_slow_spell_raises_the_delay_at_once_and_a_quick_one_lowers_it_again() -> None:
    playout = Playout()
    rng = random.Random(3)
    arrivals = {n: n * PERIOD_S + 0.03 + (0.08 * rng.random() if 100 <= n < 300 else 0.0) for n in range(1500)}
    steps = heard(arrivals, 6.0, playout)
    assert 0.06 < playout.delay_s < MOST_DELAY_S
    assert sum(isinstance(step, Conceal) for step in steps[110:]) < 12
    playout = Playout()
    steps = heard(arrivals, 29.5, playout)
    assert any(isinstance(step, Merge) for step in steps)
    assert playout.delay_s <= LEAST_DELAY_S + 2 * PERIOD_S


def test_without_packets_it_falls_silent_and_begins_anew_with_the_next() -> None:
    playout = Playout()
    arrivals = punctual(20)
    again = {1000 + n: 5.0 + n * PERIOD_S for n in range(20)}
    steps = heard({**arrivals, **again}, 7.0, playout)
    plays = [step for step in steps if isinstance(step, Play)]
    assert len(plays) == 40
    assert 0 < sum(isinstance(step, Conceal) for step in steps) <= 20


def test_a_way_that_becomes_longer_for_good_costs_a_moment_and_no_more() -> None:
    playout = Playout()
    arrivals = {n: n * PERIOD_S + (0.03 if n < 100 else 0.83) for n in range(400)}
    steps = heard(arrivals, 8.7, playout)
    assert sum(isinstance(step, Play) for step in steps) > 370
    assert playout.delay_s <= LEAST_DELAY_S + 2 * PERIOD_S


def test_a_way_that_becomes_a_little_too_long_is_followed_within_a_second() -> None:
    """Longer than the delay may grow, but not so much that a sender seems to have begun anew."""
    arrivals = {n: n * PERIOD_S + (0.03 if n < 100 else 0.33) for n in range(500)}
    steps = heard(arrivals, 10.3)
    concealed = [isinstance(step, Conceal) for step in steps]
    assert sum(concealed) < 60
    assert isinstance(steps[-1], Play | Merge)


def test_after_a_standstill_it_catches_up_at_once() -> None:
    playout = Playout()
    arrivals = {n: max(n * PERIOD_S + 0.03, 2.9 if n >= 100 else 0.0) for n in range(250)}
    steps = heard(arrivals, 3.4, playout)
    assert isinstance(steps[-1], Play | Merge)
    assert playout.skipped > 0
    assert playout.delay_s <= MOST_DELAY_S + CATCH_UP_S + 2 * PERIOD_S


def test_a_sender_that_begins_another_time_line_is_followed() -> None:
    playout = Playout()
    arrivals = punctual(50)
    odd = 7_000_003
    for number, at_s in arrivals.items():
        playout.arrived(number * FRAME_SAMPLES, b"old", at_s)
        playout.due(at_s)
    steps: list[Step] = []
    for number in range(50):
        at_s = 2.0 + number * PERIOD_S
        playout.arrived(odd + number * FRAME_SAMPLES, b"new", at_s)
        steps += playout.due(at_s)
    assert sum(step == Play(b"new") for step in steps) >= 45


@pytest.mark.parametrize("seed", [4, 13, 18, 32, 36, 37])
def test_stalls_and_ways_that_change_never_silence_it_while_packets_come(seed: int) -> None:
    rng = random.Random(seed)
    arrivals: dict[int, float] = {}
    way_s, stalled_until_s = 0.03, 0.0
    for number in range(1000):
        if rng.random() < 0.01:
            stalled_until_s = number * PERIOD_S + way_s + rng.choice([0.1, 0.3, 0.6, 1.2])
        if rng.random() < 0.003:
            way_s = max(0.02, way_s + rng.choice([-0.5, -0.3, -0.1, 0.1, 0.3, 0.5]))
        if rng.random() > 0.04:
            arrivals[number] = max(number * PERIOD_S + way_s, stalled_until_s) + 0.02 * rng.random()
    steps = heard(arrivals, 19.5)
    longest = max(
        len(list(run)) for made_up, run in itertools.groupby(steps, lambda s: isinstance(s, Conceal)) if made_up
    )
    assert longest <= 40


@given(rng=st.integers(0, 10**9).map(random.Random), share=st.sampled_from([0.0, 0.05, 0.2, 0.5]))
def test_however_packets_come_there_is_one_step_each_20_ms_and_the_delay_is_bounded(
    rng: random.Random, share: float
) -> None:
    playout = Playout()
    arrivals = {n: n * PERIOD_S + 0.2 * rng.random() ** 4 for n in range(300) if rng.random() >= share or n == 0}
    steps = heard(arrivals, 6.0, playout)
    assert abs(len(steps) - 300) <= 20
    assert playout.delay_s <= MOST_DELAY_S + 0.25
    order = [int(s.payload) for s in steps if isinstance(s, Play)]
    assert order == sorted(set(order))


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.floats(0, 0.1)), max_size=80))
def test_nonsense_is_survived_within_bounds(packets: list[tuple[int, float]]) -> None:
    playout = Playout()
    now_s = 0.0
    for timestamp, wait_s in packets:
        now_s += wait_s
        playout.arrived(timestamp, b"", now_s)
        assert len(playout.due(now_s)) <= 20
        assert len(playout._packets) <= 500
