"""The sides of an outline found roughly, made exact to a fraction of a pixel at full size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.quad import Points, Quad, order_corners

PLACES = 64
"""Places along each side at which the edge is sought."""

ENDS = 0.08
"""The part at each end of a side that is left out: corners are round, dog-eared or under a thumb."""

ROUNDS = 5
MIN_EDGE = 2.0
"""Grey levels a pixel: flatter than that is no edge."""


def refine(image: Image, rough: Quad, reach_px: float) -> Quad:
    """Move each side to the strongest edge within `reach_px`; a side without a clear edge stays as it was."""
    points = rough.points
    sides = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        sides.append(_side(image, start, end, reach_px) or _through(start, end))
    corners = []
    for place in range(4):
        met = _meet(sides[place - 1], sides[place])
        # A wild fit must never move the outline further than the search reached.
        near = met is not None and float(np.linalg.norm(met - points[place])) <= 3 * reach_px
        corners.append(met if near and met is not None else points[place])
    try:
        return order_corners(np.array(corners), rough.confidence)
    except ValueError:
        return rough


_Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A point and a unit direction."""


def _through(start: NDArray[np.float64], end: NDArray[np.float64]) -> _Line:
    return start, (end - start) / np.linalg.norm(end - start)


def _meet(one: _Line, other: _Line) -> NDArray[np.float64] | None:
    matrix = np.column_stack((one[1], -other[1]))
    if abs(np.linalg.det(matrix)) < 1e-6:
        return None
    met: NDArray[np.float64] = one[0] + one[1] * np.linalg.solve(matrix, other[0] - one[0])[0]
    return met


def _side(image: Image, start: NDArray[np.float64], end: NDArray[np.float64], reach_px: float) -> _Line | None:
    """The line through the edge points near the side, or None when too few of them agree."""
    _, direction = _through(start, end)
    inward = np.array((-direction[1], direction[0]))  # Clockwise corners: the page is on this side.
    along = np.linspace(ENDS, 1 - ENDS, PLACES)[:, None]
    places = start + (end - start) * along
    across = np.arange(-reach_px - 3, reach_px + 3.5, 0.5)
    grid = (places[:, None, :] + inward * across[None, :, None]).astype(np.float32)
    seen = cv2.remap(image, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    edges, found = _edges(seen.astype(np.float32), across)
    return _fit(places[found] + inward * edges[found, None], direction) if found.sum() >= PLACES // 3 else None


def _edges(seen: NDArray[np.float32], across: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where across the side each profile has its strongest edge, in pixels, and whether there is one.

    `seen` is `(places, across, 3)`. Profiles are projected on the side's own change of colour, outside to inside.
    """
    count = len(across)
    change = np.median(seen[:, -count // 3 :], axis=(0, 1)) - np.median(seen[:, : count // 3], axis=(0, 1))
    profile = seen @ (change / max(float(np.linalg.norm(change)), 1e-3))
    smooth = cv2.GaussianBlur(profile, (0, 1), sigmaX=2.0, sigmaY=0.01, borderType=cv2.BORDER_REPLICATE)
    slope = np.gradient(np.asarray(smooth, dtype=np.float64), across, axis=1)
    slope[:, :4] = slope[:, -4:] = 0
    peak = np.argmax(slope, axis=1)
    rows = np.arange(len(peak))
    before, at, after = slope[rows, peak - 1], slope[rows, peak], slope[rows, (peak + 1) % count]
    bend = before - 2 * at + after
    offset = np.where(np.abs(bend) > 1e-6, 0.5 * (before - after) / np.where(np.abs(bend) > 1e-6, bend, 1), 0)
    step = float(across[1] - across[0])
    return across[peak] + np.clip(offset, -1, 1) * step, at >= MIN_EDGE


def _fit(points: Points, direction: NDArray[np.float64]) -> _Line:
    """A line that outliers don't move: least squares, repeated without what lies far from it."""
    normal = np.array((-direction[1], direction[0]))
    along, across = points @ direction, points @ normal
    weights = np.ones(len(points))
    slope, height = 0.0, float(np.median(across))
    for _ in range(ROUNDS):
        miss = np.abs(across - (slope * along + height))
        scale = max(0.25, 1.48 * float(np.median(miss)))
        weights = 1 / (1 + (miss / (2 * scale)) ** 2) ** 2
        slope, height = np.polyfit(along, across, 1, w=np.sqrt(weights))
    tangent = direction + slope * normal
    middle = float(np.mean(along))
    point = direction * middle + normal * (slope * middle + height)
    return point, tangent / np.linalg.norm(tangent)
