"""Where a small picture shows pages, and where one goes on outside: a small net's opinion.

The net (`outline.onnx`, 1.1 MB) was trained on drawn scenes alone; `rigs/outline_net` has them and the training. It
sees what no rule about single edges sees: that a sheet lies on other sheets, or white on white. Its maps are coarse;
the outline is made exact in the picture itself.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image

CELL_PX = 2
"""The net's maps have half the size of its picture; cell (0, 0) is its pixels 0 and 1."""

MULTIPLE_PX = 32
"""The net halves the picture five times."""

Map = NDArray[np.float32]
"""`(height, width) float32`, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Maps:
    """How likely each cell, `CELL_PX` of the picture wide and high, shows a page that is wholly in the frame, and one
    that is not."""

    pages: Map
    cut: Map


def see(small: Image, against: Image) -> Maps:
    """The maps of a search picture; `against` is how it compares with the empty desk (`MatReference.compared`)."""
    height, width = small.shape[:2]
    seen = np.concatenate((small, against), axis=-1)
    below, right = -height % MULTIPLE_PX, -width % MULTIPLE_PX
    padded = np.pad(seen, ((0, below), (0, right), (0, 0)), mode="edge") if below or right else seen
    net = _net()
    net.setInput(np.ascontiguousarray(padded.transpose(2, 0, 1)[None]).astype(np.float32) / 255)
    logits = np.asarray(net.forward(), dtype=np.float32)[0, :, : -(-height // CELL_PX), : -(-width // CELL_PX)]
    # Between the two are the pages' sides, by which it learns where pages end.
    pages, _, cut = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return Maps(pages, cut)


_kept = threading.local()
"""The net, one a thread: it holds the buffers of one picture, so that two threads must not share it. Nothing of a
picture outlives the next; making it takes as long as using it."""


def _net() -> cv2.dnn.Net:
    if not hasattr(_kept, "net"):
        _kept.net = cv2.dnn.readNetFromONNX(str(Path(__file__).with_name("outline.onnx")))
    net: cv2.dnn.Net = _kept.net
    return net
