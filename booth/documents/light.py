"""The light taken out of a page: shadow and gradient go, print, seals and pencil stay.

What falls on the paper is measured where the paper itself is seen, between the print, and is filled in under
everything else: a photograph, a seal or a coloured heading is not paper and must not be bleached to it. The page is
then divided by that light. A division keeps every contrast between ink and paper as it was, so nothing faint is lost;
nothing is thresholded or stretched.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image

PAPER_LEVEL = 244
"""What white paper becomes. Below 255, so that its grain and the faintest pencil are not clipped."""

STROKE_MM = 2.4
"""Print thinner than this is closed over before the paper is looked at."""

MAP_DPI = 25
EDGE_MM = 2.5
"""So much along the page's edge is not looked at: the mat, the paper's own shadow and rounding come in there."""

TINT_TOLERANCE = 6.0
"""How far in a, b (OpenCV's 8-bit Lab) paper may be from the page's usual tint; a shadow's tint is within 4."""

DARKEST_SHADOW = 0.55
"""Paper keeps this part of its surroundings' brightness in a shadow; a printed block is darker. An estimate."""

BRIGHTEST_SPOT = 1.18
"""And at most this part of it in a lamp's spot; a label on a cover is brighter."""

SURROUNDINGS_MM = 50.0
SMOOTH_MM = 3.0
"""A shadow's edge is as sharp as this, 50 cm under a lamp; finer structure is the paper's own."""

LARGE_MM2 = 25_000.0
"""From this size on (A5 is 31,080) a page is a form or a letter, and near-white means white. Smaller ones are cards and
booklets, whose grounds are printed: their tint stays, and only brightness is set right."""

WHITE_A = 6.0
WHITE_B = (-10.0, 18.0)
"""The a, b (8-bit Lab, from grey, at full exposure) within which a large page is taken for white under coloured light.
What lamps and daylight do lies along b: light of 3,000 K that the camera half corrected gives 17, a blue shade -8. A
green booklet cover has -13 and a pink form 12 in a; yellow paper has 30 in b."""

BRIGHTEST_LEVEL = 240.0
BRIGHTEST_GAIN = (0.8, 1.45)
"""What the brightest part of a small page becomes, and how much it may be changed for that: the white label on a cover,
the ground of a card. So one paper looks the same from page to page, whatever the light; a dark cover stays dark."""

MAX_GAIN = 3.5


@dataclass(frozen=True, slots=True)
class Light:
    """What falls on a page. `field` is `(height, width, 3) uint8` BGR at about `MAP_DPI`.

    The page is `page * scale / field`, and paper becomes `goal`. `level` is the paper's usual brightness before, 0 to
    255; `white`: whether its tint was taken for the light's; `tint` is the paper's a, b in 8-bit Lab.
    """

    field: NDArray[np.uint8]
    scale: float
    goal: float
    level: float
    white: bool
    tint: tuple[float, float]


def measure_light(small: Image, dpi: float) -> Light:
    """The light on a flat page, from a picture of it at 100 to 150 dpi."""
    closed = _without_print(small, dpi)
    lab = _exposed(closed)
    tint = _usual_tint(lab)
    mask = _paper(lab, tint)
    grey = cv2.cvtColor(closed, cv2.COLOR_BGR2GRAY).astype(np.float32)
    level = float(np.median(grey[mask > 0] if mask.any() else grey))
    large = small.shape[0] * small.shape[1] * (25.4 / dpi) ** 2 >= LARGE_MM2
    white = large and abs(tint[0] - 128) <= WHITE_A and WHITE_B[0] <= tint[1] - 128 <= WHITE_B[1]
    field = _filled(closed.astype(np.float32) if white else grey[:, :, None], mask)
    goal = float(PAPER_LEVEL) if white else _exposure(closed, field)
    field = np.maximum(field, goal / MAX_GAIN)
    largest = max(1.0, float(field.max()))
    whole = np.broadcast_to(field * (255 / largest), (*field.shape[:2], 3))
    return Light(np.rint(whole).clip(1, 255).astype(np.uint8), goal * 255 / largest, goal, level, white, tint)


def flatten(page: Image, light: Light) -> Image:
    """The page in even light, at any resolution; its colours are the paper's and the ink's own."""
    field = cv2.resize(light.field, page.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(page, field, scale=light.scale).astype(np.uint8, copy=False)


def _without_print(small: Image, dpi: float) -> Image:
    """The page with its print closed over, at about `MAP_DPI`."""
    reach = max(3, round(STROKE_MM / 25.4 * dpi)) | 1
    smooth = cv2.blur(small, (3, 3))
    closed = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    factor = MAP_DPI / dpi
    size = max(4, round(small.shape[1] * factor)), max(4, round(small.shape[0] * factor))
    return cv2.resize(closed, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _exposed(closed: Image) -> NDArray[np.float32]:
    """The page in 8-bit Lab as if it were fully exposed: in a dim light every tint looks paler than it is."""
    gain = 230 / max(20.0, float(np.percentile(closed.max(axis=2), 95)))
    return cv2.cvtColor(cv2.convertScaleAbs(closed, alpha=gain), cv2.COLOR_BGR2LAB).astype(np.float32)


def _exposure(closed: Image, field: NDArray[np.float32]) -> float:
    """What the paper's brightness is brought to on a page whose tint stays."""
    usual = float(np.percentile(field, 95))
    brightest = float(np.percentile(closed.max(axis=2) / np.maximum(field[:, :, 0], 1), 98))
    low, high = BRIGHTEST_GAIN
    return usual * min(max(BRIGHTEST_LEVEL / max(1.0, brightest * usual), low), high)


def _usual_tint(lab: NDArray[np.float32]) -> tuple[float, float]:
    """The a, b that most of the page has, dark print left out."""
    lightness = lab[:, :, 0]
    light = lab[lightness >= 0.45 * np.percentile(lightness, 95)]
    counts, a_edges, b_edges = np.histogram2d(light[:, 1], light[:, 2], bins=64, range=[[64, 192], [64, 192]])
    smooth = cv2.blur(counts, (3, 3), borderType=cv2.BORDER_CONSTANT)
    a, b = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    centre = np.array((a_edges[a] + 1, b_edges[b] + 1))
    near = np.hypot(light[:, 1] - centre[0], light[:, 2] - centre[1]) < 3
    mean = light[near][:, 1:].mean(axis=0) if near.any() else centre
    return float(mean[0]), float(mean[1])


def _paper(lab: NDArray[np.float32], tint: tuple[float, float]) -> NDArray[np.float32]:
    """Where paper is seen: 1, else 0."""
    lightness = np.ascontiguousarray(lab[:, :, 0])
    away = np.hypot(lab[:, :, 1] - tint[0], lab[:, :, 2] - tint[1])
    mask = (away < TINT_TOLERANCE) & (lightness > 0.3 * np.percentile(lightness, 95))
    reach = round(SURROUNDINGS_MM / 25.4 * MAP_DPI) | 1
    usual = cv2.medianBlur(lightness.clip(0, 255).astype(np.uint8), reach).astype(np.float32)
    mask &= (lightness > DARKEST_SHADOW * usual) & (lightness < BRIGHTEST_SPOT * usual)
    edge = min(round(EDGE_MM / 25.4 * MAP_DPI), min(lightness.shape) // 4)
    inner = np.zeros_like(mask)
    inner[edge : mask.shape[0] - edge, edge : mask.shape[1] - edge] = True
    paper: NDArray[np.float32] = (mask & inner).astype(np.float32)
    return paper


def _filled(colours: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The paper's brightness everywhere: smoothed where it is seen, and where it is not, from as near as possible."""
    sigma = SMOOTH_MM / 25.4 * MAP_DPI
    filled, known = None, np.zeros_like(mask)
    seen = np.dstack((colours * mask[:, :, None], mask))
    for step in range(4):
        blurred = _blurred(seen, sigma, 3**step)
        sums, weight = blurred[:, :, :-1], blurred[:, :, -1]
        mean = sums / np.maximum(weight, 1e-6)[:, :, None]
        # How much the finest scale that sees enough paper counts; what it lacks the coarser ones give.
        trust = np.clip(weight * 4, 0, 1) * (1 - known)
        filled = mean * trust[:, :, None] if filled is None else filled + mean * trust[:, :, None]
        known += trust
    assert filled is not None
    whole = colours[mask > 0].mean(axis=0) if mask.any() else colours.mean(axis=(0, 1))
    result: NDArray[np.float32] = (filled + (1 - known)[:, :, None] * whole).astype(np.float32)
    return result


def _blurred(maps: NDArray[np.float32], sigma: float, wider: int) -> NDArray[np.float32]:
    """Blurred by `wider` times `sigma`, on a map so many times as small: it is smooth, and a wide blur is slow."""
    height, width = maps.shape[:2]
    size = max(2, round(width / wider)), max(2, round(height / wider))
    small = cv2.resize(maps, size, interpolation=cv2.INTER_AREA) if wider > 1 else maps
    soft = cv2.GaussianBlur(small, (0, 0), sigma)
    grown = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR) if wider > 1 else soft
    return np.asarray(grown, dtype=np.float32)
