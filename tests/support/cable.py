"""A network cable that a test can cut, slow down and mend: a TCP relay on loopback.

A cut is a black hole, as a lost mobile network is: connections stay open and nothing passes, until the cable is mended.
"""

import asyncio
from types import TracebackType
from typing import Self

CHUNK_BYTES = 16 * 1024


class Cable:
    """Relays `port` of the loopback to `to_port`. An async context manager."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._whole = asyncio.Event()
        self._whole.set()
        self._rate_bytes_per_s: float | None = None
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def limit(self, rate_bytes_per_s: float | None) -> None:
        """At most this many bytes a second in each direction of each connection; None for as fast as it goes."""
        self._rate_bytes_per_s = rate_bytes_per_s

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for relay in tuple(self._relays):
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._pump(reader, far_writer), name="cable up")
                    tasks.create_task(self._pump(far_reader, writer), name="cable down")
            finally:
                far_writer.close()
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # either end is gone, or the test is over
        finally:
            writer.close()
            self._relays.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self._rate_bytes_per_s is not None:
                await asyncio.sleep(len(data) / self._rate_bytes_per_s)
            await self._whole.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
