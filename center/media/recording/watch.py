"""Whether a recording gets all that it should. Pure."""

from protocol.counter import RecordingFault
from protocol.media import TrackName

FIRST_S = 8.0
"""Both voices must have come by then: links stand when a call begins, and a picture without words proves little."""
SILENT_S = 4.0
"""A track that came and then stays away for so long is missing; a dead link is noticed within the same time."""
SLOW_S = 5.0
"""The disk took nothing for so long although something waits for it."""

VOICES = (TrackName.VOICE, TrackName.CLERK_VOICE)
WATCHED = (*VOICES, TrackName.FACE, TrackName.CLERK_FACE)
"""The document's picture may come and go with its camera; that is the device's alarm, not the recording's."""


class Watch:
    """Told of what came and what was written; says what is wrong now, the worst first."""

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self._seen_s: dict[TrackName, float] = {}
        self._disk: RecordingFault | None = None
        self._done = 0
        self._waits = False
        self._moved_s = started_s

    def came(self, track: TrackName, now_s: float) -> None:
        self._seen_s[track] = now_s

    def refused(self) -> None:
        """The queue to the disk is full; something was lost."""
        self._disk = RecordingFault.WRITER_SLOW

    def failed(self, *, disk_full: bool) -> None:
        self._disk = RecordingFault.DISK_FULL if disk_full else RecordingFault.DISK_FAILED

    def sealed(self) -> None:
        """A whole segment is on the disk: whatever was wrong with it is over."""
        self._disk = None

    def progress(self, put: int, done: int, now_s: float) -> None:
        """How much was handed over for writing, and how much of it was written."""
        self._waits = put != done
        if done != self._done or not self._waits:
            self._done, self._moved_s = done, now_s

    def fault(self, now_s: float) -> RecordingFault | None:
        if self._disk is not None:
            return self._disk
        if self._waits and now_s - self._moved_s > SLOW_S:
            return RecordingFault.WRITER_SLOW
        late = now_s - self._started_s > FIRST_S and any(voice not in self._seen_s for voice in VOICES)
        silent = any(now_s - self._seen_s[track] > SILENT_S for track in WATCHED if track in self._seen_s)
        return RecordingFault.NO_PACKETS if late or silent else None
