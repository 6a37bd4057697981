"""`/ws`: a page's socket. Views and media events go out, actions come in; nonsense closes this socket, nothing else."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from booth.core.events import VisitAction
from booth.errors import CenterLost, CenterRefused
from booth.kiosk.guard import require_own_origin
from booth.kiosk.hub import Hub, Page
from booth.link.exchange import Exchange
from protocol.errors import ProtocolError
from protocol.kiosk import KioskAnswer, KioskMediaReport, KioskOffer, KioskOfferFailed, read_kiosk_action
from protocol.media import MediaClosed, MediaReport, PeerKind
from protocol.messages import BoothFleeting

log = logging.getLogger(__name__)

MAX_ACTION_BYTES = 240 * 1024
"""Below the link's frame, so that a signature that comes in fits out again."""
PING_S = 10.0
MAX_PAGES = 8
MAX_REASON_BYTES = 120


class Visits(Protocol):
    def act(self, action: VisitAction) -> None:
        """The resident did something; returns at once."""
        ...


class PageSockets:
    """Serves the pages' sockets. One media offer of a page at a time: a newer one takes its place."""

    def __init__(self, hub: Hub, visits: Visits, exchange: Exchange, tell: Callable[[BoothFleeting], bool]) -> None:
        self._hub = hub
        self._visits = visits
        self._exchange = exchange
        self._tell = tell
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        require_own_origin(request)
        if len(self._open) >= MAX_PAGES:
            raise web.HTTPServiceUnavailable(text="too many pages are open\n")
        # A compressor would keep the last 32 KiB of views and actions as long as the page is open
        socket = web.WebSocketResponse(max_msg_size=MAX_ACTION_BYTES, heartbeat=PING_S, timeout=1.0, compress=False)
        await socket.prepare(request)
        page = self._hub.open()
        self._open.add(socket)
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(_write(socket, page), name="kiosk page writer")
                await self._read(socket, page, tasks)
                writer.cancel()
        finally:
            self._open.discard(socket)
            if self._hub.close(page):
                self._tell(MediaClosed(PeerKind.KIOSK))
        return socket

    async def close(self) -> None:
        """The booth stops: close every socket; the pages connect again by themselves."""
        for socket in list(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _read(self, socket: web.WebSocketResponse, page: Page, tasks: asyncio.TaskGroup) -> None:
        offering: asyncio.Task[None] | None = None
        async for message in socket:
            try:
                if message.type is not WSMsgType.TEXT:
                    break
                action = read_kiosk_action(message.data)
            except ProtocolError as error:
                log.warning("a page is disconnected: %s", error)
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode()[:MAX_REASON_BYTES])
                break
            if isinstance(action, KioskOffer):
                if offering is not None:
                    offering.cancel()
                self._hub.own_media(page)
                offering = tasks.create_task(self._offer(page, action), name="kiosk media offer")
            elif isinstance(action, KioskMediaReport):
                self._tell(MediaReport(PeerKind.KIOSK, action.figures))
            else:
                self._visits.act(action)
        if offering is not None:
            offering.cancel()

    async def _offer(self, page: Page, offer: KioskOffer) -> None:
        try:
            sdp = await self._exchange.offer(PeerKind.KIOSK, offer.sdp, offer.tracks)
        except CenterLost as loss:
            log.info("kiosk media: %s", loss)
            page.tell(KioskOfferFailed(offer.offer_id))
        except CenterRefused as refusal:
            log.warning("kiosk media: refused with %r", str(refusal.code))
            page.tell(KioskOfferFailed(offer.offer_id, refusal.code))
        else:
            page.tell(KioskAnswer(offer.offer_id, sdp))


async def _write(socket: web.WebSocketResponse, page: Page) -> None:
    try:
        while True:
            await _send(socket, await page.next())
    except ConnectionError:
        return  # the reader sees the end too


async def _send(socket: web.WebSocketResponse, due: list[bytes]) -> None:
    for data in due:
        await socket.send_frame(data, WSMsgType.TEXT)
