"""Where a small picture shows pages, and where one goes on outside: a small net's opinion.

The nets (1.1 MB each) were trained on drawn scenes alone; `rigs/outline_net` has them and the training. They see what
no rule about single edges sees: that a sheet lies on other sheets, or white on white. Their maps are coarse; the
outline is made exact in the picture itself. `outline.onnx` is for the first look; `nearer.onnx`, which went on from
there with heaps of one white, smooth photographs and hands, for the second (`nearer.py`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.net import ask
from booth.documents.quad import Points

FIRST_LOOK, NEARER_LOOK = "outline.onnx", "nearer.onnx"

CELL_PX = 2
"""The net's maps have half the size of its picture; cell (0, 0) is its pixels 0 and 1."""

MULTIPLE_PX = 32
"""The net halves the picture five times."""

LIKELY = 0.5
"""From here on a cell counts as one that shows what its map is of."""

Map = NDArray[np.float32]
"""`(height, width) float32`, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Maps:
    """How likely each cell, `CELL_PX` of the picture wide and high, shows a page that is wholly in the frame, and one
    that is not."""

    pages: Map
    cut: Map


def see(small: Image, against: Image, net: str = FIRST_LOOK) -> Maps:
    """The maps of a search picture; `against` is how it compares with the empty desk (`MatReference.compared`)."""
    height, width = small.shape[:2]
    # OpenCV joins them in a seventh of the time that NumPy takes.
    seen = cv2.merge((small, against)).astype(np.uint8, copy=False)
    below, right = -height % MULTIPLE_PX, -width % MULTIPLE_PX
    padded = np.pad(seen, ((0, below), (0, right), (0, 0)), mode="edge") if below or right else seen
    logits = ask(net, padded[None])[0, :, : -(-height // CELL_PX), : -(-width // CELL_PX)]
    # Between the two are the pages' sides, by which it learns where pages end.
    pages, cut = 1 / (1 + np.exp(-np.clip(logits[::2], -30, 30)))
    return Maps(pages, cut)


def covered(cells: tuple[int, ...], corners: Points) -> NDArray[np.uint8]:
    """1 where a map of so many cells lies within the outline, whose corners are in cells; sub-pixel."""
    cover = np.zeros(cells, np.uint8)
    # OpenCV's drawing takes fixed-point coordinates.
    cv2.fillConvexPoly(cover, np.rint(corners * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    return cover


def share(shown: Map, corners: Points) -> float:
    """How much of an outline, in pixels of the search picture, the map shows."""
    cover = covered(shown.shape, (corners + 0.5) / CELL_PX - 0.5)
    return float(shown[cover != 0].mean()) if cover.any() else 0.0


def page_shares(maps: Maps, corners: Points) -> tuple[float, float]:
    """How much of an outline, in pixels of the search picture, and of a ring round it, the net takes for a page."""
    cover = covered(maps.pages.shape, (corners + 0.5) / CELL_PX - 0.5)
    wide, near = (cv2.dilate(cover, np.ones((size, size), np.uint8)) for size in (7, 3))
    ring = wide != near
    inside = float(maps.pages[cover != 0].mean()) if cover.any() else 0.0
    return inside, float(maps.pages[ring].mean()) if ring.any() else 0.0
