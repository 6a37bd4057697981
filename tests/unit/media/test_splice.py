"""Whatever the sources do, the outgoing stream has no gap, no repetition and no step back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from center.media.splice import LATE_PACKETS, Place, Splice

KEY = b"\x10\x10"
DELTA = b"\x10\x11"


def keyframe(picture: int) -> bytes:
    return b"\x90\x80" + (0x8000 | picture).to_bytes(2, "big") + b"\x10"


def splice(*, video: bool = True, first: int = 1000) -> Splice:
    return Splice(video=video, clock_rate=90_000, first_sequence_number=first, first_timestamp=5)


def place(stream: Splice, number: int, timestamp: int, payload: bytes = KEY, now_s: float = 0.0) -> Place:
    placed = stream.place(number & 0xFFFF, timestamp & 0xFFFFFFFF, payload, now_s)
    assert placed is not None
    return placed


def test_video_begins_with_a_keyframe() -> None:
    stream = splice()
    assert stream.place(1, 1, DELTA, 0.0) is None
    assert stream.waiting
    assert stream.place(2, 2, KEY, 0.0) is not None
    assert not stream.waiting
    assert stream.place(3, 3, DELTA, 0.0) is not None
    stream.change_source()
    assert stream.place(4, 4, DELTA, 0.0) is None


def test_audio_begins_with_any_packet() -> None:
    assert splice(video=False).place(1, 1, b"sound", 0.0) is not None


@given(
    sources=st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(1, 40), st.integers(0, 100)),
        min_size=1,
        max_size=8,
    ),
    first=st.integers(0, 0xFFFF),
)
def test_sources_that_change_make_one_continuous_stream(sources: list[tuple[int, int, int, int]], first: int) -> None:
    stream = splice(first=first)
    now_s = 10.0
    placed: list[Place] = []
    for start, timestamp, packets, pause in sources:
        stream.change_source()
        now_s += pause
        for step in range(packets):
            placed.append(place(stream, start + step, timestamp + 3000 * step, KEY if not step else DELTA, now_s))
            now_s += 1 / 30
    for former, later in pairwise(placed):
        assert (later.sequence_number - former.sequence_number) & 0xFFFF == 1
        assert 0 < (later.timestamp - former.timestamp) & 0xFFFFFFFF < 0x80000000


@given(order=st.permutations(list(range(1, 12))), start=st.integers(0, 0xFFFF))
def test_packets_out_of_order_fall_into_their_places(order: list[int], start: int) -> None:
    stream = splice()
    base = place(stream, start, 0).sequence_number
    for step in order:
        placed = place(stream, start + step, 10 * step, DELTA)
        assert placed.sequence_number == (base + step) & 0xFFFF
        assert placed.timestamp == (5 + 10 * step) & 0xFFFFFFFF


def test_what_is_older_than_the_first_keyframe_is_dropped_also_after_wrapping() -> None:
    stream = splice()
    place(stream, 100, 0)
    assert stream.place(99, 0, DELTA, 0.0) is None
    for number in range(101, 101 + 70_000):
        place(stream, number, number, DELTA)
    newest = 100 + 70_000
    assert stream.place(newest - 5 & 0xFFFF, 0, DELTA, 0.0) is not None
    assert stream.place(newest - LATE_PACKETS - 1 & 0xFFFF, 0, DELTA, 0.0) is None


def test_picture_ids_go_on_over_a_change_of_source() -> None:
    stream = splice()
    assert place(stream, 1, 0, keyframe(30_000)).payload == keyframe(30_000)
    stream.change_source()
    assert place(stream, 9000, 0, keyframe(12)).payload == keyframe(30_001)
    assert place(stream, 9001, 0, keyframe(13)).payload == keyframe(30_002)
