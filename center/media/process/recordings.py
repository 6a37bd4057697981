"""What is being recorded, for the center to order anew when the forwarder was started again."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from center.media.interface import RecordingClosed, RecordingNews, RecordingOrder, RecordingStalled
from protocol.counter import RecordingFault

MOST_NEWS = 4096
"""Untold news; a segment's comes every ten seconds. The oldest go: the center finds the segments on the disk."""


class RunningRecordings:
    """The orders under way and the news of them. A forwarder that dies stalls what runs, and ends what was to end."""

    def __init__(self) -> None:
        self._running: dict[str, RecordingOrder] = {}
        self._ending: set[str] = set()
        self._news: deque[RecordingNews] = deque(maxlen=MOST_NEWS)
        self._told = asyncio.Event()

    def orders(self) -> list[RecordingOrder]:
        return list(self._running.values())

    def start(self, order: RecordingOrder) -> None:
        self._running[order.recording_id] = order

    def stop(self, recording_id: str) -> None:
        self._running.pop(recording_id, None)
        self._ending.add(recording_id)

    def hear(self, news: RecordingNews) -> None:
        """Pass on what the forwarder says."""
        if isinstance(news, RecordingClosed):
            self._running.pop(news.recording_id, None)
            self._ending.discard(news.recording_id)
        self._news.append(news)
        self._told.set()

    def lose(self) -> None:
        """The forwarder is gone."""
        for recording_id in self._running:
            self.hear(RecordingStalled(recording_id, RecordingFault.FORWARDER_LOST))
        for recording_id in sorted(self._ending):
            self.hear(RecordingClosed(recording_id))

    async def news(self) -> AsyncIterator[RecordingNews]:
        """In order. One consumer."""
        while True:
            await self._told.wait()
            news = self._news.popleft()
            if not self._news:
                self._told.clear()
            yield news
