"""Which frame of a running camera is sharp enough to keep. Pure."""

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Frame, Image

THUMB_PX = 160
MOVED_LEVELS = 12
"""Grey levels by which a pixel of the thumbnail must differ to have moved; an estimate."""

MOVED_SHARE = 0.004
"""The part of the thumbnail that may move: an estimate: a fingertip at an A4 page's edge covers more."""

FOCUS_SHARE = 0.15
"""How much the focus may still change from frame to frame; an estimate, to be tried with a real autofocus."""

PATIENCE_FRAMES = 15
"""After that many frames without a still one, the sharpest of them is taken: half a second to 1.5 s."""


class SharpFrame:
    """Looks for the first frame on which nothing moves and the focus has settled, each against the frame before it.

    The first frame offered is only looked at: it may have been exposed before anybody asked for it.
    """

    def __init__(self) -> None:
        self._before: tuple[NDArray[np.uint8], float] | None = None
        self._sharpest: tuple[float, Frame] | None = None
        self._offered = 0

    def offer(self, frame: Frame) -> Frame | None:
        """The frame to keep, once there is one."""
        green = np.ascontiguousarray(frame.image[::2, ::2, 1])
        thumb, focus = _thumb(green), _focus(green)
        before, self._before = self._before, (thumb, focus)
        if before is None:
            return None
        self._offered += 1
        if self._sharpest is None or focus > self._sharpest[0]:
            self._sharpest = focus, frame
        if _moved(before[0], thumb) <= MOVED_SHARE and abs(focus - before[1]) <= FOCUS_SHARE * max(focus, before[1]):
            return frame
        return self._sharpest[1] if self._offered >= PATIENCE_FRAMES else None


def _thumb(green: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = max(1, round(green.shape[0] * THUMB_PX / green.shape[1]))
    return cv2.resize(green, (THUMB_PX, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _focus(green: NDArray[np.uint8]) -> float:
    """The spread of the second derivative: falls with every blur."""
    _, spread = cv2.meanStdDev(cv2.Laplacian(green, cv2.CV_16S))
    return float(spread[0][0])


def _moved(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    if before.shape != after.shape:
        return 1.0
    return float(np.mean(cv2.absdiff(before, after) > MOVED_LEVELS))


CLIPPED = (6, 249)
"""A picture all below or all above is black or overexposed: noise is cut off there, and pictures repeat."""


class StillPicture:
    """How long a camera has been giving the very same picture. A live sensor's noise never repeats: this one hangs."""

    def __init__(self) -> None:
        self._sample: NDArray[np.uint8] | None = None
        self._since_s = 0.0

    def same_for_s(self, image: Image, now_s: float) -> float:
        sample = image[::8, ::8]
        clipped = sample.max() <= CLIPPED[0] or sample.min() >= CLIPPED[1]
        if self._sample is None or clipped or not np.array_equal(sample, self._sample):
            self._sample, self._since_s = sample.copy(), now_s
        return now_s - self._since_s
