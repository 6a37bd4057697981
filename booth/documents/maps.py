"""Where a small picture shows pages, where their sides run, and where a page goes on outside: a small net's opinion.

The net (`outline.onnx`, 0.8 MB) was trained on drawn scenes alone; `rigs/outline_net` has them and the training. It
sees what no
rule about single edges sees: that a sheet lies on other sheets, or white on white. Its maps are coarse; the outline is
made exact in the picture itself.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.shrink import shrink

NET_PX = 192
"""The long side of the picture that the net sees."""

CELL = 2
"""Its maps have half that size."""

MULTIPLE_PX = 32
"""The net halves the picture five times."""

Map = NDArray[np.float32]
"""`(height, width) float32`, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Maps:
    """How likely each cell, `cell_px` of the picture wide and high, shows a page that is wholly in the frame, a
    side of one, a page that is not."""

    pages: Map
    sides: Map
    cut: Map
    cell_px: float


def see(small: Image) -> Maps:
    """The maps of a picture, which is made as small as the net wants it."""
    given, small = small.shape[1], shrink(small, NET_PX)
    height, width = small.shape[:2]
    below, right = -height % MULTIPLE_PX, -width % MULTIPLE_PX
    padded = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE) if below or right else small
    net = _net()
    net.setInput(cv2.dnn.blobFromImage(padded, 1 / 255))
    logits = np.asarray(net.forward(), dtype=np.float32)[0, :, : -(-height // CELL), : -(-width // CELL)]
    pages, sides, cut = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return Maps(pages, sides, cut, CELL * given / width)


_kept = threading.local()
"""The net, one a thread: it holds the buffers of one picture, so that two threads must not share it. Nothing of a
picture outlives the next; making it takes as long as using it."""


def _net() -> cv2.dnn.Net:
    if not hasattr(_kept, "net"):
        _kept.net = cv2.dnn.readNetFromONNX(str(Path(__file__).with_name("outline.onnx")))
    net: cv2.dnn.Net = _kept.net
    return net
