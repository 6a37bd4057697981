"""From the camera to the outbox: one page, taken, made flat, and kept."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self

from booth.devices.camera.interface import Camera, Image
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.pages import PageAnnounced

log = logging.getLogger(__name__)

CAPTURE_S = 5.0
"""A camera that shows no sharp picture for so long is held for hindered; the page is tried again."""
PREVIEW_PX = 960


class PageImages(Protocol):
    """What `booth.documents.page` makes of a picture."""

    @property
    def full_jpeg(self) -> bytes: ...

    @property
    def light_jpeg(self) -> bytes: ...

    @property
    def width_px(self) -> int: ...

    @property
    def height_px(self) -> int: ...

    @property
    def flat(self) -> bool: ...


class Keeper(Protocol):
    async def put(self, page: PageAnnounced, light: bytes, full: bytes) -> None: ...


class PageTaker:
    """An async context manager round the one thread in which pictures are worked on."""

    def __init__(
        self,
        camera: Camera,
        outbox: Keeper,
        make_page: Callable[[Image], PageImages],
        preview_jpeg: Callable[[Image, int], bytes],
        new_id: Callable[[], str],
    ) -> None:
        self._camera = camera
        self._outbox = outbox
        self._make_page = make_page
        self._preview_jpeg = preview_jpeg
        self._new_id = new_id
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="documents")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def take(self, command_id: str, affair_id: str) -> None:
        """Take one page and keep it. Raises `DeviceError`; cancelled, it has kept the page or has not."""
        try:
            async with asyncio.timeout(CAPTURE_S):
                frame = await self._camera.capture()
        except TimeoutError as error:
            raise DeviceError(ErrorCode.TIMED_OUT, "the camera shows no sharp picture") from error
        taken_at_ms = time.time_ns() // 1_000_000
        page = await asyncio.get_running_loop().run_in_executor(self._thread, self._make_page, frame.image)
        announced = PageAnnounced(
            page_id=self._new_id(),
            command_id=command_id,
            affair_id=affair_id,
            sha256=hashlib.sha256(page.full_jpeg).hexdigest(),
            size_bytes=len(page.full_jpeg),
            light_sha256=hashlib.sha256(page.light_jpeg).hexdigest(),
            light_size_bytes=len(page.light_jpeg),
            width_px=page.width_px,
            height_px=page.height_px,
            taken_at_ms=taken_at_ms,
            device=self._camera.name[:80],
            flat=page.flat,
        )
        await self._outbox.put(announced, page.light_jpeg, page.full_jpeg)
        log.info("page %s taken, %d bytes, SHA-256 %s", announced.page_id, announced.size_bytes, announced.sha256)

    async def preview(self, image: Image) -> bytes:
        """A small JPEG of the picture, for the kiosk's page."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._preview_jpeg, image, PREVIEW_PX)
