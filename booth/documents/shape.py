"""How nearly outlines look like a page, for many at once: as a rectangle does from somewhere, and of a page's shape."""

import numpy as np
from numpy.typing import NDArray

from booth.documents.sizes import KNOWN_SIZES

FOCALS = (0.75, 0.85, 0.95, 1.05, 1.2)
"""Focal lengths in widths of the picture, from a telephone's to a document camera's; of SmartDoc's frames 0.87."""

LEAN, ODD = 0.03, 0.03
"""A corner is so far from square, as a cosine, or a known shape so far off, relatively, by the error of corners."""

ODDEST, WORST = 1.5, 4.0
"""Not all papers have a known shape: more than this it counts for nothing; nor does it matter how wrong an outline
is that is wrong."""

_SHAPES = np.array([size.long_mm / size.short_mm for size in KNOWN_SIZES])


def misfits(outlines: NDArray[np.float64], width_px: float, height_px: float) -> NDArray[np.float64]:
    """For each outline `(n, 4, 2)`, corners clockwise in a picture of this size, how far it is from a page's: 0 to
    `WORST`, in usual errors, by the focal length that suits it best.

    A pinhole camera that looks at its picture's middle (Zhang and He, *Whiteboard scanning and image enhancement*,
    2007).
    """
    middle = np.array(((width_px - 1) / 2, (height_px - 1) / 2))
    places = (np.asarray(outlines, dtype=np.float64) - middle) / width_px
    a, b, c, d = (np.concatenate((places[:, k], np.ones((len(places), 1))), axis=1) for k in range(4))
    k2 = _ratio(_volume(a, c, d), _volume(b, c, d))
    k3 = _ratio(_volume(a, c, b), _volume(d, c, b))
    across, down = k2[:, None] * b - a, k3[:, None] * d - a
    each = np.stack([_misfits(across, down, focal) for focal in FOCALS])
    least: NDArray[np.float64] = np.minimum(each.min(axis=0), WORST)
    return least


def _misfits(across: NDArray[np.float64], down: NDArray[np.float64], focal: float) -> NDArray[np.float64]:
    true = np.array((1 / focal, 1 / focal, 1.0))
    across, down = across * true, down * true
    lengths = [np.maximum(np.linalg.norm(way, axis=1), 1e-9) for way in (across, down)]
    lean = np.abs((across * down).sum(axis=1)) / (lengths[0] * lengths[1])
    shape = np.abs(np.log(lengths[0] / lengths[1]))
    odd = np.abs(shape[:, None] - np.log(_SHAPES)).min(axis=1)
    misfits: NDArray[np.float64] = np.maximum(lean / LEAN, np.minimum(odd / ODD, ODDEST))
    return misfits


def _volume(one: NDArray[np.float64], two: NDArray[np.float64], three: NDArray[np.float64]) -> NDArray[np.float64]:
    volume: NDArray[np.float64] = (np.cross(one, two) * three).sum(axis=1)
    return volume


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = over / np.where(np.abs(under) < 1e-9, 1e-9, under)
    return ratio
