"""Pictures that say when they were made, and a voice without pauses: for measuring what becomes of them on the way."""

import fractions
import time

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from booth.media.pacing import Pace

CLOCK_BITS, CHECK_BITS = 14, 2
CLOCK_SPAN_MS = 1 << CLOCK_BITS
"""Milliseconds until the picture's clock begins anew, 16 s: longer than any delay that is measured."""
_STRIP = 18
"""The clock is the uppermost eighteenth of the picture."""
_RATE_HZ, _FRAME_SAMPLES = 48_000, 960


class ClockFace(MediaStreamTrack):
    """Texture that moves a little, under a strip of black and white fields with the time in milliseconds.

    About 1.2 Mbit/s are well spent on it at 1280 by 720 and 30 pictures a second. `moving_px` a picture; 0 is a page.
    """

    kind = "video"

    def __init__(self, width: int = 1280, height: int = 720, fps: float = 30.0, moving_px: int = 2) -> None:
        super().__init__()
        self._size, self._fps, self._moving_px = (width, height), fps, moving_px
        self._picture = _texture(width + 256, height)
        self._pace = Pace()
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.until(self._number / self._fps)
        width, height = self._size
        shift = abs(self._number * self._moving_px % 512 - 256) & ~1
        planes = np.empty((height * 3 // 2, width), np.uint8)
        planes[:height] = self._picture[:, shift : shift + width]
        planes[height:] = 128
        _draw_clock(planes, width, height, int(time.monotonic() * 1000))
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = int(self._number / self._fps * 90_000)
        frame.time_base = fractions.Fraction(1, 90_000)
        self._number += 1
        return frame


class SteadyVoice(MediaStreamTrack):
    """A hum that is never quiet: whoever hears a pause in it lost something."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        times = np.arange(_RATE_HZ) / _RATE_HZ
        wave = sum(np.sin(2 * np.pi * 140 * n * times) / n for n in range(1, 16))
        wave = wave * (1 + 0.3 * np.sin(2 * np.pi * 3 * times))
        self._second: NDArray[np.int16] = (wave / np.abs(wave).max() * 12_000).astype(np.int16)
        self._pace = Pace()
        self._samples = 0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.until(self._samples / _RATE_HZ)
        start = self._samples % _RATE_HZ
        frame = av.AudioFrame.from_ndarray(self._second[None, start : start + _FRAME_SAMPLES], "s16", "mono")
        frame.sample_rate, frame.pts = _RATE_HZ, self._samples
        frame.time_base = fractions.Fraction(1, _RATE_HZ)
        self._samples += _FRAME_SAMPLES
        return frame


def age_ms(frame: av.VideoFrame) -> int | None:
    """How long ago the picture was made, by this machine's clock; None when its clock can't be read."""
    luma = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(-1, frame.planes[0].line_size)
    fields = CLOCK_BITS + CHECK_BITS
    row = frame.height // _STRIP // 2
    columns = [(2 * field + 1) * frame.width // (2 * fields) for field in range(fields)]
    bits = [bool(luma[row - 1 : row + 2, column - 1 : column + 2].mean() > 128) for column in columns]
    value = sum(bit << at for at, bit in enumerate(bits))
    made, check = value & CLOCK_SPAN_MS - 1, value >> CLOCK_BITS
    if made.bit_count() % (1 << CHECK_BITS) != check:
        return None
    return (int(time.monotonic() * 1000) - made) % CLOCK_SPAN_MS


def _draw_clock(planes: NDArray[np.uint8], width: int, height: int, now_ms: int) -> None:
    made = now_ms % CLOCK_SPAN_MS
    value = made | made.bit_count() % (1 << CHECK_BITS) << CLOCK_BITS
    fields = CLOCK_BITS + CHECK_BITS
    for field in range(fields):
        left, right = field * width // fields, (field + 1) * width // fields
        planes[: height // _STRIP, left:right] = 225 if value >> field & 1 else 30


def _texture(width: int, height: int) -> NDArray[np.uint8]:
    """Soft patches with some grain, the same each time."""
    rng = np.random.default_rng(7)
    patches = np.kron(rng.integers(70, 190, (height // 16 + 1, width // 16 + 1)), np.ones((16, 16)))[:height, :width]
    return np.clip(patches + rng.normal(0, 6, (height, width)), 20, 235).astype(np.uint8)
