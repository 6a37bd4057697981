"""Deleting recordings that were kept long enough."""

import asyncio

from center.core.affair import Entry, EntryKind
from center.store import journal, recordings, segments
from center.store.store import Store

ACTOR = "retention"


async def clean(store: Store, keep_ms: int, now_ms: int) -> int:
    """Delete the recordings that ended longer ago, their keys first; how many. Raises `StoreError`."""
    async with store.read() as tx:
        old = await recordings.ended_before(tx, now_ms - keep_ms)
    for affair_id, recording_id in old:
        async with store.write() as tx:
            await recordings.forget(tx, recording_id)
            entry = Entry(EntryKind.RECORDING_DELETED, {"recording_id": recording_id})
            await journal.append(tx, ACTOR, affair_id, [entry], now_ms)
        await asyncio.to_thread(segments.erase, store.recording_folder(recording_id))
    return len(old)
