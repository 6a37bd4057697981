"""Statements run at once; what waits for somebody else waits in a thread, so that the center goes on meanwhile."""

import asyncio
import sqlite3
import threading
from pathlib import Path

from sqlalchemy import text

from center.store.store import open_store


async def test_a_statement_runs_where_it_is_awaited(folder: Path) -> None:
    threads: list[int] = []

    def note_thread() -> int:
        threads.append(threading.get_ident())
        return 0

    async with open_store(folder, folder / "store.key") as store, store.read() as tx:
        raw = (await tx.connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.create_function("thread", 0, note_thread)
        await tx.run(text("SELECT thread()"))
    assert threads == [threading.get_ident()]


async def test_the_center_goes_on_while_another_process_writes(folder: Path) -> None:
    async def write() -> None:
        async with store.write() as tx:
            await tx.run(text("UPDATE alembic_version SET version_num = version_num"))

    async with open_store(folder, folder / "store.key") as store:
        other = sqlite3.connect(folder / "center.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write())
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert not writing.done()
        other.execute("COMMIT")
        await writing
        other.close()
