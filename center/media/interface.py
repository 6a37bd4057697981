"""The media plane as the rest of the center sees it.

Everything that crosses this interface is plain data, since the plane lives in a process of its own (`process`).
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct

from protocol.counter import RecordingFault
from protocol.media import TrackOffer


class ParticipantUp(Struct, frozen=True, tag=True):
    """Packets can flow to and from this participant."""

    participant: str


class ParticipantDown(Struct, frozen=True, tag=True):
    """The participant's connection is dead or was closed; it must offer again."""

    participant: str


MediaEvent = ParticipantUp | ParticipantDown


class RecordingOrder(Struct, frozen=True, tag=True):
    """Record a room: into this folder, encrypted with this key (32 bytes), which is kept in memory only."""

    recording_id: str
    room: str
    folder: str
    key: bytes

    def __repr__(self) -> str:
        return f"RecordingOrder({self.recording_id!r})"


class RecordingBegan(Struct, frozen=True, tag=True):
    """Its first packets came."""

    recording_id: str


class SegmentSealed(Struct, frozen=True, tag=True):
    """A segment is on the disk. `sha256` and `size_bytes` are of what plays, before it was encrypted."""

    recording_id: str
    number: int
    sha256: str
    size_bytes: int
    begins_at_ms: int
    duration_ms: int


class RecordingStalled(Struct, frozen=True, tag=True):
    """Something of the recording is missing from now on. It is tried on."""

    recording_id: str
    fault: RecordingFault


class RecordingRecovered(Struct, frozen=True, tag=True):
    recording_id: str


class RecordingClosed(Struct, frozen=True, tag=True):
    """Nothing more is written. What could not be finished lies in its folder as it is."""

    recording_id: str


RecordingNews = RecordingBegan | SegmentSealed | RecordingStalled | RecordingRecovered | RecordingClosed


class MediaError(Exception):
    """An offer could not be used: not SDP, no media section that fits, a codec that is not forwarded."""


class MediaSettings(Struct, frozen=True):
    """What the plane is told when it starts."""

    addresses: tuple[str, ...] = ()
    """The addresses of this machine that media uses; all of them when there is none here."""
    first_port: int = 0
    last_port: int = 0
    """UDP ports, both included; 0 and 0 for whatever the system gives."""
    most_publisher_bps: int = 8_000_000
    """What one participant may send of media altogether, twice and more of what it is told to; the rest is dropped."""


class MediaPlane(Protocol):
    """Rooms in which participants publish and subscribe to named tracks.

    A participant is a name: `booth:ID`, `kiosk:ID` or `clerk:ID`. Its membership of rooms belongs to the name, not to
    the connection: who reconnects is in the same room again. When two participants publish the same track in
    one room, a `kiosk:` goes before a `booth:`.
    """

    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str:
        """Answer an offer, replacing the participant's older connection.

        Raises `MediaError`. Cancelling leaves nothing behind.
        """
        ...

    async def disconnect(self, participant: str) -> None:
        """Close the participant's connection, if there is one. It stays a member of its rooms."""
        ...

    async def join(self, room: str, participant: str) -> None:
        """Forward between this participant and the room's others from now on. Joining one room leaves the other."""
        ...

    async def close_room(self, room: str) -> None:
        """Stop all forwarding in the room. Connections stay up. Closing twice is harmless."""
        ...

    async def start_recording(self, order: RecordingOrder) -> None:
        """Record the room's tracks from now on, until `stop_recording`. Starting one that runs is harmless."""
        ...

    async def stop_recording(self, recording_id: str) -> None:
        """End it and return at once; `RecordingClosed` follows what was sealed last. Stopping one that is not there is
        harmless, and is answered alike."""
        ...

    def events(self) -> AsyncIterator[MediaEvent]:
        """Ups and downs, in order. One consumer."""
        ...

    def recording_news(self) -> AsyncIterator[RecordingNews]:
        """How the recordings fare, in order. One consumer."""
        ...
