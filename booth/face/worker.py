"""The process that compares: `python -m booth.face.worker` reads two JPEGs and writes one line of JSON, then ends.

Each picture comes as four bytes of length (big-endian) and that many bytes. The answer is `{"distance": 0.42}`, or
`{"missing": "photo"}` or `"picture"` when no face is there.

Detection is dlib's frontal HOG detector, the embedding its residual network of 2017 (128 numbers; 0.6 apart at most for
one person, 99.38 % on LFW by its author's account). Boost and CC0 licensed; the weights come with
`face_recognition_models` and nothing is fetched.
"""

import io
import json
import struct
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_BYTES = 1_000_000
SIDE_PX = 480
"""The longer side that a face is looked for in: a face of a sixth of it has the detector's 80 pixels."""
MOST_ENLARGED = 4
"""A card's photo has 102 by 126 pixels; its face needs to be four times as large."""
LEAST_CONFIDENT = -0.4
"""Below the detector's usual 0: exactly one face is expected, and it may be dim."""
LANDMARKS, EMBEDDING = "shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"


def weights() -> Path | None:
    """The folder of the weights; None when they or dlib are not installed."""
    spec = find_spec("face_recognition_models")
    if spec is None or spec.origin is None or find_spec("dlib") is None:
        return None
    folder = Path(spec.origin).parent / "models"
    return folder if (folder / LANDMARKS).is_file() and (folder / EMBEDDING).is_file() else None


class Embedder:
    """dlib's three models, loaded once: about a second."""

    def __init__(self, folder: Path) -> None:
        import dlib

        self._detect: Any = dlib.get_frontal_face_detector()
        self._landmarks: Any = dlib.shape_predictor(str(folder / LANDMARKS))
        self._network: Any = dlib.face_recognition_model_v1(str(folder / EMBEDDING))

    def embed(self, jpeg: bytes) -> NDArray[np.float64] | None:
        """The 128 numbers of the largest face; None without one, and for what is no picture."""
        try:
            with Image.open(io.BytesIO(jpeg)) as opened:
                image = _sized(opened.convert("RGB"))
        except (OSError, ValueError, Image.DecompressionBombError):
            return None
        faces, _, _ = self._detect.run(image, 0, LEAST_CONFIDENT)
        if not faces:
            return None
        largest = max(faces, key=lambda face: face.area())
        return np.array(self._network.compute_face_descriptor(image, self._landmarks(image, largest)))


def _sized(image: Image.Image) -> NDArray[np.uint8]:
    factor = min(SIDE_PX / max(image.size), MOST_ENLARGED)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return np.array(image.resize(size, Image.Resampling.BICUBIC), np.uint8)


def answer(embedder: Embedder, photo: bytes, picture: bytes) -> dict[str, float | str]:
    if (known := embedder.embed(photo)) is None:
        return {"missing": "photo"}
    if (seen := embedder.embed(picture)) is None:
        return {"missing": "picture"}
    return {"distance": float(np.linalg.norm(known - seen))}


def _receive(source: BinaryIO) -> bytes:
    (size,) = struct.unpack(">I", source.read(4))
    if size > MOST_BYTES:
        raise ValueError("a picture is too large")
    return source.read(int(size))


def main() -> None:
    photo, picture = _receive(sys.stdin.buffer), _receive(sys.stdin.buffer)
    folder = weights()
    if folder is None:
        sys.exit(3)
    json.dump(answer(Embedder(folder), photo, picture), sys.stdout)


if __name__ == "__main__":
    main()
