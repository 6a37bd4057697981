"""What the center and its forwarder say to each other: msgpack frames over a socket that both inherit.

A new request is one more struct in `Request`, carried out in `service.py` and asked for in `client.py`; a new event is
one more in `interface.MediaEvent` or `RecordingNews`, and needs nothing here.
"""

import asyncio
import socket
import struct
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from center.media.interface import MediaEvent, MediaSettings, RecordingNews, RecordingOrder
from protocol.media import TrackOffer

MOST_FRAME_BYTES = 1 << 20
"""An offer has at most 60,000 characters."""

_LENGTH = struct.Struct("!I")


class Connect(Struct, frozen=True, tag=True):
    """Answered with the SDP."""

    participant: str
    sdp: str
    tracks: list[TrackOffer]

    def __repr__(self) -> str:
        return f"Connect({self.participant!r})"


class Disconnect(Struct, frozen=True, tag=True):
    participant: str


class Join(Struct, frozen=True, tag=True):
    room: str
    participant: str


class CloseRoom(Struct, frozen=True, tag=True):
    room: str


class StartRecording(Struct, frozen=True, tag=True):
    order: RecordingOrder


class StopRecording(Struct, frozen=True, tag=True):
    recording_id: str


class Ping(Struct, frozen=True, tag=True):
    """Are you still moving?"""


Request = Connect | Disconnect | Join | CloseRoom | StartRecording | StopRecording | Ping


class Begin(Struct, frozen=True, tag=True):
    """The center's first frame."""

    settings: MediaSettings
    verbose: bool = False


class Ask(Struct, frozen=True, tag=True):
    """A request; `Reply` or `Refusal` of the same number follows."""

    call: int
    request: Request


class Withdraw(Struct, frozen=True, tag=True):
    """Nobody waits for that call any more: undo what it began. No reply follows."""

    call: int


class Ready(Struct, frozen=True, tag=True):
    """The forwarder's first frame."""


class Unusable(Struct, frozen=True, tag=True):
    """The forwarder's first and last frame: the settings can't be used."""

    text: str


class Reply(Struct, frozen=True, tag=True):
    call: int
    value: str | None = None

    def __repr__(self) -> str:
        return f"Reply({self.call})"


class Refusal(Struct, frozen=True, tag=True):
    """`MediaError`, with its text."""

    call: int
    text: str


class Tell(Struct, frozen=True, tag=True):
    event: MediaEvent | RecordingNews


ToForwarder = Begin | Ask | Withdraw
Read = TypeVar("Read")

ToCenter = Ready | Unusable | Reply | Refusal | Tell


class Line(Generic[Read]):
    """One end of the socket. What is written waits while the other side does not read: its buffer is the bound."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reads: Any) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = msgspec.msgpack.Decoder(reads)
        self._encoder = msgspec.msgpack.Encoder()
        self._writing = asyncio.Lock()

    async def write(self, frame: ToForwarder | ToCenter) -> None:
        """Raises OSError when the other side is gone. Cancelling may lose the frame, never a part of it."""
        data = self._encoder.encode(frame)
        async with self._writing:
            self._writer.write(_LENGTH.pack(len(data)) + data)
            await self._writer.drain()

    async def read(self) -> Read | None:
        """The next frame of the type that this end reads; None at the end. Raises ValueError for what is no frame."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            if length > MOST_FRAME_BYTES:
                raise ValueError("a frame is too long")
            frame: Read = self._decoder.decode(await self._reader.readexactly(length))
            return frame
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


async def open_line(end: socket.socket, reads: Any) -> Line[Any]:
    """Take a connected stream socket over; `reads` is the union of frames that come in."""
    return Line[Any](*await asyncio.open_unix_connection(sock=end), reads)
