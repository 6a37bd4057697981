"""Pictures leave whole, in order and as soon as they can; holes are asked for, and given up in time."""

import itertools
import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from booth.media.pictures import (
    AGAIN_S,
    KEYFRAME_AGAIN_S,
    LONGEST_AGAIN_S,
    MOST_MISSING,
    MOST_PACKETS,
    TAIL_S,
    WAIT_S,
    Ask,
    Effect,
    Packet,
    Picture,
    PictureBuffer,
    WantKeyframe,
)


def stream(sizes: Sequence[int], keyframes: Sequence[int] = (0,), first: int = 65_530) -> list[Packet]:
    """Pictures of so many packets each; the numbers wrap."""
    numbers = itertools.count(first)
    return [
        Packet(
            sequence_number=next(numbers) & 0xFFFF,
            timestamp=picture * 3000,
            marker=part == size - 1,
            begins=part == 0,
            keyframe=part == 0 and picture in keyframes,
            data=b"%d/%d;" % (picture, part),
        )
        for picture, size in enumerate(sizes)
        for part in range(size)
    ]


def shown(effects: Sequence[Effect]) -> list[int]:
    return [effect.timestamp // 3000 for effect in effects if isinstance(effect, Picture)]


def asked(effects: Sequence[Effect]) -> list[int]:
    return [number for effect in effects if isinstance(effect, Ask) for number in effect.sequence_numbers]


def test_a_picture_leaves_with_its_last_packet() -> None:
    buffer = PictureBuffer()
    counts = [len(shown(buffer.arrived(packet, 0.0))) for packet in stream([2, 1, 3])]
    assert counts == [0, 1, 1, 0, 0, 1]


def test_a_picture_without_a_marker_leaves_with_the_next_ones_first_packet() -> None:
    buffer = PictureBuffer()
    key, *others = stream([1, 2, 1])
    lame = [Packet(**{**{f: getattr(p, f) for f in Packet.__slots__}, "marker": False}) for p in others]
    effects = [effect for packet in [key, *lame] for effect in buffer.arrived(packet, 0.0)]
    assert shown(effects) == [0, 1]


def test_a_hole_is_asked_for_at_once_and_again_until_it_is_filled() -> None:
    buffer = PictureBuffer()
    key, first, second, third = stream([1, 3])
    buffer.arrived(key, 0.0)
    buffer.arrived(first, 0.0)
    assert asked(buffer.arrived(third, 0.0)) == [second.sequence_number]
    assert buffer.next_due_s == AGAIN_S
    assert asked(buffer.due(AGAIN_S / 2)) == []
    assert asked(buffer.due(AGAIN_S)) == [second.sequence_number]
    effects = buffer.arrived(second, AGAIN_S * 1.5)
    assert (shown(effects), asked(effects)) == ([1], [])
    assert buffer.next_due_s is None
    assert (buffer.lost, buffer.recovered, buffer.given_up) == (1, 1, 0)


def test_a_long_way_makes_the_questions_rarer_but_not_rarer_than_three_in_the_time_there_is() -> None:
    buffer = PictureBuffer()
    at_s = 0.0
    packets = stream([1] * 101)
    for number, packet in enumerate(packets[:100]):
        at_s += 0.5
        if number % 2:
            continue
        buffer.arrived(packet, at_s)
        if number:
            buffer.arrived(packets[number - 1], at_s + 0.25)
    buffer.arrived(packets[100], at_s)
    again_s = (buffer.next_due_s or 0.0) - at_s
    assert AGAIN_S < again_s <= LONGEST_AGAIN_S + 1e-9


def test_what_does_not_come_in_time_is_given_up_and_a_keyframe_wanted_again_and_again() -> None:
    buffer = PictureBuffer()
    packets = stream([1, 2, 1, 1, 1], keyframes=(0, 4))
    for packet in [packets[0], packets[2], packets[3]]:
        assert WantKeyframe() not in buffer.arrived(packet, 0.0)
    effects = buffer.due(WAIT_S)
    assert (shown(effects), asked(effects), WantKeyframe() in effects) == ([], [], True)
    assert shown(buffer.arrived(packets[4], WAIT_S)) == []
    assert WantKeyframe() not in buffer.due(WAIT_S + KEYFRAME_AGAIN_S * 0.9)
    assert WantKeyframe() in buffer.due(WAIT_S + KEYFRAME_AGAIN_S)
    assert shown(buffer.arrived(packets[5], 2.0)) == [4]
    assert buffer.next_due_s is None


def test_a_whole_keyframe_is_shown_though_an_older_picture_still_misses_something() -> None:
    buffer = PictureBuffer()
    packets = stream([1, 2, 2, 1], keyframes=(0, 2))
    effects = [effect for packet in [packets[0], *packets[2:]] for effect in buffer.arrived(packet, 0.0)]
    assert shown(effects) == [0, 2, 3]
    assert buffer.next_due_s is None


def test_nothing_is_shown_before_a_keyframe_and_one_is_wanted() -> None:
    buffer = PictureBuffer()
    packets = stream([1, 1, 1], keyframes=(2,))
    assert buffer.arrived(packets[0], 0.0) == [WantKeyframe()]
    assert buffer.arrived(packets[1], 0.0) == []
    assert shown(buffer.arrived(packets[2], 0.0)) == [2]


def test_an_outage_is_not_asked_for() -> None:
    buffer = PictureBuffer()
    packets = stream([1] * (MOST_MISSING + 10), keyframes=(0, MOST_MISSING + 9))
    buffer.arrived(packets[0], 0.0)
    effects = buffer.arrived(packets[MOST_MISSING + 5], 5.0)
    assert (asked(effects), WantKeyframe() in effects) == ([], True)
    assert shown(buffer.arrived(packets[MOST_MISSING + 9], 5.1)) == [MOST_MISSING + 9]


def test_a_decoder_that_stumbled_goes_on_with_a_keyframe() -> None:
    buffer = PictureBuffer()
    packets = stream([1, 1, 1], keyframes=(0, 2))
    buffer.arrived(packets[0], 0.0)
    assert buffer.broken(0.0) == [WantKeyframe()]
    assert shown([*buffer.arrived(packets[1], 0.0), *buffer.arrived(packets[2], 0.0)]) == [2]


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=40),
    keyframes=st.sets(st.integers(0, 39), max_size=4),
    loss=st.integers(0, 10**9).map(random.Random),
    share=st.sampled_from([0.0, 0.05, 0.2, 0.6]),
    seen=st.integers(0, 0xFFFF),
)
def test_any_loss_order_and_repetition_shows_only_what_can_be_decoded(
    sizes: list[int], keyframes: set[int], loss: random.Random, share: float, seen: int
) -> None:
    """Each picture is whole and follows the one before it or is a keyframe; after a bounded time nothing is pending."""
    keys = {0, *keyframes}
    packets = stream(sizes, tuple(keys), first=seen)
    whole = {p: b"".join(b"%d/%d;" % (p, part) for part in range(size)) for p, size in enumerate(sizes)}
    by_number = {packet.sequence_number: packet for packet in packets}
    buffer = PictureBuffer()
    pictures: list[Picture] = []
    now_s = 0.0
    queue = [packet for packet in packets if loss.random() >= share]
    while queue:
        packet = queue.pop(0)
        if loss.random() < 0.1:
            queue.insert(min(len(queue), 3), packet)  # late, and once more
            continue
        now_s += 0.01
        effects = buffer.arrived(packet, now_s)
        pictures += [effect for effect in effects if isinstance(effect, Picture)]
        queue[:0] = [by_number[number] for number in asked(effects) if loss.random() >= share]
        assert len(buffer._packets) <= MOST_PACKETS
    for _ in range(100):
        now_s += 0.01
        pictures += [effect for effect in buffer.due(now_s) if isinstance(effect, Picture)]
    previous = -1
    for picture in pictures:
        number = picture.timestamp // 3000
        assert picture.data == whole[number]
        assert picture.keyframe is (number in keys)
        assert number == previous + 1 or (number > previous and picture.keyframe)
        previous = number
    assert not buffer._missing


