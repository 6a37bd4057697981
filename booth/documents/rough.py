"""From the net's maps to rough outlines."""

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.maps import Maps
from booth.documents.quad import Points

Contour = cv2.Mat | NDArray[np.integer | np.floating]
"""As OpenCV gives it: `(n, 1, 2)`."""

LIKELY = 0.5
MIN_AREA = 0.004
"""Of the picture: an ID card is 0.03 of a 440 mm wide view; in a phone's picture a page may be smaller."""

SMOOTHED = 0.008
"""The part of its girth by which a component's outline is straightened before sides are taken away."""


def rough_outlines(maps: Maps) -> list[Points]:
    """One outline for each separate page that the maps show, `(4, 2)`, in pixels of the picture that the net saw."""
    likely = (maps.pages > LIKELY).astype(np.uint8)
    contours, _ = cv2.findContours(likely, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    least = MIN_AREA * likely.size
    outlines = []
    for contour in contours:
        hull = cv2.convexHull(contour).astype(np.int32, copy=False)
        if cv2.contourArea(hull) >= least and not _at_the_edge(contour, likely):
            # A map's cell (0, 0) is the picture's pixels 0 and 1.
            outlines.append((_four(hull) + 0.5) * maps.cell_px - 0.5)
    return outlines


def _at_the_edge(contour: Contour, likely: NDArray[np.uint8]) -> bool:
    """Whether what is seen reaches the frame's edge: a page that goes on outside is not guessed."""
    (left, top), (right, bottom) = contour[:, 0].min(axis=0), contour[:, 0].max(axis=0)
    return bool(min(left, top) <= 0 or right >= likely.shape[1] - 1 or bottom >= likely.shape[0] - 1)


def _four(hull: NDArray[np.int32]) -> Points:
    """The four-cornered outline round a convex one: the side is taken away, again and again, that adds least area
    when its
    neighbours are drawn out until they meet. So a rounded or folded corner becomes the corner that it was."""
    corners = cv2.approxPolyDP(hull, SMOOTHED * cv2.arcLength(hull, True), True).reshape(-1, 2).astype(np.float64)
    while len(corners) > 4:
        added = [_added(corners, side) for side in range(len(corners))]
        side = min(range(len(corners)), key=lambda place: added[place][0])
        area, met = added[side]
        if not np.isfinite(area):
            break
        corners[side] = met
        corners = np.delete(corners, (side + 1) % len(corners), axis=0)
    if len(corners) == 4:
        return corners
    return cv2.boxPoints(cv2.minAreaRect(hull)).astype(np.float64)


def _added(corners: Points, side: int) -> tuple[float, Points]:
    """The area that drawing out the neighbours of this side adds, and where they meet."""
    before, start, end, after = (corners[(side + step) % len(corners)] for step in (-1, 0, 1, 2))
    one, other = start - before, end - after
    turned = one[0] * other[1] - one[1] * other[0]
    if abs(turned) < 1e-9:
        return np.inf, start
    gap = end - start
    part = (gap[0] * other[1] - gap[1] * other[0]) / turned
    if part <= 0:
        return np.inf, start
    met = start + part * one
    return abs(float(gap[0] * (met - start)[1] - gap[1] * (met - start)[0])) / 2, met
