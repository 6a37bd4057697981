"""One connection of a proven booth: tasks that write, read and beat, until the first of them has a reason to end."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from aiohttp import web

from center.desk import LinkOpened
from center.web.handshake import Proven
from center.web.lasting import to_the_end
from center.web.offers import BoothMedia, ListensToHeartbeats, PeerOffers, participant_of
from center.web.relays import Relays
from center.web.sockets import SocketGone, receive_text, send_text
from protocol.desk import DeskSeen
from protocol.errors import ErrorCode, ProtocolError
from protocol.link import (
    Ack,
    BoothNumbered,
    BoothPassing,
    CenterFrame,
    CenterNumbered,
    CenterPassing,
    Hello,
    Proof,
    Welcome,
    read_booth_frame,
    write_frame,
)
from protocol.media import MediaClosed, MediaOffer, MediaReport, PeerKind
from protocol.messages import BoothFleeting, BoothMessage, CenterFleeting, CenterMessage, Ping, Pong

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkLimits:
    handshake_s: float = 10.0
    """From the opened socket to the proof."""
    beat_s: float = 1.0
    silence_s: float = 4.0
    """A link without any frame for so long is dead."""
    write_s: float = 10.0
    """A booth that takes no byte for so long is gone."""
    unproven: int = 64
    """Connections that may be in their handshake at the same time."""
    queue: int = 256
    """Frames that wait for a slow booth; one more and the connection ends, to be resumed from the store."""


class MessageDesk(Protocol):
    def booth_message(self, booth_id: str, epoch: str, n: int, message: BoothMessage) -> Coroutine[Any, Any, None]: ...

    async def booth_acknowledged(self, booth_id: str, ack: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Post:
    """A numbered message on its way out; its `ack` is filled in when it is written."""

    n: int
    message: CenterMessage


class BoothConnection:
    """Takes posts from the moment it exists, sends them once `run` knows what the booth already has."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        proven: Proven,
        desk: MessageDesk,
        media: BoothMedia,
        heartbeats: ListensToHeartbeats,
        relays: Relays,
        limits: LinkLimits,
        see: Callable[[str, DeskSeen], None] = lambda _booth_id, _seen: None,
    ) -> None:
        """`see` is told what the booth's document camera sees; it returns at once."""
        self.proven = proven
        self._see = see
        self.finished = asyncio.Event()
        """Set when this connection handles no frame any more."""
        self._socket = socket
        self._desk = desk
        self._heartbeats = heartbeats
        self._relays = relays
        self._limits = limits
        self._queue: asyncio.Queue[_Post | Ack | CenterPassing] = asyncio.Queue(limits.queue)
        self._ending: asyncio.Future[ErrorCode | None] = asyncio.get_running_loop().create_future()
        self._offers = {
            peer: PeerOffers(participant_of(peer, proven.booth_id), media, self.pass_on) for peer in PeerKind
        }
        self._received = 0
        self._acknowledged = proven.received

    def __repr__(self) -> str:
        state = "ending" if self._ending.done() else "open"
        return f"BoothConnection({self.proven.booth_id!r}, {state}, queued={self._queue.qsize()})"

    def post(self, n: int, message: CenterMessage) -> None:
        """Send a numbered message. Never blocks."""
        self._enqueue(_Post(n, message))

    def pass_on(self, message: CenterFleeting) -> None:
        """Send a fleeting message. Never blocks."""
        self._enqueue(CenterPassing(message))

    def end(self, reason: ErrorCode | None) -> None:
        """Have `run` return with this reason; the first one counts. None: there is nobody left to tell it to."""
        if not self._ending.done():
            self._ending.set_result(reason)

    async def run(self, opened: LinkOpened, upload_token: str) -> ErrorCode | None:
        """Carry frames until the link ends; why it ended. Cancelling ends it and leaves no task behind."""
        self._received = opened.received
        booth_id = self.proven.booth_id
        async with asyncio.TaskGroup() as group:
            works: dict[str, Callable[[], Awaitable[None]]] = {
                "write": partial(self._write, opened, upload_token),
                "read": self._read,
                "beat": self._beat,
                **({"relays": self._give_relays} if self._relays else {}),
                **{f"media {peer}": offers.run for peer, offers in self._offers.items()},
            }
            tasks = [
                group.create_task(self._until_ended(work), name=f"link {booth_id} {name}")
                for name, work in works.items()
            ]
            reason = await self._ending
            for task in tasks:
                task.cancel()
        return reason

    # --- Tasks ---

    async def _until_ended(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; what it raises about the peer is the connection's end."""
        try:
            await work()
        except ProtocolError as error:
            LOG.warning("link %s: %s", self.proven.booth_id, error)
            self.end(error.code)
        except TimeoutError:
            self.end(ErrorCode.TIMED_OUT)
        except SocketGone:
            self.end(None)

    async def _write(self, opened: LinkOpened, upload_token: str) -> None:
        """First what the booth lacks, then what was queued: each number once, none skipped."""
        await self._send(Welcome(opened.received, upload_token, _now_ms()))
        sent = self.proven.received
        for n, message in opened.pending:
            await self._send(CenterNumbered(n, self._received, message))
            sent = n
        while True:
            match await self._queue.get():
                case _Post(n, message):
                    if n > sent + 1:
                        raise ProtocolError(ErrorCode.OUT_OF_ORDER, "a message overtook another; the booth resumes")
                    if n == sent + 1:
                        await self._send(CenterNumbered(n, self._received, message))
                        sent = n
                case frame:
                    await self._send(frame)

    async def _read(self) -> None:
        while True:
            frame = read_booth_frame(await receive_text(self._socket, self._limits.silence_s))
            match frame:
                case BoothNumbered(n, ack, body):
                    await self._acknowledge(ack)
                    # Not to be cancelled between its commit and the sending of what it brought about, also to others.
                    message = self._desk.booth_message(self.proven.booth_id, self.proven.epoch, n, body)
                    await to_the_end(message, f"link {self.proven.booth_id} message")
                    self._received = max(self._received, n)
                    self._enqueue(Ack(self._received))
                case Ack(ack):
                    await self._acknowledge(ack)
                case BoothPassing(body):
                    self._pass_in(body)
                case Hello() | Proof():
                    raise ProtocolError(ErrorCode.MALFORMED, "the handshake is over")

    async def _beat(self) -> None:
        while True:
            self.pass_on(Ping(_now_ms()))
            await asyncio.sleep(self._limits.beat_s)

    async def _give_relays(self) -> None:
        """At once, and again when half of their time is over."""
        while True:
            given = self._relays.of(participant_of(PeerKind.BOOTH, self.proven.booth_id))
            self.pass_on(given)
            await asyncio.sleep(given.valid_s / 2)

    # --- Parts ---

    async def _acknowledge(self, ack: int) -> None:
        if ack > self._acknowledged:
            await self._desk.booth_acknowledged(self.proven.booth_id, ack)
            self._acknowledged = ack

    def _pass_in(self, message: BoothFleeting) -> None:
        match message:
            case MediaOffer():
                self._offers[message.peer].put(message)
            case MediaClosed():
                self._heartbeats.forget(participant_of(message.peer, self.proven.booth_id))
                self._offers[message.peer].put(message)
            case MediaReport(peer, figures):
                participant = participant_of(peer, self.proven.booth_id)
                self._heartbeats.heard(participant, figures)
                self.pass_on(self._heartbeats.network(participant))
            case DeskSeen():
                self._see(self.proven.booth_id, message)
            case Ping(sent_ms):
                self.pass_on(Pong(sent_ms))
            case Pong():
                pass

    def _enqueue(self, item: _Post | Ack | CenterPassing) -> None:
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.end(ErrorCode.BACKLOG_FULL)

    async def _send(self, frame: CenterFrame) -> None:
        await send_text(self._socket, write_frame(frame), self._limits.write_s)


def _now_ms() -> int:
    return int(time.time() * 1000)
