"""The kiosk's server: who may speak to it, and what pages see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec
import pytest

from booth.core.events import VisitAction
from booth.devices.camera.interface import Image
from booth.errors import ConfigError
from booth.kiosk.bench import Bench
from booth.kiosk.hub import Hub
from booth.kiosk.preview import Preview
from booth.kiosk.server import KioskServer
from booth.kiosk.socket import MAX_ACTION_BYTES, PageSockets
from booth.link.exchange import Exchange
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.fields import Wording
from protocol.kiosk import (
    Activity,
    BenchView,
    CodeScanned,
    KioskAnswer,
    KioskEvent,
    KioskMediaClosed,
    KioskOfferFailed,
    KioskView,
    Touched,
)
from protocol.media import MediaAnswer, MediaClosed, MediaOffer, MediaRefused, PeerKind
from protocol.messages import BoothFleeting
from protocol.states import VisitState
from tests.integration.booth.devices import FakeCamera
from tests.integration.booth.waiting import eventually

NAME = Wording(zh="测试亭", en="Test booth")
OFFER = '{"type":"media_offer","offer_id":"o-1","sdp":"v=0","tracks":[]}'


def view(state: VisitState = VisitState.WELCOME) -> KioskView:
    return KioskView(state, True, NAME, NAME, [], [], Activity.IDLE)


class HandReader:
    def __init__(self, kind: DeviceKind) -> None:
        self.kind = kind
        self.laid: str | None = None

    def lay(self, card_id: str) -> None:
        self.laid = card_id

    def lift(self) -> None:
        self.laid = None


class HandDesk:
    def __init__(self) -> None:
        self.laid: str | None = None
        self.plugged = True

    def lay(self, page_id: str) -> None:
        self.laid = page_id

    def lift(self) -> None:
        self.laid = None

    def plug(self) -> None:
        self.plugged = True

    def unplug(self) -> None:
        self.plugged = False


@dataclass
class Kiosk:
    """A server, what it told the booth, and a browser that is at its own origin."""

    url: str = ""
    hub: Hub = field(default_factory=lambda: Hub(view(), lambda _count: None))
    exchange: Exchange = field(init=False)
    preview: Preview = field(init=False)
    actions: list[VisitAction] = field(default_factory=list)
    told: list[BoothFleeting] = field(default_factory=list)
    link_up: bool = True
    camera: FakeCamera = field(default_factory=FakeCamera)
    encoded: int = 0

    def act(self, action: VisitAction) -> None:
        self.actions.append(action)

    def tell(self, message: BoothFleeting) -> bool:
        if self.link_up:
            self.told.append(message)
        return self.link_up

    async def encode(self, _image: Image) -> bytes:
        self.encoded += 1
        return b"jpeg-%d" % self.encoded

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")


@asynccontextmanager
async def serving(pages_dir: Path, *, bench: bool = True) -> AsyncIterator[tuple[Kiosk, aiohttp.ClientSession]]:
    kiosk = Kiosk()
    ids = iter(f"booth-{n}" for n in range(1000))
    kiosk.exchange = Exchange(kiosk.tell, lambda: next(ids))
    preview = kiosk.preview = Preview(kiosk.camera, kiosk.encode)
    readers = [HandReader(DeviceKind.ID_CARD_READER), HandReader(DeviceKind.SOCIAL_SECURITY_CARD_READER)]
    cards = {DeviceKind.ID_CARD_READER: {"id-1": NAME}, DeviceKind.SOCIAL_SECURITY_CARD_READER: {"ssc-1": NAME}}
    server = KioskServer(
        "127.0.0.1",
        0,
        pages_dir,
        PageSockets(kiosk.hub, kiosk, kiosk.exchange, kiosk.tell),
        lambda: kiosk.link_up,
        preview=preview,
        bench=Bench(NAME, readers, HandDesk(), cards, {"form": NAME}, kiosk.act) if bench else None,
    )
    async with server, aiohttp.ClientSession() as session:
        kiosk.url = server.url
        encoding = asyncio.create_task(preview.run())
        try:
            yield kiosk, session
        finally:
            encoding.cancel()
            await asyncio.wait([encoding])


@asynccontextmanager
async def page(kiosk: Kiosk, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with session.ws_connect(kiosk.url + "ws", origin=kiosk.origin) as socket:
        yield socket


async def next_event(socket: aiohttp.ClientWebSocketResponse) -> KioskEvent:
    event: KioskEvent = msgspec.json.decode(await socket.receive_str(timeout=5), type=KioskEvent)
    return event


@pytest.fixture
def pages_dir(tmp_path: Path) -> Path:
    for name in ("kiosk", "bench"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(f"<title>{name}</title>", "utf-8")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page.js").write_text("1", "utf-8")
    return tmp_path


async def test_a_page_sees_the_newest_view_and_each_change(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        kiosk.hub.show(view(VisitState.CHOOSE))
        async with page(kiosk, session) as socket:
            assert await next_event(socket) == view(VisitState.CHOOSE)
            kiosk.hub.show(view(VisitState.IDENTIFY))
            assert await next_event(socket) == view(VisitState.IDENTIFY)


async def test_two_screens_see_the_same_and_both_may_act(pages_dir: Path) -> None:
    async with (
        serving(pages_dir) as (kiosk, session),
        page(kiosk, session) as upper,
        page(kiosk, session) as lower,
    ):
        assert await next_event(upper) == await next_event(lower) == view()
        await upper.send_str('{"type":"touched"}')
        await lower.send_str('{"type":"touched"}')
        await eventually(lambda: kiosk.actions == [Touched(), Touched()])
        kiosk.hub.show(view(VisitState.CHOOSE))
        assert await next_event(upper) == await next_event(lower) == view(VisitState.CHOOSE)


async def test_a_slow_page_misses_views_but_never_the_newest(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session), page(kiosk, session) as socket:
        await next_event(socket)
        for state in VisitState:
            kiosk.hub.show(view(state))
        assert await next_event(socket) == view(VisitState.WIPE)


@pytest.mark.parametrize(
    "data", ["{", "null", '{"type":"open_door"}', '{"type":"grade_given","grade":6}', b"\x00", "[" * 5000]
)
async def test_nonsense_closes_the_socket_that_sent_it_and_nothing_else(pages_dir: Path, data: str | bytes) -> None:
    async with serving(pages_dir) as (kiosk, session), page(kiosk, session) as good, page(kiosk, session) as bad:
        await next_event(good)
        await next_event(bad)
        await (bad.send_str(data) if isinstance(data, str) else bad.send_bytes(data))
        closed = await bad.receive(timeout=5)
        assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        if isinstance(data, str):
            assert closed.data == aiohttp.WSCloseCode.POLICY_VIOLATION
            assert (closed.extra or "").startswith("malformed")
        kiosk.hub.show(view(VisitState.CHOOSE))
        assert await next_event(good) == view(VisitState.CHOOSE)
        assert kiosk.actions == []


async def test_an_endless_action_is_not_read(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session), page(kiosk, session) as socket:
        await next_event(socket)
        await socket.send_str('{"type":"code_scanned","code":"' + "x" * MAX_ACTION_BYTES + '"}')
        closed = await socket.receive(timeout=5)
        assert closed.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        assert kiosk.actions == []


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://{host}"])
async def test_only_the_kiosks_own_origin_may_open_the_socket(pages_dir: Path, origin: str | None) -> None:
    async with serving(pages_dir) as (kiosk, session):
        origin = origin and origin.format(host=kiosk.origin.removeprefix("http://"))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(kiosk.url + "ws", origin=origin)
        assert refused.value.status == 403


@pytest.mark.parametrize("path", ["", "health", "ws", "bench/state", "preview.mjpg", "not-there"])
async def test_a_name_that_another_site_made_point_here_is_refused(pages_dir: Path, path: str) -> None:
    async with serving(pages_dir) as (kiosk, session):
        port = kiosk.origin.rpartition(":")[2]
        for host in (f"evil.example:{port}", "127.0.0.1:1", ""):
            async with session.get(kiosk.url + path, headers={"Host": host}) as answer:
                assert answer.status in (400, 421)


async def test_every_answer_carries_the_policy(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        for path, status in (
            ("", 200),
            ("assets/page.js", 200),
            ("health", 200),
            ("bench", 200),
            ("none", 404),
            ("ws", 403),
        ):
            async with session.get(kiosk.url + path) as answer:
                assert answer.status == status
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_health_says_whether_the_link_is_up(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        kiosk.link_up = False
        async with session.get(kiosk.url + "health") as answer:
            assert await answer.json() == {"status": "ok", "link_up": False}


async def test_nothing_outside_the_assets_is_served(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        for path in ("assets/../kiosk/index.html", "assets/%2e%2e/kiosk/index.html", "assets//etc/passwd"):
            async with session.get(kiosk.url + path) as answer:
                assert answer.status in (403, 404)


async def test_a_media_offer_is_answered_to_the_page_that_made_it(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session), page(kiosk, session) as socket, page(kiosk, session) as other:
        await next_event(socket)
        await next_event(other)
        await socket.send_str(OFFER)
        await eventually(lambda: bool(kiosk.told))
        assert kiosk.told == [MediaOffer("booth-0", PeerKind.KIOSK, "v=0", [])]
        kiosk.exchange.answered(MediaAnswer("booth-0", "v=0 answer"))
        assert await next_event(socket) == KioskAnswer("o-1", "v=0 answer")
        kiosk.hub.media_closed()
        assert await next_event(socket) == KioskMediaClosed()
        kiosk.hub.show(view(VisitState.CHOOSE))
        assert await next_event(other) == view(VisitState.CHOOSE), "the other page heard nothing of it"


async def test_a_refused_offer_says_why(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session), page(kiosk, session) as socket:
        await next_event(socket)
        await socket.send_str(OFFER)
        await eventually(lambda: bool(kiosk.told))
        kiosk.exchange.answered(MediaRefused("booth-0", ErrorCode.MALFORMED))
        assert await next_event(socket) == KioskOfferFailed("o-1", ErrorCode.MALFORMED)


@pytest.mark.parametrize("trouble", ["link down", "link lost", "no answer"])
async def test_an_offer_that_is_not_answered_can_be_made_again(
    pages_dir: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("booth.link.exchange.ANSWER_S", 0.05)
    async with serving(pages_dir) as (kiosk, session), page(kiosk, session) as socket:
        await next_event(socket)
        kiosk.link_up = trouble != "link down"
        await socket.send_str(OFFER)
        if trouble == "link lost":
            await eventually(lambda: bool(kiosk.told))
            kiosk.exchange.lost()
        assert await next_event(socket) == KioskOfferFailed("o-1")


async def test_the_center_hears_when_the_page_with_the_media_connection_is_closed(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        async with page(kiosk, session) as other:
            await next_event(other)
        async with page(kiosk, session) as socket:
            await next_event(socket)
            await socket.send_str(OFFER)
            await eventually(lambda: bool(kiosk.told))
        await eventually(lambda: kiosk.told[1:] == [MediaClosed(PeerKind.KIOSK)])


async def test_the_preview_is_encoded_once_for_all_who_watch_and_not_for_nobody(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        assert kiosk.encoded == 0
        async with session.get(kiosk.url + "preview.mjpg") as first, session.get(kiosk.url + "preview.mjpg") as second:
            assert first.content_type == "multipart/x-mixed-replace"
            for stream in (first, second):
                async with asyncio.timeout(5):
                    await stream.content.readuntil(b"jpeg-2\r\n")
            assert kiosk.encoded < 6
            assert kiosk.preview.viewers == 2
        await eventually(lambda: kiosk.preview.viewers == 0)


async def test_the_bench_lays_and_lifts(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):

        async def state() -> BenchView:
            async with session.get(kiosk.url + "bench/state") as answer:
                return msgspec.json.decode(await answer.read(), type=BenchView)

        assert [(card.card_id, card.reader) for card in (await state()).cards] == [
            ("id-1", "id_card_reader"),
            ("ssc-1", "social_security_card_reader"),
        ]
        for method, path, expected in (
            ("POST", "card/id-1", ("id-1", None, True)),
            ("POST", "card/ssc-1", ("ssc-1", None, True)),
            ("POST", "page/form", ("ssc-1", "form", True)),
            ("DELETE", "card", (None, "form", True)),
            ("POST", "camera/unplugged", (None, "form", False)),
            ("DELETE", "page", (None, None, False)),
            ("POST", "camera/plugged", (None, None, True)),
        ):
            async with session.request(method, f"{kiosk.url}bench/{path}", headers={"Origin": kiosk.origin}) as answer:
                assert answer.status == 204
            now = await state()
            assert (now.laid_card, now.laid_page, now.camera_plugged) == expected


async def test_the_bench_shows_a_code_and_refuses_nonsense(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        for body, status in (
            ('{"code":"CODE-1"}', 204),
            ("{}", 400),
            ("no", 400),
            ('{"code":""}', 400),
            ("x" * 9000, 400),
        ):
            async with session.post(kiosk.url + "bench/code", data=body) as answer:
                assert answer.status == status
        assert kiosk.actions == [CodeScanned("CODE-1")]
        for path in ("card/none", "page/none"):
            async with session.post(f"{kiosk.url}bench/{path}") as answer:
                assert answer.status == 404


async def test_another_site_can_not_use_the_bench(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, session):
        headers = {"Origin": "http://evil.example"}
        async with session.post(kiosk.url + "bench/card/id-1", headers=headers) as answer:
            assert answer.status == 403


async def test_a_booth_with_real_devices_has_no_bench(pages_dir: Path) -> None:
    async with serving(pages_dir, bench=False) as (kiosk, session):
        for path in ("bench", "bench/state"):
            async with session.get(kiosk.url + path) as answer:
                assert answer.status == 404


async def test_a_port_that_is_taken_is_said_in_one_line(pages_dir: Path) -> None:
    async with serving(pages_dir) as (kiosk, _session):
        port = int(kiosk.origin.rpartition(":")[2])
        sockets = PageSockets(kiosk.hub, kiosk, kiosk.exchange, kiosk.tell)
        with pytest.raises(ConfigError, match=str(port)):
            async with KioskServer("127.0.0.1", port, pages_dir, sockets, lambda: True):
                pass


async def test_a_server_that_stops_closes_its_pages(pages_dir: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with serving(pages_dir) as (kiosk, _):
            socket = await session.ws_connect(kiosk.url + "ws", origin=kiosk.origin)
            await next_event(socket)
        assert (await socket.receive(timeout=5)).data == aiohttp.WSCloseCode.GOING_AWAY
