"""The light taken out of a page: shadow and gradient go, print, seals and pencil stay.

What falls on the paper is measured where the paper itself is seen, between the print, and is filled in under
everything else: a photograph, a seal or a coloured heading is not paper and must not be bleached to it. The page is
then divided by that light. A division keeps every contrast between ink and paper as it was, so nothing faint is lost;
nothing is thresholded or stretched.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image

PAPER_LEVEL = 244
"""What white paper becomes. Below 255, so that its grain and the faintest pencil are not clipped."""

STROKE_MM = 2.4
"""Print thinner than this is closed over before the paper is looked at."""

WIDE_STROKE_MM = 6.0
"""Thick print and lines set close together are not closed over wholly. What is darker than what lies on either side so
near is print, no shadow: by `PRINT_DARKER` it is not paper at all, by less it counts the less."""

PRINT_DARKER = 0.03
"""Of the paper's brightness; at 0.02 shadows' edges are lost, too. Measured with strokes of 0.3 to 4 mm on white paper:
what lies round them is flattened within 1.2 % of what lies far from them, with no such mask within 13 %."""

MAP_DPI = 50
TINT_DPI = MAP_DPI // 2
EDGE_MM = 2.5
"""So much along the page's edge is not looked at: the mat, the paper's own shadow and rounding come in there."""

TINT_TOLERANCE = 6.0
"""How far in a, b (OpenCV's 8-bit Lab) paper may be from the page's usual tint; a shadow's tint is within 4."""

DARKEST_SHADOW = 0.55
"""Paper keeps this part of its surroundings' brightness in a shadow; a printed block is darker. An estimate."""

BRIGHTEST_SPOT = 1.18
"""And at most this part of it in a lamp's spot; a label on a cover is brighter."""

SURROUNDINGS_MM = 50.0
SMOOTH_MM = 1.0
"""Less than the deviation (1.2) of a shadow's edge that goes from a tenth to nine tenths within 3 mm: so sharp are they
50 cm under a lamp. Finer structure is the paper's own."""

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
EXPOSED_LEVEL = 230
"""What the brightest channel is brought to before a tint is read."""

COARSEST_PX = 12
"""Side of the map that is not shrunk any further."""

Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32])


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
    lab = _exposed(_shrunk(closed, TINT_DPI / MAP_DPI))
    tint = _usual_tint(lab)
    grey = cv2.cvtColor(closed, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    mask = _grown(_paper(lab, tint), grey.shape) * _unprinted(grey)
    level = float(np.median(grey[mask > 0] if mask.any() else grey))
    large = small.shape[0] * small.shape[1] * (25.4 / dpi) ** 2 >= LARGE_MM2
    white = large and abs(tint[0] - 128) <= WHITE_A and WHITE_B[0] <= tint[1] - 128 <= WHITE_B[1]
    field = _filled(closed if white else grey[:, :, None], mask)
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
    return _shrunk(closed.astype(np.uint8, copy=False), MAP_DPI / dpi)


def _exposed(closed: Image) -> NDArray[np.float32]:
    """The page in 8-bit Lab, its tints as if all of it were fully exposed: in a shadow or a dim light every tint looks
    paler than it is."""
    brightest = _brightest(closed)
    usual = max(20.0, float(np.percentile(brightest, 95)))
    even = closed * (EXPOSED_LEVEL / np.maximum(brightest, 0.2 * usual))[:, :, None]
    lab = cv2.cvtColor(np.rint(even).astype(np.uint8), cv2.COLOR_BGR2LAB).astype(np.float32)
    lab[:, :, 0] = cv2.cvtColor(closed, cv2.COLOR_BGR2GRAY)
    return lab


def _brightest(image: Image) -> NDArray[np.float32]:
    """Each pixel's strongest channel."""
    blue, green, red = cv2.split(image)
    return cv2.max(cv2.max(blue, green), red).astype(np.float32)


def _exposure(closed: Image, field: NDArray[np.float32]) -> float:
    """What the paper's brightness is brought to on a page whose tint stays."""
    usual = float(np.percentile(field, 95))
    brightest = float(np.percentile(_brightest(closed) / np.maximum(field[:, :, 0], 1), 98))
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
    reach = round(SURROUNDINGS_MM / 25.4 * TINT_DPI) | 1
    usual = cv2.medianBlur(lightness.astype(np.uint8), reach).astype(np.float32)
    mask &= (lightness > DARKEST_SHADOW * usual) & (lightness < BRIGHTEST_SPOT * usual)
    edge = min(round(EDGE_MM / 25.4 * TINT_DPI), min(lightness.shape) // 4)
    inner = np.zeros_like(mask)
    inner[edge : mask.shape[0] - edge, edge : mask.shape[1] - edge] = True
    paper: NDArray[np.float32] = (mask & inner).astype(np.float32)
    return paper


def _grown(mask: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask at the map's size; what lies partly beside paper is none."""
    return np.asarray(cv2.resize(mask, shape[1::-1], interpolation=cv2.INTER_LINEAR)) > 0.99


def _unprinted(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each pixel is free of print that was not closed over: 1, paper, to 0."""
    reach = round(WIDE_STROKE_MM / 25.4 * MAP_DPI) | 1
    over = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    darker = cv2.subtract(over, grey) / (PRINT_DARKER * np.maximum(over, 1).astype(np.float32))
    free: NDArray[np.float32] = np.clip(1 - darker, 0, 1) ** 2
    return free


def _filled(colours: Image, mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The paper's brightness everywhere: smoothed where it is seen, and where it is not, from as near as possible."""
    whole = colours[mask > 0].mean(axis=0) if mask.any() else colours.mean(axis=(0, 1))
    return _spread(np.dstack((colours * mask[:, :, None], mask)), np.asarray(whole, dtype=np.float32))


def _spread(seen: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filled from sums of colours and, last, how much was seen. Where this scale sees too little paper, one three times
    as coarse gives what it lacks, and the coarsest has `whole`."""
    soft = cv2.GaussianBlur(seen, (0, 0), SMOOTH_MM / 25.4 * MAP_DPI)
    weight = soft[:, :, -1:]
    mean = soft[:, :, :-1] / np.maximum(weight, 1e-6)
    trust = np.clip(weight * 4, 0, 1)
    coarser = np.broadcast_to(whole, mean.shape)
    if min(seen.shape[:2]) >= COARSEST_PX:
        grown = cv2.resize(_spread(_shrunk(seen, 1 / 3), whole), seen.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        coarser = grown.reshape(mean.shape).astype(np.float32, copy=False)
    return (coarser + trust * (mean - coarser)).astype(np.float32, copy=False)


def _shrunk(image: Pixels, factor: float) -> Pixels:
    """At `factor` of its size, each pixel the mean of what it covers."""
    size = max(4, round(image.shape[1] * factor)), max(4, round(image.shape[0] * factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(image.dtype, copy=False)
