"""Codes under the document camera: the newest picture, a few times a second, only while somebody waits for a code."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from booth.devices.camera.interface import Camera, Image
from booth.devices.code.decode import Decoder
from booth.devices.code.gate import Gate
from booth.devices.code.interface import CodeEvent, CodeSeen, is_code
from protocol.devices import DeviceKind

LOOKS_PER_S = 8.0
"""At 15 ms a look that is an eighth of one core; the pictures in between are not looked at."""


class CameraCodes:
    """A `CodeReader`. The camera belongs to somebody else, and is entered and left there."""

    kind = DeviceKind.DOCUMENT_CAMERA

    def __init__(self, camera: Camera, read: Callable[[Image], list[str]] | None = None) -> None:
        self._camera = camera
        self._read = read or Decoder().read
        self._gate = Gate()
        self._wanted = asyncio.Event()
        self._visits = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="codes")

    def __repr__(self) -> str:
        return f"CameraCodes(wanted={self._wanted.is_set()})"

    def want(self, wanted: bool) -> None:
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def wipe(self) -> None:
        self._visits += 1
        self._gate.wipe()

    async def events(self) -> AsyncIterator[CodeEvent]:
        """Ends when the camera is left. Cancelling it loses the picture that is being looked at."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            async for frame in self._camera.frames():
                if not self._wanted.is_set():
                    break
                began_s, visit = loop.time(), self._visits
                texts = await loop.run_in_executor(self._thread, self._read, frame.image)
                codes = [text for text in texts if is_code(text)]
                # The visit may have been wiped while the thread read: then this look was its, and counts for nobody.
                current = self._wanted.is_set() and visit == self._visits
                code = self._gate.look(codes) if current else None
                if code is not None:
                    yield CodeSeen(code)
                await asyncio.sleep(max(0.0, 1 / LOOKS_PER_S - (loop.time() - began_s)))
            else:
                return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
