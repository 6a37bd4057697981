"""The desk's plane as the fixed camera sees it, learnt from pages of known size: what is how long, and where.

With it a page is measured to a part of a per cent, and a side that nobody can see is where the page's size puts it
(`hidden`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.quad import Points, Quad, project, side_lengths
from booth.documents.sizes import USUAL_FOCAL, KnownSize, PageSize, measure_size, nearest_size, sure_size

Floats = NDArray[np.float64]

CORNER_ERROR = 0.0008
"""How far off a corner is found, as a part of the picture's width: 0.35 mm on a desk 440 mm wide."""

USUAL_TILT, FOCAL_SPREAD, VIEW_SPREAD = math.radians(12), 0.25, 0.1
"""What is known before a page was seen: how far from straight down the camera looks, and how far off a usual focal
length and a view measured by ruler are, relatively."""

ROUNDS, SMALL = 8, 1e-5

TRUSTED_ERROR = 0.012
"""How wrong lengths may be in the frame's corners, relatively, for a plane that others rely on."""

FITS = 0.025
"""How far from a known size's the sides of a page in a known plane may be, relatively, and still be that size's: a
booklet 10 mm thick is 2 % nearer to the camera. A6 and a register's page are 0.034 apart; the nearer one counts."""

AGREES = 3.0
"""So many times the usual error of corners is too much for a page that lies in the plane."""

MOST_PAGES = 6


@dataclass(frozen=True, slots=True)
class LaidSheet:
    """A page of known size that was seen: `corners` `(4, 2)` clockwise, in widths of the picture from its middle."""

    corners: Points
    size: KnownSize

    @classmethod
    def of(cls, outline: Quad, width_px: float, height_px: float, size: KnownSize) -> Self:
        return cls(_from_the_middle(outline.points, width_px, height_px), size)

    @property
    def area(self) -> float:
        return float(cv2.contourArea(self.corners.astype(np.float32)))


@dataclass(frozen=True, slots=True)
class DeskPlane:
    """`to_mm` takes places in widths of the picture from its middle to mm on the desk; `error` is how wrong lengths
    may be in the frame's corners, relatively."""

    to_mm: Floats
    error: float

    def on_desk(self, points_px: Points, width_px: float, height_px: float) -> Points:
        """Where on the desk, in mm, each place of a picture of this size lies."""
        return project(self.to_mm, _from_the_middle(points_px, width_px, height_px))

    def in_picture(self, points_mm: Points, width_px: float, height_px: float) -> Points:
        """The inverse of `on_desk`."""
        middle = np.array((width_px - 1, height_px - 1)) / 2
        return project(np.linalg.inv(self.to_mm).astype(np.float64), points_mm) * width_px + middle

    def measure(self, outline: Quad, width_px: float, height_px: float) -> PageSize:
        """The size of the page within the outline, in a picture of this size."""
        upper, right, lower, left = side_lengths(self.on_desk(outline.points, width_px, height_px))
        known, away = self.nearest(outline.points, width_px, height_px)
        width_mm, height_mm = float(upper + lower) / 2, float(right + left) / 2
        return PageSize.of(width_mm, height_mm, known if away <= FITS else None, outline.area_px)

    def nearest(self, corners_px: Points, width_px: float, height_px: float) -> tuple[KnownSize, float]:
        """The known size that is nearest to that of an outline, and how far off, relatively, the worst of its sides
        is, or its diagonals from each other."""
        corners = self.on_desk(corners_px, width_px, height_px)
        size, away = nearest_size(side_lengths(corners))
        return size, max(away, _unlike(_diagonals(corners)))

    def askew(self, corners_px: Points, width_px: float, height_px: float) -> float:
        """How far, relatively, an outline's opposite sides or its diagonals are from being as long as each other: 0 for
        a rectangle."""
        corners = self.on_desk(corners_px, width_px, height_px)
        sides = side_lengths(corners)
        return max(_unlike(pair) for pair in (sides[::2], sides[1::2], _diagonals(corners)))

    @property
    def trusted(self) -> bool:
        return self.error <= TRUSTED_ERROR


def fit_plane(sheets: Sequence[LaidSheet], aspect: float, view_width_mm: float) -> tuple[DeskPlane, float]:
    """The plane in which the sheets have their sizes, and how far off their corners are in it, in usual errors, at
    worst.

    `aspect` is the picture's width over its height. The camera is a pinhole that looks at its picture's middle: four
    numbers, its height, its tilt in two directions, its focal length; least squares by Gauss and Newton.
    """
    usual = np.array((math.log(USUAL_FOCAL * view_width_mm), 0.0, 0.0, math.log(USUAL_FOCAL)))
    spread = np.array((math.hypot(VIEW_SPREAD, FOCAL_SPREAD), USUAL_TILT, USUAL_TILT, FOCAL_SPREAD))
    numbers = usual.copy()

    def misses(numbers: Floats) -> Floats:
        view = numbers[0] - numbers[3] - usual[0] + usual[3]
        before = np.append((numbers[1:] - usual[1:]) / spread[1:], view / VIEW_SPREAD)
        return np.concatenate((before, *(_misses(numbers, sheet) for sheet in sheets)))

    for _ in range(ROUNDS):
        numbers -= np.linalg.lstsq(_slopes(misses, numbers), misses(numbers), rcond=None)[0]
    slopes = _slopes(misses, numbers)
    covariance = np.linalg.inv(slopes.T @ slopes)
    corners = np.array([(x, y / aspect) for x in (-0.45, 0.45) for y in (-0.45, 0.45)])
    stretch = _slopes(lambda at: np.log(_lengths(_to_mm(at), corners)), numbers)
    error = float(np.sqrt(np.einsum("ij,jk,ik->i", stretch, covariance, stretch)).max())
    return DeskPlane(_to_mm(numbers), error), float(np.abs(misses(numbers)[4:]).max(initial=0.0))


