"""A bitrate changes without a keyframe; a face shrinks, a page stays sharp; a lost packet's copy is in the next one."""

import fractions
from collections.abc import Iterator
from dataclasses import replace

import av
import numpy as np
import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from booth.media.encoders import (
    DOCUMENT,
    FACE,
    KEYFRAME_REST,
    SHORTEST_HOLD_S,
    PictureEncoder,
    SizeLadder,
    packets,
    voice_encoder,
)
from booth.media.opus import VoiceDecoder
from booth.media.playout import FRAME_SAMPLES, Conceal, Merge, Play, Recover

WIDTH, HEIGHT, FPS = 320, 240, 20


def film(count: int, width: int = WIDTH, height: int = HEIGHT) -> Iterator[av.VideoFrame]:
    """Noise that moves: hard enough that the bitrate decides the size."""
    noise = np.random.default_rng(1).integers(60, 200, (height * 3 // 2, width + count), dtype=np.uint8)
    for number in range(count):
        planes = np.ascontiguousarray(noise[:, number : number + width])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number * 90_000 // FPS, fractions.Fraction(1, 90_000)
        yield frame


def test_a_new_bitrate_is_taken_up_in_place() -> None:
    encoder = PictureEncoder(replace(FACE, start_bps=FACE.most_bps))
    decoder = av.VideoCodecContext.create("libvpx", "r")
    octets = dict.fromkeys((1_500_000, 700_000, 1_400_000), 0)
    frames = film(3 * 40)
    for bps in octets:
        encoder.target_bitrate = bps
        for _ in range(40):
            payloads, _ = encoder.encode(next(frames))
            octets[bps] += sum(map(len, payloads))
            data = b"".join(VpxPayloadDescriptor.parse(payload)[1] for payload in payloads)
            if data:
                assert decoder.decode(av.Packet(data))
    assert encoder.keyframes == 1
    assert octets[700_000] < 0.7 * octets[1_500_000]
    assert octets[700_000] < 0.7 * octets[1_400_000]


def test_a_keyframe_comes_when_it_is_asked_for_and_sizes_may_change() -> None:
    encoder = PictureEncoder(FACE)
    assert encoder.encode(next(film(1)))[0]
    later = list(film(3, 160, 120))
    payloads, _ = encoder.encode(later[1])
    data = VpxPayloadDescriptor.parse(payloads[0])[1]
    assert (data[0] & 1, encoder.keyframes) == (0, 2)
    encoder.encode(later[2], force_keyframe=True)
    assert encoder.keyframes == 2


def test_a_keyframe_that_is_asked_for_waits_until_the_last_one_had_time_to_arrive() -> None:
    encoder = PictureEncoder(replace(FACE, start_bps=FACE.most_bps))
    encoder.target_bitrate = 200_000
    asked: list[int] = []
    arrives_s = 0.0
    for number, frame in enumerate(film(3 * FPS)):
        before = encoder.keyframes
        payloads, _ = encoder.encode(frame, force_keyframe=number == 1)
        if encoder.keyframes > before:
            asked.append(number)
            arrives_s = sum(map(len, payloads)) * 8 / 200_000
    assert len(asked) == 2
    assert asked[1] / FPS >= min(KEYFRAME_REST * arrives_s, 1.0)


def test_the_start_is_gentle_and_grows_with_each_good_report() -> None:
    encoder = PictureEncoder(FACE)
    targets = [encoder.target_bitrate]
    for lost in (0.5, 0.05, 0.05, 0.05, 0.05, 0.05, 0.9):
        encoder.on_report(lost)
        targets.append(encoder.target_bitrate)
    assert targets == [150_000, 75_000, 150_000, 300_000, 600_000, 1_200_000, 1_500_000, 1_500_000]


def test_a_picture_that_is_not_newer_is_left_out() -> None:
    encoder = PictureEncoder(FACE)
    frame = next(film(1))
    assert encoder.encode(frame)[0]
    assert encoder.encode(frame)[0] == []


def test_a_bitrate_stays_within_the_tracks_bounds() -> None:
    encoder = PictureEncoder(replace(DOCUMENT, start_bps=DOCUMENT.most_bps))
    for told, taken in ((1, DOCUMENT.least_bps), (10**9, DOCUMENT.most_bps), (400_000, 400_000)):
        encoder.target_bitrate = told
        assert encoder.target_bitrate == taken


def test_a_face_shrinks_at_once_and_grows_back_after_a_while() -> None:
    ladder = SizeLadder(FACE)
    assert ladder.size(1280, 720, 30, 400_000, 0.0) == (852, 480)
    assert ladder.size(1280, 720, 30, 1_500_000, 2.0) == (1280, 720)
    assert ladder.size(1280, 720, 30, 250_000, 10.0) == (640, 360)
    assert ladder.size(1280, 720, 30, 1_500_000, 11.0) == (640, 360)
    assert ladder.size(1280, 720, 30, 1_500_000, 10.0 + SHORTEST_HOLD_S) == (1280, 720)
    assert ladder.size(1280, 720, 30, 1_000, 30.0) == (320, 180)


def test_a_page_keeps_its_size_where_a_face_would_not() -> None:
    assert SizeLadder(DOCUMENT).size(1920, 1080, 6, 180_000, 0.0) == (1920, 1080)
    assert SizeLadder(DOCUMENT).size(1920, 1080, 6, 40_000, 0.0) == (640, 360)


@given(st.lists(st.tuples(st.integers(50_000, 1_500_000), st.floats(0, 2)), max_size=60))
def test_however_a_bitrate_swings_sizes_change_seldom_upwards(swings: list[tuple[int, float]]) -> None:
    ladder = SizeLadder(FACE)
    now_s, last, grown_s = 10.0, 1280, float("-inf")
    assert ladder.size(1280, 720, 30, 1_500_000, 0.0) == (1280, 720)
    for bps, pause_s in swings:
        now_s += pause_s
        width, height = ladder.size(1280, 720, 30, bps, now_s)
        assert width % 2 == height % 2 == 0
        if width > last:
            assert now_s - grown_s >= SHORTEST_HOLD_S
            grown_s = now_s
        last = width


@given(st.binary(min_size=1, max_size=5000), st.integers(0, 0x7FFF))
def test_payloads_carry_the_picture_and_their_place(data: bytes, picture_id: int) -> None:
    parsed = [VpxPayloadDescriptor.parse(payload) for payload in packets(data, picture_id)]
    assert b"".join(part for _, part in parsed) == data
    assert [descriptor.partition_start for descriptor, _ in parsed] == [1] + [0] * (len(parsed) - 1)
    assert {descriptor.picture_id for descriptor, _ in parsed} == {picture_id}


@pytest.fixture(scope="module")
def speech() -> list[bytes]:
    """Two seconds of a buzzing voice in packets of 20 ms."""
    encoder = voice_encoder()
    times = np.arange(48_000 * 2) / 48_000
    wave = sum(np.sin(2 * np.pi * 140 * n * times) / n for n in range(1, 20)) * (
        1 + 0.5 * np.sin(2 * np.pi * 4 * times)
    )
    samples = (wave / np.abs(wave).max() * 12_000).astype(np.int16)
    payloads: list[bytes] = []
    for start in range(0, len(samples), FRAME_SAMPLES):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + FRAME_SAMPLES], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, fractions.Fraction(1, 48_000)
        payloads += encoder.encode(frame)[0]
    return payloads


def loudness(sound: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> float:
    return float(np.sqrt((sound.astype(np.float64) ** 2).mean()))


def test_a_lost_packet_is_heard_from_the_copy_in_the_next_one(speech: list[bytes]) -> None:
    whole, broken = VoiceDecoder(), VoiceDecoder()
    reference = [whole.sound(Play(payload)) for payload in speech]
    steps = [Recover(speech[61]) if number == 60 else Play(payload) for number, payload in enumerate(speech)]
    heard = [broken.sound(step) for step in steps]
    assert {len(sound) for sound in heard} == {FRAME_SAMPLES}
    assert 0.5 < loudness(heard[60]) / loudness(reference[60]) < 1.5
    concealing = VoiceDecoder()
    concealed = [concealing.sound(Conceal() if number == 60 else Play(p)) for number, p in enumerate(speech)]
    error = loudness(heard[60][:, :] - reference[60])
    assert error <= 1.05 * loudness(concealed[60] - reference[60])


def test_what_is_concealed_fades_and_what_is_merged_is_short(speech: list[bytes]) -> None:
    decoder = VoiceDecoder()
    last = [decoder.sound(Play(payload)) for payload in speech[:50]][-1]
    made_up = [decoder.sound(Conceal()) for _ in range(40)]
    assert loudness(made_up[0]) > 0.3 * loudness(last)
    assert loudness(made_up[-1]) < 0.1 * loudness(last)
    assert len(decoder.sound(Merge(speech[50], speech[51]))) == FRAME_SAMPLES
    assert len(decoder.sound(Play(b"\xff" * 3))) == FRAME_SAMPLES


def test_speech_at_its_bitrate_leaves_room_on_a_narrow_line(speech: list[bytes]) -> None:
    assert sum(map(len, speech)) * 8 / 2 < 50_000
