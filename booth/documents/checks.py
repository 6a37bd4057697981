"""What is wrong with a page, said so that a resident can mend it. Each check errs towards silence.

A page with a flaw is not taken by itself; a clerk may take it all the same, and then the flaw stays with it as a mark.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.light import Light
from booth.documents.quad import Quad
from booth.documents.sizes import MM_PER_INCH, PAGE_DPI
from protocol.pages import Box, Flaw, FlawKind

GLARE_LEVEL = 250
"""All three channels at least so bright: nothing is left to read there. Out of 255."""

PAPER_MAY_REACH = 240.0
"""Paper brighter than this is itself too light; below it a spot at `GLARE_LEVEL` is a lamp's reflection."""

MIN_GLARE_MM2 = 20.0
MIN_DARK_LEVEL = 62.0
"""Median brightness of the paper below which the sensor's noise eats fine print."""

MIN_SEEN_DPI = 70
"""Below it a printed character of 3 mm has 8 pixels, and a clerk can't read it. A view 1,280 px wide has 74."""

EDGE_SHARE = 0.004
"""A corner so near to the frame's edge, as a part of the frame, may go on outside."""

BLUR_MM = 0.62
BLUR_SEEN_PX = 3.4
"""How wide a stroke's edge may be on the paper, and in the camera's own pixels: both must be exceeded. A sharp camera's
edges are 1.8 to 2.5 of its pixels wide; at 0.6 mm the strokes of 10.5 pt print run together."""

MIN_EDGES = 60
SKIN_CR, SKIN_CB = (136, 180), (80, 126)
"""Skin in YCrCb, all complexions (Chai and Ngan 1999 give Cr 133 to 173, Cb 77 to 127)."""

SKIN_FROM_TINT = 9.0
MIN_FINGER_MM2 = 70.0
MIN_INK_SHARE = 0.0004
INK_LEVELS = 22
EMPTY_MARGIN = 0.04
PICTURE_LEVELS = 40
"""A side is not empty if its light and dark parts are further apart than this, in even light and grey levels: it is a
photograph. An empty side's are 1 apart under a lamp twice as bright at one end as at the other."""


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """What a page is examined by. `small` is the page at `dpi` in its own light, `flat` in even light."""

    small: Image
    flat: Image
    dpi: float
    light: Light
    seen_dpi: int


def examine(seen: Seen, page: Image, outline: Quad, frame_px: tuple[int, int]) -> tuple[Flaw, ...]:
    """Every flaw of the page, the worst first. `page` is at `PAGE_DPI`, `frame_px` width and height of the picture."""
    flaws = []
    if touches_edge(outline, *frame_px):
        flaws.append(Flaw(FlawKind.CUT_OFF))
    if seen.seen_dpi < MIN_SEEN_DPI:
        flaws.append(Flaw(FlawKind.TOO_SMALL))
    if seen.light.level < MIN_DARK_LEVEL:
        flaws.append(Flaw(FlawKind.TOO_DARK))
    if fingers := find_fingers(seen):
        flaws.append(Flaw(FlawKind.COVERED, fingers))
    if glare := find_glare(seen):
        flaws.append(Flaw(FlawKind.GLARE, glare))
    if is_empty(seen):
        flaws.append(Flaw(FlawKind.EMPTY))
    elif is_blurred(page, seen.seen_dpi):
        flaws.append(Flaw(FlawKind.BLURRED))
    return tuple(flaws)


def touches_edge(outline: Quad, width_px: int, height_px: int) -> bool:
    near = EDGE_SHARE * max(width_px, height_px)
    x, y = outline.points.T
    return bool(min(x.min(), y.min(), width_px - 1 - x.max(), height_px - 1 - y.max()) < near)


def find_glare(seen: Seen) -> list[Box]:
    """Where a lamp is mirrored; the whole page when the paper itself is too bright to tell."""
    darkest = _darkest(seen.small)
    bright = (darkest >= GLARE_LEVEL).astype(np.uint8)
    share = float(bright.mean())
    if share < 1e-4:
        return []
    if seen.light.white and share >= 0.4:
        return [Box(0, 0, 1000, 1000)]
    if _paper_level(seen) > PAPER_MAY_REACH:
        return []
    opened = cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8, copy=False)
    return _boxes(opened, _px2(MIN_GLARE_MM2, seen.dpi))


def _darkest(image: Image) -> NDArray[np.uint8]:
    """Each pixel's weakest channel; NumPy's own minimum over so short an axis takes ten times as long."""
    blue, green, red = cv2.split(image)
    return cv2.min(cv2.min(blue, green), red).astype(np.uint8, copy=False)


def find_fingers(seen: Seen) -> list[Box]:
    """Where skin comes in over the page's edge. A portrait's face touches no edge; a skin-coloured cover is paper."""
    step = max(1, round(seen.dpi / 50))
    image = np.ascontiguousarray(seen.flat[::step, ::step])
    colours = cv2.cvtColor(cv2.blur(image, (3, 3)), cv2.COLOR_BGR2YCrCb)
    cr, cb, luma = colours[:, :, 1], colours[:, :, 2], colours[:, :, 0]
    skin = (cr >= SKIN_CR[0]) & (cr <= SKIN_CR[1]) & (cb >= SKIN_CB[0]) & (cb <= SKIN_CB[1]) & (luma > 40)
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.float32)
    tint = (128.0, 128.0) if seen.light.white else seen.light.tint
    skin &= np.hypot(lab[:, :, 1] - tint[0], lab[:, :, 2] - tint[1]) > SKIN_FROM_TINT
    mask = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    # A stamp's or a photograph's strokes vanish, a finger is 10 mm wide.
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    return _boxes(mask.astype(np.uint8, copy=False), _px2(MIN_FINGER_MM2, seen.dpi / step), at_edge=True)


