"""Sides that a hand or a shine hides: where the page's size puts them.

Three sides of a page are seen, and on a desk whose plane is known (`plane`) they tell how far apart two of them are.
If pages of a known size have just that width, the fourth side is as far off as they are long. Of two sides that meet
each size makes an outline, beside which the others can be sought.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from booth.documents.plane import DeskPlane
from booth.documents.quad import Points
from booth.documents.sizes import KNOWN_SIZES

WIDTH_AWAY = 0.012
"""How far off a known width may be, relatively: a photograph's 102 mm and a register page's 105 are 0.029 apart."""

LEAN = 0.02
"""How far from square the two sides may be, as a sine: 1.1 degrees."""

LARGER = 1.6
"""How much larger or smaller what is seen of a page may be than the page."""


def placed_by_size(
    corners: Points, plane: DeskPlane, width_px: float, height_px: float
) -> Iterator[tuple[int, Points]]:
    """Each outline that has three of these sides and a known size, and the number of the side that it puts elsewhere;
    corners clockwise, in pixels of a picture of this size."""
    on_desk = plane.on_desk(corners, width_px, height_px)
    for side in range(4):
        start, end = on_desk[(side + 2) % 4], on_desk[(side + 3) % 4]  # The side opposite, which stays.
        width = float(np.linalg.norm(end - start))
        along = (end - start) / max(width, 1e-6)
        # Away from it, along the sides that it has in common with the hidden one.
        away = on_desk[side] - end, on_desk[(side + 1) % 4] - start
        ways = [way / max(float(np.linalg.norm(way)), 1e-6) for way in away]
        if max(abs(float(way @ along)) for way in ways) > LEAN:
            continue
        for size in KNOWN_SIZES:
            for wide, long in map(size.lying, (False, True)):
                if abs(width / wide - 1) <= WIDTH_AWAY:
                    placed = on_desk.copy()
                    placed[side], placed[(side + 1) % 4] = end + ways[0] * long, start + ways[1] * long
                    yield side, plane.in_picture(placed, width_px, height_px)


def placed_at_corner(
    corners: Points, plane: DeskPlane, width_px: float, height_px: float
) -> Iterator[tuple[int, Points]]:
    """Each outline that has one of these corners and about the area and a known size, with the corner's number; the
    side that begins there is kept as it lies, corners are clockwise, in pixels of a picture of this size."""
    on_desk = plane.on_desk(corners, width_px, height_px)
    area = float(cv2.contourArea(on_desk.astype(np.float32)))
    for size in KNOWN_SIZES:
        if not 1 / LARGER <= size.long_mm * size.short_mm / max(area, 1.0) <= LARGER:
            continue
        for corner in range(4):
            along = on_desk[(corner + 1) % 4] - on_desk[corner]
            along = along / max(float(np.linalg.norm(along)), 1e-6)
            across = np.array((-along[1], along[0]))  # Clockwise as seen: towards the page.
            for wide, long in map(size.lying, (False, True)):
                steps = np.array(((0, 0), (wide, 0), (wide, long), (0, long)))
                placed = on_desk[corner] + steps[:, :1] * along + steps[:, 1:] * across
                yield corner, plane.in_picture(np.roll(placed, corner, axis=0), width_px, height_px)
