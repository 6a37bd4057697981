"""What counts as a stall, and when."""

from center.media.recording.watch import FIRST_S, SILENT_S, SLOW_S, Watch
from protocol.counter import RecordingFault
from protocol.media import TrackName

VOICE, CLERK_VOICE, FACE, DOCUMENT = TrackName.VOICE, TrackName.CLERK_VOICE, TrackName.FACE, TrackName.DOCUMENT


def test_a_voice_that_never_comes_is_missed() -> None:
    watch = Watch(0.0)
    watch.came(CLERK_VOICE, FIRST_S)
    assert watch.fault(FIRST_S) is None
    assert watch.fault(FIRST_S + 0.1) is RecordingFault.NO_PACKETS
    watch.came(VOICE, FIRST_S + 0.2)
    assert watch.fault(FIRST_S + 0.3) is None


def test_a_track_that_stays_away_is_missed_and_the_document_may() -> None:
    watch = Watch(0.0)
    for track in (VOICE, CLERK_VOICE, FACE, DOCUMENT):
        watch.came(track, 1.0)
    for track in (VOICE, CLERK_VOICE, FACE):
        watch.came(track, 20.0)
    assert watch.fault(20.1) is None
    watch.came(VOICE, 25.0)
    watch.came(CLERK_VOICE, 25.0)
    assert watch.fault(20.0 + SILENT_S + 0.1) is RecordingFault.NO_PACKETS


def test_the_disk_is_at_fault_until_a_whole_segment_is_on_it() -> None:
    watch = Watch(0.0)
    watch.failed(disk_full=True)
    assert watch.fault(0.1) is RecordingFault.DISK_FULL
    watch.failed(disk_full=False)
    assert watch.fault(0.1) is RecordingFault.DISK_FAILED
    watch.refused()
    assert watch.fault(0.1) is RecordingFault.WRITER_SLOW
    watch.sealed()
    assert watch.fault(0.1) is None


def test_a_disk_that_takes_nothing_is_slow() -> None:
    watch = Watch(0.0)
    watch.progress(3, 3, 1.0)
    watch.progress(4, 3, 2.0)
    assert watch.fault(1.0 + SLOW_S) is None
    assert watch.fault(1.1 + SLOW_S) is RecordingFault.WRITER_SLOW
    watch.progress(4, 4, 7.0)
    assert watch.fault(7.0) is None