def is_empty(seen: Seen) -> bool:
    """Whether nothing is written or pictured: an empty back, or the page laid face down."""
    grey = cv2.cvtColor(seen.flat, cv2.COLOR_BGR2GRAY)
    margin_y, margin_x = (max(2, round(EMPTY_MARGIN * side)) for side in grey.shape)
    inner = grey[margin_y:-margin_y, margin_x:-margin_x]
    around = cv2.blur(inner, (31, 31))
    dark, light = np.percentile(around, (5, 95))
    if light - dark > PICTURE_LEVELS:
        return False
    ink = cv2.morphologyEx((cv2.subtract(around, inner) > INK_LEVELS).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
    return float(ink.mean()) < MIN_INK_SHARE


def is_blurred(page: Image, seen_dpi: int) -> bool:
    """Whether strokes' edges are too wide to read, in either direction."""
    width_px = edge_width_px(page, seen_dpi)
    if width_px is None:
        return False
    return width_px / PAGE_DPI * MM_PER_INCH > BLUR_MM and width_px * seen_dpi / PAGE_DPI > BLUR_SEEN_PX


def edge_width_px(page: Image, seen_dpi: int = PAGE_DPI) -> float | None:
    """How wide the sharpest strokes' edges are, in the page's pixels, across the worse direction; None without strokes.

    An edge's width is its contrast over its steepest slope: 2.5 times the blur's standard deviation.
    """
    # A window must hold an edge that is too wide, or its contrast is not seen whole.
    side = max(15, round(9 * PAGE_DPI / max(1, seen_dpi))) | 1
    widths = []
    for tile in _busiest_tiles(np.ascontiguousarray(page[:, :, 1])):
        soft = tile.astype(np.float32)
        window = np.ones((side, side), np.uint8)
        contrast = cv2.dilate(tile, window).astype(np.float32) - cv2.erode(tile, window)
        strong = contrast > max(18.0, 0.5 * float(np.percentile(contrast, 98)))
        for kernel in (np.array([[-0.5, 0, 0.5]]), np.array([[-0.5], [0], [0.5]])):
            slope = np.abs(cv2.filter2D(soft, cv2.CV_32F, kernel))
            steepest = (slope >= cv2.dilate(slope, window)) & strong & (slope > 1)
            widths.append(contrast[steepest] / slope[steepest])
    directions = [np.concatenate([np.empty(0), *widths[way::2]]) for way in (0, 1)]
    known = [float(np.percentile(each, 25)) for each in directions if len(each) >= MIN_EDGES]
    return max(known) if known else None


def _busiest_tiles(channel: NDArray[np.uint8], side: int = 192, count: int = 8) -> list[NDArray[np.uint8]]:
    """The tiles with the most contrast, away from the page's edge."""
    coarse = cv2.resize(channel, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA).astype(np.float32)
    busy = cv2.boxFilter(np.abs(coarse - cv2.blur(coarse, (9, 9))), -1, (side // 8, side // 8))
    tiles = []
    margin = side // 16 + 3
    busy[:margin] = busy[-margin:] = 0
    busy[:, :margin] = busy[:, -margin:] = 0
    for _ in range(count):
        y, x = np.unravel_index(int(np.argmax(busy)), busy.shape)
        if busy[y, x] <= 0:
            break
        top, left = max(0, int(y) * 8 - side // 2), max(0, int(x) * 8 - side // 2)
        tiles.append(np.ascontiguousarray(channel[top : top + side, left : left + side]))
        busy[max(0, y - side // 8) : y + side // 8, max(0, x - side // 8) : x + side // 8] = 0
    return tiles


def _paper_level(seen: Seen) -> float:
    """How bright the paper usually is before flattening, in its weakest channel."""
    return float(np.median(seen.light.field.min(axis=2))) / 255 * _field_top(seen.light)


def _field_top(light: Light) -> float:
    """The brightness that 255 in the field stands for."""
    return light.goal / light.scale * 255


def _px2(area_mm2: float, dpi: float) -> float:
    return area_mm2 * (dpi / MM_PER_INCH) ** 2


def _boxes(mask: NDArray[np.uint8], min_px: float, *, at_edge: bool = False) -> list[Box]:
    """The largest areas' boxes in thousandths of the page, at most 6."""
    height, width = mask.shape
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for x, y, wide, high, area in sorted(stats[1:].tolist(), key=lambda row: -row[4])[:6]:
        edge = x <= 1 or y <= 1 or x + wide >= width - 1 or y + high >= height - 1
        if area >= min_px and (edge or not at_edge):
            left, top = x * 1000 // width, y * 1000 // height
            found.append(Box(left, top, max(1, wide * 1000 // width), max(1, high * 1000 // height)))
    return found
