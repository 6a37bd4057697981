"""The SQLite file: its connections, its transactions, its schema's version.

Reads take a snapshot (WAL) and never wait. Writes are `BEGIN IMMEDIATE`: one at a time over all processes, so what a
transaction has read is still true when it writes, also while `bangban-center enroll` runs beside the server.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from center.errors import ConfigError, DeskError, StoreError
from center.store.sqlite import BEGIN_WRITING, SqliteConnection
from protocol.errors import ErrorCode

BUSY_MS = 10_000
"""How long a write waits for another process's write."""

MIGRATIONS = Path(__file__).parent / "migrations"

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # FULL: a committed transaction survives a power cut. What was acknowledged to a booth is on the disk.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_MS}",
)


class Database:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._readers = _async_engine(path, "BEGIN", pool_size=4)
        self._writer = _async_engine(path, BEGIN_WRITING, pool_size=1)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A snapshot: every query inside sees the same state."""
        async with self._readers.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end, or rolls back when an exception leaves it.

        Cancelling before the end changes nothing; while it commits, either may be the case. Raises
        `DeskError(disk_full)`, or `StoreError` when the file stays locked or can't be written.
        """
        try:
            async with self._writer.begin() as connection:
                yield connection
        except OperationalError as error:
            raise _translated(error) from error

    async def close(self) -> None:
        await self._readers.dispose()
        await self._writer.dispose()


def schema_version(path: Path) -> str | None:
    """The revision of the file's schema; None for a file without one. Blocks."""
    engine = _engine(path)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(path: Path) -> None:
    """Bring the schema to the newest revision; nothing when it is there. Blocks.

    Raises `ConfigError` for a schema that this program does not know, which a newer program made.
    """
    engine = _engine(path)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    # In one transaction: a migration that is killed half-way leaves the older schema.
    with engine.begin() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise ConfigError(f"{path}: schema {found} is of a newer bangban-center; use that one")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)
    _configure(engine, BEGIN_WRITING)
    return engine


def _async_engine(path: Path, begin: str, pool_size: int) -> AsyncEngine:
    def connect(*_: object, **__: object) -> SqliteConnection:
        return SqliteConnection(path)

    # Parameters are personal data: they never come into an exception's text.
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        connect_args={"async_creator_fn": connect},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
        hide_parameters=True,
    )
    _configure(engine.sync_engine, begin)
    return engine


def _translated(error: OperationalError) -> DeskError | StoreError:
    if "disk is full" in str(error.orig):
        return DeskError(ErrorCode.DISK_FULL)
    return StoreError(f"the database can't be written: {error.orig}")


def _configure(engine: Engine, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def _opened(connection: Any, _record: object) -> None:
        # The driver's own transactions begin late and deferred; ours are begun below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
