"""Whether an outline lies on the mat, or on a page that goes on outside the frame.

What surrounds a page is what runs along the frame's edge, too: the mat. A box printed on a page is surrounded by the
page; so is a part of one whose other end is outside the frame, on at least one side. Neither is a page of its own.
"""

import numpy as np
from numpy.typing import NDArray

OUTSIDE_PX = 7.0
"""How far outside a side the colour is looked at: past the page's own shadow's darkest part, near enough to be mat."""

PLACES = 15
FRAME_PLACES = 48
"""Places along each side of the outline, and of the frame."""

TOLERANCE = np.array([50.0, 14.0, 14.0], dtype=np.float32)
"""How far in L, a, b (OpenCV's 8-bit Lab) two places of one mat may be apart; L the most, for light and shadow."""

FRAME_SHARE = 0.12
"""The part of the frame's edge that must look like what surrounds the outline; a page that goes on outside seldom
covers so much. Chosen with `TOLERANCE` on rendered desks and twelve photographs of two plain tables, of which no whole
page was lost.
"""


def on_the_mat(lab: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """For each of the outlines, `(n, 4, 2)` corners in order round it: whether all four sides have the mat outside."""
    around = _around(lab, corners)
    edge = _frame_edge(lab)
    alike = np.all(np.abs(around[:, :, None, :] - edge) <= TOLERANCE, axis=-1)
    lying: NDArray[np.bool_] = np.all(alike.mean(axis=2) >= FRAME_SHARE, axis=1)
    return lying


def _around(lab: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.float32]:
    """The usual colour just outside each side, `(n, 4, 3)`: what lies on less than half of a side does not count."""
    height, width = lab.shape[:2]
    following = np.roll(corners, -1, axis=1)
    along = following - corners
    outward = np.stack((along[..., 1], -along[..., 0]), axis=-1)
    outward /= np.maximum(np.linalg.norm(outward, axis=-1, keepdims=True), 1e-6)
    # Outward is away from the middle, in whichever direction the corners go round.
    middle = corners.mean(axis=1, keepdims=True)
    outward *= np.where(np.sum((corners - middle) * outward, axis=-1, keepdims=True) >= 0, 1.0, -1.0)
    part = np.linspace(0.06, 0.94, PLACES)[:, None]
    places = corners[:, :, None] + along[:, :, None] * part + OUTSIDE_PX * outward[:, :, None]
    x = np.clip(np.rint(places[..., 0]).astype(np.intp), 0, width - 1)
    y = np.clip(np.rint(places[..., 1]).astype(np.intp), 0, height - 1)
    usual: NDArray[np.float32] = np.median(lab[y, x], axis=2).astype(np.float32)
    return usual


def _frame_edge(lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours along the frame's edge, `(n, 3)`."""
    height, width = lab.shape[:2]
    inset = min(2, (min(height, width) - 1) // 2)
    x = np.rint(np.linspace(inset, width - 1 - inset, FRAME_PLACES)).astype(np.intp)
    y = np.rint(np.linspace(inset, height - 1 - inset, FRAME_PLACES)).astype(np.intp)
    rows = [lab[inset, x], lab[height - 1 - inset, x], lab[y, inset], lab[y, width - 1 - inset]]
    return np.concatenate(rows).astype(np.float32)
