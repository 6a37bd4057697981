"""Make the strips' net quick: `python -m rigs.outline_net.quantize FOLDER TRAINED.onnx OUT.onnx`.

Its convolutions become 8-bit ones, for whose ranges the shard that training never sees is asked. It takes half the time
then, and finds as many pages; the map net loses white paper on a white desk by it and stays as it is. Needs `onnx`
beside ONNX Runtime.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quant_pre_process, quantize_static

from rigs.outline_net.shards import HELD_OUT

SIDES = 64
"""Outlines whose strips tell the ranges."""


class _Strips(CalibrationDataReader):  # type: ignore[misc]
    """The strips of one outline after another, as the booth asks."""

    def __init__(self, folder: Path) -> None:
        self._told = self._each(folder)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        return next(self._told, None)

    @staticmethod
    def _each(folder: Path) -> Iterator[dict[str, NDArray[np.uint8]]]:
        with np.load(folder / f"{HELD_OUT:05d}.npz") as shard:
            strips = shard["strips"][:SIDES]
        for outline in strips:
            yield {"seen": outline}


def quantize(folder: Path, trained: Path, out: Path) -> None:
    prepared = out.with_suffix(".prepared")
    quant_pre_process(str(trained), str(prepared), skip_symbolic_shape=True)
    convolutions = [node.name for node in onnx.load(str(prepared)).graph.node if node.op_type == "Conv"]
    quantize_static(
        str(prepared),
        str(out),
        _Strips(folder),
        quant_format=QuantFormat.QDQ,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        per_channel=True,
        # Seven bits of weight: a processor without VNNI adds products in 16 bits, which eight would overflow.
        reduce_range=True,
        op_types_to_quantize=["Conv", "Relu", "Concat", "Add"],
        # The last one says how likely the page passes nowhere; it is small.
        nodes_to_exclude=convolutions[-1:],
    )
    prepared.unlink()


if __name__ == "__main__":
    quantize(*(Path(name) for name in sys.argv[1:4]))
