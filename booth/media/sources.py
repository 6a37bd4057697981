"""What a booth, or a robot, can publish: files, the document camera, and what `synthetic` draws and plays."""

import asyncio
import contextlib
import fractions
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from booth.devices.camera.interface import Frame as CameraFrame
from booth.devices.camera.interface import Image
from booth.errors import ConfigError
from booth.media.pacing import Pace
from booth.media.synthetic import SyntheticFace, SyntheticVoice

__all__ = ["DocumentSource", "FileFace", "FileVoice", "SyntheticFace", "SyntheticVoice"]

_VIDEO_BASE = fractions.Fraction(1, 90_000)
_AUDIO_RATE = 48_000
_AUDIO_BASE = fractions.Fraction(1, _AUDIO_RATE)
_AUDIO_FRAME_SAMPLES = 960
"""20 ms, one packet of Opus."""


REST_PERIOD_S = 1.0
"""Between two pictures of the desk that nobody sees."""


class FileFace(MediaStreamTrack):
    """A file's pictures in real time, over and over. `recv` raises `ConfigError` when the file can't be played."""

    kind = "video"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = _LoopedFile(path, "video")
        self._pace = Pace()

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        frame, at_s = await self._file.next()
        assert isinstance(frame, av.VideoFrame)
        await self._pace.until(at_s)
        frame.pts = int(at_s * 90_000)
        frame.time_base = _VIDEO_BASE
        frame.pict_type = av.video.frame.PictureType.NONE
        return frame

    def stop(self) -> None:
        super().stop()
        self._file.close()


class FileVoice(MediaStreamTrack):
    """A file's sound in real time, over and over. `recv` raises `ConfigError` when the file can't be played."""

    kind = "audio"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = _LoopedFile(path, "audio")
        self._pace = Pace()
        self._samples = 0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        frame, _ = await self._file.next()
        assert isinstance(frame, av.AudioFrame)
        await self._pace.until(self._samples / _AUDIO_RATE)
        frame.pts = self._samples
        frame.time_base = _AUDIO_BASE
        self._samples += frame.samples
        return frame

    def stop(self) -> None:
        super().stop()
        self._file.close()


class DocumentSource(MediaStreamTrack):
    """The document camera's newest picture about `fps` times a second, at most `width_px` by `height_px`.

    `frames` gives a fresh iterator over the camera (`Camera.frames`); each conversion runs in this source's own thread.
    `cut` gives the part of each frame that is shown; the picture keeps the size of a whole one, so no encoder begins
    anew. While `moving` is not set, nobody needs it, and it moves once in `REST_PERIOD_S`: its way stays open and its
    encoder warm.
    """

    kind = "video"

    def __init__(
        self,
        frames: Callable[[], AsyncIterator[CameraFrame]],
        *,
        cut: Callable[[Image], Image] = lambda image: image,
        moving: asyncio.Event | None = None,
        width_px: int = 1920,
        height_px: int = 1080,
        fps: float = 6.0,
    ) -> None:
        super().__init__()
        self._make_frames = frames
        self._cut = cut
        self._moving = moving
        self._frames: AsyncIterator[CameraFrame] | None = None
        self._box_px = (width_px, height_px)
        self._pace = Pace()
        self._period_s = 1 / fps
        self._due_s = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="document-source")

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._until_due()
        newest = await self._next()
        try:
            frame = await asyncio.get_running_loop().run_in_executor(self._thread, self._scaled, newest)
        except RuntimeError as exc:  # stopped meanwhile: the thread takes no more work
            raise MediaStreamError from exc
        now_s = self._pace.now_s()
        self._due_s = max(self._due_s + self._period_s, now_s)
        frame.pts = int(now_s * 90_000)
        frame.time_base = _VIDEO_BASE
        return frame

    def stop(self) -> None:
        super().stop()
        self._frames = None
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _until_due(self) -> None:
        if self._moving is None or self._moving.is_set():
            return await self._pace.until(self._due_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REST_PERIOD_S):
                await self._moving.wait()

    async def _next(self) -> CameraFrame:
        while True:
            if self._frames is None:
                self._frames = aiter(self._make_frames())
            try:
                return await anext(self._frames)
            except StopAsyncIteration:
                self._frames = None
                raise MediaStreamError("the camera was closed") from None

    def _scaled(self, newest: CameraFrame) -> av.VideoFrame:
        whole_height, whole_width = newest.image.shape[:2]
        scale = min(1.0, self._box_px[0] / whole_width, self._box_px[1] / whole_height)
        width, height = round(whole_width * scale) & ~1, round(whole_height * scale) & ~1
        frame = av.VideoFrame.from_ndarray(self._cut(newest.image), format="bgr24")
        return frame.reformat(width=width, height=height, format="yuv420p")


class _LoopedFile:
    """Decodes a file over and over in a thread of its own."""

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self._kind = kind
        self._frames: Iterator[tuple[av.VideoFrame | av.AudioFrame, float]] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"file-{kind}")

    async def next(self) -> tuple[av.VideoFrame | av.AudioFrame, float]:
        """The next frame, and when it is due in seconds since the first."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._next)
        except RuntimeError as exc:  # closed meanwhile
            raise MediaStreamError from exc

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _next(self) -> tuple[av.VideoFrame | av.AudioFrame, float]:
        if self._frames is None:
            self._frames = self._play()
        return next(self._frames)

    def _play(self) -> Iterator[tuple[av.VideoFrame | av.AudioFrame, float]]:
        start_s = 0.0
        while True:
            length_s = 0.0
            for frame, at_s, for_s in self._decode():
                yield frame, start_s + at_s
                length_s = max(length_s, at_s + for_s)
            if not length_s:
                raise ConfigError(f"there is no {self._kind} in the file")
            start_s += length_s

    def _decode(self) -> Iterator[tuple[av.VideoFrame | av.AudioFrame, float, float]]:
        """Once through the file: each frame, its time from the start and its length, in seconds."""
        try:
            with av.open(str(self._path)) as container:
                if self._kind == "video":
                    yield from _pictures(container)
                else:
                    yield from _sounds(container)
        except (av.FFmpegError, IndexError) as exc:
            raise ConfigError(f"a media file can't be played: {self._path.name}") from exc


def _pictures(container: av.container.InputContainer) -> Iterator[tuple[av.VideoFrame, float, float]]:
    stream = container.streams.video[0]
    period_s = float(1 / (stream.average_rate or 25))
    for number, frame in enumerate(container.decode(stream)):
        yield frame.reformat(format="yuv420p"), number * period_s, period_s


def _sounds(container: av.container.InputContainer) -> Iterator[tuple[av.AudioFrame, float, float]]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_AUDIO_RATE, frame_size=_AUDIO_FRAME_SAMPLES)
    samples = 0
    for frame in container.decode(container.streams.audio[0]):
        for part in resampler.resample(frame):
            yield part, samples / _AUDIO_RATE, part.samples / _AUDIO_RATE
            samples += part.samples
