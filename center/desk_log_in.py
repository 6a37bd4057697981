"""The desk's log-ins."""

import asyncio
import secrets

from center.core.affair import Entry, EntryKind
from center.desk_work import Works
from center.errors import DeskError
from center.passwords import Passwords
from center.store import clerks
from protocol.counter import ClerkView
from protocol.errors import ErrorCode

LASTS_MS = 12 * 3_600_000
"""A log-in lasts a working day."""

WINDOW_MS = 5 * 60_000
FAILURES_OF_A_NAME = 5
FAILURES_OF_AN_ADDRESS = 20


class LogIns:
    def __init__(self, works: Works, passwords: Passwords) -> None:
        self._works = works
        self._passwords = passwords
        # One at a time: attempts side by side can't slip past the limit, and each hash takes 64 MiB.
        self._one_at_a_time = asyncio.Lock()

    async def log_in(self, name: str, password: str, remote: str) -> str:
        """Cancelling it may leave a log-in that nobody knows the token of."""
        async with self._one_at_a_time:
            now_ms = self._works.now_ms()
            async with self._works.store.read() as tx:
                of_name, of_address = await clerks.failures(tx, name, remote, now_ms - WINDOW_MS)
                known = await clerks.credential(tx, name)
            if of_name >= FAILURES_OF_A_NAME or of_address >= FAILURES_OF_AN_ADDRESS:
                raise DeskError(ErrorCode.TOO_MANY_ATTEMPTS)
            right = await self._passwords.verify(known.password_hash if known else None, password)
            if known is None or not right:
                async with self._works.work() as work:
                    await clerks.failed(work.tx, name, remote, now_ms, now_ms - WINDOW_MS)
                    subject = known.clerk_id if known else "unknown"
                    await work.note("anybody", subject, Entry(EntryKind.LOG_IN_FAILED))
                raise DeskError(ErrorCode.WRONG_PASSWORD)
            token = secrets.token_urlsafe(32)
            async with self._works.work() as work:
                await clerks.forgive(work.tx, name)
                await clerks.log_in(work.tx, token, known.clerk_id, now_ms, now_ms + LASTS_MS)
                await work.note(f"clerk:{known.clerk_id}", known.clerk_id, Entry(EntryKind.LOGGED_IN))
            return token

    async def log_out(self, token: str) -> None:
        async with self._works.work() as work:
            clerk_id = await clerks.log_out(work.tx, token)
            if clerk_id is not None:
                await work.note(f"clerk:{clerk_id}", clerk_id, Entry(EntryKind.LOGGED_OUT))

    async def clerk_of(self, token: str) -> ClerkView | None:
        async with self._works.store.read() as tx:
            return await clerks.of_token(tx, token, self._works.now_ms())
