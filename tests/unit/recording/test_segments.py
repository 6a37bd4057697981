"""Segments: each plays by itself, none is open for 10 s, and together they hold everything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from center.media.recording.matroska import Block, Contents, Finished, Track, cluster, cues, head, read
from center.media.recording.segments import NUMBERS, SEGMENT_S, VIDEO, Closed, Cut, Opened, Segments, Wrote
from protocol.media import TrackName

FACE, VOICE, DOCUMENT = TrackName.FACE, TrackName.VOICE, TrackName.DOCUMENT


class Files:
    """What a writer would make of the cuts; `opened_s` and `closed_s` say when."""

    def __init__(self) -> None:
        self.whole: list[bytes] = []
        self.lasted_s: list[float] = []
        self._open: bytearray | None = None

    def take(self, cuts: list[Cut]) -> None:
        for cut in cuts:
            match cut:
                case Opened(data=data):
                    assert self._open is None
                    self._open = bytearray(data)
                case Wrote(data=data):
                    assert self._open is not None
                    self._open += data
                case Closed():
                    assert self._open is not None
                    self.whole.append(bytes(self._open))
                    self._open = None

    def contents(self) -> list[Contents]:
        assert self._open is None
        return [read(each) for each in self.whole]


def record(
    duration_s: float, plan: dict[TrackName, float], *, obeys: bool = True, starts: dict[TrackName, float] | None = None
) -> tuple[Files, list[tuple[TrackName, int]], list[float]]:
    """Frames of each track, as often as `plan` says (seconds), with a keyframe when one is wanted if `obeys`."""
    segments, files, sent, closed_s = Segments(), Files(), [], []
    events = sorted(
        (n * every_s + (starts or {}).get(track, 0.0), track, n)
        for track, every_s in plan.items()
        for n in range(int((duration_s - (starts or {}).get(track, 0.0)) / every_s))
    )
    for at_s, track, n in events:
        key = track not in VIDEO or n == 0 or (obeys and track in segments.wants_keyframes)
        size_px = (640, 480) if track in VIDEO and key else None
        cuts = segments.add(track, 1000 + round(at_s * 1000), key, f"{track}{n}".encode(), size_px, at_s)
        sent.append((track, n))
        files.take(cuts)
        closed_s += [at_s for cut in cuts if isinstance(cut, Closed)]
    files.take(segments.close(duration_s))
    return files, sent, closed_s


PLANS = st.fixed_dictionaries(
    {VOICE: st.sampled_from([0.02, 0.06])},
    optional={
        FACE: st.sampled_from([1 / 15, 1 / 5]),
        DOCUMENT: st.sampled_from([0.2, 1.0]),
        TrackName.CLERK_FACE: st.just(0.1),
    },
)


@settings(max_examples=10, deadline=None)
@given(PLANS, st.booleans(), st.floats(0, 6))
def test_everything_is_in_one_segment_or_the_next_and_none_lasts_ten_seconds(
    plan: dict[TrackName, float], obeys: bool, late_s: float
) -> None:
    files, sent, closed_s = record(31, plan, obeys=obeys, starts={DOCUMENT: late_s})
    got = [
        (track, block.data.decode())
        for contents in files.contents()
        for block in contents.blocks
        for track, number in NUMBERS.items()
        if number == block.track
    ]
    assert sorted(data for _, data in got) == sorted(f"{track}{n}" for track, n in sent)
    assert all(data.startswith(track) for track, data in got)
    begins = [0.0, *closed_s]
    assert all(later - earlier < SEGMENT_S for earlier, later in zip(begins, closed_s, strict=False))


@pytest.mark.parametrize("late_s", [0.0, 0.4, 5.0])
def test_every_video_in_a_segment_begins_with_a_keyframe(late_s: float) -> None:
    files, _, _ = record(45, {FACE: 1 / 15, VOICE: 0.02, DOCUMENT: 0.2}, starts={DOCUMENT: late_s})
    assert len(files.whole) >= 4
    for contents in files.contents():
        for track in contents.tracks:
            blocks = [block for block in contents.blocks if block.track == track.number]
            assert blocks and blocks[0].keyframe
        assert {block.track for block in contents.blocks} <= {track.number for track in contents.tracks}
        assert contents.duration_ms < SEGMENT_S * 1000


def test_a_picture_of_another_size_begins_a_new_segment() -> None:
    segments, files = Segments(), Files()
    for n in range(60):
        size_px = {0: (640, 480), 30: (320, 240)}.get(n)
        files.take(segments.add(FACE, n * 66, size_px is not None, b"f", size_px, n / 15))
    files.take(segments.close(5))
    assert [contents.tracks[0].size_px for contents in files.contents()] == [(640, 480), (320, 240)]


def test_a_file_that_was_cut_off_anywhere_holds_its_whole_clusters() -> None:
    files, _, _ = record(5, {FACE: 1 / 15, VOICE: 0.02})
    (whole,) = files.whole
    everything = read(whole).blocks
    for end in range(len(head([], 0)) + 200, len(whole), 997):
        try:
            contents = read(whole[:end])
        except ValueError:
            continue
        assert contents.blocks == everything[: len(contents.blocks)]
    assert not read(whole).torn


@given(st.binary(max_size=300))
def test_what_is_no_file_is_refused(data: bytes) -> None:
    for wrong in (data, head([Track(1, "a", (2, 2))], 0) + data):
        try:
            read(wrong)
        except ValueError:
            continue


@settings(deadline=None)
@given(
    st.lists(
        st.builds(Block, st.integers(0, 20_000), st.integers(1, 5), st.booleans(), st.binary(min_size=1, max_size=50)),
        min_size=1,
        max_size=30,
    )
)
def test_blocks_are_read_as_they_were_written(blocks: list[Block]) -> None:
    tracks = [Track(1, "办事人", (640, 480)), Track(2, "voice")]
    begins_at_ms = 1_795_312_800_000
    moved = [block._replace(at_ms=block.at_ms + begins_at_ms) for block in blocks]
    start = head(tracks, begins_at_ms)
    body = cluster(moved, begins_at_ms)
    contents = read(start + body)
    assert contents.begins_at_ms == begins_at_ms
    assert contents.blocks == sorted(blocks, key=lambda block: block.at_ms)
    assert [(each.number, each.name, each.size_px) for each in contents.tracks] == [
        (each.number, each.name, each.size_px) for each in tracks
    ]
    index = cues([(0, 1, len(start))], 52)
    finished = head(tracks, begins_at_ms, Finished(len(start) + len(body) + len(index), 20_000, len(start) + len(body)))
    assert len(finished) == len(start)
    assert read(finished + body + index).blocks == contents.blocks
