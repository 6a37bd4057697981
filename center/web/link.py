"""`GET /api/booth/link`: which booths are linked, and the way of a booth from its opened socket to its seat."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from center.desk import LinkOpened
from center.errors import DeskError
from center.web.connection import BoothConnection, LinkLimits, MessageDesk
from center.web.handshake import KeyDesk, Proven, prove
from center.web.lasting import to_the_end
from center.web.offers import BoothMedia, ListensToHeartbeats, peer_of
from center.web.relays import Relays
from center.web.sockets import FAREWELL_S, ended_well, send_text
from center.web.tokens import UploadTokens
from protocol.desk import DeskSeen
from protocol.errors import ErrorCode, ProtocolError
from protocol.link import MAX_FRAME_BYTES, Refused, write_frame
from protocol.media import MediaClosed
from protocol.messages import CenterFleeting, CenterMessage

LOG = logging.getLogger(__name__)

DEFAULT_LIMITS = LinkLimits()
LEAVE_LIMIT_S = 5.0
"""How long the desk may take to note that a link is down."""


class LinkDesk(KeyDesk, MessageDesk, Protocol):
    async def link_up(self, booth_id: str, epoch: str, received: int) -> LinkOpened: ...

    async def link_down(self, booth_id: str) -> None: ...


class _Seat:
    """A booth's place. The lock keeps the `link_up` and `link_down` of its connections in their order."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.connection: BoothConnection | None = None
        self.noted_up = False
        """Whether the desk may take the booth for linked; it hears of the end then, and only then."""


class LinkHub:
    """The linked booths: posts go in here, and each finds its booth's connection (`center.desk.BoothPost`)."""

    def __init__(self, limits: LinkLimits = DEFAULT_LIMITS, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._seats: dict[str, _Seat] = {}
        self._tokens = UploadTokens(clock)

    def send(self, booth_id: str, n: int, message: CenterMessage) -> None:
        """Send a committed message to a booth. Never blocks; a booth that is away gets it when it is back."""
        connection = self._connection(booth_id)
        if connection is not None:
            connection.post(n, message)

    def pass_on(self, booth_id: str, message: CenterFleeting) -> None:
        """Send something that is worth nothing a moment later; a booth that is away misses it. Never blocks."""
        connection = self._connection(booth_id)
        if connection is not None:
            connection.pass_on(message)

    def media_down(self, participant: str) -> None:
        """The media plane lost a participant: its booth is told, and offers again. A clerk's page sees it by itself."""
        peer = peer_of(participant)
        connection = self._connection(peer[1]) if peer is not None else None
        if peer is not None and connection is not None:
            connection.pass_on(MediaClosed(peer[0]))

    def linked(self) -> list[str]:
        """The booths whose links are up."""
        return [booth_id for booth_id, seat in self._seats.items() if seat.connection is not None]

    def uploader(self, token: str) -> str | None:
        """The booth whose upload token this is."""
        return self._tokens.booth_of(token)

    async def carry(self, connection: BoothConnection, desk: LinkDesk) -> ErrorCode | None:
        """Seat the connection in place of the booth's older one and carry its frames until it ends; why it ended.

        Cancelling ends the link; the desk hears of that in any case.
        """
        proven = connection.proven
        seat = self._seats.setdefault(proven.booth_id, _Seat())
        try:
            async with seat.lock:
                await self._replace(seat, connection)
                # The queue is there before the store is read: what is committed meanwhile is in one of them or both.
                opened = await self._note_up(seat, proven, desk)
                token = self._tokens.issue(proven.booth_id)
            LOG.info("link %s: up, %d to resend", proven.booth_id, len(opened.pending))
            return await connection.run(opened, token)
        finally:
            connection.finished.set()
            await to_the_end(self._leave(seat, connection, desk), f"link {proven.booth_id} leave")

    def end_all(self) -> None:
        """End every connection; booths come back when the center does."""
        for seat in self._seats.values():
            if seat.connection is not None:
                seat.connection.end(None)

    async def _replace(self, seat: _Seat, connection: BoothConnection) -> None:
        older, seat.connection = seat.connection, connection
        if older is not None:
            older.end(ErrorCode.REPLACED)
            await older.finished.wait()

    async def _note_up(self, seat: _Seat, proven: Proven, desk: LinkDesk) -> LinkOpened:
        """A refusal changed nothing at the desk; after a cancellation nobody knows, so the booth counts as linked."""
        before, seat.noted_up = seat.noted_up, True
        try:
            return await desk.link_up(proven.booth_id, proven.epoch, proven.received)
        except (DeskError, ProtocolError):
            seat.noted_up = before
            raise

    async def _leave(self, seat: _Seat, connection: BoothConnection, desk: LinkDesk) -> None:
        booth_id = connection.proven.booth_id
        async with seat.lock:
            if seat.connection is not connection:
                return
            seat.connection = None
            self._tokens.dropped(booth_id)
            if seat.noted_up:
                seat.noted_up = False
                LOG.info("link %s: down", booth_id)
                async with asyncio.timeout(LEAVE_LIMIT_S):
                    await desk.link_down(booth_id)

    def _connection(self, booth_id: str) -> BoothConnection | None:
        seat = self._seats.get(booth_id)
        return seat.connection if seat is not None else None

    def __repr__(self) -> str:
        return f"LinkHub(linked={len(self.linked())})"


class BoothLinks:
    """The route: limits the strangers, proves the booth, hands it to the hub."""

    def __init__(
        self,
        desk: LinkDesk,
        links: LinkHub,
        media: BoothMedia,
        heartbeats: ListensToHeartbeats,
        relays: Relays,
        center_id: str,
        see: Callable[[str, DeskSeen], None] = lambda _booth_id, _seen: None,
    ) -> None:
        self._see = see
        self._desk = desk
        self._links = links
        self._media = media
        self._heartbeats = heartbeats
        self._relays = relays
        self._center_id = center_id
        self._unproven = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/booth/link", self._link)]

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        if self._unproven >= self._links.limits.unproven:
            raise DeskError(ErrorCode.TOO_MANY_ATTEMPTS)
        socket = web.WebSocketResponse(timeout=FAREWELL_S, compress=False, max_msg_size=MAX_FRAME_BYTES + 1)
        await socket.prepare(request)

        async def refuse(code: ErrorCode) -> None:
            LOG.info("link refused: %s", code)
            await send_text(socket, write_frame(Refused(code)), FAREWELL_S)

        async with ended_well(request, socket, "link", refuse):
            proven = await self._prove(socket)
            connection = BoothConnection(
                socket, proven, self._desk, self._media, self._heartbeats, self._relays, self._links.limits, self._see
            )
            reason = await self._links.carry(connection, self._desk)
            if reason is not None:
                raise ProtocolError(reason, "the link ended")
        return socket

    async def _prove(self, socket: web.WebSocketResponse) -> Proven:
        self._unproven += 1
        try:
            async with asyncio.timeout(self._links.limits.handshake_s):
                return await prove(socket, self._desk, self._center_id)
        finally:
            self._unproven -= 1
