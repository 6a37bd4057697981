"""Cutting a recording into segments: files of less than 10 s, each of which plays by itself. Pure.

A segment has a fixed set of tracks. A changeover to the next begins when it is old enough, when a track comes that it
does not have, when a picture changes its size, or when something of it was lost. Keyframes are asked for; each track
goes over with its first one, and the old segment is closed when all have, or when the time is up. What belongs to the
next one already waits in memory meanwhile.
"""

from dataclasses import dataclass

from center.media.recording.matroska import Block, Track, cluster, head
from protocol.media import TrackName

SEGMENT_S = 10.0
"""No segment is open longer."""
CHANGEOVER_S = 1.5
"""How long before that keyframes are asked for: three round trips of a poor link and the encoder's time."""
SPARE_S = 0.3
"""How long before its time is up a segment is closed, so that it is closed in time however rare the packets are."""
CLUSTER_S = 1.0
"""How often what was gathered is handed on to be written: a crash loses that, not the segment."""
CLUSTER_BYTES = 1_000_000
ABSENT_S = 2.0
"""A track that has been silent for so long is not waited for."""

NUMBERS = {
    TrackName.FACE: 1,
    TrackName.VOICE: 2,
    TrackName.CLERK_FACE: 3,
    TrackName.CLERK_VOICE: 4,
    TrackName.DOCUMENT: 5,
}
"""What is recorded, and its track number in every file."""
NAMES = {
    TrackName.FACE: "办事人 · applicant",
    TrackName.VOICE: "办事人语音 · applicant's voice",
    TrackName.CLERK_FACE: "窗口人员 · clerk",
    TrackName.CLERK_VOICE: "窗口人员语音 · clerk's voice",
    TrackName.DOCUMENT: "材料 · document",
}
VIDEO = frozenset({TrackName.FACE, TrackName.CLERK_FACE, TrackName.DOCUMENT})


@dataclass(frozen=True, slots=True)
class Opened:
    """A new segment begins, with the file's head."""

    begins_at_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Wrote:
    """A cluster of the segment that is open."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The segment is whole."""

    begins_at_ms: int
    duration_ms: int


Cut = Opened | Wrote | Closed


class Segments:
    """Takes blocks of named tracks; says what is to be written. Of each segment: `Opened`, `Wrote` …, `Closed`."""

    def __init__(self, segment_s: float = SEGMENT_S) -> None:
        self._segment_s = segment_s
        self._begins_at_ms: int | None = None
        self._ends_at_ms = 0
        self._opened_s: float | None = None
        """When the first block of the segment came; None when there is no segment."""
        self._declared: dict[TrackName, tuple[int, int] | None] | None = None
        """The open file's tracks and their sizes; None until its head was written."""
        self._blocks: list[Block] = []
        self._bytes = 0
        self._flushed_s = 0.0
        self._sizes: dict[TrackName, tuple[int, int]] = {}
        self._seen_s: dict[TrackName, float] = {}
        self._moved: set[TrackName] | None = None
        """The tracks that went over to the next segment; None while there is no changeover."""
        self._next: list[tuple[TrackName, Block]] = []

    @property
    def wants_keyframes(self) -> frozenset[TrackName]:
        """The video tracks that can't go over before a keyframe comes."""
        return frozenset() if self._moved is None else (VIDEO & self._seen_s.keys()) - self._moved

    def add(
        self,
        track: TrackName,
        at_ms: int,
        keyframe: bool,
        data: bytes,
        size_px: tuple[int, int] | None,
        now_s: float,
    ) -> list[Cut]:
        """One frame. `size_px` with a video's keyframe."""
        block = Block(at_ms, NUMBERS[track], keyframe, data)
        self._seen_s[track] = now_s
        if size_px is not None:
            self._sizes[track] = size_px
        if self._moved is None and self._is_unfit(track):
            self._moved = set()
        if self._moved is not None:
            if (track in VIDEO and keyframe) or track in self._moved or self._is_new(track):
                self._moved.add(track)
                self._next.append((track, block))
            else:
                self._put(block, now_s)
        else:
            self._put(block, now_s)
        return self.tick(now_s)

    def tick(self, now_s: float) -> list[Cut]:
        """Let time act; at least a few times a second."""
        if self._opened_s is None:
            return []
        if self._moved is None and now_s - self._opened_s >= self._segment_s - CHANGEOVER_S:
            self._moved = set()
        if self._moved is not None and self._is_over(now_s):
            return self._change_over(now_s)
        if now_s - self._flushed_s >= CLUSTER_S or self._bytes >= CLUSTER_BYTES:
            return self._flush(now_s)
        return []

    def lost(self) -> None:
        """Something of the open segment could not be written: go on in a new one soon."""
        if self._opened_s is not None and self._moved is None:
            self._moved = set()

    def close(self, now_s: float) -> list[Cut]:
        """The recording ends: what is open becomes whole."""
        cuts: list[Cut] = []
        if self._moved is not None:
            cuts = self._change_over(now_s)
        return [*cuts, *self._seal(now_s)]

    # --- Inside ---

    def _is_unfit(self, track: TrackName) -> bool:
        """Whether the open file can't hold this frame as its head describes it."""
        return self._is_new(track) or (
            self._declared is not None and track in VIDEO and self._declared.get(track) != self._sizes.get(track)
        )

    def _is_new(self, track: TrackName) -> bool:
        return self._declared is not None and track not in self._declared

    def _put(self, block: Block, now_s: float) -> None:
        if self._opened_s is None:
            self._opened_s = self._flushed_s = now_s
        self._blocks.append(block)
        self._bytes += len(block.data)

    def _is_over(self, now_s: float) -> bool:
        assert self._opened_s is not None and self._moved is not None
        present = {track for track in VIDEO if now_s - self._seen_s.get(track, -ABSENT_S) < ABSENT_S}
        return present <= self._moved or now_s - self._opened_s >= self._segment_s - SPARE_S

    def _flush(self, now_s: float) -> list[Cut]:
        self._flushed_s = now_s
        if not self._blocks:
            return []
        cuts: list[Cut] = []
        if self._declared is None:
            # Who spoke or moved in the first second is in the file; a track that comes later makes a new one.
            there = {block.track for block in self._blocks}
            self._declared = {track: self._sizes.get(track) for track, n in NUMBERS.items() if n in there}
            self._begins_at_ms = min(block.at_ms for block in self._blocks)
            tracks = [Track(NUMBERS[track], NAMES[track], size) for track, size in self._declared.items()]
            cuts.append(Opened(self._begins_at_ms, head(tracks, self._begins_at_ms)))
        assert self._begins_at_ms is not None
        self._ends_at_ms = max(self._ends_at_ms, max(block.at_ms for block in self._blocks))
        cuts.append(Wrote(cluster(self._blocks, self._begins_at_ms)))
        self._blocks, self._bytes = [], 0
        return cuts

    def _seal(self, now_s: float) -> list[Cut]:
        cuts = self._flush(now_s)
        if self._declared is not None and self._begins_at_ms is not None:
            cuts.append(Closed(self._begins_at_ms, self._ends_at_ms - self._begins_at_ms))
        self._opened_s = self._declared = self._begins_at_ms = None
        self._ends_at_ms = 0
        return cuts

    def _change_over(self, now_s: float) -> list[Cut]:
        cuts = self._seal(now_s)
        waiting, self._next, self._moved = self._next, [], None
        for _, block in waiting:
            self._put(block, now_s)
        return cuts
