"""Following a page's outline from picture to picture, a few milliseconds each, until it is lost.

Between two searches (`find_pages`) each side is only made exact again near where it was. What is shown to people is
smoothed, so that the outline doesn't tremble with the sensor's noise, but follows a real movement at once.
"""

import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.quad import Quad, order_corners
from booth.documents.refine import refine

REACH = 0.012
"""How far a side may move from one picture to the next and still be followed, as a part of the long side."""

STILL = 0.0015
"""Movements below this part of the long side are the sensor's noise, and are smoothed away."""

SMOOTHING = 0.25
"""The part of the way that a still outline goes towards what was measured, at each picture."""


class Tracker:
    """Follows one outline. `follow` gives None once it is lost; then search again and begin a new one.

    All pictures have the size of the first one. Pure: no clock, no thread; bounded memory.
    """

    def __init__(self, outline: Quad) -> None:
        """`outline` is in pixels of the pictures that follow."""
        self._exact = outline
        self._shown = outline
        self._lost = False

    @property
    def lost(self) -> bool:
        return self._lost

    @property
    def exact(self) -> Quad:
        """As measured in the newest picture, not smoothed: for the capture."""
        return self._exact

    @property
    def shown(self) -> Quad:
        """Smoothed: for drawing."""
        return self._shown

    def follow(self, image: Image) -> Quad | None:
        """The smoothed outline in this picture, or None when it was lost. At most 3 ms for a preview of 960 px."""
        if self._lost:
            return None
        long_side = max(image.shape[:2])
        exact = refine(image, self._exact, REACH * long_side)
        moved = float(np.abs(exact.points - self._shown.points).max())
        self._lost = not _plausible(exact, image)
        if self._lost:
            return None
        part = SMOOTHING if moved < STILL * long_side else 1.0
        shown = self._shown.points + part * (exact.points - self._shown.points)
        self._exact, self._shown = exact, order_corners(shown, exact.confidence)
        return self._shown


def _plausible(outline: Quad, image: Image) -> bool:
    height, width = image.shape[:2]
    points = outline.points
    return bool(points.min() >= 0 and points[:, 0].max() <= width - 1 and points[:, 1].max() <= height - 1)
