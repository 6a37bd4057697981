"""The open pages: each gets the newest view and its own media events. Never blocks; a slow page misses older views."""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from protocol.desk import DeskSeen
from protocol.kiosk import KioskAnswer, KioskEvent, KioskMediaClosed, KioskOfferFailed, KioskView
from protocol.media import IceServers, NetworkJudged

MAX_EVENTS = 8
"""Media events that wait for a slow page; the oldest go, since a page offers again by itself."""


class Page:
    """One connected page's outgoing side: one view at most, and a few media events."""

    def __init__(self) -> None:
        self._view: bytes | None = None
        self._desk: bytes | None = None
        self._events: deque[bytes] = deque(maxlen=MAX_EVENTS)
        self._wake = asyncio.Event()

    def show(self, view: bytes) -> None:
        self._view = view
        self._wake.set()

    def show_desk(self, seen: bytes) -> None:
        self._desk = seen
        self._wake.set()

    def tell(self, event: KioskAnswer | KioskOfferFailed | KioskMediaClosed | NetworkJudged | IceServers) -> None:
        self._events.append(_encode(event))
        self._wake.set()

    async def next(self) -> list[bytes]:
        """What is to be sent now, as soon as there is something. Cancelling it loses nothing."""
        await self._wake.wait()
        self._wake.clear()
        due = list(self._events)
        self._events.clear()
        if self._view is not None:
            due.append(self._view)
            self._view = None
        if self._desk is not None:
            due.append(self._desk)
            self._desk = None
        return due


class Hub:
    """All open pages. `changed` is told how many there are."""

    def __init__(self, view: KioskView, changed: Callable[[int], None]) -> None:
        self._view = _encode(view)
        self._pages: set[Page] = set()
        self._changed = changed
        self._media_owner: Page | None = None
        self._relays: IceServers | None = None

    def __repr__(self) -> str:
        return f"Hub(pages={len(self._pages)})"

    def show(self, view: KioskView) -> None:
        self._view = _encode(view)
        for page in self._pages:
            page.show(self._view)

    def show_desk(self, seen: DeskSeen) -> None:
        """What the document camera sees now; a slow page gets the newest only, a new one waits for the next."""
        data = _encode(seen)
        for page in self._pages:
            page.show_desk(data)

    def open(self) -> Page:
        page = Page()
        if self._relays is not None:
            page.tell(self._relays)
        page.show(self._view)
        self._pages.add(page)
        self._changed(len(self._pages))
        return page

    def close(self, page: Page) -> bool:
        """Forget the page; True when it was the one with the media connection. Closing twice is harmless."""
        self._pages.discard(page)
        self._changed(len(self._pages))
        owned = self._media_owner is page
        if owned:
            self._media_owner = None
        return owned

    def own_media(self, page: Page) -> None:
        """This page offers the kiosk's media connection; the center keeps one, the newest."""
        self._media_owner = page

    def use_relays(self, relays: IceServers) -> None:
        """TURN servers for the pages' media connections, those that are opened later, too."""
        self._relays = relays
        for page in self._pages:
            page.tell(relays)

    def judged(self, network: NetworkJudged) -> None:
        """How the session's networks do, for the pages' words."""
        for page in self._pages:
            page.tell(network)

    def media_closed(self) -> None:
        """The kiosk's media connection is gone: its page offers again."""
        if self._media_owner is not None:
            self._media_owner.tell(KioskMediaClosed())


def _encode(event: KioskEvent) -> bytes:
    return msgspec.json.encode(event)
