"""The booth's end of the link: one connection after another, and the numbered stream that outlives them.

`Link` keeps what was sent and not acknowledged in memory, for the life of this process (an *epoch*); a connection sends
it again from the number that the center says it has. Sending never waits: the one writer of a connection takes what
is there. When the two sides can't agree on a number, or nobody acknowledges anything for very long, a new epoch begins.
"""

import asyncio
import logging
import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Protocol

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from booth.errors import CenterLost, CenterRefused
from booth.link.reach import connects, local_address, until_reachable
from protocol import PROTOCOL_VERSION
from protocol.errors import ErrorCode, ProtocolError
from protocol.link import (
    MAX_FRAME_BYTES,
    Ack,
    BoothFrame,
    BoothNumbered,
    BoothPassing,
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
from protocol.messages import (
    BoothFleeting,
    BoothMessage,
    CardPresented,
    CenterFleeting,
    CenterMessage,
    CommandFailed,
    Ping,
    Pong,
    RequestWithdrawn,
    TicketRequested,
)
from protocol.stream import Sender, is_next

log = logging.getLogger(__name__)

HANDSHAKE_S = 10.0
PING_S = 1.0
DEAD_S = 4.0
"""A link on which nothing was heard for this long is dead (four pings)."""
CLOSE_S = 1.0
"""How long the center gets to answer our closing; a dead one never does."""
MAX_FLEETING = 64
"""Fleeting messages that wait for the writer; the oldest go first."""

FOR_A_PERSON = frozenset({ErrorCode.UNKNOWN_BOOTH, ErrorCode.BAD_PROOF, ErrorCode.PROTOCOL_VERSION, ErrorCode.REPLACED})
"""Refusals that don't go away by themselves."""
OF_THE_EPOCH = frozenset({ErrorCode.OUT_OF_ORDER, ErrorCode.MALFORMED, ErrorCode.TOO_LARGE, ErrorCode.BACKLOG_FULL})
"""Refusals that the same stream would only meet again."""


MAX_NUMBER = 2**53


class Listener(Protocol):
    """Who is told what comes over the link. Each call returns at once, and has taken the message when it does."""

    def epoch_began(self) -> None: ...

    def link_changed(self, up: bool) -> None: ...

    def welcomed(self, upload_token: str) -> None: ...

    def said(self, message: CenterMessage) -> None: ...

    def passed(self, message: CenterFleeting) -> None: ...


class Link:
    """The numbered stream to the center and its connections; `connect` is kept up by the supervisor."""

    def __init__(
        self,
        address: URL,
        trusted: ssl.SSLContext | None,
        booth_id: str,
        key: Ed25519PrivateKey,
        software: str,
        session: aiohttp.ClientSession,
    ) -> None:
        self._address = address
        self._trusted = trusted
        self._booth_id = booth_id
        self._key = key
        self._software = software
        self._session = session
        self._sender: Sender[BoothMessage] = Sender()
        self._epoch = secrets.token_urlsafe(12)
        self._received = 0
        self._fleeting: deque[BoothFleeting] = deque(maxlen=MAX_FLEETING)
        self._wake = asyncio.Event()
        self._up = False
        self._local_address: str | None = None

    def __repr__(self) -> str:
        return f"Link(up={self._up}, {self._sender!r}, received={self._received})"

    @property
    def up(self) -> bool:
        return self._up

    @property
    def pending(self) -> int:
        """How many numbered messages the center has not acknowledged."""
        return len(self._sender.pending())

    def send(self, message: BoothMessage, listener: Listener) -> None:
        """Send exactly once, whatever happens to connections. Raises `ProtocolError` when no frame could hold it."""
        write_frame(BoothNumbered(MAX_NUMBER, MAX_NUMBER, message))
        try:
            self._sender.put(message)
        except ProtocolError:
            self._begin_epoch(listener)
            self._sender.put(message)
        self._wake.set()

    def withdraw(self, request_id: str) -> None:
        """Forget a request that the center has not acknowledged, with the code in it. Harmless for any other id."""
        self._sender.rewrite(
            lambda message: _without_person(message) if getattr(message, "request_id", None) == request_id else message
        )

    def wipe(self) -> None:
        """Forget what a visit that is over showed and the center has not acknowledged: cards and codes."""
        self._sender.rewrite(_without_person)

    def tell(self, message: BoothFleeting) -> bool:
        """Send if the link is up; False, and nothing sent, when it is not."""
        if self._up:
            self._fleeting.append(message)
            self._wake.set()
        return self._up

    async def until_reachable(self) -> None:
        """Return as soon as the center takes connections."""
        await until_reachable(partial(connects, self._address.host or "", self._address.port or 443))

    @property
    def local_address(self) -> str | None:
        """This machine's address in the newest connection, when it is known."""
        return self._local_address

    async def connect(self, listener: Listener, worked: Callable[[], None]) -> None:
        """One connection, from the handshake to its end, which is always `CenterLost` or `CenterRefused`.

        Cancelling it loses nothing: what is not acknowledged is sent again by the next one.
        """
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(HANDSHAKE_S):
                    socket = await stack.enter_async_context(self._open())
                    welcome = await self._shake_hands(socket)
                await self._serve(socket, welcome, listener, worked)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CenterLost(f"no link to the center ({type(error).__name__})") from error
        except ProtocolError as error:
            raise CenterLost(f"the center broke the protocol: {error}") from error
        except CenterRefused as refusal:
            if refusal.code in OF_THE_EPOCH:
                self._begin_epoch(listener)
            if refusal.code in FOR_A_PERSON:
                raise
            raise CenterLost(f"the center closed the link: {refusal.code}") from refusal

    def _open(self) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        return self._session.ws_connect(
            self._address / "api/booth/link",
            max_msg_size=MAX_FRAME_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            ssl=self._trusted or True,
        )

    async def _shake_hands(self, socket: aiohttp.ClientWebSocketResponse) -> Welcome:
        await socket.send_str(write_frame(Hello(self._booth_id, PROTOCOL_VERSION, self._software)))
        challenge = await _receive(socket)
        if not isinstance(challenge, Challenge):
            raise ProtocolError(ErrorCode.OUT_OF_ORDER, "a challenge comes first")
        signature = self._key.sign(proof_text(challenge.center_id, self._booth_id, challenge.nonce))
        await socket.send_str(write_frame(Proof(signature, self._epoch, self._received)))
        welcome = await _receive(socket)
        if not isinstance(welcome, Welcome):
            raise ProtocolError(ErrorCode.OUT_OF_ORDER, "a welcome follows the proof")
        return welcome

    async def _serve(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        welcome: Welcome,
        listener: Listener,
        worked: Callable[[], None],
    ) -> None:
        self._resume(welcome.received, listener)
        connection = _Connection(socket, welcome.received)
        self._local_address, _ = _addresses(socket)
        self._up = True
        self._fleeting.clear()
        self._wake.set()
        log.info("link up, epoch %s, the center has %d", self._epoch, welcome.received)
        try:
            listener.welcomed(welcome.upload_token)
            listener.link_changed(True)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(connection), name="link writer")
                tasks.create_task(self._watch(connection, worked), name="link pings")
                tasks.create_task(self._read(connection, listener), name="link reader")
        except* (CenterLost, CenterRefused, ProtocolError, aiohttp.ClientError, OSError) as group:
            raise _first(group) from None
        finally:
            self._up = False
            listener.link_changed(False)

    def _resume(self, received: int, listener: Listener) -> None:
        """Go on after number `received`; when that can't be, begin a new epoch and raise."""
        pending = self._sender.pending()
        oldest = pending[0][0] if pending else self._sender.sent + 1
        if not oldest - 1 <= received <= self._sender.sent:
            self._begin_epoch(listener)
            raise ProtocolError(ErrorCode.OUT_OF_ORDER, "the center's number is not of this epoch")
        self._sender.acknowledged(received)

    def _begin_epoch(self, listener: Listener) -> None:
        self._sender = Sender()
        self._epoch = secrets.token_urlsafe(12)
        self._received = 0
        log.warning("a new epoch begins: %s", self._epoch)
        listener.epoch_began()

    async def _read(self, connection: "_Connection", listener: Listener) -> None:
        while True:
            # No local name here holds a frame while the next one is awaited: what came last may be personal
            self._take(await _receive(connection.socket), connection, listener)

    def _take(self, frame: CenterFrame, connection: "_Connection", listener: Listener) -> None:
        connection.heard_s = time.monotonic()
        match frame:
            case CenterNumbered(n, ack, body):
                self._sender.acknowledged(ack)
                connection.ack_due = True
                if is_next(self._received, n):
                    self._received = n
                    listener.said(body)
            case Ack(ack):
                self._sender.acknowledged(ack)
            case CenterPassing(Ping(sent_ms)):
                self._fleeting.append(Pong(sent_ms))
            case CenterPassing(Pong()):
                return
            case CenterPassing(body):
                listener.passed(body)
            case Challenge() | Welcome() | Refused():
                raise ProtocolError(ErrorCode.OUT_OF_ORDER, "the handshake is over")
        self._wake.set()

    async def _write(self, connection: "_Connection") -> None:
        epoch = self._epoch
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._epoch != epoch:
                raise CenterLost("connecting again in a new epoch")
            await self._send_pending(connection)
            while self._fleeting:
                await _send(connection.socket, BoothPassing(self._fleeting.popleft()))
            if connection.ack_due:
                connection.ack_due = False
                await _send(connection.socket, Ack(self._received))

    async def _send_pending(self, connection: "_Connection") -> None:
        for n, message in self._sender.pending():
            if n > connection.sent:
                connection.sent, connection.ack_due = n, False
                await _send(connection.socket, BoothNumbered(n, self._received, message))

    async def _watch(self, connection: "_Connection", worked: Callable[[], None]) -> None:
        """Ping each second, and give the connection up when nothing comes back, or when this machine has moved to
        another network: what was begun in the former one gets no answer there."""
        ours, theirs = _addresses(connection.socket)
        while True:
            self.tell(Ping(time.time_ns() // 1_000_000))
            await asyncio.sleep(PING_S)
            if ours is not None and theirs is not None and local_address(*theirs) not in (ours, None):
                raise CenterLost("this machine's address has changed")
            if time.monotonic() - connection.heard_s > DEAD_S:
                raise CenterLost(f"nothing heard for {DEAD_S:.0f} s")
            worked()


class _Connection:
    """What belongs to one connection alone."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, sent: int) -> None:
        self.socket = socket
        self.sent = sent
        self.ack_due = False
        self.heard_s = time.monotonic()


def _without_person(message: BoothMessage) -> BoothMessage:
    """What takes the number of a message that holds a card or a code."""
    match message:
        case TicketRequested(request_id):
            return RequestWithdrawn(request_id)
        case CardPresented(command_id):
            return CommandFailed(command_id, ErrorCode.WITHDRAWN)
        case _:
            return message


def _addresses(socket: aiohttp.ClientWebSocketResponse) -> tuple[str | None, tuple[str, int] | None]:
    """This side's address of the connection, and the other side's with its port, where they are known."""
    ours, theirs = socket.get_extra_info("sockname"), socket.get_extra_info("peername")
    return (str(ours[0]) if ours else None), ((str(theirs[0]), int(theirs[1])) if theirs else None)


async def _send(socket: aiohttp.ClientWebSocketResponse, frame: BoothFrame) -> None:
    await socket.send_str(write_frame(frame))


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> CenterFrame:
    """The next frame; raises `CenterLost` at the end, `CenterRefused` for a refusal, `ProtocolError` for nonsense."""
    message = await socket.receive()
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise CenterLost(f"the center closed the link ({socket.close_code})")
    frame = read_center_frame(message.data)
    if isinstance(frame, Refused):
        raise CenterRefused(frame.code)
    return frame


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The reason of a broken connection; a refusal goes before the noise that it makes elsewhere."""
    leaves: list[BaseException] = []
    groups: list[BaseException] = [group]
    while groups:
        error = groups.pop()
        if isinstance(error, BaseExceptionGroup):
            groups += error.exceptions
        else:
            leaves.append(error)
    return next((leaf for leaf in leaves if isinstance(leaf, CenterRefused)), leaves[-1])
