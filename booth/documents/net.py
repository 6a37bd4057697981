"""The small nets that look at pictures: weights beside this file, run by ONNX Runtime on the core that asks.

It takes half as long as OpenCV's own runtime (`docs/benchmarks.md`).
"""

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

ERRORS_ALONE = 3
"""ONNX Runtime's severity from which on it writes to stderr."""


def ask(name: str, seen: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the net `name` (a file beside this one) answers to pictures, `(n, height, width, channels) uint8`.

    From any thread; nothing of a picture is kept.
    """
    (answer,) = _net(name).run(None, {"seen": np.ascontiguousarray(seen)})
    return np.asarray(answer, dtype=np.float32)


@cache
def _net(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # The documents thread has one core; the voice and the pictures have the others.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ALONE
    path = Path(__file__).with_name(name)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
