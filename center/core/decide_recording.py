"""What follows from how a recording fares."""

from msgspec.structs import replace

from center.core.affair import Affair, Decision, EntryKind, Recording
from center.core.change import Change
from protocol.counter import RecordingFault
from protocol.states import RECORDING, RecordingEvent, RecordingState


def began(affair: Affair, recording_id: str, now_ms: int) -> Decision:
    """The first packets came; or they come again, whatever kept them away."""
    change, recording = _of(affair, recording_id, now_ms)
    if recording is not None:
        _begin(change, recording)
        if RECORDING.allows(recording.state, RecordingEvent.RECOVER):
            return recovered(affair, recording_id, now_ms)
    return change.decision()


def segment(
    affair: Affair,
    recording_id: str,
    now_ms: int,
    *,
    n: int,
    sha256: str,
    size_bytes: int,
    begins_at_ms: int,
    duration_ms: int,
) -> Decision:
    """A segment is on the disk. Its hash is part of the evidence chain from now on."""
    change, recording = _of(affair, recording_id, now_ms)
    if recording is not None:
        if recording.state is RecordingState.REQUESTED:
            _begin(change, recording)
        change.note(
            EntryKind.RECORDING_SEGMENT,
            recording_id=recording_id,
            n=n,
            sha256=sha256,
            size_bytes=size_bytes,
            begins_at_ms=begins_at_ms,
            duration_ms=duration_ms,
        )
    return change.decision()


def stalled(affair: Affair, recording_id: str, fault: RecordingFault, now_ms: int) -> Decision:
    """Something of it is missing from now on: the clerk is told, and it is tried on."""
    change, recording = _of(affair, recording_id, now_ms)
    if recording is not None and recording.fault is not fault:
        if RECORDING.allows(recording.state, RecordingEvent.STALL):
            change.recording(recording, RecordingEvent.STALL, fault=fault)
        else:
            change.put_recording(replace(recording, fault=fault))
        change.note(EntryKind.RECORDING_STALLED, recording_id=recording_id, fault=fault)
    return change.decision()


def recovered(affair: Affair, recording_id: str, now_ms: int) -> Decision:
    change, recording = _of(affair, recording_id, now_ms)
    if recording is not None and RECORDING.allows(recording.state, RecordingEvent.RECOVER):
        began_at_ms = now_ms if recording.began_at_ms is None else recording.began_at_ms
        change.recording(recording, RecordingEvent.RECOVER, fault=None, began_at_ms=began_at_ms)
        change.note(EntryKind.RECORDING_RECOVERED, recording_id=recording_id)
    return change.decision()


def closed(affair: Affair, recording_id: str, segments: int, now_ms: int) -> Decision:
    """It ended, and all of it is on the disk: so many segments."""
    change, recording = _of(affair, recording_id, now_ms)
    if recording is None:
        return change.decision()
    if segments and recording.state is RecordingState.REQUESTED:
        recording = _begin(change, recording)
    ended_at_ms = now_ms if recording.ended_at_ms is None else recording.ended_at_ms
    if segments:
        change.recording(recording, RecordingEvent.SEAL, fault=None, ended_at_ms=ended_at_ms)
        change.note(EntryKind.RECORDING_SEALED, recording_id=recording_id, segments=segments)
    else:
        fault = recording.fault or RecordingFault.NOTHING_RECORDED
        change.recording(recording, RecordingEvent.FAIL, fault=fault, ended_at_ms=ended_at_ms)
        change.note(EntryKind.RECORDING_FAILED, recording_id=recording_id, fault=fault)
    return change.decision()


def _of(affair: Affair, recording_id: str, now_ms: int) -> tuple[Change, Recording | None]:
    """The recording while something may still happen to it."""
    recording = affair.recording(recording_id)
    final = recording is None or RECORDING.is_final(recording.state)
    return Change(affair, now_ms), None if final else recording


def _begin(change: Change, recording: Recording) -> Recording:
    if not RECORDING.allows(recording.state, RecordingEvent.BEGIN):
        return recording
    change.recording(recording, RecordingEvent.BEGIN, began_at_ms=change.now_ms)
    change.note(EntryKind.RECORDING_BEGUN, recording_id=recording.recording_id)
    begun = change.affair.recording(recording.recording_id)
    assert begun is not None
    return begun
