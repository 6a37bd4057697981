"""Whatever the sources do, the outgoing stream has no gap, no repetition and no step back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from center.media.flow import Packet
from center.media.packets import picture_of
from center.media.splice import LATE_PACKETS, MOST_BEHIND, Splice

KEY = b"\x10\x10"
DELTA = b"\x10\x11"


def keyframe(picture: int) -> bytes:
    return b"\x90\x80" + (0x8000 | picture).to_bytes(2, "big") + b"\x10"


def splice(*, video: bool = True, first: int = 1000) -> Splice:
    return Splice(video=video, clock_rate=90_000, first_sequence_number=first, first_timestamp=5)


def packet(number: int, timestamp: int, payload: bytes = KEY) -> Packet:
    return Packet(payload, 0, len(payload), 96, 0, number & 0xFFFF, timestamp & 0xFFFFFFFF, 1)


def place(stream: Splice, number: int, timestamp: int, payload: bytes = KEY, now_s: float = 0.0) -> tuple[int, int]:
    placed = stream.place(packet(number, timestamp, payload), now_s)
    assert placed is not None
    return placed


def test_video_begins_with_a_keyframe() -> None:
    stream = splice()
    assert stream.place(packet(1, 1, DELTA), 0.0) is None
    assert stream.waiting
    assert stream.place(packet(2, 2, KEY), 0.0) is not None
    assert not stream.waiting
    assert stream.place(packet(3, 3, DELTA), 0.0) is not None
    stream.change_source()
    assert stream.place(packet(4, 4, DELTA), 0.0) is None


def test_audio_begins_with_any_packet() -> None:
    assert splice(video=False).place(packet(1, 1, b"sound"), 0.0) is not None


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
    placed: list[tuple[int, int]] = []
    for start, timestamp, packets, pause in sources:
        stream.change_source()
        now_s += pause
        for step in range(packets):
            placed.append(place(stream, start + step, timestamp + 3000 * step, KEY if not step else DELTA, now_s))
            now_s += 1 / 30
    for former, later in pairwise(placed):
        assert (later[0] - former[0]) & 0xFFFF == 1
        assert 0 < (later[1] - former[1]) & 0xFFFFFFFF < 0x80000000


@given(order=st.permutations(list(range(1, 12))), start=st.integers(0, 0xFFFF))
def test_packets_out_of_order_fall_into_their_places(order: list[int], start: int) -> None:
    stream = splice()
    base, _ = place(stream, start, 0)
    for step in order:
        number, timestamp = place(stream, start + step, 10 * step, DELTA)
        assert number == (base + step) & 0xFFFF
        assert timestamp == (5 + 10 * step) & 0xFFFFFFFF
        assert stream.source_number(number) == (start + step) & 0xFFFF


def test_what_is_older_than_the_first_keyframe_is_dropped_also_after_wrapping() -> None:
    stream = splice()
    place(stream, 100, 0)
    assert stream.place(packet(99, 0, DELTA), 0.0) is None
    for number in range(101, 101 + 70_000):
        place(stream, number, number, DELTA)
    newest = 100 + 70_000
    assert stream.place(packet(newest - 5 & 0xFFFF, 0, DELTA), 0.0) is not None
    assert stream.place(packet(newest - LATE_PACKETS - 1 & 0xFFFF, 0, DELTA), 0.0) is None


def test_picture_ids_go_on_over_a_change_of_source() -> None:
    stream = splice()
    outgoing: list[int] = []
    for source in ([30_000, 30_001], [12, 13], [0x7FFF]):
        stream.change_source()
        for number, picture in enumerate(source):
            place(stream, number, 0, keyframe(picture))
            found = picture_of(keyframe(picture))
            assert found is not None
            outgoing.append(found[0] + stream.picture_offset & 0x7FFF)
    assert outgoing == [30_000, 30_001, 30_002, 30_003, 30_004]


def test_a_number_of_another_source_or_of_none_leads_nowhere() -> None:
    stream = splice(first=100)
    assert stream.source_number(100) is None
    place(stream, 5000, 0)
    place(stream, 5001, 0, DELTA)
    assert [stream.source_number(number) for number in (99, 100, 101, 102)] == [None, 5000, 5001, None]
    stream.change_source()
    assert stream.source_number(101) is None
    place(stream, 9, 0)
    assert [stream.source_number(number) for number in (101, 102, 103)] == [None, 9, None]
    for number in range(10, 10 + MOST_BEHIND + 100):
        place(stream, number, 0, DELTA)
    newest = 102 + MOST_BEHIND + 100
    assert stream.source_number(newest & 0xFFFF) is not None
    assert stream.source_number(newest - MOST_BEHIND - 1 & 0xFFFF) is None
