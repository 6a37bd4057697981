"""The reader's process (`python -m reading`) as the center sees it: started when the first page comes, ended when it
hangs, never needed.

Retrying is not decided here (`center.desk_readings`): after each failure the process is gone and the next page starts a
new one.
"""

import asyncio
import logging
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import msgspec

from protocol.reading import (
    LENGTH,
    MAX_ANSWER_BYTES,
    Answer,
    PageRead,
    PageUnreadable,
    ReaderAbsent,
    ReaderReady,
    ReadPage,
    answer_of,
    frame,
)

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "reading")
STARTS_WITHIN_S = 60.0
"""Loading the models takes 2 s on an idle machine."""

READS_WITHIN_S = 120.0
"""A full A4 page takes some 3 s on an idle core, and much longer on one that the center keeps busy, since the reader
stands back; what takes this long hangs."""


class ReaderGone(Exception):
    """The process did not start, died, hung or talked nonsense. It is ended; the next page starts a new one."""


class ReaderMissing(Exception):
    """The libraries that read are not installed; only a person can mend that."""


class PageReader(Protocol):
    """What the desk needs of a reader."""

    async def read(self, image: bytes) -> PageRead | PageUnreadable:
        """Read one page. Cancelling it ends what reads, and nothing is lost. Raises `ReaderGone`, `ReaderMissing`."""
        ...


class ReaderProcess:
    """A `PageReader` over a process; an async context manager, leaving it ends the process. One page at a time."""

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        starts_within_s: float = STARTS_WITHIN_S,
        reads_within_s: float = READS_WITHIN_S,
    ) -> None:
        self._command = command
        self._starts_within_s = starts_within_s
        self._reads_within_s = reads_within_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._n = 0

    async def read(self, image: bytes) -> PageRead | PageUnreadable:
        async with self._turn:
            try:
                process = self._process or await self._start()
                self._n += 1
                async with asyncio.timeout(self._reads_within_s):
                    answer = await _ask(process, ReadPage(self._n, image))
                if not isinstance(answer, PageRead | PageUnreadable) or answer.n != self._n:
                    raise ReaderGone("it answered what was not asked")
                return answer
            except TimeoutError:
                await self._end()
                raise ReaderGone("it did not answer in time") from None
            except (OSError, EOFError, msgspec.DecodeError) as error:
                await self._end()
                raise ReaderGone(type(error).__name__) from None
            except BaseException:
                await self._end()
                raise

    async def _start(self) -> asyncio.subprocess.Process:
        # Its standard error would be the libraries' words, which nobody has looked through for personal data.
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(self._starts_within_s):
            answer = await _hear(process)
        match answer:
            case ReaderReady():
                log.info("the reader is up, process %d", process.pid)
                return process
            case ReaderAbsent(missing=missing):
                raise ReaderMissing(missing)
            case _:
                raise ReaderGone("it began with an answer")

    async def _end(self) -> None:
        """End the process; harmless when there is none."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await asyncio.shield(process.communicate())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    def __repr__(self) -> str:
        return f"ReaderProcess(running={self._process is not None}, asked={self._n})"


async def _ask(process: asyncio.subprocess.Process, request: ReadPage) -> Answer:
    assert process.stdin is not None
    process.stdin.write(frame(request))
    await process.stdin.drain()
    return await _hear(process)


async def _hear(process: asyncio.subprocess.Process) -> Answer:
    """Raises EOFError when the process ends, `msgspec.DecodeError` for what is no answer."""
    assert process.stdout is not None
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    if length > MAX_ANSWER_BYTES:
        raise msgspec.DecodeError("too long")
    return answer_of(await process.stdout.readexactly(length))
