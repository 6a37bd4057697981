"""Frames out of packets, as they went in; and nothing that can't be decoded."""

from hypothesis import given
from hypothesis import strategies as st

from center.media.recording.frames import MOST_FRAME_BYTES, SoundFrames, VideoFrames
from center.media.recording.order import Arrived
from tests.unit.recording.streams import vp8_frame, vp8_packets


@given(st.lists(st.tuples(st.booleans(), st.integers(20, 4000)), min_size=1, max_size=20))
def test_every_whole_frame_from_the_first_keyframe_on_comes_out_as_it_went_in(kinds: list[tuple[bool, int]]) -> None:
    frames = VideoFrames()
    sent = [vp8_frame(n, keyframe=key, length=length) for n, (key, length) in enumerate(kinds)]
    out = []
    for n, frame in enumerate(sent):
        out += [got for each in vp8_packets(frame, n * 3000) if (got := frames.add(each)) is not None]
    first = next((n for n, (key, _) in enumerate(kinds) if key), len(kinds))
    assert [each.data for each in out] == sent[first:]
    assert [each.keyframe for each in out] == [key for key, _ in kinds[first:]]
    assert frames.waiting == (first == len(kinds))
    assert all(each.size_px == (640, 480) for each in out if each.keyframe)


@given(st.data())
def test_after_a_loss_nothing_comes_until_the_next_keyframe(data: st.DataObject) -> None:
    frames = VideoFrames()
    lost_in = data.draw(st.integers(1, 8))
    keys = {0, data.draw(st.integers(lost_in + 1, 10))}
    out = []
    for n in range(11):
        packets = vp8_packets(vp8_frame(n, keyframe=n in keys), n * 3000)
        if n == lost_in:
            gone = data.draw(st.integers(0, len(packets) - 1))
            left = packets[:gone] + packets[gone + 1 :]
            # The loss is told with the packet after it, which may be the next frame's.
            packets = [each._replace(lost=1) if at == gone else each for at, each in enumerate(left)]
            frames_after = [] if gone < len(left) else [1]
        else:
            packets = [
                each._replace(lost=1) if n == lost_in + 1 and frames_after and not at else each
                for at, each in enumerate(packets)
            ]
        out += [got.timestamp // 3000 for each in packets if (got := frames.add(each)) is not None]
    key = max(keys)
    assert out == [*range(lost_in), *range(key, 11)]


@given(
    st.lists(
        st.builds(Arrived, st.integers(0, 3), st.booleans(), st.binary(max_size=40), st.just(0.0), st.integers(0, 1)),
        max_size=60,
    )
)
def test_garbage_never_raises_and_never_passes_for_a_picture_without_its_start(packets: list[Arrived]) -> None:
    video, sound = VideoFrames(), SoundFrames()
    for packet in packets:
        frame = video.add(packet)
        assert frame is None or frame.data
        said = sound.add(packet)
        assert said is None or said.data == packet.payload


def test_a_frame_without_end_is_dropped() -> None:
    frames = VideoFrames()
    first, middle, *_ = vp8_packets(vp8_frame(1, keyframe=True, length=5000), 1)
    frames.add(first)
    for _ in range(MOST_FRAME_BYTES // 1000 + 1):
        assert frames.add(middle) is None
    assert frames._bytes <= MOST_FRAME_BYTES


def test_padding_disturbs_nothing() -> None:
    frames = VideoFrames()
    first, last = vp8_packets(vp8_frame(1, keyframe=True, length=2000), 1)
    assert frames.add(first) is None
    assert frames.add(Arrived(1, False, b"", 0.0, 0)) is None
    assert frames.add(last) is not None
