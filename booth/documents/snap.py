"""The sides of a rough outline moved to where the picture has an edge along the *whole* side.

A single place may show a letter, a shadow or a pen; an edge that has the same change of colour all along is the
page's. So for every line near a side the changes of colour along it are added up with their sign: letters cancel out,
a faint edge between two white sheets adds up. All four sides at once: it is quick.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.quad import Points
from booth.documents.refine import Floats, meet

PLACES = 32
"""Places along each side at which the change of colour is taken."""

STEPS = 6
"""Offsets tried to either side, at either end of a side."""

ENDS = 0.04
FULL_CHANGE = 10.0
"""A change of colour, in grey levels over `SPREAD_PX`, at which one place counts fully: one black thing on a side must
not outweigh the side, nor the strong edge of a photograph the faint one of its border."""

SPREAD_PX = 2.0
FAR = 0.15
"""What a line loses that is as far from where the side was as may be: between two edges alike the nearer one is it."""


@dataclass(frozen=True, slots=True)
class Snapped:
    """`corners` `(4, 2)`; for each side `(4,)` 0 to 1: `strength`, the mean change along it over a full one, and
    `unity`, which part of all change along it has one direction."""

    corners: Points
    strength: Floats
    unity: Floats


def snap(image: Image, rough: Points, reach_px: float) -> Snapped:
    """Move each side by at most `reach_px` at either end to the best edge of the picture; corners clockwise."""
    step = max(0.5, reach_px / STEPS)
    apart = int(np.ceil(SPREAD_PX / step))
    seen, offsets = _seen(image, rough, reach_px, step, apart)
    colours = cv2.GaussianBlur(seen, (1, 5), 0).reshape(4, PLACES, -1, 3)  # Along the side.
    change = (colours[:, :, 2 * apart :] - colours[:, :, : -2 * apart]) * np.float32(1 / FULL_CHANGE)
    size = np.sqrt(np.einsum("spac,spac->spa", change, change))
    change /= np.maximum(1, size)[..., None]
    return _snapped(change, rough, offsets)


def _snapped(values: NDArray[np.float32], rough: Points, offsets: Floats) -> Snapped:
    """`values` is `(4, places, offsets, n)`: what speaks for an edge there, as a vector whose sum counts."""
    count = len(offsets)
    along = np.linspace(ENDS, 1 - ENDS, PLACES)
    steps = np.arange(count)
    at = np.rint(steps[:, None, None] * (1 - along) + steps[None, :, None] * along).astype(np.intp)
    taken = values[:, np.arange(PLACES), at]  # (side, from, to, place, n)
    total = np.linalg.norm(taken.mean(axis=3), axis=-1)
    away = np.maximum(np.abs(offsets[:, None]), np.abs(offsets[None, :])) / max(float(offsets[-1]), 1e-6)
    best = np.argmax((total * (1 - FAR * away**2)).reshape(4, -1), axis=1)
    low, high = np.divmod(best, count)
    every = np.arange(4)
    strength = total[every, low, high].astype(np.float64)
    change = np.linalg.norm(taken[every, low, high], axis=-1).mean(axis=1)
    starts, ends = rough, np.roll(rough, -1, axis=0)
    inward = _inward(rough)
    corners = meet(starts + inward * offsets[low, None], ends + inward * offsets[high, None], rough)
    return Snapped(corners, strength, strength / np.maximum(change, 1e-6))


def _seen(
    picture: Image, rough: Points, reach_px: float, step: float, beyond: int
) -> tuple[NDArray[np.float32], Floats]:
    """The picture along the sides and across them, `(4 * places, across[, 3])`, and the offsets that may be chosen.

    `across` goes on by `beyond` steps at either end.
    """
    starts, ends = rough, np.roll(rough, -1, axis=0)
    along = np.linspace(ENDS, 1 - ENDS, PLACES)
    places = starts[:, None] + (ends - starts)[:, None] * along[None, :, None]
    count = round(reach_px / step)
    across = np.arange(-count - beyond, count + beyond + 1) * np.float64(step)
    grid = (places[:, :, None] + _inward(rough)[:, None, None] * across[None, None, :, None]).astype(np.float32)
    flat = grid.reshape(4 * PLACES, len(across), 2)
    seen = cv2.remap(picture, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return seen.astype(np.float32), across[beyond : len(across) - beyond]


def _inward(corners: Points) -> Points:
    """For each side a unit vector across it; corners clockwise: the page is on this side."""
    along = np.roll(corners, -1, axis=0) - corners
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    return np.column_stack((-along[:, 1], along[:, 0]))
