"""A network cable that a test can cut, slow down and mend: a TCP relay on loopback.

A cut is a black hole, as a lost mobile network is: connections stay open and nothing passes, until the cable is mended.
So is a connection that gets stuck, while others pass.
"""

import asyncio
import math
from collections import deque
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
        self._sticking: deque[tuple[float, float]] = deque()
        self._stuck_relays: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0
        """How many were made, all in all."""
        self.stuck = asyncio.Event()
        """Set when a connection got stuck."""

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def limit(self, rate_bytes_per_s: float | None) -> None:
        """At most this many bytes a second in each direction of each connection; None for as fast as it goes."""
        self._rate_bytes_per_s = rate_bytes_per_s

    def stick(self, after_up_bytes: float = math.inf, after_down_bytes: float = math.inf) -> None:
        """The next connection that is made, or the one after those that this was said of already, carries so much each
        way, and nothing more."""
        self._sticking.append((after_up_bytes, after_down_bytes))

    @property
    def stuck_connections(self) -> int:
        return len(self._stuck_relays)

    def hang_up_stuck(self) -> None:
        """Close the connections that are stuck at both ends."""
        for relay in self._stuck_relays:
            relay.cancel()

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
        self.connections += 1
        up_bytes, down_bytes = self._sticking.popleft() if self._sticking else (math.inf, math.inf)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._pump(reader, far_writer, up_bytes, task), name="cable up")
                    tasks.create_task(self._pump(far_reader, writer, down_bytes, task), name="cable down")
            finally:
                far_writer.close()
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # either end is gone, or the test is over
        finally:
            writer.close()
            self._relays.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left_bytes: float, relay: asyncio.Task[None]
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if len(data) > left_bytes:
                writer.write(data[: int(left_bytes)])
                self._stuck_relays.add(relay)
                self.stuck.set()
                await asyncio.Event().wait()
            left_bytes -= len(data)
            if self._rate_bytes_per_s is not None:
                await asyncio.sleep(len(data) / self._rate_bytes_per_s)
            await self._whole.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
