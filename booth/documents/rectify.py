"""From an outline to the flat page: true proportions, at the resolution that the camera really saw.

A camera doesn't know how large a page is, only its shape, and that only as well as the corners were found. So a shape
near a known one is taken for it; √2 stands for A4 and for the medical booklet, open or closed, alike.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.quad import Quad, homography

MAX_DPI = 300
MAX_UPSAMPLING = 1.25
"""No more pixels than this times what the camera saw, along the longer one of two opposite sides: beyond it a page only
gets larger, not clearer. The far end of a page seen at a slant is stretched more than the near one, as it must be."""

SNAP = 0.035
"""How far from a known one, relatively, a shape may be: an estimate from 1 % of error in the corners."""

USUAL_FOCAL = 1.1
"""Focal length over the frame's width where the picture doesn't tell: a view of 49 degrees, usual for these cameras."""

FOCAL_LIMITS = (0.7, 2.0)
"""Outside these (71 and 28 degrees) the corners' errors speak, not the lens."""

MIN_PERSPECTIVE = 0.03
"""Below that part of perspective in either direction the focal length is taken for unknown; an estimate."""

FALLBACK_DIAGONAL_MM = 364.0
"""A page of an unknown shape is taken for one with the diagonal of A4 when the resolution is limited."""


@dataclass(frozen=True, slots=True)
class KnownSize:
    """A size that pages have. `long_mm` by `short_mm`, in either direction."""

    name: str
    long_mm: float
    short_mm: float

    @property
    def shape(self) -> float:
        return self.long_mm / self.short_mm


KNOWN_SIZES = (
    KnownSize("A4", 297.0, 210.0),  # ISO 216; also 148 × 105 mm closed and 210 × 148 mm open, which have its shape
    KnownSize("ID-1", 85.6, 54.0),  # ISO/IEC 7810
)


@dataclass(frozen=True, slots=True)
class FlatSize:
    """The size of the flat page. `known` names the size that its shape was taken for."""

    width_px: int
    height_px: int
    known: str | None


def rectify(image: Image, outline: Quad) -> Image:
    """The page within the outline, seen from straight above, lying as it lies in the picture (nothing is turned)."""
    size = flat_size(outline, image.shape[1], image.shape[0])
    width, height = size.width_px, size.height_px
    # Pixel centres: the page's edge is half a pixel outside the centre of its first pixel.
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64) - 0.5
    warp = homography(outline.points, target)
    flat = cv2.warpPerspective(image, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return flat.astype(np.uint8, copy=False)


def flat_size(outline: Quad, frame_width_px: int, frame_height_px: int) -> FlatSize:
    """How large the page within the outline becomes in a picture of this size."""
    shape = estimate_shape(outline, frame_width_px, frame_height_px)
    known = _nearest(max(shape, 1 / shape))
    if known is not None:
        shape = known.shape if shape >= 1 else 1 / known.shape
    top, right, bottom, left = outline.side_lengths_px
    width = MAX_UPSAMPLING * max(top, bottom)
    height = MAX_UPSAMPLING * max(left, right)
    width = min(width, height * shape)
    width = min(width, _widest_px(shape, known))
    return FlatSize(max(1, round(width)), max(1, round(width / shape)), known.name if known else None)


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
    return width / height


def _nearest(shape: float) -> KnownSize | None:
    """The known size whose shape this is; `shape` is the long side over the short one."""
    best = min(KNOWN_SIZES, key=lambda known: abs(math.log(shape / known.shape)))
    return best if abs(math.log(shape / best.shape)) <= SNAP else None


def _widest_px(shape: float, known: KnownSize | None) -> float:
    """The width at which the page has `MAX_DPI`."""
    if known is not None:
        width_mm = known.long_mm if shape >= 1 else known.short_mm
    else:
        width_mm = FALLBACK_DIAGONAL_MM * shape / math.hypot(shape, 1)
    return width_mm / 25.4 * MAX_DPI
