"""Which way what is written on a page runs: along its sides.

A sheet on other sheets of the same white has hardly an edge, but its print tells how it is turned. The page is
straightened as an outline has it, and beside each side what is dark and thin is added up along lines of many slopes:
where they run along the print, lines of print and gaps between them alternate most sharply (projection profiles, as
scanned pages are deskewed since Postl, 1986).
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.quad import Points, following, homography, project, side_lengths

LONG_PX, SHORT_PX = 400, 96
"""The straightened page's long side, and the least of its short one: print of 3 mm on A4 has 4 pixels."""

DEPTH, RIM_PX = 0.45, 8
"""How much of the page beside a side is added up; what lies nearer to the outline may be the desk."""

STROKE_PX, DARKEST = 7, 40
"""Strokes are narrower, and none counts as darker than its surroundings by more grey levels."""

LEAST, FEWEST = 1.0, 1.5
"""So much darker, on average, is what lies beside a side on which something is written, and so often it comes and goes
across each part: a pen or a cable does once."""

PARTS = 32
"""Along a side, each added up by itself."""

SLOPES = np.linspace(-0.3, 0.3, 41)
"""Inward, per length, 17° at most: print is no sharper than to half such a step."""

SINGLE = 6
"""So many changes, of the profile's, are left out: a pen, a cable or an edge has two, print has many."""

NEARLY = 0.7
"""Letters of one width stand in columns that slope this way and that: of directions that are nearly as sharp as the
sharpest, so much of what it is above the usual, the straightest is that of the page."""

PLAIN, FLAT = 0.45, 0.75
"""What the usual slope's profile has of the sharpest one's changes: when no more the direction is wholly decided, from
`FLAT` on not at all."""

ALONG, ASKEW = 0.02, 0.06
"""Slopes: print that is off a side by less runs along it, by more it does not at all."""

_ALONG = np.array(((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)))
_INWARD = np.roll(_ALONG, -1, axis=0)


@dataclass(frozen=True, slots=True)
class Written:
    """For each side of an outline, clockwise, `(4,)`: the `slope` (inward, per length) at which print beside it runs,
    where that outline is straight, and how far that is `decided`, 0 to 1."""

    straight: NDArray[np.float64]
    """The homography that makes the outline straight."""
    slope: NDArray[np.float64]
    decided: NDArray[np.float64]

    @classmethod
    def seen(cls, picture: Image, corners: Points) -> Self:
        """`corners` clockwise as seen, in pixels of the picture."""
        lengths = side_lengths(corners)
        width, height = float(lengths[::2].mean()), float(lengths[1::2].mean())
        scale = LONG_PX / max(width, height, 1e-6)
        size = max(SHORT_PX, round(width * scale)), max(SHORT_PX, round(height * scale))
        straight = homography(corners, np.array(((0, 0), (size[0], 0), size, (0, size[1])), dtype=np.float64))
        strokes = _strokes(cv2.warpPerspective(picture, straight, size).astype(np.uint8, copy=False))
        seen = [_seen(np.rot90(strokes, side)) for side in range(4)]
        slope, decided, depth = np.array(seen).T
        other = np.roll(slope, 2), np.roll(decided, 2), np.roll(depth, 2)
        both = (decided > 0) & (other[1] > 0)
        at_side = slope + np.where(both, (slope - other[0]) * depth / np.maximum(1 - depth - other[2], 0.2), 0)
        return cls(straight, at_side, decided)

    @classmethod
    def nothing(cls) -> Self:
        """Where it is not asked for: nothing is decided."""
        return cls(np.eye(3), np.zeros(4), np.zeros(4))

    def off(self, side: int, starts: Points, ends: Points) -> NDArray[np.float64]:
        """How much speaks against each of these lines, `(n, 2)`, as this side, `(n,)`, 0 to 1."""
        run = project(self.straight, ends) - project(self.straight, starts)
        slopes = run @ _INWARD[side] / np.maximum(np.abs(run @ _ALONG[side]), 1e-6)
        away = (np.abs(slopes - self.slope[side]) - ALONG) / (ASKEW - ALONG)
        off: NDArray[np.float64] = self.decided[side] * np.clip(away, 0, 1)
        return off

    def askew(self, corners: Points) -> float:
        """How much speaks against an outline, 0 to 1, on average of its sides."""
        ends = following(corners)
        return float(np.mean([self.off(side, corners[[side]], ends[[side]]) for side in range(4)]))

    def turns_deg(self, corners: Points) -> list[float]:
        """How far each side of that outline must be turned round its middle, clockwise as seen, to run so."""
        starts = project(self.straight, corners)
        half = (self.slope * side_lengths(starts) / 2)[:, None] * _INWARD
        back: NDArray[np.float64] = np.linalg.inv(self.straight).astype(np.float64)
        way = project(back, following(starts) + half) - project(back, starts - half)
        side = following(corners) - corners
        across = side[:, 0] * way[:, 1] - side[:, 1] * way[:, 0]
        turns: list[float] = np.degrees(np.arctan2(across, (side * way).sum(axis=1))).tolist()
        return turns


