"""Recordings, from and to their tables: their states, their keys, and the segments that are on the disk."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert

from center.core.affair import Recording
from center.errors import StoreError
from center.store.keys import KEY_BYTES
from center.store.schema import cases, recordings, segments, tickets
from center.store.store import Transaction
from protocol.counter import RecordingFault
from protocol.states import RecordingState


class Segment(NamedTuple):
    """`sha256` and `size_bytes` are of what plays. Times are Unix time and milliseconds."""

    n: int
    sha256: str
    size_bytes: int
    begins_at_ms: int
    duration_ms: int


class RecordingRow(NamedTuple):
    """A recording for a list. `has_key` is False once it was deleted."""

    recording: Recording
    affair_id: str
    case_no: str | None
    segments: int
    size_bytes: int
    duration_ms: int
    has_key: bool


async def load(tx: Transaction, affair_id: str) -> tuple[Recording, ...]:
    rows = await tx.rows(select(recordings).where(recordings.c.affair_id == affair_id).order_by(recordings.c.n))
    return tuple(_recording(row) for row in rows)


async def save(tx: Transaction, affair_id: str, recording: Recording) -> None:
    """Write its state. A new one gets a key of its own."""
    state = {
        "state": recording.state,
        "began_at_ms": recording.began_at_ms,
        "ended_at_ms": recording.ended_at_ms,
        "fault": recording.fault,
    }
    row = {
        "recording_id": recording.recording_id,
        "affair_id": affair_id,
        "n": recording.n,
        "requested_at_ms": recording.requested_at_ms,
        "key_sealed": tx.seal.seal(secrets.token_bytes(KEY_BYTES), _place(recording.recording_id)),
        **state,
    }
    added = insert(recordings).values(row)
    await tx.run(added.on_conflict_do_update(index_elements=["recording_id"], set_=state))


async def key(tx: Transaction, recording_id: str) -> bytes | None:
    """What its segments are encrypted with; None when it was deleted, or there is no such recording."""
    row = await tx.row(select(recordings.c.key_sealed).where(recordings.c.recording_id == recording_id))
    return tx.seal.open(row.key_sealed, _place(recording_id)) if row is not None and row.key_sealed else None


async def affair_of(tx: Transaction, recording_id: str) -> str | None:
    row = await tx.row(select(recordings.c.affair_id).where(recordings.c.recording_id == recording_id))
    return row.affair_id if row else None


async def add_segment(tx: Transaction, recording_id: str, segment: Segment) -> bool:
    """False when it is known already. Raises `StoreError` when another one is known under its number."""
    known = await tx.row(
        select(segments.c.sha256).where(segments.c.recording_id == recording_id, segments.c.n == segment.n)
    )
    if known is not None:
        if known.sha256 != segment.sha256:
            raise StoreError(f"segment {segment.n} of recording {recording_id}: another one is known")
        return False
    await tx.run(insert(segments).values(recording_id=recording_id, **segment._asdict()))
    return True


async def segments_of(tx: Transaction, recording_id: str) -> list[Segment]:
    rows = await tx.rows(select(segments).where(segments.c.recording_id == recording_id).order_by(segments.c.n))
    return [Segment(row.n, row.sha256, row.size_bytes, row.begins_at_ms, row.duration_ms) for row in rows]


async def unfinished(tx: Transaction) -> list[tuple[str, Recording]]:
    """Those of which more may come, or should have come, with their affairs."""
    states = [RecordingState.REQUESTED, RecordingState.RECORDING, RecordingState.STALLED]
    rows = await tx.rows(
        select(recordings).where(recordings.c.state.in_(states)).order_by(recordings.c.requested_at_ms)
    )
    return [(row.affair_id, _recording(row)) for row in rows]


async def affairs_of(tx: Transaction, name: str) -> list[str]:
    """The affairs that a case number, an affair's id or a recording's id names."""
    by_case = await tx.rows(select(cases.c.affair_id).where((cases.c.case_no == name) | (cases.c.affair_id == name)))
    if by_case:
        return [row.affair_id for row in by_case]
    affair_id = await affair_of(tx, name)
    return [affair_id] if affair_id else []


async def listed(tx: Transaction, affair_ids: Sequence[str] | None = None) -> list[RecordingRow]:
    """All recordings, or those of some affairs, the oldest first."""
    counted = (
        select(
            segments.c.recording_id,
            func.count().label("segments"),
            func.sum(segments.c.size_bytes).label("size"),
            func.sum(segments.c.duration_ms).label("duration"),
        )
        .group_by(segments.c.recording_id)
        .subquery()
    )
    chosen = (
        select(recordings, cases.c.case_no, counted.c.segments, counted.c.size, counted.c.duration)
        .join(tickets, tickets.c.affair_id == recordings.c.affair_id)
        .join(cases, cases.c.affair_id == recordings.c.affair_id)
        .outerjoin(counted, counted.c.recording_id == recordings.c.recording_id)
        .order_by(recordings.c.requested_at_ms, recordings.c.n)
    )
    if affair_ids is not None:
        chosen = chosen.where(recordings.c.affair_id.in_(list(affair_ids)))
    return [
        RecordingRow(
            _recording(row),
            row.affair_id,
            row.case_no,
            row.segments or 0,
            row.size or 0,
            row.duration or 0,
            row.key_sealed is not None,
        )
        for row in await tx.rows(chosen)
    ]


async def ended_before(tx: Transaction, at_ms: int) -> list[tuple[str, str]]:
    """(affair, recording) of those that ended before then and still have their keys."""
    rows = await tx.rows(
        select(recordings.c.affair_id, recordings.c.recording_id)
        .where(recordings.c.ended_at_ms < at_ms, recordings.c.key_sealed.is_not(None))
        .where(recordings.c.state.in_([RecordingState.SEALED, RecordingState.FAILED]))
    )
    return [(row.affair_id, row.recording_id) for row in rows]


async def forget(tx: Transaction, recording_id: str) -> None:
    """Drop the key: from the commit on nobody can read what lies on the disk."""
    await tx.run(update(recordings).where(recordings.c.recording_id == recording_id).values(key_sealed=None))


def _recording(row: Any) -> Recording:
    return Recording(
        recording_id=row.recording_id,
        n=row.n,
        state=RecordingState(row.state),
        requested_at_ms=row.requested_at_ms,
        began_at_ms=row.began_at_ms,
        ended_at_ms=row.ended_at_ms,
        fault=RecordingFault(row.fault) if row.fault else None,
    )


def _place(recording_id: str) -> str:
    return f"recordings.{recording_id}.key"
