"""Which way up a page lies, from the shape of its writing.

Characters are not symmetric: strokes hang from the top, legs spread at the foot, digits and punctuation stand on the
line. One piece of writing tells little; a few dozen together are sure. A small network (240 features, 32 hidden units,
17 kB, trained by `rigs.upright` on lines set in seven Chinese faces, sharp to much blurred: 88 of 100 pieces kept aside
right, 999 of 1,000 tens) scores every piece in its four turns, and the page's turn is the one under which all pieces
together are most likely.
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.glyphs import MAX_PIECES, PATCH_PX, Patches, find_pieces

WEIGHTS = Path(__file__).with_name("upright.npz")

MIN_PIECES = 5
"""From fewer pieces nothing is said."""

ENOUGH_PIECES = 96
"""So many, evenly chosen, are read first; the rest only when these leave it open."""

SURE = 6.0
"""By how much (natural logarithm of the odds) the best turn must lead to be sure. Pieces of one page are alike, so the
lead is divided by the fourth root of their number. Of 101 drawn scenes at 110 dpi, half of them cards, 90 are sure and
right, 11, all cards, unsure; none is sure and wrong, the largest lead of a wrong turn is 5.7."""

_CELLS, _BINS = 4, 6

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Orientation:
    """`turns`: how many quarter turns clockwise bring the page upright. Not `sure`: the turn is 0 and a guess."""

    turns: int
    sure: bool


@dataclass(frozen=True, slots=True)
class _Network:
    mean: Floats
    scale: Floats
    hidden: Floats
    bias: Floats
    out: Floats

    def scores(self, patches: Patches) -> Floats:
        features = (describe(patches) - self.mean) * self.scale
        result: Floats = np.maximum(features @ self.hidden + self.bias, 0) @ self.out
        return result


def find_orientation(small: Image, dpi: float) -> Orientation:
    """The orientation of a flat page at 100 to 150 dpi."""
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    pieces = find_pieces(grey)
    first = _read(pieces.cut(ENOUGH_PIECES))
    if first.sure or len(pieces.squares) <= ENOUGH_PIECES:
        return first
    return _read(pieces.cut(MAX_PIECES))


def _read(patches: Patches) -> Orientation:
    if len(patches) < MIN_PIECES:
        return Orientation(0, False)
    turned = [np.ascontiguousarray(np.rot90(patches, -turns, axes=(1, 2))) for turns in range(4)]
    scores = np.stack([_network().scores(each) for each in turned], axis=1)
    likely = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    # One bad piece (a star, a logo) must not outvote ten good ones.
    total = np.maximum(likely, -4.0).sum(axis=0) / math.sqrt(math.sqrt(len(patches)))
    best, second = np.argsort(-total)[:2]
    lead = float(total[best] - total[second])
    return Orientation(int(best), True) if lead >= SURE else Orientation(0, False)


def describe(patches: Patches) -> Floats:
    """`(n, 240)`: each patch at half size, and how strong its strokes are in 4 by 4 cells and 6 directions."""
    count, half, cell = len(patches), PATCH_PX // 2, PATCH_PX // _CELLS
    pixels = patches.reshape(count, half, 2, half, 2).mean(axis=(2, 4)).reshape(count, half * half)
    across, down = np.zeros_like(patches), np.zeros_like(patches)
    across[:, :, 1:-1] = patches[:, :, 2:] - patches[:, :, :-2]
    down[:, 1:-1] = patches[:, 2:] - patches[:, :-2]
    strength = np.hypot(across, down)
    direction = (np.arctan2(down, across) % np.pi) / np.pi * _BINS
    lower = np.floor(direction)
    upper_part = direction - lower
    lower_bin = lower.astype(np.intp) % _BINS
    cells = np.empty((count, _CELLS, _CELLS, _BINS), dtype=np.float32)
    for each in range(_BINS):
        part = strength * ((lower_bin == each) * (1 - upper_part) + ((lower_bin + 1) % _BINS == each) * upper_part)
        cells[..., each] = part.reshape(count, _CELLS, cell, _CELLS, cell).sum(axis=(2, 4))
    flat = cells.reshape(count, _CELLS * _CELLS * _BINS)
    flat = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 0.5) * 3
    return np.concatenate((pixels, flat), axis=1).astype(np.float32)


@cache
def _network() -> _Network:
    with np.load(WEIGHTS) as data:
        parts = {name: data[name].astype(np.float32) for name in ("mean", "scale", "hidden", "bias", "out")}
    return _Network(**parts)