def _strokes(straight: Image) -> NDArray[np.float32]:
    """How much darker than its surroundings what is thin is, in grey levels; nothing at the rim."""
    grey = cv2.cvtColor(straight, cv2.COLOR_BGR2GRAY)
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((STROKE_PX, STROKE_PX), np.uint8))
    strokes = np.minimum(cv2.subtract(closed, grey), DARKEST).astype(np.float32)
    inner = np.zeros_like(strokes)
    inside = slice(RIM_PX, -RIM_PX), slice(RIM_PX, -RIM_PX)
    inner[inside] = strokes[inside]
    return inner


def _seen(strokes: NDArray[np.float32]) -> tuple[float, float, float]:
    """Beside the upper side: how what is written runs, how far that is decided, and how deep, as a part of the page,
    it lies."""
    beside = strokes[RIM_PX : int(len(strokes) * DEPTH), RIM_PX:-RIM_PX]
    wide = beside.shape[1] // PARTS
    parts = beside[:, : PARTS * wide].reshape(len(beside), PARTS, wide).mean(axis=2).T
    sharpness = _sharpness(parts, wide)
    usual = float(np.median(sharpness))
    inner = sharpness[1:-1]
    peaks = np.flatnonzero((inner >= sharpness[:-2]) & (inner >= sharpness[2:]))
    peaks = 1 + peaks[inner[peaks] - usual >= NEARLY * (sharpness.max() - usual)]
    crossed = np.count_nonzero(np.diff(parts > parts.mean(), axis=1)) / (2 * PARTS)
    if not len(peaks) or parts.mean() < LEAST or crossed < FEWEST:
        return 0.0, 0.0, 0.0
    best = int(peaks[np.argmin(np.abs(SLOPES[peaks]))])
    share = usual / max(float(sharpness[best]), 1e-6)
    rows = parts.sum(axis=0)
    depth = (RIM_PX + float(np.arange(len(rows)) @ rows / max(rows.sum(), 1e-6))) / len(strokes)
    bend = sharpness[best - 1] - 2 * sharpness[best] + sharpness[best + 1]
    exact = SLOPES[best] + (SLOPES[1] - SLOPES[0]) * (sharpness[best - 1] - sharpness[best + 1]) / (
        2 * min(bend, -1e-9)
    )
    return float(exact), float(np.clip((FLAT - share) / (FLAT - PLAIN), 0, 1)), depth


def _sharpness(parts: NDArray[np.float32], wide_px: int) -> NDArray[np.float64]:
    """For each of `SLOPES` how much lines of print and gaps alternate in the sum of the parts, `(PARTS, rows)`."""
    rows = np.arange(parts.shape[1], dtype=np.float32)
    away = (np.arange(PARTS, dtype=np.float32) - (PARTS - 1) / 2) * wide_px
    numbers = np.broadcast_to(np.arange(PARTS, dtype=np.float32)[:, None], parts.shape)
    profiles = [
        cv2.remap(parts, rows + np.float32(slope) * away[:, None], numbers, cv2.INTER_LINEAR).mean(axis=0)
        for slope in SLOPES
    ]
    changes = np.abs(np.diff(np.array(profiles), axis=1))
    most = np.partition(changes, -SINGLE, axis=1)[:, -SINGLE:]
    sharpness: NDArray[np.float64] = (changes.sum(axis=1) - most.sum(axis=1)).astype(np.float64)
    return sharpness
