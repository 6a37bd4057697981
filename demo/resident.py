"""A robot resident: sees what the kiosk's page sees, sends what it sends, and has hands at the device bench."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from demo.newest import Newest
from demo.stage import BoothPlan
from protocol.desk import DeskSeen
from protocol.kiosk import KioskAction, KioskView, read_kiosk_event

HEADERS = {"X-Bangban": "1"}

SIGNATURE = [
    [120, 210, 180, 120, 240, 90, 230, 160, 190, 260, 150, 330],
    [200, 150, 300, 140, 390, 150],
    [480, 90, 500, 200, 470, 320, 520, 300, 580, 240],
    [640, 120, 760, 110, 850, 130, 800, 220, 700, 310],
]
"""Four strokes in the box of 1000 by 400."""


class Resident:
    """At one kiosk. Made by `resident_at`."""

    def __init__(self, url: str, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._url = url
        self._http = http
        self._socket = socket
        self._newest: Newest[KioskView] = Newest()
        self.on_desk: Callable[[DeskSeen], None] = lambda _seen: None
        """Told of what the booth's camera sees."""

    async def until(self, seen: Callable[[KioskView], bool]) -> KioskView:
        """The first view of which `seen` is true, the present one included. The caller sets the time-out."""
        return await self._newest.until(seen)

    async def act(self, action: KioskAction) -> None:
        await self._socket.send_str(msgspec.json.encode(action).decode())

    async def lay_card(self, card_id: str) -> None:
        await self._bench("POST", f"card/{card_id}")

    async def lift_card(self) -> None:
        await self._bench("DELETE", "card")

    async def lay_page(self, page_id: str) -> None:
        await self._bench("POST", f"page/{page_id}")

    async def lift_page(self) -> None:
        await self._bench("DELETE", "page")

    async def pull_camera(self) -> None:
        await self._bench("POST", "camera/unplugged")

    async def plug_camera(self) -> None:
        await self._bench("POST", "camera/plugged")

    async def _bench(self, method: str, path: str) -> None:
        async with self._http.request(method, f"{self._url}/bench/{path}", headers=HEADERS) as answer:
            answer.raise_for_status()

    async def watch(self) -> None:
        """Take in views until the booth closes the socket."""
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                event = read_kiosk_event(message.data)
                if isinstance(event, KioskView):
                    await self._newest.show(event)
                elif isinstance(event, DeskSeen):
                    self.on_desk(event)


@asynccontextmanager
async def resident_at(plan: BoothPlan) -> AsyncIterator[Resident]:
    """A resident in front of this booth's kiosk, until the context ends."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=plan.socket_factory)) as http,
        http.ws_connect(f"{plan.url}/ws", origin=plan.url, max_msg_size=4 * 1024 * 1024) as socket,
        asyncio.TaskGroup() as tasks,
    ):
        resident = Resident(plan.url, http, socket)
        watching = tasks.create_task(resident.watch(), name="resident watches the kiosk")
        try:
            yield resident
        finally:
            watching.cancel()
