"""Document cameras through OpenCV: a V4L2 device; for tests and demonstrations a video file or a folder of pictures."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import cv2
import numpy as np

from booth.devices.camera.grabbing import GrabbingCamera, Habits
from booth.devices.camera.interface import Image
from booth.errors import DeviceError
from protocol.errors import ErrorCode

log = logging.getLogger(__name__)

FAILED_READS = 3
"""Reads in a row that may fail on a device that is still there: a long USB cable breaks a picture now and then."""

PICTURE_S = 2.0
"""How long each picture of a folder is shown."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})


class VideoCapture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool: ...

    def set(self, propId: int, value: float) -> bool: ...

    def get(self, propId: int) -> float: ...

    def read(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


OpenCapture = Callable[[str, int], VideoCapture]
"""Opens a path with a backend (`cv2.CAP_V4L2` …)."""


class OpenCvCamera(GrabbingCamera):
    """A camera read by OpenCV. Make one with `v4l2`, `video_file` or `image_folder`."""

    @classmethod
    def v4l2(
        cls, path: str, width_px: int, height_px: int, rate_fps: float, open_capture: OpenCapture = cv2.VideoCapture
    ) -> Self:
        """A device such as `/dev/video0`, asked for MJPEG at this size; it sets the pace, and can freeze."""
        source = _Device(Path(path), width_px, height_px, rate_fps, open_capture)
        return cls(source, f"v4l2:{path}", Habits(pace_fps=None, can_freeze=True))

    @classmethod
    def video_file(cls, path: Path, rate_fps: float) -> Self:
        """A file, over and over, at `rate_fps`. It is `absent` while there is no such file."""
        return cls(_File(path), f"video:{path.name}", Habits(pace_fps=rate_fps, can_freeze=False))

    @classmethod
    def image_folder(cls, path: Path, rate_fps: float) -> Self:
        """The pictures of a folder in the order of their names, two seconds each, over and over."""
        source = _Folder(path, max(1, round(PICTURE_S * rate_fps)))
        return cls(source, f"images:{path.name}", Habits(pace_fps=rate_fps, can_freeze=False))


class _Device:
    """A V4L2 device."""

    def __init__(self, path: Path, width_px: int, height_px: int, rate_fps: float, open_capture: OpenCapture) -> None:
        self._path, self._size, self._rate_fps = path, (width_px, height_px), rate_fps
        self._open_capture = open_capture
        self._capture: VideoCapture | None = None

    def open(self) -> None:
        _require(self._path.exists(), "no such device")
        capture = _open(self._open_capture, str(self._path), cv2.CAP_V4L2)
        self._capture = capture
        # The format first: large raw pictures don't fit through USB 2, and the driver would cut the size down.
        wanted: Sequence[tuple[int, float]] = (
            (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
            (cv2.CAP_PROP_FRAME_WIDTH, self._size[0]),
            (cv2.CAP_PROP_FRAME_HEIGHT, self._size[1]),
            (cv2.CAP_PROP_FPS, self._rate_fps),
            (cv2.CAP_PROP_BUFFERSIZE, 1),  # An old picture in a buffer is worse than a missed one.
        )
        for option, value in wanted:
            capture.set(option, value)
        got = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if got != self._size:
            log.warning("%s gives %d x %d px instead of %d x %d", self._path, *got, *self._size)

    def read(self) -> Image:
        for _ in range(FAILED_READS):
            image = _read(self._capture)
            if image is not None:
                return image
            _require(self._path.exists(), "the device is gone")
        raise DeviceError(ErrorCode.CAMERA_ABSENT, "the device gives no pictures")

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


class _File:
    """A video file, begun again at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture: VideoCapture | None = None

    def open(self) -> None:
        _require(self._path.is_file(), "no such file")
        self._capture = _open(cv2.VideoCapture, str(self._path), cv2.CAP_ANY)

    def read(self) -> Image:
        # A file that is open can still be read after it was removed; a camera that was pulled can't.
        _require(self._path.is_file(), "the file is gone")
        image = _read(self._capture)
        if image is None:
            self.close()
            self.open()
            image = _read(self._capture)
        if image is None:
            raise DeviceError(ErrorCode.CAMERA_ABSENT, "the file has no pictures")
        return image

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


class _Folder:
    """Pictures, each shown for a number of frames."""

    def __init__(self, path: Path, frames_each: int) -> None:
        self._path, self._frames_each = path, frames_each
        self._shown = 0
        self._image: Image | None = None

    def open(self) -> None:
        self._shown, self._image = 0, None

    def read(self) -> Image:
        if self._image is None or self._shown % self._frames_each == 0 or not self._path.is_dir():
            self._image = self._load(self._shown // self._frames_each)
        self._shown += 1
        return self._image

    def _load(self, place: int) -> Image:
        try:
            paths = sorted(path for path in self._path.iterdir() if path.suffix.lower() in SUFFIXES)
        except OSError as error:
            raise DeviceError(ErrorCode.CAMERA_ABSENT, "no such folder") from error
        _require(bool(paths), "the folder has no pictures")
        image = cv2.imread(str(paths[place % len(paths)]), cv2.IMREAD_COLOR)
        if image is None:
            raise DeviceError(ErrorCode.CAMERA_ABSENT, "a picture of the folder can't be read")
        return image.astype(np.uint8, copy=False)

    def close(self) -> None:
        self._image = None


def _require(there: bool, otherwise: str) -> None:
    if not there:
        raise DeviceError(ErrorCode.CAMERA_ABSENT, otherwise)


def _open(open_capture: OpenCapture, path: str, backend: int) -> VideoCapture:
    try:
        capture = open_capture(path, backend)
    except cv2.error as error:
        raise DeviceError(ErrorCode.CAMERA_ABSENT, "OpenCV can't open it") from error
    if not capture.isOpened():
        capture.release()
        raise DeviceError(ErrorCode.CAMERA_ABSENT, "it can't be opened")
    return capture


def _read(capture: VideoCapture | None) -> Image | None:
    """One picture, or None when the read failed."""
    if capture is None:
        return None
    try:
        good, image = capture.read()
    except cv2.error as error:
        raise DeviceError(ErrorCode.CAMERA_ABSENT, "OpenCV can't read it") from error
    if not good or not isinstance(image, np.ndarray):
        return None
    return image.astype(np.uint8, copy=False)
