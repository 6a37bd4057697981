"""The journal: who did what, when, in one chain of hashes. It is the audit log, the timeline and the evidence.

Each entry's hash covers the entry and the hash before it, so no entry can be changed, removed or put in between without
all that follow being rewritten. Cutting off the newest entries leaves a shorter chain that is whole: who must be able
to prove that against the operator notes `head` somewhere else.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, select

from center.core.affair import Entry, EntryKind
from center.errors import StoreError
from center.store import recordings, segments
from center.store.schema import journal, pages
from center.store.store import Store, Transaction
from protocol.counter import TimelineRow

NOTHING = "0" * 64
"""What the first entry follows."""

BATCH = 1000


class Head(NamedTuple):
    position: int
    hash: str


class Verdict(NamedTuple):
    """`fault` is None when everything holds."""

    entries: int
    documents: int
    fault: str | None


async def head(tx: Transaction) -> Head:
    """The newest entry's position and hash; (0, NOTHING) for an empty journal."""
    row = await tx.row(select(journal.c.position, journal.c.hash).order_by(journal.c.position.desc()).limit(1))
    return Head(row.position, row.hash) if row else Head(0, NOTHING)


async def append(tx: Transaction, actor: str, subject: str, entries: Sequence[Entry], now_ms: int) -> None:
    """Add entries, in the transaction of what they tell of."""
    if not entries:
        return
    position, previous = await head(tx)
    rows = []
    for entry in entries:
        position += 1
        payload = msgspec.json.encode(entry.payload, order="sorted").decode()
        digest = entry_hash(position, now_ms, actor, entry.kind, subject, payload, previous)
        rows.append(
            {
                "position": position,
                "at_ms": now_ms,
                "actor": actor,
                "kind": entry.kind,
                "subject": subject,
                "payload": payload,
                "previous": previous,
                "hash": digest,
            }
        )
        previous = digest
    await tx.run(journal.insert().values(rows))


def entry_hash(position: int, at_ms: int, actor: str, kind: str, subject: str, payload: str, previous: str) -> str:
    """SHA-256 over the JSON array of all that an entry says."""
    return hashlib.sha256(
        msgspec.json.encode([position, at_ms, actor, str(kind), subject, payload, previous])
    ).hexdigest()


async def timeline(tx: Transaction, affair_id: str) -> list[TimelineRow]:
    """What happened in an affair, oldest first; without the segments of its recordings, of which there is one every ten
    seconds."""
    rows = await tx.rows(
        select(journal.c.at_ms, journal.c.kind)
        .where(journal.c.subject == affair_id, journal.c.kind != EntryKind.RECORDING_SEGMENT)
        .order_by(journal.c.position)
    )
    return [TimelineRow(at_ms=row.at_ms, kind=row.kind) for row in rows]


async def verify(tx: Transaction, store: Store) -> Verdict:
    """Walk the whole chain, read every page and every recorded segment that it says was stored (but for recordings that
    it says were deleted), and hold the pages' table against it."""
    position, previous, read = 0, NOTHING, 0
    newest: dict[str, str] = {}
    """Of each affair the SHA-256 of the page that was taken last."""
    deleted = await _deleted(tx)
    while rows := await tx.rows(_after(position)):
        for row in rows:
            position += 1
            entry = (row.at_ms, row.actor, row.kind, row.subject, row.payload)
            if row.position != position:
                return Verdict(position - 1, read, f"entry {position} is missing")
            if row.previous != previous or row.hash != entry_hash(position, *entry, previous):
                return Verdict(position - 1, read, f"entry {position} does not follow from the one before it")
            previous = row.hash
            if row.kind == EntryKind.PAGE_ANNOUNCED:
                said = msgspec.json.decode(row.payload)
                fault = await _announced_fault(tx, said, newest.get(row.subject))
                if fault is not None:
                    return Verdict(position, read, f"entry {position}: {fault}")
                newest[row.subject] = said["sha256"]
            if row.kind in _STORED:
                try:
                    await store.documents.get(msgspec.json.decode(row.payload)["sha256"])
                except StoreError as error:
                    return Verdict(position, read, f"entry {position}: {error}")
                read += 1
            elif row.kind == EntryKind.RECORDING_SEGMENT:
                told = msgspec.json.decode(row.payload)
                if told["recording_id"] not in deleted:
                    try:
                        await _check_segment(tx, store, told)
                    except StoreError as error:
                        return Verdict(position, read, f"entry {position}: {error}")
                    read += 1
    return Verdict(position, read, None)


async def _announced_fault(tx: Transaction, said: dict[str, Any], previous: str | None) -> str | None:
    """What does not hold of a page that the journal says was taken: its place in the chain of pages, or its row.

    Entries of programs before schema 0003 name no previous page.
    """
    page_id = said["page_id"]
    if "previous_sha256" in said and said["previous_sha256"] != previous:
        return f"page {page_id} does not follow from the page before it"
    row = await tx.row(select(pages.c.announced).where(pages.c.page_id == page_id))
    if row is None:
        return f"page {page_id} is missing"
    told = msgspec.json.decode(row.announced)
    if any(told.get(name) != value for name, value in said.items() if name in _ANNOUNCED):
        return f"page {page_id} is not what was announced"
    return None


_ANNOUNCED = frozenset({"sha256", "light_sha256", "size_bytes", "flat", "taken_at_ms", "device"})
"""What an entry repeats of a page's announcement."""


_STORED = (EntryKind.PAGE_STORED, EntryKind.PAGE_LIGHT_STORED, EntryKind.PAGE_FRAME_STORED)


async def _check_segment(tx: Transaction, store: Store, payload: dict[str, Any]) -> None:
    """Raises `StoreError` unless the segment on the disk is what the journal says was written."""
    recording_id, number = payload["recording_id"], payload["n"]
    key = await recordings.key(tx, recording_id)
    if key is None:
        raise StoreError(f"segment {number} of recording {recording_id}: its key is gone")
    folder = store.recording_folder(recording_id)
    data = await asyncio.to_thread(segments.read_segment, folder, recording_id, number, key)
    if hashlib.sha256(data).hexdigest() != payload["sha256"]:
        raise StoreError(f"segment {number} of recording {recording_id}: its content has another hash")


async def _deleted(tx: Transaction) -> set[str]:
    rows = await tx.rows(select(journal.c.payload).where(journal.c.kind == EntryKind.RECORDING_DELETED))
    return {msgspec.json.decode(row.payload)["recording_id"] for row in rows}


def _after(position: int) -> Select[tuple[int, int, str, str, str, str, str, str]]:
    return select(journal).where(journal.c.position > position).order_by(journal.c.position).limit(BATCH)