def _diagonals(corners: Points) -> Floats:
    lengths: Floats = np.linalg.norm(corners[2:] - corners[:2], axis=1)
    return lengths


def _unlike(two_mm: Floats) -> float:
    one, other = np.maximum(two_mm, 1e-3)
    return abs(math.log(one / other))


def _from_the_middle(points_px: Points, width_px: float, height_px: float) -> Points:
    places: Points = (points_px - np.array((width_px - 1, height_px - 1)) / 2) / width_px
    return places


def _to_mm(numbers: Floats) -> Floats:
    height_mm, tilt, pan, focal = math.exp(numbers[0]), numbers[1], numbers[2], math.exp(numbers[3])
    attitude, _ = cv2.Rodrigues(np.array((tilt, pan, 0.0)))
    ray = np.asarray(attitude, dtype=np.float64) @ np.diag((1.0, 1.0, focal))
    matrix: Floats = np.diag((height_mm, height_mm, 1.0)) @ ray
    return matrix


def _misses(numbers: Floats, sheet: LaidSheet) -> Floats:
    """How far each corner is from where a sheet of this size, laid on it as well as may be, has its own; in usual
    errors."""
    seen = project(_to_mm(numbers), sheet.corners)
    sides = side_lengths(seen)
    width, height = sheet.size.lying(across=bool(sides[0] + sides[2] >= sides[1] + sides[3]))
    true = np.array(((-width, -height), (width, -height), (width, height), (-width, height))) / 2
    seen = seen - seen.mean(axis=0)
    turn = math.atan2(float((true[:, 0] * seen[:, 1] - true[:, 1] * seen[:, 0]).sum()), float((true * seen).sum()))
    rotation = np.array(((math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))))
    view_mm = math.exp(numbers[0] - numbers[3])
    missed: Floats = ((seen - true @ rotation) / (CORNER_ERROR * view_mm)).ravel()
    return missed


def _lengths(to_mm: Floats, places: Points) -> Floats:
    """How many mm a small step is at each place, in two directions, `(2 n,)`."""
    here = project(to_mm, places)
    steps = (project(to_mm, places + step) - here for step in ((1e-3, 0.0), (0.0, 1e-3)))
    return np.concatenate([np.linalg.norm(step, axis=1) for step in steps])


def _slopes(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """The Jacobian by differences."""
    return np.column_stack(
        [(function(at + step) - function(at - step)) / (2 * SMALL) for step in np.eye(len(at)) * SMALL]
    )


class PlaneWatch:
    """Learns the plane by itself from the pages that are seen, and begins anew when the camera was turned.

    Only sizes that can't be taken for another are learnt from. `view_width_mm` is how wide the view is by ruler.
    """

    def __init__(self, view_width_mm: float) -> None:
        self._view_width_mm = view_width_mm
        self._sheets: list[LaidSheet] = []
        self._odd: LaidSheet | None = None
        """The last that did not lie in the plane."""
        self._plane: DeskPlane | None = None

    @property
    def plane(self) -> DeskPlane | None:
        """None until it can be relied on: two pages agree on it at least."""
        return self._plane if self._plane is not None and self._plane.trusted and len(self._sheets) > 1 else None

    def measure(self, outline: Quad, width_px: float, height_px: float) -> PageSize:
        """The size of the page within the outline, by the plane or, before that is known, by ruler."""
        if self.plane is not None:
            return self.plane.measure(outline, width_px, height_px)
        return measure_size(outline, width_px, height_px, self._view_width_mm)

    def see(self, outline: Quad, width_px: float, height_px: float) -> None:
        """A page that lies still and is surely one, in a picture of this size."""
        size = self._size(outline, width_px, height_px)
        if size is None:
            return
        sheet = LaidSheet.of(outline, width_px, height_px, size)
        # A page that lies there for a while is one page, the odd one, too.
        before = self._sheets if self._odd is None else [*self._sheets, self._odd]
        if any(np.abs(sheet.corners - other.corners).max() < 10 * CORNER_ERROR for other in before):
            return
        aspect = width_px / height_px
        if self._learnt([*self._sheets, sheet], aspect):
            return
        # One odd sheet is an error of the finder; two that agree say that the camera looks elsewhere.
        if self._odd is None or not self._learnt([self._odd, sheet], aspect):
            self._odd = sheet

    def _size(self, outline: Quad, width_px: float, height_px: float) -> KnownSize | None:
        if self.plane is not None:
            size, away = self.plane.nearest(outline.points, width_px, height_px)
            if away <= FITS:
                return size
        return sure_size(outline, width_px, height_px, self._view_width_mm)

    def _learnt(self, sheets: list[LaidSheet], aspect: float) -> bool:
        """Take these for the plane if they all lie in one, the largest of them if they are many."""
        plane, worst = fit_plane(sheets, aspect, self._view_width_mm)
        if worst > AGREES:
            return False
        largest = sorted(sheets[:-1], key=lambda sheet: -sheet.area)[: MOST_PAGES - 1]
        self._sheets, self._plane, self._odd = [*largest, sheets[-1]], plane, None
        return True
