"""The small nets that look at pictures: OpenCV's own runtime, weights beside this file."""

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_kept = threading.local()
"""The nets, one set a thread: each holds the buffers of one picture, so that two threads must not share it. Nothing of
a picture outlives the next; making a net takes as long as using it."""


def ask(name: str, seen: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the net `name` (a file beside this one) answers to pictures, `(n, height, width, channels) uint8`."""
    nets: dict[str, cv2.dnn.Net] = _kept.__dict__.setdefault("nets", {})
    if name not in nets:
        nets[name] = cv2.dnn.readNetFromONNX(str(Path(__file__).with_name(name)))
    nets[name].setInput(np.ascontiguousarray(seen.transpose(0, 3, 1, 2)).astype(np.float32) / 255)
    return np.asarray(nets[name].forward(), dtype=np.float32)
