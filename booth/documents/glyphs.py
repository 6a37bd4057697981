"""Pieces of written lines, cut out of a page without knowing which way up it lies. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PATCH_PX = 24
"""A piece is brought to this size: about one Chinese character, whose strokes are still apart."""

INK_LEVELS = 14
"""How much darker than its surroundings ink is, in grey levels; pencil on paper differs by 20 and more."""

SURROUNDINGS_PX = 31
MIN_PART_PX = 5
MAX_PART_PX = 90
"""Parts of characters, at 100 to 150 dpi: what is larger is a ruling, a photograph or a seal's ring."""

SOLID_PX = 30
SOLID_SHARE = 0.4
"""A part longer than this that fills more of its box is a portrait's hair or a chip, no character's strokes."""

MAX_PIECES = 320

Grey = NDArray[np.uint8]
Patches = NDArray[np.float32]
"""`(n, PATCH_PX, PATCH_PX) float32`: ink is 1, paper 0."""


@dataclass(frozen=True, slots=True, repr=False)
class Pieces:
    """Where the pieces of a page are, `(x, y, side)` in pixels of `grey`; `mask` is what may be part of a character."""

    grey: Grey
    mask: NDArray[np.uint8]
    squares: tuple[tuple[int, int, int], ...]

    def cut(self, most: int) -> Patches:
        """At most so many of them, evenly chosen, as they lie in the picture."""
        chosen = self.squares
        if len(chosen) > most:
            chosen = tuple(chosen[i] for i in np.linspace(0, len(chosen) - 1, most).astype(int))
        patches = [patch for square in chosen if (patch := _patch(self.grey, self.mask, square)) is not None]
        return np.stack(patches) if patches else np.empty((0, PATCH_PX, PATCH_PX), np.float32)


def find_pieces(grey: Grey) -> Pieces:
    """The pieces of a page at 100 to 150 dpi, `(height, width) uint8`."""
    mask, size = _parts(grey)
    if size == 0:
        return Pieces(grey, mask, ())
    rows, across = _strips(mask, size)
    columns, down = _strips(np.ascontiguousarray(mask.T), size)
    squares: list[tuple[int, int, int]] = []
    if across > 0.7 * down:
        squares += [square for strip in rows for square in _squares(strip)]
    if down > 0.7 * across:
        squares += [(y, x, side) for strip in columns for x, y, side in _squares(strip)]
    return Pieces(grey, mask, tuple(squares))


def _parts(grey: Grey) -> tuple[NDArray[np.uint8], int]:
    """The mask of everything that may be part of a character, and the characters' usual size in pixels (0: none)."""
    around = cv2.boxFilter(grey, -1, (SURROUNDINGS_PX, SURROUNDINGS_PX))
    ink = (cv2.subtract(around, grey) > INK_LEVELS).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if count < 4:
        return ink, 0
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    area = stats[:, cv2.CC_STAT_AREA]
    good = (longest >= MIN_PART_PX) & (longest <= MAX_PART_PX) & (area >= 6)
    boxes = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    good &= (longest <= SOLID_PX) | (area <= SOLID_SHARE * boxes)
    good[0] = False
    if good.sum() < 3:
        return ink, 0
    mask = good.astype(np.uint8)[labels]
    # Half of the ink is in parts larger than this: whole characters and their larger halves.
    order = np.argsort(longest[good])
    running = np.cumsum(area[good][order])
    size = int(longest[good][order][np.searchsorted(running, running[-1] * 0.6)])
    return mask, max(6, size)


def _strips(mask: NDArray[np.uint8], size: int) -> tuple[list[tuple[int, int, int, int]], float]:
    """Rows of characters as x, y, width, height, and how much of the ink lies in long ones."""
    joined = cv2.dilate(mask, np.ones((1, max(3, round(size * 0.9)) | 1), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    strips, weight = [], 0.0
    for x, y, width, height, area in stats[1:count].tolist():
        if not 0.6 * size <= height <= 2.4 * size or width < 1.7 * height:
            continue
        weight += area * min(width / height, 12.0)
        trim = round(size * 0.45)
        strips.append((x + trim, y, max(height, width - 2 * trim), height))
    return strips, weight


def _squares(strip: tuple[int, int, int, int]) -> list[tuple[int, int, int]]:
    """The squares of a row, one after another, as x, y, side; a little larger than the row is high."""
    x, y, width, height = strip
    side = round(height * 1.08)
    count = max(1, round(width / height))
    step = (width - height) / max(1, count - 1)
    return [(round(x + step * each), y - (side - height) // 2, side) for each in range(count)]


def _patch(grey: Grey, mask: NDArray[np.uint8], square: tuple[int, int, int]) -> Patches | None:
    x, y, side = square
    if x < 0 or y < 0 or x + side > grey.shape[1] or y + side > grey.shape[0]:
        return None
    covered = float(mask[y : y + side, x : x + side].mean())
    if not 0.08 <= covered <= 0.7:
        return None
    part = 255.0 - grey[y : y + side, x : x + side].astype(np.float32)
    small = cv2.resize(
        part, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA if side > PATCH_PX else cv2.INTER_LINEAR
    )
    low, high = np.percentile(small, (20, 97))
    patch: Patches = np.clip((small - low) / max(high - low, 8.0), 0, 1).astype(np.float32)
    return patch
