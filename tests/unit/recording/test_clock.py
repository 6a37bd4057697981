"""Lips and voice: a clap seen and heard at one moment is recorded at one, whatever the publisher's clocks do."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from center.media.recording.clock import ParticipantClock, TrackClock
from tests.unit.recording.streams import Oscillator, ntp

HALF_HOUR_S = 1800
CLAPS_S = 60
WITHIN_MS = 60
"""What issue 3 asks for; ITU-R BT.1359 finds less than 45 ms undetectable."""


def worst_clap_ms(
    *,
    video_ppm: float,
    audio_ppm: float,
    wall_ppm: float,
    wall_ahead_s: float = 3.0,
    encoder_s: float = 0.03,
    jitter_s: float = 0.02,
    report_every_s: float = 5.0,
    seed: int = 0,
) -> float:
    """The largest distance of flash and click over half an hour, in ms. Only frames round the claps are made."""
    chance = random.Random(seed)
    video, audio = Oscillator(90_000, 4_294_000_000, video_ppm), Oscillator(48_000, 17, audio_ppm)
    participant = ParticipantClock()
    lines = {"video": TrackClock(participant, 90_000), "audio": TrackClock(participant, 48_000)}
    base_s = 1_795_312_800.0

    def wall(true_s: float) -> float:
        return base_s + wall_ahead_s + true_s * (1 + wall_ppm / 1e6)

    def arrived(true_s: float, extra_s: float = 0.0) -> float:
        return base_s + true_s + 0.02 + extra_s + chance.random() * jitter_s

    worst = 0.0
    for n in range(int(HALF_HOUR_S / report_every_s)):
        now_s = n * report_every_s
        clapped: dict[str, int] = {}
        for name, oscillator, delay_s in (("video", video, encoder_s), ("audio", audio, 0.0)):
            clapped[name] = lines[name].at_ms(oscillator.at(now_s), arrived(now_s, delay_s))
            sent_s = now_s + 0.1 + chance.random() * 0.05
            lines[name].report(ntp(wall(sent_s)), oscillator.at(sent_s), arrived(sent_s))
        if n:  # before the first reports there is nothing to go by but the arrivals
            worst = max(worst, abs(clapped["video"] - clapped["audio"]))
    return worst


@settings(max_examples=12, deadline=None)
@given(st.floats(-150, 150), st.floats(-150, 150), st.floats(-100, 100), st.floats(-3600, 3600), st.integers(0, 1000))
def test_a_clap_stays_one_clap_over_half_an_hour(
    video_ppm: float, audio_ppm: float, wall_ppm: float, wall_ahead_s: float, seed: int
) -> None:
    off_ms = worst_clap_ms(
        video_ppm=video_ppm, audio_ppm=audio_ppm, wall_ppm=wall_ppm, wall_ahead_s=wall_ahead_s, seed=seed
    )
    assert off_ms < WITHIN_MS / 2


def test_without_reports_the_same_clocks_would_be_far_apart() -> None:
    """The test above can fail: a clock that is 150 ppm slow loses a quarter of a second in half an hour."""
    line = {name: TrackClock(ParticipantClock(), rate) for name, rate in (("video", 90_000), ("audio", 48_000))}
    video, audio = Oscillator(90_000, 0, 150), Oscillator(48_000, 0, -150)
    seen = heard = 0
    for true_s in range(0, HALF_HOUR_S + 1, 10):
        seen = line["video"].at_ms(video.at(true_s), true_s)
        heard = line["audio"].at_ms(audio.at(true_s), true_s)
    assert abs(seen - heard) > 200


def test_setting_the_publishers_clock_tears_nothing_apart() -> None:
    participant = ParticipantClock()
    video, audio = TrackClock(participant, 90_000), TrackClock(participant, 48_000)
    for second in range(60):
        wall_s = 1000.0 + second + (7.5 if second >= 30 else 0.0)
        for clock, rate in ((video, 90_000), (audio, 48_000)):
            clock.report(ntp(wall_s), second * rate, float(second))
        assert abs(video.at_ms(second * 90_000, second) - audio.at_ms(second * 48_000, second)) <= 5


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.floats(0, 100)), max_size=50))
def test_times_only_grow_whatever_the_timestamps_do(frames: list[tuple[int, float]]) -> None:
    clock, arrived_s, last = TrackClock(ParticipantClock(), 90_000), 0.0, -1
    for timestamp, after_s in frames:
        arrived_s += after_s
        clock.report(ntp(timestamp % 1000), timestamp, arrived_s)
        at_ms = clock.at_ms(timestamp, arrived_s)
        assert last < at_ms
        last = at_ms


@pytest.mark.parametrize("rate_hz", [48_000, 90_000])
def test_a_wrapped_timestamp_goes_on(rate_hz: int) -> None:
    clock = TrackClock(ParticipantClock(), rate_hz)
    first = clock.at_ms(0xFFFFFFFF - 100, 10.0)
    assert clock.at_ms((0xFFFFFFFF - 100 + rate_hz) & 0xFFFFFFFF, 11.0) == first + 1000
