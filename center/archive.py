"""Taking a case's recordings out as one file that plays."""

import asyncio
from pathlib import Path

from center.core.affair import Entry, EntryKind
from center.errors import ConfigError
from center.media.recording.export import Exported, Source, write_export
from center.store import journal, recordings
from center.store.store import Store

__all__ = ["Exported", "export"]

ACTOR = "administrator"


async def export(store: Store, name: str, path: Path, now_ms: int) -> Exported:
    """Write one playable file of all that was recorded of a case; it goes into the journal that somebody did.

    `name`: a case number, an affair's id or a recording's. Raises `ConfigError` when nothing was recorded under it,
    `StoreError` when the file is there already, can't be written, or nothing can be read.
    """
    async with store.write() as tx:
        sources = []
        for row in await recordings.listed(tx, await recordings.affairs_of(tx, name)):
            recording_id = row.recording.recording_id
            key = await recordings.key(tx, recording_id)
            if key is None or not row.segments:
                continue
            numbers = [each.n for each in await recordings.segments_of(tx, recording_id)]
            sources.append(Source(recording_id, store.recording_folder(recording_id), key, numbers))
            entry = Entry(EntryKind.RECORDING_EXPORTED, {"recording_id": recording_id})
            await journal.append(tx, ACTOR, row.affair_id, [entry], now_ms)
    if not sources:
        raise ConfigError(f"{name}: nothing recorded is kept under this number")
    return await asyncio.to_thread(write_export, path, sources)
