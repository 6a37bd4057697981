"""A robot clerk: does over HTTP, the feed and WebRTC exactly what the counter's page does."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from booth.errors import CenterLost
from booth.media.leg import MediaLeg
from booth.media.sources import SyntheticFace, SyntheticVoice
from demo.newest import Newest
from demo.stage import ClerkPlan, Site
from protocol.counter import (
    AffairView,
    ClerkAnswer,
    ClerkFirstFrame,
    ClerkOffer,
    CommandWanted,
    CounterEvent,
    CounterView,
    FinishWanted,
    FormChanged,
    IdentitySource,
    LogIn,
    PageFiled,
)
from protocol.desk import DeskSeen
from protocol.media import TrackName, TrackOffer
from protocol.pages import PagePart
from protocol.states import TicketState
from protocol.visit import CommandKind, Outcome

HEADERS = {"X-Bangban": "1"}
FEED_AGAIN_S = 0.3
MEDIA_WITHIN_S = 15.0

_events: msgspec.json.Decoder[CounterEvent] = msgspec.json.Decoder(CounterEvent)


class Clerk:
    """At one counter, logged in, with the media connection standing. Made by `clerk_at`."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http
        self._newest: Newest[CounterView] = Newest()
        self._first_face: asyncio.Future[float] | None = None
        self.on_desk: Callable[[DeskSeen], None] = lambda _seen: None
        """Told of what the booth's camera sees."""

    async def until(self, seen: Callable[[CounterView], bool]) -> CounterView:
        """The first view of which `seen` is true, the present one included. The caller sets the time-out."""
        return await self._newest.until(seen)

    async def take(self, affair_id: str) -> int:
        """Take the ticket; the milliseconds until the resident's first picture was decoded."""
        self._first_face = asyncio.get_running_loop().create_future()
        begun = time.monotonic()
        await self._post(f"affairs/{affair_id}/take")
        after_ms = round((await self._first_face - begun) * 1000)
        # The picture may be here before the booth has answered the call; until then there is no session to note it in.
        await self.until(lambda view: _answered(view.affair, affair_id))
        await self._post(f"affairs/{affair_id}/first-frame", ClerkFirstFrame(after_ms))
        return after_ms

    async def order(self, affair_id: str, kind: CommandKind, material_id: str | None = None) -> str:
        answer = await self._post(f"affairs/{affair_id}/commands", CommandWanted(kind, material_id))
        return str(answer["command_id"])

    async def press_shutter(self, affair_id: str, command_id: str) -> None:
        await self._post(f"affairs/{affair_id}/commands/{command_id}/shutter")

    async def file_page(self, affair_id: str, page_id: str, material_id: str) -> None:
        await self._post(f"affairs/{affair_id}/pages/{page_id}/material", PageFiled(material_id))

    async def change_form(self, affair_id: str, revision: int, values: dict[str, str]) -> None:
        await self._request("PUT", f"affairs/{affair_id}/form", FormChanged(revision, values))

    async def ask_signature(self, affair_id: str) -> None:
        await self._post(f"affairs/{affair_id}/signature")

    async def finish(self, affair_id: str, outcome: Outcome, message: str) -> None:
        await self._post(f"affairs/{affair_id}/finish", FinishWanted(outcome, message))

    async def page(self, page_id: str, part: PagePart) -> bytes:
        async with self._http.get(f"{self._url}/api/pages/{page_id}/{part}") as answer:
            answer.raise_for_status()
            return await answer.read()

    async def card_photo(self, affair_id: str, source: IdentitySource) -> bytes:
        async with self._http.get(f"{self._url}/api/affairs/{affair_id}/identity/{source}/photo") as answer:
            answer.raise_for_status()
            return await answer.read()

    def saw(self, track: TrackName) -> None:
        """A frame of a subscribed track was decoded."""
        waiting = self._first_face
        if track is TrackName.FACE and waiting is not None and not waiting.done():
            waiting.set_result(time.monotonic())

    async def exchange(self, sdp: str, tracks: list[TrackOffer]) -> str:
        """Carry a media offer to the center, as the page does when it is opened. Raises `CenterLost` when it can't."""
        try:
            answer = await self._post("media", ClerkOffer(sdp, tracks))
        except (aiohttp.ClientError, RuntimeError) as error:
            raise CenterLost from error
        return msgspec.convert(answer, ClerkAnswer).sdp

    async def watch(self) -> None:
        """Take in views, and come back to the feed whenever it breaks, until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with self._http.ws_connect(
                    f"{self._url}/api/feed", origin=self._url, max_msg_size=4 * 1024 * 1024
                ) as socket:
                    async for message in socket:
                        if message.type is aiohttp.WSMsgType.TEXT:
                            event = _events.decode(message.data)
                            if isinstance(event, CounterView):
                                await self._newest.show(event)
                            elif isinstance(event, DeskSeen):
                                self.on_desk(event)
            await asyncio.sleep(FEED_AGAIN_S)

    async def _post(self, path: str, body: msgspec.Struct | None = None) -> dict[str, Any]:
        return await self._request("POST", path, body)

    async def _request(self, method: str, path: str, body: msgspec.Struct | None) -> dict[str, Any]:
        data = b"" if body is None else msgspec.json.encode(body)
        async with self._http.request(method, f"{self._url}/api/{path}", data=data, headers=HEADERS) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path.split('/')[-1]}: {answer.status} {content.decode()[:80]}")
            decoded: dict[str, Any] = msgspec.json.decode(content) if content else {}
            return decoded

    async def log_in(self, name: str, password: str) -> None:
        await self._post("login", LogIn(name, password))


@asynccontextmanager
async def clerk_at(site: Site, plan: ClerkPlan) -> AsyncIterator[Clerk]:
    """A clerk at the counter, seeing the feed and with media standing, until the context ends."""
    jar = aiohttp.CookieJar(unsafe=True)  # the address of the stage is a number, not a name
    async with aiohttp.ClientSession(cookie_jar=jar, connector=aiohttp.TCPConnector(ssl=site.trust())) as http:
        clerk = Clerk(site.url, http)
        await clerk.log_in(plan.name, plan.password)
        standing = asyncio.Event()
        leg = MediaLeg(
            make_publish=lambda: {
                TrackName.CLERK_FACE: SyntheticFace(label=f"{plan.counter} 号窗口"),
                TrackName.CLERK_VOICE: SyntheticVoice(speed=1.6),
            },
            subscribe=(TrackName.FACE, TrackName.VOICE, TrackName.DOCUMENT),
            exchange=clerk.exchange,
            on_frame=clerk.saw,
            on_change=lambda up: standing.set() if up else standing.clear(),
        )
        async with asyncio.TaskGroup() as tasks:
            habits = [
                tasks.create_task(clerk.watch(), name="clerk watches the feed"),
                tasks.create_task(leg.run(), name="clerk's media"),
            ]
            try:
                async with asyncio.timeout(MEDIA_WITHIN_S):
                    await standing.wait()
                yield clerk
            finally:
                for habit in habits:
                    habit.cancel()


def _answered(affair: AffairView | None, affair_id: str) -> bool:
    answered = (TicketState.CONNECTING, TicketState.SERVING)
    return affair is not None and affair.affair_id == affair_id and affair.ticket_state in answered
