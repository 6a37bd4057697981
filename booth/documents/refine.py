"""The sides of an outline found roughly, made exact to a fraction of a pixel at full size. All four at once: it is
quick."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.quad import Points, Quad, following, former, order_corners

ENDS = 0.08
"""The part at each end of a side that is left out: corners are round, dog-eared or under a thumb."""

ROUNDS = 5
MIN_EDGE = 2.0
"""Grey levels a pixel: flatter than that is no edge."""

MIN_FOUND = 1 / 3
SMOOTHING = 2.0
"""Of a profile, in samples."""


Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sides:
    """For each of the four sides, the first from corner 0 to corner 1.

    `starts` and `ends` are two points of its line, `(4, 2)`; `found` `(4,)` the part of its places that show its edge;
    `changes` `(4, channels)` the change of colour over it, outside to inside.
    """

    starts: Points
    ends: Points
    found: Floats
    changes: Floats


def refine(image: Image, rough: Quad, reach_px: float, count: int, step_px: float) -> Quad:
    """Move each side to the strongest edge within `reach_px`; a side without a clear edge stays as it was.

    `count` places along each side are looked at, every `step_px` across it.
    """
    return corners_of(find_sides(image, rough, reach_px, count, step_px), rough, reach_px)


def corners_of(sides: Sides, rough: Quad, reach_px: float) -> Quad:
    """The outline of the sides; a corner that would move further than the search reached stays where it was."""
    points = rough.points
    met = meet(sides.starts, sides.ends, points)
    moved = met - points
    near = np.hypot(moved[:, 0], moved[:, 1]) <= 3 * reach_px
    try:
        return order_corners(np.where(near[:, None], met, points), rough.confidence)
    except ValueError:
        return rough


def meet(starts: Points, ends: Points, otherwise: Points) -> Points:
    """Where each side, from a start to an end, meets the one before it; `otherwise` where they are parallel. All are
    `(…, 4, 2)`."""
    along = ends - starts
    before, beyond = former(starts), former(along)
    turned = beyond[..., 0] * along[..., 1] - beyond[..., 1] * along[..., 0]
    parallel = np.abs(turned) < 1e-9
    gap = starts - before
    part = (gap[..., 0] * along[..., 1] - gap[..., 1] * along[..., 0]) / np.where(parallel, 1, turned)
    return np.where(parallel[..., None], otherwise, before + beyond * part[..., None])


def find_sides(image: Image, rough: Quad, reach_px: float, count: int, step_px: float) -> Sides:
    """The line through the edge points near each side; where too few agree, the side as it was.

    `count` places along each side are looked at, every `step_px` across it. A grey picture, `(height, width)`, is seen
    as one of three equal channels, in half the time.
    """
    starts = rough.points
    ends = following(starts)
    directions = ends - starts
    directions /= np.hypot(directions[:, :1], directions[:, 1:])
    inward = np.column_stack((-directions[:, 1], directions[:, 0]))  # Clockwise corners: the page is on this side.
    along = np.linspace(ENDS, 1 - ENDS, count)
    places = starts[:, None] + (ends - starts)[:, None] * along[None, :, None]
    beyond = np.ceil((reach_px + 3) / step_px)
    across = step_px * np.arange(-beyond, beyond + 1)
    grid = (places[:, :, None] + inward[:, None, None] * across[None, None, :, None]).astype(np.float32)
    flat = grid.reshape(4 * count, len(across), 2)
    seen = cv2.remap(image, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colours = seen.reshape(4, count, len(across), -1).astype(np.float32)
    if image.ndim == 2:
        colours *= np.float32(np.sqrt(3))  # the length of three equal changes
    edges, found, changes = _edges(colours, across)
    slopes, heights = _fit(along - 0.5, edges, found)
    enough = found.sum(axis=1) >= MIN_FOUND * count
    slopes, heights = np.where(enough, slopes, 0), np.where(enough, heights, 0)
    low, high = heights - slopes / 2, heights + slopes / 2
    moved = starts + inward * low[:, None], ends + inward * high[:, None]
    return Sides(*moved, np.where(enough, found.mean(axis=1), 0), changes)


def _edges(seen: NDArray[np.float32], across: Floats) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Where across each side each profile has its strongest edge, in pixels, whether there is one, and the sides'
    changes.

    `seen` is `(4, places, across, channels)`. Profiles are projected on the side's own change of colour, outside to
    inside.
    """
    third = len(across) // 3
    ends = np.stack((seen[:, ::2, -third::2], seen[:, ::2, :third:2])).reshape(2, 4, -1, seen.shape[-1])
    ends.sort(axis=2)  # Its middle is the median; `np.median` takes three times as long for so few.
    inner, outer = (ends[:, :, (ends.shape[2] - 1) // 2] + ends[:, :, ends.shape[2] // 2]) / 2
    changes = (inner - outer).astype(np.float64)
    size = np.maximum(np.sqrt((changes * changes).sum(axis=1, keepdims=True)), 1e-3)
    profile = np.einsum("spac,sc->spa", seen, (changes / size).astype(np.float32)).reshape(-1, len(across))
    smooth = cv2.GaussianBlur(profile, (0, 1), sigmaX=SMOOTHING, sigmaY=0.01, borderType=cv2.BORDER_REPLICATE)
    step = float(across[1] - across[0])
    slope = np.zeros(profile.shape, np.float32)
    slope[:, 4:-4] = (smooth[:, 5:-3] - smooth[:, 3:-5]) / (2 * step)
    peak = np.clip(np.argmax(slope, axis=1), 1, len(across) - 2)
    rows = np.arange(len(peak))
    before, at, after = (slope[rows, peak + shift].astype(np.float64) for shift in (-1, 0, 1))
    bend = before - 2 * at + after
    curved = np.abs(bend) > 1e-6
    offset = np.where(curved, 0.5 * (before - after) / np.where(curved, bend, 1), 0)
    edges = across[peak] + np.clip(offset, -1, 1) * step
    return edges.reshape(4, -1), (at >= MIN_EDGE).reshape(4, -1), changes


def _fit(along: Floats, edges: Floats, found: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Slope and height of the four lines that outliers don't move: least squares, repeated without what lies far
    off."""
    slopes, heights = np.zeros(4), _medians(edges, found)
    powers = np.column_stack((np.ones_like(along), along, along * along))
    for _ in range(ROUNDS):
        miss = np.abs(edges - slopes[:, None] * along - heights[:, None])
        scale = 2 * np.maximum(0.25, 1.48 * _medians(miss, found))
        weights = found / (1 + (miss / scale[:, None]) ** 2) ** 2
        # All sums at once: for four short rows it is the number of calls that takes the time.
        total, first, second = (weights @ powers).T
        edge, joint = ((weights * edges) @ powers[:, :2]).T
        total = np.maximum(total, 1e-9)
        spread = second - first * first / total
        slopes = (joint - first * edge / total) / np.maximum(spread, 1e-9)
        heights = (edge - slopes * first) / total
    # `along` runs from corner to corner in 1: the line's two ends are half a slope below and above its height.
    return slopes, heights


def _medians(values: Floats, counted: NDArray[np.bool_]) -> Floats:
    """The median of what is counted in each row, 0 in a row without."""
    ordered = np.sort(np.where(counted, values, np.inf), axis=1)
    middle = ordered[np.arange(len(ordered)), np.maximum(counted.sum(axis=1) - 1, 0) // 2]
    medians: Floats = np.where(np.isfinite(middle), middle, 0.0)
    return medians
