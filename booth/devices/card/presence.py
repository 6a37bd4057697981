"""What the event loop knows about one reader: its status, the card on it, and the events that nobody took yet."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Self

from booth.devices.card.interface import CardEvent, CardInserted, CardRemoved, ReaderChanged
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

EVENTS_WAITING = 100
"""How many events wait for a slow consumer before the oldest go (`CardReader.events`)."""


class Presence:
    """The state behind `CardReader`'s properties. Touched in the event loop alone; `apply` is its only writer."""

    def __init__(self, kind: DeviceKind) -> None:
        self.kind = kind
        self.status = DeviceStatus(kind, DeviceState.ABSENT, ErrorCode.READER_ABSENT)
        self.inserted: int | None = None
        self._feed: EventFeed | None = None

    def apply(self, event: CardEvent) -> None:
        """Take in what the driver saw and pass it on to the consumer, if there is one."""
        match event:
            case CardInserted(insertion):
                self.inserted = insertion
            case CardRemoved():
                self.inserted = None
            case ReaderChanged(status):
                self.status = status
        if self._feed is not None:
            self._feed.put(event)

    def events(self) -> "EventFeed":
        """The events from now on. The consumer of an earlier call gets what waits for it, and then the end."""
        self._end_feed()
        self._feed = EventFeed()
        return self._feed

    def require(self, insertion: int | None) -> None:
        """Raise the `DeviceError` that says why the card of `insertion` (None: the reader itself) can't be used."""
        if self.status.state in (DeviceState.ABSENT, DeviceState.FAULTED):
            raise DeviceError(self.status.code or ErrorCode.DEVICE_FAILED, "the card reader is not ready")
        if insertion is not None and self.inserted != insertion:
            raise card_gone()

    def leave(self) -> None:
        """The reader was closed: nothing is there any more, and the consumer's iteration ends."""
        self.status = DeviceStatus(self.kind, DeviceState.ABSENT, ErrorCode.READER_ABSENT)
        self.inserted = None
        self._end_feed()

    def _end_feed(self) -> None:
        if self._feed is not None:
            self._feed.end()
            self._feed = None


class EventFeed(AsyncIterator[CardEvent]):
    """A bounded line of events; when it is full the oldest go. Cancelling a wait for the next one loses nothing."""

    def __init__(self) -> None:
        self._waiting: deque[CardEvent] = deque(maxlen=EVENTS_WAITING)
        self._changed = asyncio.Event()
        self._ended = False

    def put(self, event: CardEvent) -> None:
        self._waiting.append(event)
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> CardEvent:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()


def card_gone() -> DeviceError:
    return DeviceError(ErrorCode.CARD_REMOVED, "that card does not lie on the reader any more")
