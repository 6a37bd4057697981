"""A publisher that claps: each second a white picture in the dark and a click in the silence, at one moment."""

import asyncio
import fractions
import time
from pathlib import Path

import av
import numpy as np
from aiortc import MediaStreamTrack

CLAP_EVERY_S = 1.0
FPS = 25
CLICK_SAMPLES = 960


class Stage:
    """One start for both tracks, so that they clap together."""

    def __init__(self) -> None:
        self.started_s = time.monotonic()

    async def until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, self.started_s + at_s - time.monotonic()))


class ClapPicture(MediaStreamTrack):
    kind = "video"

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage, self._number = stage, 0

    async def recv(self) -> av.VideoFrame:
        at_s = self._number / FPS
        await self._stage.until(at_s)
        bright = self._number % round(CLAP_EVERY_S * FPS) == 0
        planes = np.full((180 * 3 // 2, 320), 128, np.uint8)
        planes[:180] = 235 if bright else 30
        planes[:180, self._number * 8 % 300 :][:, :10] = 120
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = int(at_s * 90_000), fractions.Fraction(1, 90_000)
        self._number += 1
        return frame


class ClapSound(MediaStreamTrack):
    kind = "audio"

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage, self._number = stage, 0

    async def recv(self) -> av.AudioFrame:
        at_s = self._number * 0.02
        # A sound card hands a packet over when it is full.
        await self._stage.until(at_s + 0.02)
        samples = np.zeros(960, np.int16)
        if self._number % round(CLAP_EVERY_S * 50) == 0:
            samples[:CLICK_SAMPLES] = (np.sin(np.arange(CLICK_SAMPLES) / 48_000 * 2 * np.pi * 1000) * 20_000).astype(
                np.int16
            )
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._number * 960, fractions.Fraction(1, 48_000)
        self._number += 1
        return frame


def flashes(path: Path, stream: int = 0) -> list[float]:
    """When a picture stream of a file turns bright, in seconds."""
    found: list[float] = []
    dark = True
    with av.open(str(path)) as file:
        for frame in file.decode(file.streams.video[stream]):
            assert frame.time is not None
            bright = bool(np.median(frame.to_ndarray(format="gray")) > 130)
            if bright and dark:
                found.append(frame.time)
            dark = not bright
    return found


def clicks(path: Path, stream: int = 0) -> list[float]:
    """When a sound stream of a file turns loud, in seconds."""
    found: list[float] = []
    with av.open(str(path)) as file:
        track = file.streams.audio[stream]
        for frame in file.decode(track):
            assert frame.time is not None
            samples = np.abs(frame.to_ndarray().astype(float)).max(axis=0)
            peak = 32768.0 if frame.format.is_packed or frame.format.name.startswith("s16") else 1.0
            loud = np.nonzero(samples > 0.1 * peak)[0]
            if len(loud):
                at_s = frame.time + float(loud[0]) / frame.sample_rate
                if not found or at_s - found[-1] > CLAP_EVERY_S / 2:
                    found.append(at_s)
    return found
