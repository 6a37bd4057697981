"""The store: one folder with the database, the key and the documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from center.errors import ConfigError
from center.store.database import Database, migrate, schema_version
from center.store.documents import Documents
from center.store.keys import Keys, Seal, create_key_file, load_keys

DATABASE = "center.sqlite"


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the repositories work in. It ends with the `async with` that gave it."""

    connection: AsyncConnection
    seal: Seal

    async def run(self, statement: Executable) -> CursorResult[Any]:
        return await self.connection.execute(statement)

    async def rows(self, statement: Executable) -> list[Row[Any]]:
        return list((await self.connection.execute(statement)).all())

    async def row(self, statement: Executable) -> Row[Any] | None:
        return (await self.connection.execute(statement)).first()


class Store:
    """An async context manager; leaving closes the connections. Made by `open_store`."""

    def __init__(self, folder: Path, database: Database, keys: Keys, documents: Documents) -> None:
        self._folder = folder
        self._database = database
        self._keys = keys
        self.documents = documents

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A snapshot; see `Database.read`."""
        async with self._database.read() as connection:
            yield Transaction(connection, self._keys.columns)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction; see `Database.write`."""
        async with self._database.write() as connection:
            yield Transaction(connection, self._keys.columns)

    def recording_folder(self, recording_id: str) -> Path:
        """Where a recording's segments lie (`center.store.segments`)."""
        return self._folder / "recordings" / recording_id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.close()

    def __repr__(self) -> str:
        return f"Store({str(self._database.path)!r})"


def create_store(folder: Path, key_file: Path) -> None:
    """Make the folder, the key and the newest schema. Raises `ConfigError` when there is a store already. Blocks."""
    if (folder / DATABASE).exists() or key_file.exists():
        raise ConfigError(f"{folder}: there is a store already; it is left as it is")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}") from error
    create_key_file(key_file)
    migrate(folder / DATABASE)


def upgrade_store(folder: Path) -> str | None:
    """Migrate the schema to the newest revision; the revision that it had. Raises `ConfigError`. Blocks."""
    path = _database_file(folder)
    try:
        before = schema_version(path)
        migrate(path)
    except DatabaseError as error:
        raise ConfigError(f"{path}: {error.orig}") from error
    return before


def open_store(folder: Path, key_file: Path) -> Store:
    """The store in this folder, its schema upgraded when it is older. Raises `ConfigError`. Blocks."""
    keys = load_keys(key_file)
    upgrade_store(folder)
    return Store(folder, Database(folder / DATABASE), keys, Documents(folder, keys))


def _database_file(folder: Path) -> Path:
    path = folder / DATABASE
    if not path.exists():
        raise ConfigError(f"{folder}: no store here; run `bangban-center init` first")
    return path
