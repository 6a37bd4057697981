"""The document camera for the kiosk's page: JPEGs at most 8 times a second, encoded once for all who watch."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from booth.devices.camera.interface import Camera, Image

RATE_FPS = 8
MAX_VIEWERS = 8
QUIET_S = 2.0
"""How often a stream that has nothing to send looks whether its viewer is still there."""
BOUNDARY = "frame"

Encode = Callable[[Image], Awaitable[bytes]]


class Preview:
    """`run` encodes while somebody watches; a viewer gets the newest picture and misses those it is too slow for."""

    def __init__(self, camera: Camera, encode: Encode) -> None:
        self._camera = camera
        self._encode = encode
        self._viewers = 0
        self._wanted = asyncio.Event()
        self._changed = asyncio.Condition()
        self._newest: tuple[int, bytes] = (0, b"")

    @property
    def viewers(self) -> int:
        return self._viewers

    async def run(self) -> None:
        """Serve the viewers until cancelled. While nobody watches, no picture is held."""
        while True:
            await self._wanted.wait()
            await self._encode_while_wanted()

    async def _encode_while_wanted(self) -> None:
        loop = asyncio.get_running_loop()
        async for frame in self._camera.frames():
            if not self._wanted.is_set():
                return
            began_s = loop.time()
            jpeg = await self._encode(frame.image)
            async with self._changed:
                self._newest = (self._newest[0] + 1, jpeg)
                self._changed.notify_all()
            await asyncio.sleep(max(0.0, 1 / RATE_FPS - (loop.time() - began_s)))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """`GET /preview.mjpg`"""
        if self._viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(text="too many watch the preview\n")
        self._viewers += 1
        self._wanted.set()
        try:
            return await self._stream(request)
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._wanted.clear()
                self._newest = (self._newest[0], b"")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        seen = self._newest[0]
        try:
            while request.transport is not None and not request.transport.is_closing():
                newest = await self._newer_than(seen)
                if newest is None:
                    continue
                seen, jpeg = newest
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                await response.write(head.encode() + jpeg + b"\r\n")
        except ConnectionError:
            pass  # the viewer went away
        return response

    async def _newer_than(self, seen: int) -> tuple[int, bytes] | None:
        """The newest picture once it is newer than `seen`; None when none comes for a while."""
        try:
            async with asyncio.timeout(QUIET_S), self._changed:
                await self._changed.wait_for(lambda: self._newest[0] > seen and bool(self._newest[1]))
                return self._newest
        except TimeoutError:
            return None