@given(
    packets=st.lists(
        st.builds(
            Packet,
            sequence_number=st.integers(0, 0xFFFF),
            timestamp=st.integers(0, 3),
            marker=st.booleans(),
            begins=st.booleans(),
            keyframe=st.booleans(),
            data=st.binary(max_size=2),
        ),
        max_size=100,
    )
)
def test_nonsense_is_survived_within_bounds(packets: list[Packet]) -> None:
    buffer = PictureBuffer()
    for at, packet in enumerate(packets):
        effects = buffer.arrived(packet, at * 0.005)
        assert len(asked(effects)) <= MOST_MISSING
    assert len(buffer._missing) <= MOST_MISSING


def test_the_end_of_a_picture_is_asked_for_before_the_next_picture_comes() -> None:
    buffer = PictureBuffer()
    first, last = stream([2])
    buffer.arrived(first, 0.0)
    assert buffer.next_due_s == TAIL_S
    assert asked(buffer.due(TAIL_S)) == [last.sequence_number]
    assert shown(buffer.arrived(last, 0.05)) == [0]
    assert buffer.next_due_s is None and buffer.lost == 0


def test_a_stream_that_stops_in_a_picture_gives_nothing_up() -> None:
    buffer = PictureBuffer()
    first, *_ = stream([3])
    buffer.arrived(first, 0.0)
    buffer.due(TAIL_S)
    assert buffer.due(TAIL_S + WAIT_S) == []
    assert (buffer.given_up, buffer.waiting, buffer.next_due_s) == (0, True, None)
