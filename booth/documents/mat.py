"""What the empty desk under a fixed camera looks like, and how a picture compares with it.

White paper on a white table differs from it by a few hundredths of its brightness, less than the table's own clouds and
the lamp's slope. Divided by the picture of the empty desk, both are gone, and so is a wooden table's grain.
"""

from collections.abc import Sequence
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.quad import Quad
from booth.documents.shrink import SEARCH_PX, shrink

UNKNOWN = 128
"""What is as on the empty desk, or can't be compared."""

CONTRAST = 320.0
"""How much the natural logarithm of a ratio makes: white paper is 4 % lighter than a white mat, a deep shadow 35 %
darker."""

DARKEST = 4.0
"""In grey levels: where the empty desk is darker, a ratio to it is noise."""

_CONTRASTED = (CONTRAST * np.log(np.maximum(np.arange(256), 1e-2))).astype(np.float32)

FRAME_SHARE = 0.04
"""How wide the strip along the frame is, as a part of the picture's height, in which the mat is seen whatever lies
on it: its median there tells how light and exposure have changed."""

RATE = 0.03
"""The part of the way that the reference goes towards a picture, each time that it is told of one."""

ALIKE = 0.025
"""A pixel that differs by more, relatively, shows something that lies there, or its shadow, and is not learnt:
white paper is about 0.04 lighter than a white table."""

CLEARANCE = 0.05
"""Round a page nothing is learnt for this part of the long side: its shadow is there."""

STILL_LEVELS = 2.0
"""Two pictures of an empty desk differ by less on average, in grey levels, at search size; a moving hand by more."""

EMPTY_PICTURES, ANEW_PICTURES = 8, 240
"""So many still pictures without a page make an empty desk; so many replace the reference that there is: a camera
was turned."""

Reference = NDArray[np.float32]
"""`(height, width, 3) float32` BGR, at search size."""


class MatReference:
    """The empty desk, learnt from a picture, kept up to date where nothing lies.

    Pure but for its own memory, one picture of `SEARCH_PX`. Not shared between threads.
    """

    def __init__(self, empty: Image) -> None:
        """`empty` shows the desk with nothing on it, at any size, in the shape of all pictures to come."""
        self._mean = shrink(empty).astype(np.float32)
        self._contrasted: Reference | None = None
        """Of `_mean`, made when it is asked for: a live picture is compared many times between two changes."""

    @classmethod
    def restored(cls, kept: Reference) -> Self:
        """The reference that `kept` came from, e.g. read from the booth's disk after a restart."""
        reference = cls.__new__(cls)
        reference._mean = kept.copy()
        reference._contrasted = None
        return reference

    @property
    def kept(self) -> Reference:
        """All that must be kept to restore it."""
        return self._mean.copy()

    def fits(self, small: Image) -> bool:
        """Whether it is a reference for pictures of this shape."""
        return small.shape == self._mean.shape

    def compared(self, small: Image) -> Image:
        """The picture, `SEARCH_PX` long, against the empty desk: `UNKNOWN` where they are alike, 13 more where it is
        4 % lighter; `UNKNOWN` everywhere when the reference is for other pictures."""
        if not self.fits(small):
            return unknown(small)
        against = cv2.LUT(small, _CONTRASTED).astype(np.float32, copy=False)
        if self._contrasted is None:
            self._contrasted = np.float32(CONTRAST) * np.log(np.maximum(self._mean, DARKEST, dtype=np.float32))
        against -= self._contrasted
        level = np.float32(UNKNOWN) - np.median(_frame(against), axis=0).astype(np.float32)
        # A row at a time: adding three numbers to each pixel takes NumPy ten times as long.
        against.reshape(len(against), -1)[:] += np.tile(level, against.shape[1])
        return np.clip(against, 0, 255).astype(np.uint8)

    def update(self, image: Image, occupied: Sequence[Quad] = ()) -> None:
        """Follow slow changes of the desk and its light, outside the outlines `occupied` (pixels of `image`)."""
        small = shrink(image)
        if not self.fits(small):
            return
        factor = small.shape[1] / image.shape[1]
        ratio = self._ratio(small)
        free = (np.abs(ratio - 1).max(axis=2) <= ALIKE).astype(np.uint8)
        for outline in occupied:
            corners = np.rint(outline.scaled(factor).points).astype(np.int32)
            cv2.fillConvexPoly(free, corners, 0)
            cv2.polylines(free, [corners], True, 0, round(2 * CLEARANCE * SEARCH_PX))
        self._mean += RATE * free[:, :, None] * (small - self._mean)
        self._contrasted = None

    def _ratio(self, small: Image) -> NDArray[np.float32]:
        """The picture over the reference, 1 where the mat is seen in a light that changed as a whole."""
        ratio: Reference = np.divide(small, np.maximum(self._mean, DARKEST), dtype=np.float32)
        gain = np.maximum(np.median(_frame(ratio), axis=0), 0.05)
        ratio /= gain.astype(np.float32)
        return ratio


def _frame(shown: Reference) -> Reference:
    """A third of the pixels of the strip along the frame, `(n, 3)`."""
    strip = max(2, round(FRAME_SHARE * shown.shape[0]))
    parts = shown[:strip], shown[-strip:], shown[:, :strip], shown[:, -strip:]
    return np.concatenate([part.reshape(-1, 3) for part in parts])[::3]


def unknown(small: Image) -> Image:
    """What stands for the comparison when nobody knows the empty desk."""
    return np.full(small.shape, UNKNOWN, np.uint8)


class MatWatch:
    """Learns the empty desk by itself: `see` is told of pictures a few times a second, and `reference` appears.

    A desk is taken for empty when `EMPTY_PICTURES` still pictures in a row showed no page; from then on the reference
    follows slow changes. Tell it of pictures while nobody is served: a page that is overlooked must not become the mat.
    """

    def __init__(self, reference: MatReference | None = None) -> None:
        self._reference = reference
        self._last: Image | None = None
        self._still = 0

    @property
    def reference(self) -> MatReference | None:
        return self._reference

    def see(self, image: Image, occupied: Sequence[Quad], clear: bool) -> None:
        """`occupied` are the outlines found in `image`; `clear` says that no page was found, and none cut by the
        frame."""
        small = shrink(image)
        last, self._last = self._last, small
        still = last is not None and last.shape == small.shape and float(cv2.absdiff(small, last).mean()) < STILL_LEVELS
        self._still = self._still + 1 if clear and still else 0
        needed = ANEW_PICTURES if self._reference is not None and self._reference.fits(small) else EMPTY_PICTURES
        if self._still >= needed:
            self._reference, self._still = MatReference(small), 0
        elif self._reference is None:
            return
        elif still:
            self._reference.update(small, [outline.scaled(small.shape[1] / image.shape[1]) for outline in occupied])
