"""Peers for the media tests: publishers that are told apart by their colour, and viewers that know what they saw."""

import asyncio
import fractions
import json
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager

import av
import numpy as np
from aiortc import MediaStreamTrack

from booth.media.connection import MediaConnection
from booth.media.pacing import Pace
from center.media.interface import MediaPlane
from demo.stage import ROOT
from protocol.media import TrackDirection, TrackName, TrackOffer

RED, GREEN, BLUE = (90, 240), (54, 34), (240, 110)
"""Chroma (U, V) as VP8 carries it."""
GRACE_S = 10.0


class ColourFace(MediaStreamTrack):
    """A picture of one colour with a bar that moves."""

    kind = "video"

    def __init__(self, colour: tuple[int, int], fps: float = 20.0) -> None:
        super().__init__()
        self._colour, self._fps = colour, fps
        self._number = 0
        self._pace = Pace()

    async def recv(self) -> av.VideoFrame:
        await self._pace.until(self._number / self._fps)
        planes = np.empty((180 * 3 // 2, 320), np.uint8)
        planes[:180] = 110
        planes[:180, self._number * 8 % 300 : self._number * 8 % 300 + 20] = 200
        planes[180:225], planes[225:] = self._colour
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = int(self._number / self._fps * 90_000)
        frame.time_base = fractions.Fraction(1, 90_000)
        self._number += 1
        return frame


def colour_of(frame: av.VideoFrame) -> tuple[int, int]:
    """The nearest of the three colours."""
    planes = frame.to_ndarray(format="yuv420p")
    u, v = planes[180:225].mean(), planes[225:].mean()
    return min((RED, GREEN, BLUE), key=lambda colour: abs(colour[0] - u) + abs(colour[1] - v))


class Viewer:
    """A `MediaConnection` that notes the colour of each picture and can be waited for."""

    def __init__(
        self, subscribe: Collection[TrackName], publish: Mapping[TrackName, MediaStreamTrack] | None = None
    ) -> None:
        self.seen: list[tuple[int, int]] = []
        self.heard = 0
        self.on_picture: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self.connection = MediaConnection(publish or {}, subscribe, self._note)

    async def until(self, condition: Callable[[], bool], within_s: float = GRACE_S) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _note(self, track: TrackName) -> None:
        frame = self.connection.latest_frame(track)
        if frame is None:
            self.heard += 1
        elif frame.width == 320:
            self.seen.append(colour_of(frame))
            self.on_picture()
        self._changed.set()


async def connect(plane: MediaPlane, participant: str, connection: MediaConnection) -> None:
    """Bring a connection up; it must have been entered."""
    sdp, tracks = await connection.offer()
    await connection.accept(await plane.connect(participant, sdp, tracks))
    async with asyncio.timeout(GRACE_S):
        await connection.wait_connected()


class LonePeer:
    """Peers in a process of their own: it writes each offer as a line of JSON and reads the answer as one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.process, self.stdin, self.stdout = process, process.stdin, process.stdout

    async def connect(self, plane: MediaPlane, participant: str, direction: TrackDirection) -> None:
        """Bring its next offer, which has one face, to the plane, and the answer back."""
        async with asyncio.timeout(60):
            offer = json.loads(await self.stdout.readline())
        track = TrackOffer(mid=offer["mid"], track=TrackName.FACE, direction=direction)
        answer = await plane.connect(participant, offer["sdp"], [track])
        self.stdin.write(json.dumps(answer).encode() + b"\n")

    async def kill(self) -> None:
        """Killing twice is harmless."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def lone_peer(name: str) -> AsyncIterator[LonePeer]:
    """The module of this name beside this one, run until the end of the block at the latest."""
    pipe = asyncio.subprocess.PIPE
    module = f"tests.integration.media.{name}"
    peer = LonePeer(
        await asyncio.create_subprocess_exec(sys.executable, "-m", module, stdin=pipe, stdout=pipe, cwd=ROOT)
    )
    try:
        yield peer
    finally:
        await peer.kill()
