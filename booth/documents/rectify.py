"""From an outline to the flat page: true proportions and true size, at 300 dots an inch.

A camera doesn't know how large a page is, only its shape, and that only as well as the corners were found. But a
booth's camera is fixed: how wide its view of the mat is, is known, so a page's size is known within some per cent.
Shape and size together tell A4 from the medical booklet of the same shape.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.quad import Quad, homography

PAGE_DPI = 300
"""Every page, whatever the camera saw: then a ruler laid on the print is right. `seen_dpi` says how much is in it."""

MM_PER_INCH = 25.4

SHAPE_TOLERANCE = 0.035
"""How far from a known one, relatively, a shape may be: an estimate from 1 % of error in the corners."""

SIZE_TOLERANCE = 0.16
"""The same for the size, from the camera's tilt (6 % at the mat's ends for 12 degrees) and a view measured by ruler. A4
and A5 are 0.35 apart, A4 and B5 0.14: the nearer one counts."""

USUAL_FOCAL = 1.1
"""Focal length over the frame's width where the picture doesn't tell: a view of 49 degrees, usual for these cameras."""

FOCAL_LIMITS = (0.7, 2.0)
"""Outside these (71 and 28 degrees) the corners' errors speak, not the lens."""

MIN_PERSPECTIVE = 0.03
"""Below that part of perspective in either direction the focal length is taken for unknown; an estimate."""

CLOSE_DPI = 200
"""From here on the camera resolved nearly what the page shows, and linear interpolation, sharpened for what it blurs,
takes half the time of cubic: on a drawn A4 page in 13 megapixels (239 dpi) the mean error is 5.9 grey levels, that of
cubic 5.6, of linear alone 6.7. At 110 dpi it is 15.6 against 14.0, so there it is cubic."""

HALF_DPI = PAGE_DPI // 2
"""Up to here half the page's size holds all that the camera resolved. Made so and then enlarged, both cubic, it takes a
third of the time and is no worse: at 110 dpi a mean error of 5.45 grey levels against 5.46, at 140 of 4.50 against 4.47
(other noise than above)."""

SHARPENING = np.array([-0.17, 1.34, -0.17])

LONGEST_MM = 432.0
"""No page is longer than A3 and a finger's breadth: a corner set wrongly by hand must not ask for gigabytes."""

SHORTEST_MM = 10.0


@dataclass(frozen=True, slots=True)
class KnownSize:
    """A size that pages have, in either direction."""

    name: str
    long_mm: float
    short_mm: float


KNOWN_SIZES = (
    KnownSize("A4", 297.0, 210.0),  # ISO 216
    KnownSize("B5", 257.0, 182.0),  # JIS P 0138, for older forms; 16 开 is within 2 % of it
    KnownSize("A5", 210.0, 148.0),  # ISO 216; a medical booklet that lies open
    KnownSize("A6", 148.0, 105.0),  # ISO 216; the medical booklet closed
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

    @property
    def width_px(self) -> int:
        return max(1, round(self.width_mm / MM_PER_INCH * PAGE_DPI))

    @property
    def height_px(self) -> int:
        return max(1, round(self.height_mm / MM_PER_INCH * PAGE_DPI))


def rectify(image: Image, outline: Quad, size: PageSize) -> Image:
    """The page within the outline, seen from straight above, lying as it lies in the picture (nothing is turned)."""
    if size.seen_dpi >= CLOSE_DPI:
        close = _warped(image, outline, size, 1, cv2.INTER_LINEAR)
        return cv2.sepFilter2D(close, -1, SHARPENING, SHARPENING).astype(np.uint8, copy=False)
    if size.seen_dpi > HALF_DPI:
        return _warped(image, outline, size, 1, cv2.INTER_CUBIC)
    half = _warped(image, outline, size, 2, cv2.INTER_CUBIC)
    page = cv2.resize(half, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)[: size.height_px, : size.width_px]
    return np.ascontiguousarray(page).astype(np.uint8, copy=False)


def _warped(image: Image, outline: Quad, size: PageSize, divisor: int, way: int) -> Image:
    """The page at a whole part of its size, up to a pixel more where its size can't be divided."""
    width, height = size.width_px / divisor, size.height_px / divisor
    # Pixel centres: the page's edge is half a pixel outside the centre of its first pixel.
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64) - 0.5
    warp = homography(outline.points, target)
    whole = math.ceil(width), math.ceil(height)
    flat = cv2.warpPerspective(image, warp, whole, flags=way, borderMode=cv2.BORDER_REPLICATE)
    return flat.astype(np.uint8, copy=False)


def measure_size(outline: Quad, frame_width_px: int, frame_height_px: int, view_width_mm: float) -> PageSize:
    """The size of the page within the outline, in a picture that is `view_width_mm` of the mat wide."""
    shape = estimate_shape(outline, frame_width_px, frame_height_px)
    area_mm2 = outline.area_px * (view_width_mm / frame_width_px) ** 2
    known = _nearest(max(shape, 1 / shape), math.sqrt(area_mm2))
    if known is None:
        width_mm, height_mm = math.sqrt(area_mm2 * shape), math.sqrt(area_mm2 / shape)
    elif shape >= 1:
        width_mm, height_mm = known.long_mm, known.short_mm
    else:
        width_mm, height_mm = known.short_mm, known.long_mm
    width_mm, height_mm = (min(max(side, SHORTEST_MM), LONGEST_MM) for side in (width_mm, height_mm))
    seen_dpi = MM_PER_INCH * math.sqrt(outline.area_px / (width_mm * height_mm))
    return PageSize(width_mm, height_mm, known.name if known else None, round(seen_dpi))


def estimate_shape(outline: Quad, frame_width_px: int, frame_height_px: int) -> float:
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


def shape_likeness(outline: Quad, frame_width_px: int, frame_height_px: int) -> float:
    """How nearly the outline has the shape of a known size, 0 to 1: a side in a wrong place spoils the shape."""
    shape = estimate_shape(outline, frame_width_px, frame_height_px)
    known = (size.long_mm / size.short_mm for size in KNOWN_SIZES)
    away = min(abs(math.log(max(shape, 1 / shape) / one)) for one in known)
    return min(1.0, max(0.0, 1 - away / SHAPE_TOLERANCE))


def _nearest(shape: float, side_mm: float) -> KnownSize | None:
    """The known size that has this shape (long side over short) and this geometric mean of its sides, if one has."""
    best, least = None, 2.0
    for known in KNOWN_SIZES:
        away_shape = abs(math.log(shape * known.short_mm / known.long_mm)) / SHAPE_TOLERANCE
        away_size = abs(math.log(side_mm / math.sqrt(known.long_mm * known.short_mm))) / SIZE_TOLERANCE
        if max(away_shape, away_size) <= 1 and away_shape**2 + away_size**2 < least:
            best, least = known, away_shape**2 + away_size**2
    return best
