"""Devices that a test moves by hand."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import numpy as np

from booth.devices.camera.interface import Frame, Image
from booth.devices.card.interface import CardEvent, CardInserted, CardRead, CardRemoved, ReaderTested
from booth.devices.card.photo import CardPhoto
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.records import Card


class FakeReader:
    """A `CardReader` whose readings end when the test says so."""

    def __init__(self, kind: DeviceKind) -> None:
        self.kind = kind
        self.status = DeviceStatus(kind, DeviceState.READY)
        self.inserted: int | None = None
        self.reading = asyncio.Event()
        self.forgotten = 0
        self.photo: CardPhoto | None = None
        self._insertions = 0
        self._outcome: asyncio.Queue[Card | DeviceError] = asyncio.Queue()
        self._waiting: deque[CardEvent] = deque()
        self._wake = asyncio.Event()

    def lay(self) -> None:
        self._insertions += 1
        self.inserted = self._insertions
        self._tell(CardInserted(self._insertions))

    def lift(self) -> None:
        assert self.inserted is not None
        insertion, self.inserted = self.inserted, None
        self._tell(CardRemoved(insertion))
        if self.reading.is_set():
            self._outcome.put_nowait(DeviceError(ErrorCode.CARD_REMOVED, "gone"))

    def give(self, card: Card) -> None:
        self._outcome.put_nowait(card)

    def forget(self) -> None:
        self.forgotten += 1

    def _tell(self, event: CardEvent) -> None:
        self._waiting.append(event)
        self._wake.set()

    async def events(self) -> AsyncIterator[CardEvent]:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                yield self._waiting.popleft()

    async def read(self, insertion: int) -> CardRead:
        self.reading.set()
        try:
            outcome = await self._outcome.get()
        finally:
            self.reading.clear()
        if isinstance(outcome, DeviceError):
            raise outcome
        return CardRead(outcome, insertion, 812, self.photo)

    async def test(self) -> ReaderTested:
        return ReaderTested("fake")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class FakeCamera:
    """A `Camera` that shows a grey picture, while it is plugged in."""

    def __init__(self) -> None:
        self.status = DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.READY)
        self.name = "fake"
        self.grabbed = 0
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._image: Image = np.full((48, 64, 3), 128, np.uint8)

    def pull(self, code: ErrorCode = ErrorCode.CAMERA_ABSENT) -> None:
        self._plugged.clear()
        self.status = DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.ABSENT, code)

    def plug(self) -> None:
        self.status = DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.READY)
        self._plugged.set()

    @property
    def latest(self) -> Frame | None:
        return self._frame()

    def frames(self) -> AsyncIterator[Frame]:
        return _FakeFrames(self)

    async def next_frame(self) -> Frame:
        await self._plugged.wait()
        await asyncio.sleep(0.01)
        return self._frame()

    async def changes(self) -> AsyncIterator[DeviceStatus]:
        await asyncio.Event().wait()
        yield self.status

    async def capture(self) -> Frame:
        if not self._plugged.is_set():
            raise DeviceError(self.status.code or ErrorCode.CAMERA_ABSENT, "pulled")
        return self._frame()

    def _frame(self) -> Frame:
        self.grabbed += 1
        return Frame(self._image, time.monotonic(), self.grabbed)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class _FakeFrames:
    def __init__(self, camera: FakeCamera) -> None:
        self._camera = camera

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        return await self._camera.next_frame()
