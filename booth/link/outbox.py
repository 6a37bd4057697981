"""Pages that the center has not stored yet: on disk, sealed, through every crash.

`put` returns when the page would survive a loss of power. Its files (`<page_id>.light`, `.full`, `.frame`: AES-256-GCM,
nonce first) are whole on the disk before the row that names them is; a file without a row is what a crash left, and is
swept away at the next start. Forgetting goes the other way round: first the row, then the files. The key lies beside
the outbox with mode 0600: it keeps pages unreadable once the key is erased, and from other users; not from root.
"""

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import sqlalchemy as sql
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from booth.errors import DeviceError
from booth.link.key import KEY_BYTES, load_secret, sync_folder, write_secret
from protocol.errors import ErrorCode
from protocol.pages import PageAnnounced, PagePart

log = logging.getLogger(__name__)

NONCE_BYTES = 12

_metadata = sql.MetaData()
_pages = sql.Table(
    "pages",
    _metadata,
    sql.Column("seq", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("page_id", sql.String(40), nullable=False, unique=True),
    sql.Column("announced", sql.LargeBinary, nullable=False),
    sql.Column("aside", sql.String(40), nullable=True),
    sqlite_autoincrement=True,
)

_T = TypeVar("_T")


class PageGone(Exception):
    """The page is not in the outbox any more, or its files can't be opened."""


class Outbox:
    """An async context manager over one folder; entering sweeps away what a crash left, leaving closes everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = folder / "pages"
        self._stack = contextlib.AsyncExitStack()
        self._engine: AsyncEngine | None = None
        self._seal: AESGCM | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self._thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="outbox"))
            self._seal = await self._blocking(self._open_folder)
            self._engine = create_async_engine(
                f"sqlite+aiosqlite:///{self._folder / 'outbox.sqlite'}", hide_parameters=True
            )
            stack.push_async_callback(self._engine.dispose)
            event.listen(self._engine.sync_engine, "connect", _set_pragmas)
            async with self._engine.begin() as connection:
                await connection.run_sync(_metadata.create_all)
                ids = set((await connection.scalars(sql.select(_pages.c.page_id))).all())
            await self._blocking(lambda: self._sweep(ids))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        self._engine = self._thread = None

    async def put(self, page: PageAnnounced, light: bytes, full: bytes, frame: bytes | None = None) -> None:
        """Keep a page. Raises `DeviceError(disk_full)` with nothing kept, or `device_failed` when the disk fails.

        Cancelled, it has kept the page or has not; never half of it.
        """
        names = [self._path(page.page_id, part) for part in PagePart]
        try:
            await self._blocking(lambda: self._write_files(page.page_id, light, full, frame))
            async with self._connected().begin() as connection:
                await connection.execute(
                    sql.insert(_pages).values(page_id=page.page_id, announced=msgspec.json.encode(page))
                )
        except FileExistsError:
            raise  # a page id that was used already: nothing of the older page is touched
        except (OSError, OperationalError) as error:
            await self._blocking(lambda: _remove(names))
            raise _disk_error(error) from error

    async def waiting(self) -> list[PageAnnounced]:
        """What is still to be sent, oldest first."""
        query = sql.select(_pages.c.announced).where(_pages.c.aside.is_(None)).order_by(_pages.c.seq)
        async with self._connected().connect() as connection:
            rows = (await connection.scalars(query)).all()
        return [msgspec.json.decode(row, type=PageAnnounced) for row in rows]

    async def read(self, page_id: str, part: PagePart) -> bytes:
        """One part's bytes. Raises `PageGone` when it was forgotten meanwhile, or is damaged."""
        return await self._blocking(lambda: self._open_file(page_id, part))

    async def forget(self, page_id: str) -> None:
        """The center has the page. Forgetting what is not there is fine; cancelled, the files go at the next start."""
        async with self._connected().begin() as connection:
            await connection.execute(sql.delete(_pages).where(_pages.c.page_id == page_id))
        await self._blocking(lambda: _remove([self._path(page_id, part) for part in PagePart]))

    async def set_aside(self, page_id: str, code: ErrorCode) -> None:
        """Keep a page that the center refuses for good, for a person to look at; it is not sent any more."""
        async with self._connected().begin() as connection:
            await connection.execute(sql.update(_pages).where(_pages.c.page_id == page_id).values(aside=str(code)))

    async def aside(self) -> dict[str, str]:
        """The pages that were set aside, and why."""
        query = sql.select(_pages.c.page_id, _pages.c.aside).where(_pages.c.aside.is_not(None))
        async with self._connected().connect() as connection:
            return {row.page_id: row.aside for row in await connection.execute(query)}

    # --- In the outbox's thread ---

    def _open_folder(self) -> AESGCM:
        self._files.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        key_file = self._folder / "outbox.key"
        if not key_file.exists():
            write_secret(key_file, os.urandom(KEY_BYTES))
        return AESGCM(load_secret(key_file, "the outbox has no key"))

    def _sweep(self, known: set[str]) -> None:
        strays = [path for path in self._files.iterdir() if path.name.partition(".")[0] not in known]
        _remove(strays)
        if strays:
            log.info("swept %d files of pages that were never whole", len(strays))

    def _write_files(self, page_id: str, light: bytes, full: bytes, frame: bytes | None) -> None:
        for part, data in ((PagePart.LIGHT, light), (PagePart.FULL, full), (PagePart.FRAME, frame)):
            if data is None:
                continue
            nonce = os.urandom(NONCE_BYTES)
            sealed = self._sealer().encrypt(nonce, data, _name(page_id, part))
            with self._path(page_id, part).open("xb") as file:
                file.write(nonce)
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
        sync_folder(self._files)

    def _open_file(self, page_id: str, part: PagePart) -> bytes:
        try:
            data = self._path(page_id, part).read_bytes()
            return self._sealer().decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _name(page_id, part))
        except (OSError, InvalidTag, ValueError) as error:
            raise PageGone(f"page {page_id} {part} can't be opened ({type(error).__name__})") from error

    # --- Helpers ---

    def _path(self, page_id: str, part: PagePart) -> Path:
        return self._files / f"{page_id}.{part}"

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        assert self._thread is not None, "the outbox is closed"
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _connected(self) -> AsyncEngine:
        assert self._engine is not None, "the outbox is closed"
        return self._engine

    def _sealer(self) -> AESGCM:
        assert self._seal is not None, "the outbox is closed"
        return self._seal


def _name(page_id: str, part: PagePart) -> bytes:
    """Binds a sealed file to its name, so that files can't be exchanged."""
    return f"{page_id}.{part}".encode()


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _disk_error(error: OSError | OperationalError) -> DeviceError:
    full = (
        "full" in str(error.orig)
        if isinstance(error, OperationalError)
        else error.errno in (errno.ENOSPC, errno.EDQUOT)
    )
    if full:
        return DeviceError(ErrorCode.DISK_FULL, "the outbox's disk is full")
    return DeviceError(ErrorCode.DEVICE_FAILED, f"the outbox's disk failed ({type(error).__name__})")
