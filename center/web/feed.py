"""`GET /api/feed`: each counter's page gets its newest view, soon but not more often than it can be read.

Between the views it gets what the document camera of its affair's booth sees: the newest, and nothing that is older.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec
from aiohttp import web

from center.errors import DeskError
from center.web.guard import check_origin
from center.web.log_in import LogIns, clerk_participant, token_of
from center.web.offers import ListensToHeartbeats
from center.web.sockets import FAREWELL_S, SocketGone, ended_well, receive_text, send_text
from protocol.counter import CenterBeat, ClerkView, CounterBeat, CounterView
from protocol.desk import DeskSeen
from protocol.errors import ErrorCode, ProtocolError
from protocol.link import read_json

SPACING_S = 0.05
"""The shortest time between two views of a page: 20 a second, which nobody's eyes outrun."""
RECHECK_S = 30.0
"""A feed looks this often whether its log-in still lasts, even when nothing changed."""
SEND_LIMIT_S = 10.0
"""A page that takes nothing for so long is disconnected; it comes back and gets the newest view."""
HEARTBEAT_S = 15.0
MAX_PAGE_FRAME_BYTES = 1024
"""A beat with its figures has about 200."""
LEAST_BETWEEN_BEATS_S = 0.2
"""Pages beat once a second; what comes faster than this is not answered."""

_beats = msgspec.json.Decoder(CounterBeat)


class FeedDesk(Protocol):
    async def clerk_of(self, token: str) -> ClerkView | None: ...

    async def view(self, clerk: ClerkView) -> CounterView: ...


class _Page:
    """One connected page. `stale` is set while its newest view was not sent: that one bit is its whole queue."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.stale = asyncio.Event()
        self.booth_id: str | None = None
        """The booth of the affair that the page shows."""
        self.seen: DeskSeen | None = None
        self.has_seen = asyncio.Event()
        self.ending: asyncio.Future[ErrorCode | None] = asyncio.get_running_loop().create_future()

    def end(self, reason: ErrorCode | None) -> None:
        if not self.ending.done():
            self.ending.set_result(reason)


class CounterFeed:
    """The connected pages; told of changes by the desk (`center.desk.Feed`)."""

    def __init__(
        self, spacing_s: float = SPACING_S, recheck_s: float = RECHECK_S, send_limit_s: float = SEND_LIMIT_S
    ) -> None:
        self._spacing_s = spacing_s
        self._recheck_s = recheck_s
        self._send_limit_s = send_limit_s
        self._pages: set[_Page] = set()

    def changed(self) -> None:
        """Something changed. Never blocks; any number of changes until a page's next view are one."""
        for page in self._pages:
            page.stale.set()

    def desk_seen(self, booth_id: str, seen: DeskSeen) -> None:
        """A booth's document camera sees this now. Never blocks; a slow page misses older ones."""
        for page in self._pages:
            if page.booth_id == booth_id:
                page.seen = seen
                page.has_seen.set()

    def logged_out(self, token: str) -> None:
        """End the feeds of a log-in."""
        for page in self._pages:
            if page.token == token:
                page.end(ErrorCode.NOT_LOGGED_IN)

    def end_all(self) -> None:
        for page in self._pages:
            page.end(None)

    async def serve(
        self, socket: web.WebSocketResponse, token: str, desk: FeedDesk, listen: Callable[[CounterBeat], CenterBeat]
    ) -> ErrorCode | None:
        """Send views until the page leaves or its log-in ends; why it ended. Cancelling leaves nothing behind."""
        page = _Page(token)
        self._pages.add(page)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._push(page, socket, desk), name="feed push"),
                    group.create_task(self._push_seen(page, socket), name="feed desk"),
                    group.create_task(self._watch(page, socket, listen), name="feed watch"),
                ]
                reason = await page.ending
                for task in tasks:
                    task.cancel()
            return reason
        finally:
            self._pages.discard(page)

    async def _push(self, page: _Page, socket: web.WebSocketResponse, desk: FeedDesk) -> None:
        last: CounterView | None = None
        while True:
            clerk = await desk.clerk_of(page.token)
            if clerk is None:
                return page.end(ErrorCode.NOT_LOGGED_IN)
            page.stale.clear()  # before the view is read: what changes meanwhile makes it stale again
            view = await desk.view(clerk)
            if last is not None and view.position < last.position:
                page.stale.set()  # an older snapshot than the page has: read again
            elif last is None or not _same(view, last):
                try:
                    await send_text(socket, msgspec.json.encode(view).decode(), self._send_limit_s)
                except (SocketGone, TimeoutError):
                    return page.end(None)
                last = view
                page.booth_id = view.affair.booth.booth_id if view.affair is not None else None
            await asyncio.sleep(self._spacing_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._recheck_s):
                    await page.stale.wait()

    async def _push_seen(self, page: _Page, socket: web.WebSocketResponse) -> None:
        while True:
            await page.has_seen.wait()
            page.has_seen.clear()
            if page.seen is None:
                continue
            try:
                await send_text(socket, msgspec.json.encode(page.seen).decode(), self._send_limit_s)
            except (SocketGone, TimeoutError):
                return page.end(None)

    async def _watch(
        self, page: _Page, socket: web.WebSocketResponse, listen: Callable[[CounterBeat], CenterBeat]
    ) -> None:
        """Answer the page's beats until it goes; anything else that it says is against the protocol."""
        answered_s = float("-inf")
        try:
            while True:
                beat = read_json(_beats, await receive_text(socket))
                answer = listen(beat)
                now_s = asyncio.get_running_loop().time()
                if now_s - answered_s >= LEAST_BETWEEN_BEATS_S:
                    answered_s = now_s
                    await send_text(socket, msgspec.json.encode(answer).decode(), self._send_limit_s)
        except ProtocolError as error:
            page.end(error.code)
        except (SocketGone, TimeoutError):
            page.end(None)

    def __repr__(self) -> str:
        return f"CounterFeed(pages={len(self._pages)})"


class Feeds:
    """The route."""

    def __init__(self, desk: FeedDesk, counters: CounterFeed, heartbeats: ListensToHeartbeats, log_ins: LogIns) -> None:
        self._desk = desk
        self._counters = counters
        self._heartbeats = heartbeats
        self._log_ins = log_ins

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/feed", self._feed)]

    async def _feed(self, request: web.Request) -> web.WebSocketResponse:
        check_origin(request)
        participant = clerk_participant(await self._log_ins.clerk_of(request))

        def listen(beat: CounterBeat) -> CenterBeat:
            if beat.figures is not None:
                self._heartbeats.heard(participant, beat.figures)
            return CenterBeat(self._heartbeats.network(participant))

        socket = web.WebSocketResponse(
            timeout=FAREWELL_S, compress=False, heartbeat=HEARTBEAT_S, max_msg_size=MAX_PAGE_FRAME_BYTES
        )
        await socket.prepare(request)
        async with ended_well(request, socket, "feed"):
            reason = await self._counters.serve(socket, token_of(request), self._desk, listen)
            if reason is not None:
                raise DeskError(reason)
        return socket


def _same(view: CounterView, last: CounterView) -> bool:
    """Whether a page would show the same; a change that is another clerk's moves the position only."""
    return msgspec.structs.replace(view, position=last.position) == last
