"""Smaller copies of a picture, quickly."""

import cv2
import numpy as np

from booth.devices.camera.interface import Image

SEARCH_PX = 384
"""The long side of the picture that is searched: on a desk 440 mm wide a pixel is 1.1 mm."""


def shrink(image: Image, long_px: int = SEARCH_PX) -> Image:
    """The picture at `long_px`, never larger than it is. Halved first: that is five times as fast."""
    height, width = image.shape[:2]
    factor = long_px / max(height, width)
    if factor >= 1:
        return image
    size = max(1, round(width * factor)), max(1, round(height * factor))
    while image.shape[1] >= 2 * size[0] and image.shape[0] >= 2 * size[1] and not any(n % 2 for n in image.shape[:2]):
        half = image.shape[1] // 2, image.shape[0] // 2
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if (image.shape[1], image.shape[0]) == size:
        return image
    # Area averaging by a broken factor is slow; what is left is less than halving, which aliases little.
    even = image.shape[1] < 2 * size[0]
    way = cv2.INTER_LINEAR if even else cv2.INTER_AREA
    return cv2.resize(image, size, interpolation=way).astype(np.uint8, copy=False)
