"""The media plane in this process: connections by participant, and packets along the routes that `Rooms` names."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

from aiortc import RTCRtpTransceiver, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from center.media.beat import together
from center.media.ends import ForwardingConnection, PublisherEnd, SubscriberEnd
from center.media.flow import Subscription
from center.media.interface import (
    MediaError,
    MediaEvent,
    MediaSettings,
    ParticipantDown,
    ParticipantUp,
    RecordingNews,
    RecordingOrder,
)
from center.media.internals.sockets import check_settings
from center.media.offers import Offer, ask_for_copies, read_offer
from center.media.recording.recorder import Recorders
from center.media.recording.segments import SEGMENT_S
from center.media.rooms import Rooms, Routes
from protocol.media import TrackDirection, TrackName, TrackOffer

CONNECT_S = 15.0
"""From the answer to packets; at 5 % loss up to 3.3 s were measured."""
REPORT_S = 1.0

_REFUSALS = (
    InvalidAccessError,
    InvalidStateError,
    OperationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What aiortc's SDP parser raises, according to what is wrong: it has no exception of its own, and a coroutine turns
StopIteration into RuntimeError."""

_log = logging.getLogger(__name__)


class _Peer:
    """One connection of a participant, from its answer to its end. A new offer makes a new one."""

    def __init__(self, participant: str, offer: Offer, settings: MediaSettings) -> None:
        self.participant = participant
        self.offers = list(offer.tracks.values())
        self.publishers: dict[TrackName, PublisherEnd] = {}
        self.subscribers: dict[TrackName, SubscriberEnd] = {}
        self.connection = ForwardingConnection(settings, participant)
        self.settled = asyncio.Event()
        """It is known whether the connection came to stand."""
        self.ended = asyncio.Event()
        self.closed = asyncio.Event()
        self._offer = offer
        self.connection.add_listener("connectionstatechange", self._follow)

    async def answer(self) -> str:
        """Raises `MediaError`."""
        connection = self.connection
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp=self._offer.sdp, type="offer"))
            for transceiver in connection.getTransceivers():
                transceiver.direction = self._direction(transceiver.mid or "")
                self._name(transceiver)
            await connection.setLocalDescription(await connection.createAnswer())
        except _REFUSALS as exc:
            raise MediaError(f"the offer can't be answered ({type(exc).__name__})") from None
        tracks = self._offer.tracks
        self.publishers = {tracks[mid].track: end for mid, end in connection.receiving_ends().items()}
        self.subscribers = {tracks[mid].track: end for mid, end in connection.sending_ends().items()}
        return ask_for_copies(connection.localDescription.sdp)

    def end(self) -> None:
        """The connection failed, or is no longer wanted."""
        self.ended.set()
        self.settled.set()

    def _direction(self, mid: str) -> str:
        offer = self._offer.tracks.get(mid)
        if offer is None:
            return "inactive"
        return "recvonly" if offer.direction is TrackDirection.PUBLISH else "sendonly"

    def _name(self, transceiver: RTCRtpTransceiver) -> None:
        offer = self._offer.tracks.get(transceiver.mid or "")
        if offer is not None:
            subscriber = cast(SubscriberEnd, transceiver.sender)
            subscriber.track_name = cast(PublisherEnd, transceiver.receiver).track_name = offer.track
            if offer.track is TrackName.DOCUMENT:
                subscriber.stand_apart()

    def _follow(self) -> None:
        state = self.connection.connectionState
        if state == "connected":
            self.settled.set()
        elif state in ("failed", "closed"):
            self.end()


