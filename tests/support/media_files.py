"""Files for Chromium's fake camera and microphone, with pictures that can be recognised again.

Its flags: `--use-fake-device-for-media-stream`, `--use-file-for-fake-video-capture=FACE.y4m` and
`--use-file-for-fake-audio-capture=VOICE.wav`. It plays both over and over.
"""

import asyncio
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from booth.media.sources import SyntheticFace, SyntheticVoice

WIDTH_PX, HEIGHT_PX = 640, 480
CODE_BITS = 10
"""Each frame says its number in blocks along its upper edge, the least significant bit left."""
_CODE_PX = 48
_BLOCK_PX = WIDTH_PX // CODE_BITS
_BAR_PX = 40
_SAMPLE_RATE = 48_000
VOICE_FRAMES = 160
"""Of 20 ms: one phrase of the played voice at speed 1."""


def write_y4m(path: Path, *, frames: int = 45, fps: int = 15, chroma: tuple[int, int] = (100, 150)) -> Path:
    """A film of `frames` numbered pictures: a bar that moves over one colour (`chroma`, U and V)."""
    colour = b"".join(bytes([value]) * (WIDTH_PX * HEIGHT_PX // 4) for value in chroma)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH_PX} H{HEIGHT_PX} F{fps}:1 Ip A1:1 C420jpeg\n".encode("ascii"))
        for number in range(frames):
            file.write(b"FRAME\n" + _luma(number, frames).tobytes() + colour)
    return path


async def write_face(path: Path, backdrop: tuple[int, int, int], *, frames: int = 45, fps: int = 15) -> Path:
    """A film of the drawn head that talks, over a backdrop (RGB) by which it can be told from another. In real time."""
    face = SyntheticFace(WIDTH_PX, HEIGHT_PX, fps, backdrop=backdrop)
    header = f"YUV4MPEG2 W{WIDTH_PX} H{HEIGHT_PX} F{fps}:1 Ip A1:1 C420jpeg\n".encode("ascii")
    pictures = [(await face.recv()).to_ndarray(format="yuv420p").tobytes() for _ in range(frames)]
    film = header + b"".join(b"FRAME\n" + picture for picture in pictures)
    await asyncio.to_thread(path.write_bytes, film)
    return path


async def write_voice(path: Path, speed: float) -> Path:
    """The played voice: notes with rests, since a browser's noise suppression takes a steady tone away.

    Two browsers that hear each other need voices of two speeds: what one hears and says itself is an echo to it.
    """
    voice = SyntheticVoice(speed)
    samples = [(await voice.recv()).to_ndarray().astype("<i2").tobytes() for _ in range(round(VOICE_FRAMES / speed))]
    await asyncio.to_thread(_write_wav, path, b"".join(samples))
    return path


def write_wav(path: Path, *, seconds: float = 2.0, pitch_hz: float = 440.0, peak: float = 0.3) -> Path:
    """One steady tone, 48 kHz, mono. `peak` is 0.0 to 1.0. Whole periods, so that repeating it doesn't click."""
    periods = round(seconds * pitch_hz)
    samples = round(periods / pitch_hz * _SAMPLE_RATE)
    tone = np.sin(2 * np.pi * periods * np.arange(samples) / samples) * peak * 32767
    _write_wav(path, tone.astype("<i2").tobytes())
    return path


def read_code(frame: av.VideoFrame) -> int:
    """The number that a picture of `write_y4m` carries, also after scaling and lossy coding."""
    planes = frame.to_ndarray(format="yuv420p")
    row = planes[frame.height * _CODE_PX // HEIGHT_PX // 2, : frame.width]
    block = frame.width / CODE_BITS
    return sum(int(row[int((bit + 0.5) * block)] > 128) << bit for bit in range(CODE_BITS))


def _write_wav(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SAMPLE_RATE)
        file.writeframes(samples)


def _luma(number: int, frames: int) -> NDArray[np.uint8]:
    luma = np.full((HEIGHT_PX, WIDTH_PX), 120, np.uint8)
    left = number * (WIDTH_PX - _BAR_PX) // frames
    luma[_CODE_PX:, left : left + _BAR_PX] = 220
    for bit in range(CODE_BITS):
        luma[:_CODE_PX, bit * _BLOCK_PX : (bit + 1) * _BLOCK_PX] = 235 if number >> bit & 1 else 16
    return luma
