"""A SQLite connection of aiosqlite's whose statements run where they are awaited.

aiosqlite gives every call to a thread. A statement by a key takes microseconds, and the hand-over there and back two
waits for a core: on a busy machine a view of a dozen queries took 20 to 170 ms. Run at once it takes half the CPU and
no wait. What may really wait stays in the thread: getting the lock for writing, and the disk at the commit.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosqlite

BEGIN_WRITING = "BEGIN IMMEDIATE"

_ROWS_A_TIME = 64


class SqliteConnection(aiosqlite.Connection):
    """One user at a time, as SQLAlchemy's pool gives connections out; awaiting it opens it."""

    def __init__(self, path: Path) -> None:
        # The thread and the loop take turns; SQLite itself is serialized.
        super().__init__(lambda: sqlite3.connect(path, check_same_thread=False), _ROWS_A_TIME)
        self._thread.daemon = True

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if args[:1] == (BEGIN_WRITING,) or fn == self._conn.commit:
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return fn(*args, **kwargs)