class ForwardingPlane:
    """Implements `MediaPlane` in this process. An async context manager: leaving it closes every connection.

    A connection that was replaced by a newer offer says nothing when it ends; `ParticipantDown` always means that the
    participant has none. When several events of one participant wait for the consumer, it gets the newest alone.
    """

    def __init__(
        self, settings: MediaSettings | None = None, *, connect_s: float = CONNECT_S, segment_s: float = SEGMENT_S
    ) -> None:
        """Raises `MediaError` when the settings can't be used."""
        self._settings = settings or MediaSettings()
        check_settings(self._settings)
        self._connect_s = connect_s
        self._rooms = Rooms()
        self._peers: dict[str, _Peer] = {}
        self._guests: dict[str, Mapping[TrackName, Subscription]] = {}
        self._recorders = Recorders(self.admit, self.dismiss, segment_s=segment_s)
        self._tasks = asyncio.TaskGroup()
        self._running = False
        self._news: dict[str, MediaEvent] = {}
        """Untold events, the oldest first. One participant has one at most, the newest: that is their bound."""
        self._told = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._recorders.__aenter__()
        await self._tasks.__aenter__()
        self._running = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        for peer in self._peers.values():
            peer.end()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            await self._recorders.__aexit__(None, None, None)

    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str:
        if not self._running:
            raise MediaError("the media plane is closing")
        peer = _Peer(participant, read_offer(sdp, tracks), self._settings)
        try:
            answer = await peer.answer()
        except BaseException:
            await self._discard(peer)
            raise
        if not self._running:
            await self._discard(peer)
            raise MediaError("the media plane is closing")
        former = self._peers.get(participant)
        self._peers[participant] = peer
        self._tasks.create_task(self._attend(peer), name=f"media {participant}")
        if former is not None:
            former.end()
            self._apply(self._rooms.disconnected(participant))
        return answer

    async def disconnect(self, participant: str) -> None:
        peer = self._peers.get(participant)
        if peer is not None:
            peer.end()
            await peer.closed.wait()

    async def join(self, room: str, participant: str) -> None:
        self._apply(self._rooms.join(room, participant))

    async def close_room(self, room: str) -> None:
        self._apply(self._rooms.close(room))

    def admit(self, guest: str, room: str, subscriptions: Mapping[TrackName, Subscription]) -> None:
        """Let a subscriber of this process take part in a room, under a name that no participant has: the recorder.

        Each subscription is attached to whoever publishes its track, again at every change, until `dismiss`. A
        room that is closed attaches it to nobody.
        """
        self._guests[guest] = subscriptions
        tracks = [TrackOffer(mid=track, track=track, direction=TrackDirection.SUBSCRIBE) for track in subscriptions]
        self._rooms.connected(guest, tracks)
        self._apply(self._rooms.join(room, guest))

    def dismiss(self, guest: str) -> None:
        """Detach a guest for good. Harmless when it isn't there."""
        for subscription in self._guests.pop(guest, {}).values():
            subscription.attach(None)
        self._rooms.forget(guest)

    async def start_recording(self, order: RecordingOrder) -> None:
        self._recorders.start(order)

    async def stop_recording(self, recording_id: str) -> None:
        self._recorders.stop(recording_id)

    def recording_news(self) -> AsyncIterator[RecordingNews]:
        return self._recorders.news()

    async def events(self) -> AsyncIterator[MediaEvent]:
        while True:
            await self._told.wait()
            participant = next(iter(self._news))
            event = self._news.pop(participant)
            if not self._news:
                self._told.clear()
            yield event

    async def _discard(self, peer: _Peer) -> None:
        """Close what nobody attends to. A second cancellation finds the closing in a task of its own."""
        if self._running:
            self._tasks.create_task(peer.connection.close(), name=f"media discard {peer.participant}")
        else:
            await peer.connection.close()

    async def _attend(self, peer: _Peer) -> None:
        """The life of one connection. What goes wrong in it ends it, and nothing else."""
        try:
            async with asyncio.timeout(self._connect_s):
                await peer.settled.wait()
            if not peer.ended.is_set():
                self._came_up(peer)
                await self._report_until_ended(peer)
        except TimeoutError:
            _log.info("media of %s did not connect", peer.participant)
        except Exception:
            _log.exception("media of %s failed", peer.participant)
        finally:
            await self._went_down(peer)

    def _came_up(self, peer: _Peer) -> None:
        if self._peers.get(peer.participant) is peer:
            _log.info("media of %s is up", peer.participant)
            self._apply(self._rooms.connected(peer.participant, peer.offers))
            self._tell(ParticipantUp(peer.participant))

    async def _report_until_ended(self, peer: _Peer) -> None:
        now = asyncio.get_running_loop().time
        while not peer.ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(together(now() + REPORT_S * random.uniform(0.9, 1.1))):
                    await peer.ended.wait()
            peer.connection.report(time.monotonic())

    async def _went_down(self, peer: _Peer) -> None:
        if self._peers.get(peer.participant) is peer:
            del self._peers[peer.participant]
            _log.info("media of %s is down", peer.participant)
            self._apply(self._rooms.disconnected(peer.participant))
            self._tell(ParticipantDown(peer.participant))
        await peer.connection.close()
        peer.closed.set()

    def _apply(self, routes: Routes) -> None:
        """Attach each subscription to its source, all at once; then ask the new sources for a keyframe."""
        wanted: list[PublisherEnd] = []
        for sink, publisher in routes.items():
            guest = self._guests.get(sink.participant)
            subscriber = guest[sink.track] if guest else self._peers[sink.participant].subscribers[sink.track]
            source = None if publisher is None else self._peers[publisher].publishers[sink.track]
            if subscriber.source is not source:
                subscriber.attach(source)
                if source is not None:
                    wanted.append(source)
        for source in wanted:
            source.request_keyframe(time.monotonic())

    def _tell(self, event: MediaEvent) -> None:
        self._news.pop(event.participant, None)
        self._news[event.participant] = event
        self._told.set()
