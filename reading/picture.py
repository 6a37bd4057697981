"""A page's bytes as an image, whatever somebody sends: bounded before anything is decoded."""

import io
import warnings

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from protocol.reading import Unreadable

MAX_PIXELS = 40_000_000
"""Three times what a camera of 13 megapixels makes, and 120 MB decoded."""

MIN_SIDE_PX = 32

Image = NDArray[np.uint8]
"""`(height, width, 3) uint8` BGR."""


class PictureRefused(Exception):
    def __init__(self, why: Unreadable) -> None:
        super().__init__(str(why))
        self.why = why


def decode(data: bytes) -> Image:
    """Raises `PictureRefused`; the size is judged by the header alone. Only JPEG and PNG, and only whole ones."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise PictureRefused(Unreadable.TOO_LARGE)
                if min(width, height) < MIN_SIDE_PX:
                    raise PictureRefused(Unreadable.NOT_AN_IMAGE)
                rgb = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"), dtype=np.uint8)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise PictureRefused(Unreadable.TOO_LARGE) from None
    except (OSError, SyntaxError, ValueError, EOFError):
        # Pillow's own errors quote what they found; nothing of a page may come into a text.
        raise PictureRefused(Unreadable.NOT_AN_IMAGE) from None
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)
