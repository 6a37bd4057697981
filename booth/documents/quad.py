"""A page's outline in a picture: four corners, and the homographies they make. Pure geometry."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from booth.core.capture import Corners

T = TypeVar("T")

Points = NDArray[np.float64]
"""`(n, 2) float64` x, y in pixels; the centre of the first pixel is (0, 0)."""


@dataclass(frozen=True, slots=True)
class Quad:
    """Corners clockwise as they are seen, beginning with the one nearest to the picture's upper left.

    `confidence` is 0 to 1: how sure the finder is that this is the page's outline.
    """

    corners: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
    confidence: float = 1.0

    @property
    def points(self) -> Points:
        return np.array(self.corners, dtype=np.float64)

    @property
    def area_px(self) -> float:
        x, y = self.points.T
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)

    @property
    def side_lengths_px(self) -> tuple[float, float, float, float]:
        """Upper, right, lower, left."""
        top, right, bottom, left = side_lengths(self.points)
        return float(top), float(right), float(bottom), float(left)

    def scaled(self, factor: float) -> "Quad":
        """The same outline in a picture `factor` times as large, pixel centres kept in place."""
        return order_corners((self.points + 0.5) * factor - 0.5, self.confidence)


def order_corners(points: Points | Sequence[tuple[float, float]], confidence: float = 1.0) -> Quad:
    """A quad of four points in any order; raises `ValueError` when they make no convex quadrilateral."""
    array = np.asarray(points, dtype=np.float64)
    if array.shape != (4, 2):
        raise ValueError("a quadrilateral has four corners")
    # Plain numbers: this is asked ten times for every picture, and four are too few for NumPy to be quick.
    corners = [(x, y) for x, y in array.tolist()]
    middle_x, middle_y = (sum(values) / 4 for values in zip(*corners, strict=True))
    # Image y points down, so a growing angle goes clockwise as seen.
    corners.sort(key=lambda at: math.atan2(at[1] - middle_y, at[0] - middle_x))
    if not _turns_one_way(corners):
        raise ValueError("the corners make no convex quadrilateral")
    first = min(range(4), key=lambda k: corners[k][0] + corners[k][1])
    a, b, c, d = corners[first:] + corners[:first]
    return Quad((a, b, c, d), confidence)


def following(points: Points) -> Points:
    """The one after each, round an outline, `(…, n, 2)`; in a fifth of the time that `np.roll` takes."""
    return np.concatenate((points[..., 1:, :], points[..., :1, :]), axis=-2)


def former(points: Points) -> Points:
    """The one before each."""
    return np.concatenate((points[..., -1:, :], points[..., :-1, :]), axis=-2)


def side_lengths(points: Points) -> NDArray[np.float64]:
    """How long each side is, the first from point 0 to point 1; `(n,)`."""
    along = following(points) - points
    lengths: NDArray[np.float64] = np.hypot(along[:, 0], along[:, 1])
    return lengths


def is_convex(points: Points) -> bool:
    """Whether the four points, in this order, turn the same way at each corner, and by more than rounding."""
    return _turns_one_way(points.tolist())


def _turns_one_way(corners: Sequence[Sequence[float]]) -> bool:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    sides = ((bx - ax, by - ay), (cx - bx, cy - by), (dx - cx, dy - cy), (ax - dx, ay - dy))
    turns = [sides[k - 1][0] * sides[k][1] - sides[k - 1][1] * sides[k][0] for k in range(4)]
    least = 1e-6 * max(max(abs(x), abs(y)) for x, y in sides) ** 2
    return min(turns) > least or max(turns) < -least


def different(things: Iterable[T], by_px: float, place: Callable[[T], NDArray[np.float64]] = np.asarray) -> Iterator[T]:
    """Those of which none before has all its places within so many pixels of the same places of this one."""
    kept: list[NDArray[np.float64]] = []
    for thing in things:
        here = place(thing)
        if all(np.abs(here - other).max() > by_px for other in kept):
            kept.append(here)
            yield thing


def homography(source: Points, target: Points) -> NDArray[np.float64]:
    """The `(3, 3)` matrix that takes four points to four others; raises `ValueError` when three lie on a line."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    try:
        solved = np.linalg.solve(np.array(rows, dtype=np.float64), np.array(values, dtype=np.float64))
    except np.linalg.LinAlgError as error:
        raise ValueError("three of the four points lie on a line") from error
    return np.append(solved, 1.0).reshape(3, 3)


def project(matrix: NDArray[np.float64], points: Points) -> Points:
    """The points' images under a homography."""
    lifted = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    projected: Points = lifted[:, :2] / lifted[:, 2:]
    return projected


def corners_of(outline: Quad, width_px: int, height_px: int) -> Corners:
    """The corners as parts of the picture's width and height."""
    flat = [
        round(min(max(value, -1.0), 2.0), 5)
        for x, y in outline.corners
        for value in ((x + 0.5) / width_px, (y + 0.5) / height_px)
    ]
    a, b, c, d, e, f, g, h = flat
    return a, b, c, d, e, f, g, h


def outline_in(corners: Corners, width_px: int, height_px: int) -> Quad:
    """The outline in pixels of a picture of this size."""
    points = [(corners[i] * width_px - 0.5, corners[i + 1] * height_px - 0.5) for i in range(0, 8, 2)]
    return Quad((points[0], points[1], points[2], points[3]))
