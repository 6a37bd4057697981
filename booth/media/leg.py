"""The booth's media leg: a `MediaConnection`, made again for as long as the booth runs. Retrying lives here alone."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from aiortc import MediaStreamTrack

from booth.errors import CenterLost, CenterRefused
from booth.media.connection import MediaConnection
from protocol.media import IceServer, MediaFigures, TrackName, TrackOffer

EXCHANGE_S = 15.0
CONNECT_S = 10.0
"""From the answer to packets: 69 ms on loopback, up to 3.3 s at 5 % loss."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 1.0
"""The link tells when the center can be reached; beyond that this is what a network's return may cost at the most."""
REPORT_S = 2.0
STEADY_S = 5.0
"""A connection that stood shorter counts as a failure, so that one that is dropped again and again backs off too."""

_log = logging.getLogger(__name__)


class MediaLeg:
    """Keeps one media connection to the center standing.

    `make_publish` makes fresh sources for each connection (they end with it). `exchange` carries the offer to the
    center and returns its answer; it raises `CenterLost` or `CenterRefused`. `on_change` is told True when the
    connection stands and False when it is gone. `on_report` is told every two seconds how a standing one fares.
    """

    def __init__(
        self,
        *,
        make_publish: Callable[[], Mapping[TrackName, MediaStreamTrack]],
        subscribe: Collection[TrackName],
        exchange: Callable[[str, list[TrackOffer]], Awaitable[str]],
        on_frame: Callable[[TrackName], None] | None = None,
        on_change: Callable[[bool], None] | None = None,
        on_report: Callable[[MediaFigures], object] | None = None,
    ) -> None:
        self._on_report = on_report
        self._relays: Sequence[IceServer] = ()
        self._make_publish = make_publish
        self._subscribe = list(subscribe)
        self._exchange = exchange
        self._on_frame = on_frame
        self._on_change = on_change
        self._connection: MediaConnection | None = None
        self._wanted_anew = asyncio.Event()

    @property
    def connection(self) -> MediaConnection | None:
        """The connection while it stands."""
        return self._connection

    def remake(self) -> None:
        """Connect anew at once: there is a link again. Never blocks."""
        self._wanted_anew.set()

    def lost(self) -> None:
        """The center said `MediaClosed`. While no connection stands that is of the one before, which was closed here:
        on a long line it comes when the next is being made, and heeding it would make another one for ever."""
        if self._connection is not None:
            self.remake()

    def use_relays(self, relays: Sequence[IceServer]) -> None:
        """TURN servers for the connections from the next one on; one that had none to begin with is made anew."""
        former, self._relays = self._relays, tuple(relays)
        if relays and not former and self._connection is None:
            self.remake()

    async def run(self) -> None:
        """Keep the connection until cancelled, which closes it."""
        failures = 0
        while True:
            self._wanted_anew.clear()
            if await self._connect_once():
                failures = 0
            else:
                failures += 1
                await self._wait_before_try(failures)

    async def _connect_once(self) -> bool:
        """One connection from its offer to its end. True when the next may follow at once."""
        clock = asyncio.get_running_loop().time
        steady = False
        try:
            async with self._made() as connection:
                async with asyncio.timeout(EXCHANGE_S):
                    sdp, tracks = await connection.offer()
                    answer = await self._exchange(sdp, tracks)
                await connection.accept(answer)
                async with asyncio.timeout(CONNECT_S):
                    await connection.wait_connected()
                since_s = clock()
                self._became(connection)
                await self._wait_for_end(connection)
                steady = clock() - since_s >= STEADY_S or self._wanted_anew.is_set()
        except (CenterLost, CenterRefused, ConnectionError, TimeoutError) as exc:
            _log.info("media leg: %s", type(exc).__name__)
        finally:
            self._became(None)
        return steady

    def _made(self) -> MediaConnection:
        return MediaConnection(self._make_publish(), self._subscribe, self._on_frame, self._relays)

    async def _report(self, connection: MediaConnection) -> None:
        if self._on_report is None:
            return
        while True:
            await asyncio.sleep(REPORT_S)
            self._on_report(await connection.figures())

    async def _wait_for_end(self, connection: MediaConnection) -> None:
        """Return when the connection is gone, or another one is wanted."""
        async with asyncio.TaskGroup() as group:
            reports = group.create_task(self._report(connection), name="media leg reports")
            waits: list[asyncio.Task[Any]] = [
                group.create_task(connection.wait_closed(), name="media leg closed"),
                group.create_task(self._wanted_anew.wait(), name="media leg wanted anew"),
            ]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in (*waits, reports):
                wait.cancel()

    async def _wait_before_try(self, failures: int) -> None:
        """Back off, with jitter so that twelve booths don't come at once; `remake` cuts it short."""
        longest_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10))
        try:
            async with asyncio.timeout(longest_s * (0.5 + 0.5 * random.random())):
                await self._wanted_anew.wait()
        except TimeoutError:
            return

    def _became(self, connection: MediaConnection | None) -> None:
        changed = (connection is None) is not (self._connection is None)
        self._connection = connection
        if changed and self._on_change is not None:
            self._on_change(connection is not None)
