"""The desk's side for reading: which page is read next, and what becomes of it.

The queue is the database: a page that is stored and has no reading. So it is bounded by what residents lay down, and a
center that dies goes on where it was. One page is read at a time.
"""

import asyncio
import logging
import random
from contextlib import suppress

from center.core.affair import Entry, EntryKind
from center.desk_work import Works
from center.errors import StoreError
from center.reader import PageReader, ReaderGone, ReaderMissing
from center.store import readings
from center.store.readings import Unread
from protocol.reading import PageRead, PageReading, PageUnreadable

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""After a reader that failed; doubled each time, and drawn from [0, that]."""

TRIES = 2
"""So often may a page end its reader. Then the page is at fault, and it is not read."""

LOOK_AGAIN_S = 30.0
"""Affairs come and go too; nothing that tells of a stored page is missed for longer."""


class Readings:
    def __init__(self, works: Works, reader: PageReader | None, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._works = works
        self._reader = reader
        self._first_wait_s = first_wait_s
        self._wait_s = first_wait_s
        self._new = asyncio.Event()
        self._failures: tuple[str, int] = ("", 0)

    @property
    def reader_there(self) -> bool:
        """Whether somebody reads pages, as far as is known."""
        return self._reader is not None

    def look(self) -> None:
        """A page was stored. Never blocks."""
        self._new.set()

    async def run(self) -> None:
        """Read what comes, until cancelled; returns when nobody can read. A supervisor: no page ends it."""
        while self._reader is not None:
            self._new.clear()
            try:
                done = await self._read_next(self._reader)
            except ReaderMissing as missing:
                log.warning("pages are not read: %s is not installed (pip install 'bangban[reading]')", missing)
                self._reader = None
                self._works.feed.changed()
            except ReaderGone as gone:
                log.warning("the reader is gone: %s", gone)
                await asyncio.sleep(random.uniform(0, self._wait_s))
                self._wait_s = min(LONGEST_WAIT_S, self._wait_s * 2)
            except Exception:
                log.exception("reading failed")
                await asyncio.sleep(random.uniform(0, LONGEST_WAIT_S))
            else:
                if not done:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_AGAIN_S):
                            await self._new.wait()

    async def _read_next(self, reader: PageReader) -> bool:
        """Read one page; False when there is none."""
        async with self._works.store.read() as tx:
            page = await readings.next_unread(tx)
        if page is None:
            return False
        try:
            answer = await reader.read(await self._works.store.documents.get(page.sha256))
        except StoreError:
            await self._failed(page, "not_stored")
            return True
        except ReaderGone:
            known, failures = self._failures
            self._failures = page.page_id, (failures if known == page.page_id else 0) + 1
            if self._failures[1] >= TRIES:
                await self._failed(page, "reader_gone")
            raise
        self._wait_s = self._first_wait_s
        self._failures = ("", 0)
        match answer:
            case PageRead(reading=reading, took_ms=took_ms):
                await self._keep(page, reading, took_ms)
            case PageUnreadable(why=why):
                await self._failed(page, why)
        return True

    async def _keep(self, page: Unread, reading: PageReading, took_ms: int) -> None:
        doubtful = sum(bool(each.doubts) for each in reading.fields)
        counts = {"lines": len(reading.lines), "fields": len(reading.fields), "doubtful": doubtful, "took_ms": took_ms}
        async with self._works.work() as work:
            await readings.put(work.tx, page.page_id, reading, work.now_ms)
            entry = Entry(EntryKind.PAGE_READ, {"page_id": page.page_id, "kind": reading.kind, **counts})
            await work.note("center", page.affair_id, entry)

    async def _failed(self, page: Unread, why: str) -> None:
        async with self._works.work() as work:
            await readings.put_failure(work.tx, page.page_id, why, work.now_ms)
            await work.note(
                "center", page.affair_id, Entry(EntryKind.PAGE_UNREAD, {"page_id": page.page_id, "why": why})
            )
