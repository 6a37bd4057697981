"""The desk's write transactions: what is decided is written, and leaves the process only after the commit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from center.core import queue
from center.core.affair import (
    Affair,
    Close,
    Decision,
    Entry,
    Join,
    RoomEffect,
    StartRecording,
    StopRecording,
)
from center.core.views import visit_of
from center.errors import DeskError
from center.media.interface import RecordingOrder
from center.store import affairs, journal, links, recordings
from center.store.store import Store, Transaction
from protocol.errors import ErrorCode
from protocol.messages import CenterMessage, VisitChanged
from protocol.states import TicketState


class BoothPost(Protocol):
    """Where messages for booths go after their transaction. Never blocks; a booth that is away gets them later."""

    def send(self, booth_id: str, n: int, message: CenterMessage) -> None: ...


class Feed(Protocol):
    """Told that the views of the counters changed; coalesces, never blocks."""

    def changed(self) -> None: ...


class Rooms(Protocol):
    """The part of the media plane that the desk needs."""

    async def join(self, room: str, participant: str) -> None: ...

    async def close_room(self, room: str) -> None: ...

    async def start_recording(self, order: RecordingOrder) -> None: ...

    async def stop_recording(self, recording_id: str) -> None: ...


@dataclass(frozen=True, slots=True, repr=False)
class _Post:
    booth_id: str
    n: int
    message: CenterMessage


class Work:
    """One write transaction. Everything that the methods do is undone when an exception leaves it."""

    def __init__(self, tx: Transaction, now_ms: int) -> None:
        self.tx = tx
        self.now_ms = now_ms
        self.posts: list[_Post] = []
        self.rooms: list[RoomEffect] = []

    async def load(self, affair_id: str | None) -> Affair:
        affair = await affairs.load(self.tx, affair_id) if affair_id is not None else None
        if affair is None:
            raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
        return affair

    async def note(self, actor: str, subject: str, *entries: Entry) -> None:
        await journal.append(self.tx, actor, subject, entries, self.now_ms)

    async def tell(self, booth_id: str, message: CenterMessage) -> None:
        n = await links.put(self.tx, booth_id, message)
        if n is not None:
            self.posts.append(_Post(booth_id, n, message))

    async def apply(self, actor: str, before: Affair | None, decision: Decision) -> None:
        """Write a decision, tell the affair's booth, and tell the others whose place in the queue it changed."""
        after = decision.affair
        if before is not None and decision == Decision(before):
            return
        requeued = _waits(before) != _waits(after)
        ahead_before = queue.ahead(await affairs.queue(self.tx)) if requeued else {}
        await affairs.save(self.tx, before, after)
        await self.note(actor, after.affair_id, *decision.entries)
        for message in decision.messages:
            await self.tell(after.ticket.booth_id, message)
        self.rooms += decision.rooms
        if before is None or visit_of(before, 0) != visit_of(after, 0):
            await self.show_visit(after)
        if requeued:
            ahead = queue.ahead(await affairs.queue(self.tx))
            for affair_id in queue.moved(ahead_before, ahead):
                await self.show_visit(await self.load(affair_id), ahead[affair_id])

    async def show_visit(self, affair: Affair, ahead: int | None = None) -> None:
        """Tell the booth its whole visit. `ahead` saves reading the queue again."""
        if ahead is None:
            waiting = await affairs.queue(self.tx) if _waits(affair) else []
            ahead = queue.ahead(waiting).get(affair.affair_id, 0)
        await self.tell(affair.ticket.booth_id, VisitChanged(visit_of(affair, ahead)))

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Undo what is done inside when it is refused, and go on with the transaction."""
        posts, rooms = len(self.posts), len(self.rooms)
        try:
            async with self.tx.connection.begin_nested():
                yield
        except BaseException:
            del self.posts[posts:], self.rooms[rooms:]
            raise


class Works:
    """Gives out the transactions, one at a time, and performs their effects in the order of their commits."""

    def __init__(self, store: Store, post: BoothPost, feed: Feed, rooms: Rooms, now_ms: Callable[[], int]) -> None:
        self.store = store
        self.now_ms = now_ms
        self.feed = feed
        self._post = post
        self._rooms = rooms
        self._writing = asyncio.Lock()
        self._performing = asyncio.Lock()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """Cancelling before the end changes nothing; after the commit it delays what is sent until the booth's link is
        made again, which a gap in the numbers brings about."""
        async with self._writing:
            async with self.store.write() as tx:
                work = Work(tx, self.now_ms())
                yield work
            for each in work.posts:
                self._post.send(each.booth_id, each.n, each.message)
            self.feed.changed()
        if work.rooms:
            # First come, first served: the lock keeps the order of the commits.
            async with self._performing:
                for effect in work.rooms:
                    await self._perform(effect)

    async def _perform(self, effect: RoomEffect) -> None:
        match effect:
            case Join(room=room, participants=participants):
                for participant in participants:
                    await self._rooms.join(room, participant)
            case Close(room=room):
                await self._rooms.close_room(room)
            case StartRecording(recording_id=recording_id, room=room):
                async with self.store.read() as tx:
                    key = await recordings.key(tx, recording_id)
                if key is not None:
                    folder = str(self.store.recording_folder(recording_id))
                    await self._rooms.start_recording(RecordingOrder(recording_id, room, folder, key))
            case StopRecording(recording_id=recording_id):
                await self._rooms.stop_recording(recording_id)


def _waits(affair: Affair | None) -> bool:
    return affair is not None and affair.ticket.state is TicketState.WAITING
