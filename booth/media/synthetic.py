"""A drawn face and a played voice, for the demo, the robots and the tests: nobody's picture, nobody's sound."""

import fractions

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from booth.media.pacing import Pace

Planes = NDArray[np.uint8]
"""`(height * 3 / 2, width) uint8`, planar YUV 4:2:0."""

_BAR_PX = 12
_SAMPLE_RATE = 48_000
_FRAME_SAMPLES = 960
_SKIN, _HAIR, _COAT, _LINE = (244, 207, 176), (62, 46, 42), (64, 112, 158), (70, 50, 46)
_NOTES_HZ = (392.0, 440.0, 493.9, 587.3)
_LOUDEST = 6000
"""Of 32,767: plain to hear, gentle to bear."""


class SyntheticFace(MediaStreamTrack):
    """A cartoon head that talks and blinks over a bar that shows the time; no two successive frames are alike.

    The poses are drawn once; a frame costs a copy and a bar. `label` is for Latin letters and digits; `backdrop` is
    RGB.
    """

    kind = "video"

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        fps: float = 15.0,
        label: str = "",
        backdrop: tuple[int, int, int] = (222, 232, 240),
    ) -> None:
        super().__init__()
        self._poses = [_pose(width, height, label, backdrop, mouth, eyes) for mouth, eyes in _POSES]
        self._fps = fps
        self._number = 0
        self._pace = Pace()

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.until(self._number / self._fps)
        planes = self._poses[_pose_at(self._number / self._fps)].copy()
        self._draw_bar(planes)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = int(self._number / self._fps * 90_000)
        frame.time_base = fractions.Fraction(1, 90_000)
        self._number += 1
        return frame

    def _draw_bar(self, planes: Planes) -> None:
        """A mark that runs along the lower edge once in ten seconds."""
        height, width = planes.shape[0] * 2 // 3, planes.shape[1]
        at = int(self._number / self._fps / 10 * width) % width
        planes[height - _BAR_PX : height, :] = 205
        planes[height - _BAR_PX : height, at : at + width // 24] = 60 if self._number % 2 else 90


class SyntheticVoice(MediaStreamTrack):
    """Short soft notes with rests between them. 48 kHz, mono, 20 ms a frame.

    `speed` raises pitch and tempo, so that two voices differ: an echo canceller removes the one that it hears twice.
    """

    kind = "audio"

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__()
        self._phrase = _phrase(speed)
        self._samples = 0
        self._pace = Pace()

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.until(self._samples / _SAMPLE_RATE)
        start = self._samples % len(self._phrase)
        frame = av.AudioFrame.from_ndarray(self._phrase[None, start : start + _FRAME_SAMPLES], "s16", "mono")
        frame.sample_rate = _SAMPLE_RATE
        frame.pts = self._samples
        frame.time_base = fractions.Fraction(1, _SAMPLE_RATE)
        self._samples += _FRAME_SAMPLES
        return frame


_POSES = ((0, True), (1, True), (2, True), (3, True), (0, False))
"""How far the mouth is open, and whether the eyes are."""
_BLINK = 4


def _pose_at(time_s: float) -> int:
    if time_s % 3.1 < 0.15:
        return _BLINK
    syllable = int(time_s * 7)
    return (0, 2, 1, 3, 1, 2, 0, 0, 1, 3)[syllable % 10] if time_s % 4 < 3 else 0


def _pose(width: int, height: int, label: str, backdrop: tuple[int, int, int], mouth: int, eyes: bool) -> Planes:
    """Drawn at a scale of four to three on a box of 640 by 480, then converted once."""
    image = Image.new("RGB", (width, height), backdrop)
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * width / 640, top * height / 480, right * width / 640, bottom * height / 480

    draw.ellipse(box(150, 380, 490, 700), fill=_COAT)
    draw.rounded_rectangle(box(285, 330, 355, 420), radius=20, fill=_SKIN)
    draw.ellipse(box(205, 70, 435, 330), fill=_HAIR)
    draw.ellipse(box(220, 100, 420, 370), fill=_SKIN)
    draw.pieslice(box(205, 68, 435, 250), 180, 360, fill=_HAIR)
    for left in (262, 346):
        if eyes:
            draw.ellipse(box(left, 212, left + 32, 236), fill=(255, 255, 255))
            draw.ellipse(box(left + 9, 216, left + 23, 234), fill=_LINE)
        else:
            draw.line(box(left, 226, left + 32, 226), fill=_LINE, width=max(2, width // 160))
        draw.arc(box(left - 4, 190, left + 36, 222), 200, 340, fill=_LINE, width=max(2, width // 160))
    draw.arc(box(306, 236, 334, 276), 30, 150, fill=_LINE, width=max(2, width // 200))
    if mouth:
        draw.ellipse(box(290, 304 - 2 * mouth, 350, 308 + 9 * mouth), fill=(150, 62, 66))
    else:
        draw.arc(box(284, 280, 356, 318), 25, 155, fill=(150, 62, 66), width=max(2, width // 130))
    if label:
        font = ImageFont.load_default(size=max(12, height // 20))
        draw.text(box(16, 14, 0, 0)[:2], label, fill=_LINE, font=font)
    picture = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    return picture.to_ndarray(format="yuv420p").astype(np.uint8)


def _phrase(speed: float) -> NDArray[np.int16]:
    """Four notes of 0.36 s, each followed by a rest, and a breath: 3.2 s at speed 1; a whole number of frames."""
    phrase = np.zeros(round(160 / speed) * _FRAME_SAMPLES)
    note_samples = int(0.36 / speed * _SAMPLE_RATE)
    times = np.arange(note_samples) / _SAMPLE_RATE
    swell = np.sin(np.linspace(0, np.pi, note_samples)) ** 2
    for number, pitch_hz in enumerate(_NOTES_HZ):
        start = int(number * 0.6 / speed * _SAMPLE_RATE)
        turns = 2 * np.pi * pitch_hz * speed * times
        tone = np.sin(turns) + 0.25 * np.sin(2 * turns)
        phrase[start : start + note_samples] += _LOUDEST / 1.25 * swell * tone
    return phrase.astype(np.int16)
