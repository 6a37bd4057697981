"""How large a page is: its shape and size from its outline, and the sizes that pages have.

A camera doesn't know how large a page is, only its shape, and that only as well as the corners were found. But a
booth's camera is fixed: how wide its view of the mat is, is known, so a page's size is known within some per cent.
Shape and size together tell A4 from the medical booklet of the same shape.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from booth.documents.quad import Quad

MM_PER_INCH = 25.4

VIEW_WIDTH_MM = 440.0
"""How wide the picture's view of the mat is where nothing else is configured: usual for document cameras for A4."""

PAGE_DPI = 300
"""Every page, whatever the camera saw: then a ruler laid on the print is right. `seen_dpi` says how much is in it."""

SHAPE_TOLERANCE = 0.035
"""How far from a known one, relatively, a shape may be: an estimate from 1 % of error in the corners."""

SIZE_TOLERANCE = 0.16
"""The same for the size, from the camera's tilt (6 % at the mat's ends for 12 degrees) and a view measured by ruler. A4
and A5 are 0.35 apart, A4 and B5 0.14: the nearer one counts."""

MUCH_FURTHER = 0.08
"""A size that is nearer than the next by so much, relatively, is not taken for it by tilt and ruler: A4 and B5 are 0.14
apart, so the view may be 3 % off."""

USUAL_FOCAL = 1.1
"""Focal length over the frame's width where the picture doesn't tell: a view of 49 degrees, usual for these cameras."""

FOCAL_LIMITS = (0.7, 2.0)
"""Outside these (71 and 28 degrees) the corners' errors speak, not the lens."""

MIN_PERSPECTIVE = 0.03
"""Below that part of perspective in either direction the focal length is taken for unknown; an estimate."""

LONGEST_MM = 432.0
"""No page is longer than A3 and a finger's breadth: a corner set wrongly by hand must not ask for gigabytes."""

SHORTEST_MM = 10.0


@dataclass(frozen=True, slots=True)
class KnownSize:
    """A size that pages have, in either direction."""

    name: str
    long_mm: float
    short_mm: float

    def lying(self, across: bool) -> tuple[float, float]:
        """Width and height of a page that lies with its long side across, or upright; mm."""
        return (self.long_mm, self.short_mm) if across else (self.short_mm, self.long_mm)

    @property
    def side_mm(self) -> float:
        """Of a square as large."""
        return math.sqrt(self.long_mm * self.short_mm)


KNOWN_SIZES = (
    KnownSize("A4", 297.0, 210.0),  # ISO 216
    KnownSize("B5", 257.0, 182.0),  # JIS P 0138, for older forms; 16 开 is within 2 % of it
    KnownSize("A5", 210.0, 148.0),  # ISO 216; a medical booklet that lies open
    KnownSize("A6", 148.0, 105.0),  # ISO 216; the medical booklet closed
    KnownSize("4R", 152.0, 102.0),  # ISO 1008; a photograph, 6 寸
    KnownSize("household_page", 143.0, 105.0),  # 户口簿, one card of it
    KnownSize("ID-1", 85.6, 54.0),  # ISO/IEC 7810; drawn at 638 px, the nearest to 53.98 mm
)


@dataclass(frozen=True, slots=True)
class PageSize:
    """How large the page within an outline is, lying as it lies in the picture.

    `known` names the size that it was taken for. `seen_dpi` is what the camera resolved of it.
    """

    width_mm: float
    height_mm: float
    known: str | None
    seen_dpi: int

    @classmethod
    def of(cls, width_mm: float, height_mm: float, known: KnownSize | None, area_px: float) -> Self:
        """Of a page that was measured so and covers so much of the picture; a known size is more exact."""
        if known is not None:
            width_mm, height_mm = known.lying(across=width_mm >= height_mm)
        width_mm, height_mm = (min(max(side, SHORTEST_MM), LONGEST_MM) for side in (width_mm, height_mm))
        seen_dpi = MM_PER_INCH * math.sqrt(area_px / (width_mm * height_mm))
        return cls(width_mm, height_mm, known.name if known else None, round(seen_dpi))

    @property
    def width_px(self) -> int:
        return max(1, round(self.width_mm / MM_PER_INCH * PAGE_DPI))

    @property
    def height_px(self) -> int:
        return max(1, round(self.height_mm / MM_PER_INCH * PAGE_DPI))


def measure_size(
    outline: Quad, frame_width_px: float, frame_height_px: float, view_width_mm: float = VIEW_WIDTH_MM
) -> PageSize:
    """The size of the page within the outline, in a picture that is `view_width_mm` of the mat wide."""
    shape = estimate_shape(outline, frame_width_px, frame_height_px)
    area_mm2 = outline.area_px * (view_width_mm / frame_width_px) ** 2
    known = _nearest(max(shape, 1 / shape), math.sqrt(area_mm2))
    return PageSize.of(math.sqrt(area_mm2 * shape), math.sqrt(area_mm2 / shape), known, outline.area_px)


