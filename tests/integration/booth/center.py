"""A small center on loopback that speaks the real protocol, and misbehaves when a test asks for it."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from yarl import URL

from protocol.counter import ErrorReply
from protocol.errors import ErrorCode
from protocol.link import (
    Ack,
    BoothNumbered,
    BoothPassing,
    CenterFrame,
    CenterNumbered,
    CenterPassing,
    Challenge,
    Enrolment,
    Hello,
    Proof,
    Refused,
    Welcome,
    proof_text,
    read_booth_frame,
    write_frame,
)
from protocol.messages import BoothFleeting, BoothMessage, CenterFleeting, CenterMessage, Ping, Pong
from protocol.pages import OFFSET_HEADER, PageAnnounced, PagePart
from protocol.stream import Sender, is_next

NONCE = b"n" * 32


@dataclass
class Stored:
    """One page on its way in."""

    announced: PageAnnounced
    parts: dict[PagePart, bytes] = field(default_factory=lambda: dict.fromkeys(PagePart, b""))

    def wanted(self, part: PagePart) -> tuple[str, int]:
        page = self.announced
        match part:
            case PagePart.LIGHT:
                return page.light_sha256, page.light_size_bytes
            case PagePart.FULL:
                return page.sha256, page.size_bytes
            case PagePart.FRAME:
                return page.frame_sha256 or "", page.frame_size_bytes or 0


class FakeCenter:
    """Keeps the stream's numbers as the real one does: over all connections of an epoch."""

    def __init__(self) -> None:
        self.key: bytes | None = None
        self.code: str | None = None
        self.refuse: ErrorCode | None = None
        self.token = "token-1"
        self.url = URL()
        self.epochs: list[str] = []
        self.heard: list[BoothMessage] = []
        self.fleeting: list[BoothFleeting] = []
        self.received = 0
        self.sender: Sender[CenterMessage] = Sender()
        self.pages: dict[str, Stored] = {}
        self.requests: list[str] = []
        self.silent = False
        self.handshakes = 0
        self.drop_when: Callable[[str], bool] = lambda _step: False
        """Asked at each step of a connection: hello, challenge, proof, welcome, message, handled, acked."""
        self.break_off: Callable[[str], web.StreamResponse | None] = lambda _request: None
        """Asked before each request for pages (`METHOD part offset`)."""
        self.holds: dict[str, asyncio.Event] = {}
        """Requests for pages that wait for their event (`METHOD part offset page_id`)."""
        self.changed = asyncio.Condition()
        self._sockets: set[web.WebSocketResponse] = set()
        self._epoch = ""

    # --- What tests do ---

    async def until(self, true: Callable[[], bool], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(true)

    async def say(self, message: CenterMessage) -> None:
        n = self.sender.put(message)
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionError):
                await self._send(socket, CenterNumbered(n, self.received, message))

    async def tell(self, message: CenterFleeting) -> None:
        for socket in list(self._sockets):
            await self._send(socket, CenterPassing(message))

    async def send_raw(self, text: str) -> None:
        for socket in list(self._sockets):
            await socket.send_str(text)

    async def drop(self) -> None:
        """Break every connection, without a word."""
        for socket in list(self._sockets):
            _break(socket)

    @property
    def linked(self) -> bool:
        return bool(self._sockets)

    # --- The link ---

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.2)
        await socket.prepare(request)
        self.handshakes += 1
        try:
            await self._serve(socket)
        except (ConnectionError, TypeError):
            _break(socket)  # dropped by the test, or gone by itself
        finally:
            self._sockets.discard(socket)
            await self._note()
        return socket

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        hello = read_booth_frame(await self._step(socket, "hello"))
        assert isinstance(hello, Hello)
        if self.refuse is not None:
            await self._send(socket, Refused(self.refuse))
            await socket.close()
            return
        await self._send(socket, Challenge("center", NONCE))
        self._maybe_drop("challenge")
        proof = read_booth_frame(await self._step(socket, "proof"))
        assert isinstance(proof, Proof)
        if not self._proven(hello, proof):
            await self._send(socket, Refused(ErrorCode.BAD_PROOF))
            await socket.close()
            return
        if proof.epoch != self._epoch:
            self._epoch = proof.epoch
            self.epochs.append(proof.epoch)
            self.received, self.sender = 0, Sender()
        self.sender.acknowledged(proof.received)
        await self._send(socket, Welcome(self.received, self.token, 0))
        self._maybe_drop("welcome")
        for n, message in self.sender.pending():
            await self._send(socket, CenterNumbered(n, self.received, message))
        self._sockets.add(socket)
        await self._note()
        while True:
            await self._take(socket, await self._step(socket, "message"))

    async def _take(self, socket: web.WebSocketResponse, data: str) -> None:
        frame = read_booth_frame(data)
        match frame:
            case BoothNumbered(n, ack, body):
                self.sender.acknowledged(ack)
                if is_next(self.received, n):
                    self.received = n
                    self.heard.append(body)
                self._maybe_drop("handled")
                await self._send(socket, Ack(self.received))
                self._maybe_drop("acked")
            case Ack(ack):
                self.sender.acknowledged(ack)
            case BoothPassing(Ping(sent_ms)):
                if not self.silent:
                    await self._send(socket, CenterPassing(Pong(sent_ms)))
            case BoothPassing(body):
                self.fleeting.append(body)
            case Hello() | Proof():
                raise AssertionError("a handshake frame after the handshake")
        await self._note()

    def _proven(self, hello: Hello, proof: Proof) -> bool:
        assert self.key is not None
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(
                proof.signature, proof_text("center", hello.booth_id, NONCE)
            )
        except InvalidSignature:
            return False
        return True

    async def _step(self, socket: web.WebSocketResponse, step: str) -> str:
        data = await socket.receive_str()
        self._maybe_drop(step)
        return data

    def _maybe_drop(self, step: str) -> None:
        if self.drop_when(step):
            raise ConnectionResetError(step)

    async def _send(self, socket: web.WebSocketResponse, frame: CenterFrame) -> None:
        await socket.send_str(write_frame(frame))

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    # --- Pages and enrolment ---

    async def _announce(self, request: web.Request) -> web.StreamResponse:
        page = msgspec.json.decode(await request.read(), type=PageAnnounced)
        if answer := self._guard(request, "POST"):
            return answer
        known = page.page_id in self.pages
        self.pages.setdefault(page.page_id, Stored(page))
        await self._note()
        return web.Response(status=200 if known else 201)

    async def _offset(self, request: web.Request) -> web.StreamResponse:
        stored, part = self._named(request)
        if answer := self._guard(request, f"HEAD {part}"):
            return answer
        return _at(200, len(stored.parts[part]))

    async def _append(self, request: web.Request) -> web.StreamResponse:
        stored, part = self._named(request)
        offset = int(request.headers[OFFSET_HEADER])
        chunk = await request.read()
        if offset != len(stored.parts[part]):
            return _at(409, len(stored.parts[part]))
        if answer := self._guard(request, f"PATCH {part} {offset}"):
            return answer
        await self._note()
        if hold := self.holds.get(self.requests[-1]):
            await hold.wait()
        stored.parts[part] += chunk
        sha256, size = stored.wanted(part)
        if len(stored.parts[part]) >= size and hashlib.sha256(stored.parts[part]).hexdigest() != sha256:
            stored.parts[part] = b""
            await self._note()
            return _refusal(422, ErrorCode.WRONG_HASH)
        await self._note()
        return _at(204, len(stored.parts[part]))

    def _guard(self, request: web.Request, name: str) -> web.StreamResponse | None:
        page_id = request.match_info.get("page_id", "")
        self.requests.append(f"{name} {page_id}".strip())
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, ErrorCode.NOT_LOGGED_IN)
        return self.break_off(name)

    def _named(self, request: web.Request) -> tuple[Stored, PagePart]:
        return self.pages[request.match_info["page_id"]], PagePart(request.match_info["part"])

    async def _enrol(self, request: web.Request) -> web.StreamResponse:
        wanted = msgspec.json.decode(await request.read(), type=Enrolment)
        if wanted.code != self.code:
            return _refusal(403, ErrorCode.BAD_CODE)
        self.key = wanted.public_key
        return web.Response(status=204)

    def whole(self, page_id: str) -> bool:
        """Whether every part is there, as announced."""
        stored = self.pages.get(page_id)
        return stored is not None and all(
            hashlib.sha256(stored.parts[part]).hexdigest() == stored.wanted(part)[0]
            for part in PagePart
            if stored.wanted(part)[0]
        )


@contextlib.asynccontextmanager
async def fake_center() -> AsyncIterator[FakeCenter]:
    center = FakeCenter()
    app = web.Application(client_max_size=2**20)
    app.router.add_get("/api/booth/link", center._link)
    app.router.add_post("/api/booth/pages", center._announce)
    app.router.add_route("HEAD", "/api/booth/pages/{page_id}/{part}", center._offset)
    app.router.add_patch("/api/booth/pages/{page_id}/{part}", center._append)
    app.router.add_post("/api/enrol", center._enrol)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        center.url = URL(f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield center
    finally:
        await center.drop()
        await runner.cleanup()


def _at(status: int, offset: int) -> web.Response:
    return web.Response(status=status, headers={OFFSET_HEADER: str(offset)})


def _refusal(status: int, code: ErrorCode) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(ErrorReply(code)), content_type="application/json")


def refusal(status: int, code: ErrorCode) -> web.Response:
    """An error as the center words it."""
    return _refusal(status, code)


def _break(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport if socket._req is not None else None
    if transport is not None:
        transport.abort()
