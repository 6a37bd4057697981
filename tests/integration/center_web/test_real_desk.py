"""The web layer over the real desk and its store: an affair from the enrolment to the page on the clerk's screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from argon2 import PasswordHasher

from center.administration import add_clerk, issue_code
from center.config import load_catalogue
from center.desk import Desk
from center.media.interface import RecordingOrder
from center.passwords import Passwords
from center.store.store import create_store, open_store
from center.web.feed import CounterFeed
from center.web.link import LinkHub
from protocol.fields import Wording
from protocol.link import Ack, BoothNumbered, CenterNumbered, Enrolment
from protocol.messages import (
    BoothMessage,
    CallAnswered,
    CatalogueOffered,
    CenterMessage,
    CommandIssued,
    FirstFrameSeen,
    PageStored,
    TicketRequested,
    VisitChanged,
)
from protocol.pages import OFFSET_HEADER, PageAnnounced
from protocol.records import CardLost
from protocol.states import TicketState
from protocol.visit import Visit
from tests.integration.center_web.fake_desk import FakeConfig, FakeMedia
from tests.integration.center_web.running import BOOTH, OWN, HandBooth, hear, say, served

ITEMS = Path(__file__).parents[3] / "catalogue" / "items"
PLACE = Wording("示例延伸点", "Sample extension point")
FULL = b"\xff\xd8\xff" + bytes(range(256)) * 20
LIGHT = b"\xff\xd8\xff" + b"light"


class RoomsAndMedia(FakeMedia):
    """A media plane without packets."""

    async def join(self, room: str, participant: str) -> None:
        pass

    async def close_room(self, room: str) -> None:
        pass

    async def start_recording(self, order: RecordingOrder) -> None:
        pass

    async def stop_recording(self, recording_id: str) -> None:
        pass


@dataclass
class Served:
    session: aiohttp.ClientSession
    code: str


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[Served]:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    create_store(tmp_path / "store", tmp_path / "store.key")
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(tmp_path / "store", tmp_path / "store.key"))
        await add_clerk(
            store,
            name="shen",
            display_name="沈予安",
            counter="3",
            role="clerk",
            password="only for tests",
            now_ms=now_ms(),
            passwords=passwords,
        )
        code = await issue_code(store, BOOTH, PLACE, PLACE, now_ms())
        links, counters, media = LinkHub(), CounterFeed(spacing_s=0.001), RoomsAndMedia()
        desk = Desk(
            store=store,
            items=load_catalogue(ITEMS),
            center_name=PLACE,
            case_prefix="SQ",
            post=links,
            feed=counters,
            rooms=media,
            now_ms=now_ms,
            passwords=passwords,
        )
        await desk.start()
        _, url = await stack.enter_async_context(served(desk, links, counters, media, FakeConfig()))
        jar = aiohttp.CookieJar(unsafe=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(url, headers=OWN, cookie_jar=jar))
        yield Served(session, code)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class LinkedBooth:
    """The numbered stream of one connection, seen from the booth."""

    def __init__(self, booth: HandBooth, socket: aiohttp.ClientWebSocketResponse, sent: int = 0) -> None:
        self.booth, self.socket, self.sent = booth, socket, sent

    async def say(self, message: BoothMessage) -> None:
        self.sent += 1
        await say(self.socket, BoothNumbered(self.sent, self.booth.received, message))

    async def until(self, wanted: Callable[[CenterMessage], bool]) -> CenterMessage:
        """Read on until a message is as wanted; the numbers must have no gap."""
        async with asyncio.timeout(10):
            while True:
                frame = await hear(self.socket, CenterNumbered)
                assert frame.n == self.booth.received + 1
                self.booth.received = frame.n
                if wanted(frame.body):
                    return frame.body

    async def visit(self, state: TicketState) -> Visit:
        message = await self.until(
            lambda each: isinstance(each, VisitChanged) and each.visit is not None and each.visit.ticket_state is state
        )
        assert isinstance(message, VisitChanged)
        assert message.visit is not None
        return message.visit


async def enrol(center: Served) -> HandBooth:
    booth = HandBooth(center.session)
    body = msgspec.json.encode(Enrolment(center.code, BOOTH, booth.public_key, "test"))
    async with center.session.post("/api/enrol", data=body) as reply:
        assert reply.status == 204
    async with center.session.post("/api/enrol", data=body) as reply:
        assert reply.status == 403
    return booth


async def view_with(feed: aiohttp.ClientWebSocketResponse, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        position = 0
        while True:
            view: dict[str, Any] = await feed.receive_json()
            assert view["position"] >= position
            position = view["position"]
            if wanted(view):
                return view


async def post(center: Served, path: str, body: object = None) -> Any:
    async with center.session.post(path, json=body) as reply:
        assert reply.status in (200, 204), await reply.text()
        return await reply.json() if reply.status == 200 else None


async def test_an_affair_goes_from_the_ticket_to_the_page_over_a_link_that_breaks(center: Served) -> None:
    booth = await enrol(center)
    await post(center, "/api/login", {"name": "shen", "password": "only for tests"})
    async with center.session.ws_connect("/api/feed") as feed:
        async with booth.linked() as socket:
            link = LinkedBooth(booth, socket)
            await link.until(lambda each: isinstance(each, CatalogueOffered) and len(each.items) == 4)
            await link.say(TicketRequested("request-1", "medical_booklet", CardLost()))
            visit = await link.visit(TicketState.WAITING)
            view = await view_with(feed, lambda each: bool(each["waiting"]))
            assert view["waiting"][0]["booth_online"] is True

            assert await post(center, "/api/next") == {"affair_id": visit.affair_id}
            await link.visit(TicketState.CALLED)
            await link.say(CallAnswered(visit.affair_id))
            await link.visit(TicketState.CONNECTING)
            sent = link.sent
        await view_with(feed, lambda each: not each["affair"]["booth"]["online"])

        async with booth.linked() as socket:  # the same epoch: it goes on where it was
            link = LinkedBooth(booth, socket, sent)
            await link.say(FirstFrameSeen(visit.affair_id, 240))
            await link.visit(TicketState.SERVING)
            command_id = (await post(center, f"/api/affairs/{visit.affair_id}/commands", {"kind": "take_page"}))[
                "command_id"
            ]
            issued = await link.until(lambda each: isinstance(each, CommandIssued))
            assert isinstance(issued, CommandIssued)
            assert issued.command_id == command_id
            await say(socket, Ack(booth.received))
            await upload(center, booth, page_of(visit.affair_id, command_id))
            await link.until(lambda each: each == PageStored("page-1"))
            await view_with(feed, lambda each: [page["state"] for page in each["affair"]["pages"]] == ["stored"])

    for part, data in (("light", LIGHT), ("full", FULL)):
        async with center.session.get(f"/api/pages/page-1/{part}") as reply:
            assert reply.content_type == "image/jpeg"
            assert await reply.read() == data


def page_of(affair_id: str, command_id: str) -> PageAnnounced:
    return PageAnnounced(
        page_id="page-1",
        command_id=command_id,
        affair_id=affair_id,
        sha256=sha256(FULL).hexdigest(),
        size_bytes=len(FULL),
        light_sha256=sha256(LIGHT).hexdigest(),
        light_size_bytes=len(LIGHT),
        width_px=2480,
        height_px=3508,
        taken_at_ms=now_ms(),
        device="simulated",
        flat=True,
    )


async def upload(center: Served, booth: HandBooth, page: PageAnnounced) -> None:
    """The light part, overtaken by its own copy; the full one in two chunks, the first of which is sent twice."""
    headers = {"Authorization": f"Bearer {booth.upload_token}"}
    body = msgspec.json.encode(page)
    for status in (201, 200):
        async with center.session.post("/api/booth/pages", data=body, headers=headers) as reply:
            assert reply.status == status
    await upload_light_twice(center, headers)
    chunks = [
        ("full", 0, FULL[:1000], 204, 1000),
        ("full", 0, FULL[:1000], 409, 1000),
        ("full", 1000, FULL[1000:], 204, len(FULL)),
    ]
    for part, offset, chunk, status, reached in chunks:
        path, at = f"/api/booth/pages/page-1/{part}", {**headers, OFFSET_HEADER: str(offset)}
        async with center.session.patch(path, data=chunk, headers=at) as reply:
            assert (reply.status, int(reply.headers[OFFSET_HEADER])) == (status, reached)
        async with center.session.head(path, headers=headers) as reply:
            assert int(reply.headers[OFFSET_HEADER]) == reached


async def upload_light_twice(center: Served, headers: dict[str, str]) -> None:
    """The first copy is held up in the middle and comes to its end after the second: both are acknowledged alike."""
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def held_up() -> AsyncIterator[bytes]:
        yield LIGHT[:5]
        begun.set()
        await going_on.wait()
        yield LIGHT[5:]

    async def send(body: bytes | AsyncIterator[bytes]) -> tuple[int, int]:
        at = {**headers, OFFSET_HEADER: "0"}
        async with center.session.patch("/api/booth/pages/page-1/light", data=body, headers=at) as reply:
            return reply.status, int(reply.headers[OFFSET_HEADER])

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(send(held_up()), name="first copy")
        await begun.wait()
        assert await send(LIGHT) == (204, len(LIGHT))
        assert not first.done()
        going_on.set()
    assert first.result() == (204, len(LIGHT))


async def test_a_new_run_of_the_booth_is_told_everything_again(center: Served) -> None:
    booth = await enrol(center)
    async with booth.linked() as socket:
        link = LinkedBooth(booth, socket)
        await link.say(TicketRequested("request-1", "medical_booklet", CardLost()))
        affair_id = (await link.visit(TicketState.WAITING)).affair_id

    booth.epoch, booth.received = "epoch-2", 0
    async with booth.linked() as socket:
        link = LinkedBooth(booth, socket)
        await link.until(lambda each: isinstance(each, CatalogueOffered))
        assert (await link.visit(TicketState.WAITING)).affair_id == affair_id