def estimate_shape(outline: Quad, frame_width_px: float, frame_height_px: float) -> float:
    """Width over height of the rectangle that looks like this outline.

    For a pinhole camera whose axis goes through the frame's middle the perspective alone tells both the shape and the
    focal length (Zhang and He, *Whiteboard scanning and image enhancement*, 2007). Seen nearly from straight above it
    tells nothing of the focal length; then a usual one is taken, and matters little.
    """
    middle = np.array(((frame_width_px - 1) / 2, (frame_height_px - 1) / 2))
    upper_left, upper_right, lower_right, lower_left = np.column_stack((outline.points - middle, np.ones(4)))
    k2 = np.dot(np.cross(upper_left, lower_right), lower_left) / np.dot(np.cross(upper_right, lower_right), lower_left)
    k3 = np.dot(np.cross(upper_left, lower_right), upper_right) / np.dot(np.cross(lower_left, lower_right), upper_right)
    across, down = k2 * upper_right - upper_left, k3 * lower_left - upper_left
    focal_px = USUAL_FOCAL * frame_width_px
    if min(abs(k2 - 1), abs(k3 - 1)) > MIN_PERSPECTIVE:
        focal2 = -float(across[0] * down[0] + across[1] * down[1]) / float(across[2] * down[2])
        shortest, longest = (limit * frame_width_px for limit in FOCAL_LIMITS)
        if shortest**2 < focal2 < longest**2:
            focal_px = math.sqrt(focal2)
    width, height = (math.sqrt((v[0] ** 2 + v[1] ** 2) / focal_px**2 + v[2] ** 2) for v in (across, down))
    return min(max(width / height, 0.05), 20.0)


def shape_likeness(outline: Quad, frame_width_px: float, frame_height_px: float) -> float:
    """How nearly the outline has the shape of a known size, 0 to 1: a side in a wrong place spoils the shape."""
    shape = estimate_shape(outline, frame_width_px, frame_height_px)
    known = (size.long_mm / size.short_mm for size in KNOWN_SIZES)
    away = min(abs(math.log(max(shape, 1 / shape) / one)) for one in known)
    return min(1.0, max(0.0, 1 - away / SHAPE_TOLERANCE))


def sure_size(outline: Quad, frame_width_px: float, frame_height_px: float, view_width_mm: float) -> KnownSize | None:
    """The known size that the page within the outline has, if all others that it may have are much further off."""
    shape = estimate_shape(outline, frame_width_px, frame_height_px)
    side_mm = math.sqrt(outline.area_px) * view_width_mm / frame_width_px

    def away(known: KnownSize) -> float:
        return abs(math.log(side_mm / known.side_mm))

    fitting = sorted((known for known, _ in _fitting(max(shape, 1 / shape), side_mm)), key=away)
    if not fitting or (len(fitting) > 1 and away(fitting[1]) - away(fitting[0]) < MUCH_FURTHER):
        return None
    return fitting[0]


def nearest_size(sides_mm: NDArray[np.float64]) -> tuple[KnownSize, float]:
    """The known size that a page with these sides, upper, right, lower, left, has, and how far off, relatively, the
    worst of the four is."""
    upper, right, lower, left = (float(side) for side in sides_mm)
    one, other = (upper, lower), (right, left)
    longer, shorter = (one, other) if upper + lower >= right + left else (other, one)

    def away(known: KnownSize) -> float:
        pairs = ((longer, known.long_mm), (shorter, known.short_mm))
        return max(abs(math.log(max(side, 1e-3) / true)) for two, true in pairs for side in two)

    best = min(KNOWN_SIZES, key=away)
    return best, away(best)


def _nearest(shape: float, side_mm: float) -> KnownSize | None:
    """The known size that has this shape (long side over short) and this geometric mean of its sides, if one has."""
    return min(_fitting(shape, side_mm), key=lambda each: each[1], default=(None, 0.0))[0]


def _fitting(shape: float, side_mm: float) -> list[tuple[KnownSize, float]]:
    """The known sizes within the tolerances, and how far away each is."""
    fitting = []
    for known in KNOWN_SIZES:
        away_shape = abs(math.log(shape * known.short_mm / known.long_mm)) / SHAPE_TOLERANCE
        away_size = abs(math.log(side_mm / known.side_mm)) / SIZE_TOLERANCE
        if max(away_shape, away_size) <= 1:
            fitting.append((known, away_shape**2 + away_size**2))
    return fitting
