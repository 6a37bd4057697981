"""From a picture of the desk to the page that travels: flat, as a full JPEG and a light one.

Colours stay as the camera saw them: flattening the light would also bleach a pale stamp or a pencil line, and a page is
evidence. The same picture always gives the same bytes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.find import find_page
from booth.documents.quad import Quad
from booth.documents.rectify import rectify

FULL_QUALITY = 92
LIGHT_QUALITIES = (80, 70, 60, 50, 40, 30)
MAX_LIGHT_BYTES = 150_000
"""A clerk on a link of 2 Mbit/s sees the page after 0.6 s."""

MAX_LIGHT_PX = 1280
PREVIEW_QUALITY = 75


@dataclass(frozen=True, slots=True, repr=False)
class PageImage:
    """A page ready to travel.

    `flat` is False when no outline was found and the whole frame was kept; `outline` is in pixels of the picture that
    it was made of.
    """

    full_jpeg: bytes
    light_jpeg: bytes
    width_px: int
    height_px: int
    flat: bool
    outline: Quad | None

    def __repr__(self) -> str:
        size = f"{self.width_px} x {self.height_px} px, {len(self.full_jpeg)} + {len(self.light_jpeg)} bytes"
        return f"PageImage({size}, flat={self.flat})"


def make_page(image: Image) -> PageImage:
    """Find the page, flatten it and encode it. Takes a few hundred milliseconds: not for the event loop's thread."""
    outline = find_page(image)
    page = rectify(image, outline) if outline is not None else image
    height, width = page.shape[:2]
    return PageImage(_encode_full(page), _encode_light(page), width, height, outline is not None, outline)


def preview_jpeg(image: Image, max_width_px: int) -> bytes:
    """A small JPEG of the whole frame for a moving preview; never larger than the frame."""
    return _encode(_shrunk(image, max_width_px / image.shape[1]), [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])


def _encode_full(page: Image) -> bytes:
    """At full colour resolution: the red of a stamp over black print smears at 4:2:0."""
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _encode(page, [cv2.IMWRITE_JPEG_QUALITY, FULL_QUALITY, *sampling])


def _encode_light(page: Image) -> bytes:
    """At most `MAX_LIGHT_BYTES`: first at less quality, then, for a picture all noise, smaller."""
    light = _shrunk(page, MAX_LIGHT_PX / max(page.shape[:2]))
    while True:
        for quality in LIGHT_QUALITIES:
            data = _encode(light, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if len(data) <= MAX_LIGHT_BYTES:
                return data
        light = _shrunk(light, 0.7)


def _shrunk(image: Image, factor: float) -> Image:
    if factor >= 1:
        return image
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _encode(image: Image, options: list[int]) -> bytes:
    good, data = cv2.imencode(".jpg", image, options)
    if not good:
        raise ValueError("the picture can't be encoded")
    return data.tobytes()
