"""Where bars are in a picture, and the strip that holds them turned level: a bar code is read along a row, and a paper
under the camera lies at any angle.

Bars are where the picture changes much, and all of it in one direction: the structure tensor's larger eigenvalue over
a neighbourhood, without the smaller one. Lines of text come next to them, so a few places are worth a look.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""`(height, width) uint8`."""

STRIP_PX = (1300, 128)
"""Width and height of a strip: 27 by 2.7 cm of the desk at 1080p, twice a long code, for its middle is not known."""
PLACES = 2
"""Beside a sheet of text 28 labels of 30 were found at the first place."""
_GATHERED = 4
"""So many pixels of the half, each way, are one of the tensor: it is taken where fine bars are not grey yet, and
gathered before it costs five milliseconds.
"""
_ABOUT = (13, 13)
"""The neighbourhood in gathered pixels: 2 cm, as high as bars are."""
_FAINT = 50.0
"""Added to the energy, so that noise on an even desk is no direction."""
_APART_PX = 30
"""How far the next place is from the last, in gathered pixels."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where bars may be, in pixels, and the direction of the row along them, in radians."""

    x: float
    y: float
    angle: float


def places(half: Grey) -> list[Place]:
    """The `PLACES` likeliest in a picture that is given in half its size, likeliest first; none in a small one."""
    size = (half.shape[1] // _GATHERED, half.shape[0] // _GATHERED)
    if min(size) < 2 * _ABOUT[0]:
        return []
    across, down = cv2.Sobel(half, cv2.CV_32F, 1, 0), cv2.Sobel(half, cv2.CV_32F, 0, 1)
    xx, yy, xy = (
        cv2.blur(cv2.resize(cv2.multiply(*pair), size, interpolation=cv2.INTER_AREA), _ABOUT)
        for pair in ((across, across), (down, down), (across, down))
    )
    difference = xx - yy
    score = (difference * difference + 4 * xy * xy) / (xx + yy + _FAINT)
    found = []
    for _ in range(PLACES):
        x, y = cv2.minMaxLoc(score)[3]
        angle = float(np.arctan2(2 * xy[y, x], difference[y, x])) / 2
        found.append(Place(2 * _GATHERED * (x + 0.5) - 0.5, 2 * _GATHERED * (y + 0.5) - 0.5, angle))
        score[max(0, y - _APART_PX) : y + _APART_PX, max(0, x - _APART_PX) : x + _APART_PX] = 0
    return found


def strip(grey: Grey, place: Place) -> Grey:
    """The strip about a place, turned so that its rows run along the bars."""
    width, height = STRIP_PX
    cos, sin = np.cos(place.angle), np.sin(place.angle)
    back = np.array(
        [
            [cos, -sin, place.x - (cos * width - sin * height) / 2],
            [sin, cos, place.y - (sin * width + cos * height) / 2],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grey, back, STRIP_PX, flags=flags, borderValue=(255,)), np.uint8)
