"""Following a page's outline from picture to picture, a few milliseconds each, until it is lost.

Between two searches (`find_pages`) each side is only sought again near where it was. What is shown to people is
smoothed, so that the outline doesn't tremble with the sensor's noise, but follows a real movement at once.
"""

import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.quad import Quad, order_corners
from booth.documents.refine import Floats, Sides, corners_of, find_sides

REACH = 0.012
"""How far a side may move from one picture to the next and still be followed, as a part of the long side."""

KEEPS_UP = 0.004
"""A movement of this part of the long side or more is followed at once; a smaller one the more slowly the smaller
it is."""

SLOWEST = 0.15
"""The part of the way to what was measured that the shown outline goes at least."""

SAME_CHANGE = 0.5
"""A side is still the same one while its change of colour has at least this part of the first one's size and
direction."""

SIDES_NEEDED = 3
"""One side may be under a hand."""

PLACES, STEP = 32, 0.0008
"""Fewer places and coarser steps than a search's last look: the next picture comes soon."""

FOUND = 0.4
"""The part of a side's places that must show its edge."""

MARGIN = 0.002
"""A corner that comes so near to the frame's edge, as a part of the long side, is lost: the page goes on outside."""


class Tracker:
    """Follows one outline. `follow` gives None once it is lost; then search again and begin a new one.

    All pictures have the size of the first one. Pure: no clock, no thread; bounded memory.
    """

    def __init__(self, outline: Quad) -> None:
        """`outline` is in pixels of the pictures that follow."""
        self._exact = outline
        self._shown = outline
        self._changes: Floats | None = None
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
        """The smoothed outline in this picture, or None when it was lost."""
        if self._lost:
            return None
        long_side = max(image.shape[:2])
        sides = find_sides(image, self._exact, REACH * long_side, PLACES, STEP * long_side)
        exact = corners_of(sides, self._exact, REACH * long_side)
        if not self._same(sides) or not _inside(exact, image):
            self._lost = True
            return None
        moved = float(np.abs(exact.points - self._shown.points).max())
        part = min(1.0, max(SLOWEST, moved / (KEEPS_UP * long_side)))
        self._exact = exact
        self._shown = order_corners(_towards(self._shown, exact, part), exact.confidence)
        return self._shown

    def _same(self, sides: Sides) -> bool:
        """Whether enough sides are still what they were when first seen."""
        if self._changes is None:
            self._changes = sides.changes
        alike = np.sum(sides.changes * self._changes, axis=1) / np.maximum(np.sum(self._changes**2, axis=1), 1e-6)
        return int(((alike >= SAME_CHANGE) & (sides.found >= FOUND)).sum()) >= SIDES_NEEDED


def _towards(shown: Quad, exact: Quad, part: float) -> Floats:
    """Corners keep their places in the order, even when the page turns past the diagonal."""
    to, start = exact.points, shown.points
    turn = min(range(4), key=lambda k: float(np.abs(np.roll(to, k, axis=0) - start).sum()))
    return start + part * (np.roll(to, turn, axis=0) - start)


def _inside(outline: Quad, image: Image) -> bool:
    height, width = image.shape[:2]
    margin = MARGIN * max(width, height)
    points = outline.points
    return bool(points.min() >= margin and np.all(points <= (width - 1 - margin, height - 1 - margin)))
