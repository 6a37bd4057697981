"""A center's web layer on loopback, and a booth that speaks the link's frames by hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from center.heartbeats import Heartbeats
from center.web.app import WebConfig, WebDesk, make_app
from center.web.connection import LinkLimits
from center.web.feed import CounterFeed
from center.web.link import LinkHub
from center.web.log_in import COOKIE
from center.web.relays import Relays
from protocol import PROTOCOL_VERSION
from protocol.errors import ErrorCode
from protocol.link import (
    Ack,
    BoothFrame,
    CenterFrame,
    CenterNumbered,
    CenterPassing,
    Challenge,
    Hello,
    Proof,
    Refused,
    Welcome,
    proof_text,
    read_center_frame,
    write_frame,
)
from protocol.messages import Ping
from tests.integration.center_web.fake_desk import TOKEN, FakeConfig, FakeDesk, FakeMedia

BOOTH = "sample-01"
OWN = {"X-Bangban": "1"}
F = TypeVar("F")


@dataclass
class Center:
    """A running web layer. `clerk` has a log-in's cookie, `anyone` has none."""

    url: str
    desk: FakeDesk
    media: FakeMedia
    links: LinkHub
    counters: CounterFeed
    clerk: aiohttp.ClientSession
    anyone: aiohttp.ClientSession
    runner: web.AppRunner
    heartbeats: Heartbeats


@asynccontextmanager
async def running_center(
    limits: LinkLimits | None = None,
    config: WebConfig | None = None,
    counters: CounterFeed | None = None,
    relays: Relays | None = None,
) -> AsyncIterator[Center]:
    desk, media = FakeDesk(), FakeMedia()
    links = LinkHub(limits or LinkLimits())
    counters = counters or CounterFeed(spacing_s=0.001)
    desk.post = links
    heartbeats = Heartbeats(media, now_ms)
    async with (
        served(desk, links, counters, media, config or FakeConfig(), heartbeats, relays) as (runner, url),
        aiohttp.ClientSession(url, headers=OWN, cookies={COOKIE: TOKEN}, cookie_jar=_jar()) as clerk,
        aiohttp.ClientSession(url, headers=OWN, cookie_jar=_jar()) as anyone,
    ):
        yield Center(url, desk, media, links, counters, clerk, anyone, runner, heartbeats)


@asynccontextmanager
async def served(
    desk: WebDesk,
    links: LinkHub,
    counters: CounterFeed,
    media: FakeMedia,
    config: WebConfig,
    heartbeats: Heartbeats | None = None,
    relays: Relays | None = None,
) -> AsyncIterator[tuple[web.AppRunner, str]]:
    """Handlers are cancelled when their client goes, which is harsher than what the program does."""
    heartbeats = heartbeats or Heartbeats(media, now_ms)
    app = make_app(desk, links, counters, media, heartbeats, relays or Relays(now_ms), config)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield runner, f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _jar() -> aiohttp.CookieJar:
    return aiohttp.CookieJar(unsafe=True)


class LinkRefused(Exception):
    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


class HandBooth:
    """One booth process, as far as the link goes. Pings are answered with nothing and skipped when frames are read."""

    def __init__(self, session: aiohttp.ClientSession, booth_id: str = BOOTH, epoch: str = "epoch-1") -> None:
        self.session = session
        self.booth_id = booth_id
        self.epoch = epoch
        self.key = Ed25519PrivateKey.generate()
        self.received = 0
        self.upload_token = ""

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.socket() as socket:
            welcome = await self.shake_hands(socket)
            self.upload_token = welcome.upload_token
            yield socket

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.session.ws_connect("/api/booth/link", max_msg_size=0) as socket:
            yield socket

    async def shake_hands(self, socket: aiohttp.ClientWebSocketResponse) -> Welcome:
        challenge = await self.hello(socket)
        return await self.prove(socket, self.sign(challenge))

    async def hello(self, socket: aiohttp.ClientWebSocketResponse, version: int = PROTOCOL_VERSION) -> Challenge:
        await say(socket, Hello(self.booth_id, version, "test"))
        return await hear(socket, Challenge)

    def sign(self, challenge: Challenge) -> bytes:
        return self.key.sign(proof_text(challenge.center_id, self.booth_id, challenge.nonce))

    async def prove(self, socket: aiohttp.ClientWebSocketResponse, signature: bytes) -> Welcome:
        await say(socket, Proof(signature, self.epoch, self.received))
        return await hear(socket, Welcome)

    async def receive(self, socket: aiohttp.ClientWebSocketResponse, count: int) -> list[CenterNumbered]:
        """The next numbered messages, which are remembered as received."""
        messages = [await hear(socket, CenterNumbered) for _ in range(count)]
        self.received = messages[-1].n if messages else self.received
        return messages


def enrolled(center: Center) -> HandBooth:
    """A booth whose key the desk knows."""
    booth = HandBooth(center.anyone)
    center.desk.keys[booth.booth_id] = booth.public_key
    return booth


async def say(socket: aiohttp.ClientWebSocketResponse, frame: BoothFrame) -> None:
    await socket.send_str(write_frame(frame))


async def hear(socket: aiohttp.ClientWebSocketResponse, kind: type[F]) -> F:
    """The next frame of this kind; pings and unasked acknowledgements are skipped. Raises `LinkRefused`."""
    while True:
        frame = await next_frame(socket)
        match frame:
            case Refused(code) if kind is not Refused:
                raise LinkRefused(code)
            case CenterPassing(Ping()) if kind is not Ping:
                continue
            case Ack() if kind is not Ack:
                continue
        assert isinstance(frame, kind), frame
        return frame


async def next_frame(socket: aiohttp.ClientWebSocketResponse) -> CenterFrame:
    return read_center_frame(await socket.receive_str(timeout=5))


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read until the center closes; its code."""
    while not socket.closed:
        await socket.receive(timeout=5)
    return socket.close_code


def transport_of(socket: aiohttp.ClientWebSocketResponse) -> asyncio.Transport:
    """The client's own connection, to pull its cable; aiohttp has no public way to it."""
    transport = socket._conn.transport  # type: ignore[union-attr]
    assert isinstance(transport, asyncio.Transport)
    return transport


async def in_the_end(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - turns of the loop, no time passes
            await asyncio.sleep(0)
