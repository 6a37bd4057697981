"""Flat pages for the tests: drawn papers at 150 dpi, lit and spoilt as a test wants."""

from functools import cache

import cv2
import numpy as np

from booth.devices.camera.desk_pages import PX_PER_MM, Paper
from booth.devices.camera.interface import Image
from tests.support.desk_scenes import draw_all

DPI = 150.0
ID_CARD, BOOKLET, FORM, REGISTER = range(4)


@cache
def _papers() -> list[Paper]:
    return draw_all()


def paper(which: int, dpi: float = DPI) -> Image:
    """The drawn paper, flat, evenly lit, at this resolution."""
    factor = dpi / (PX_PER_MM * 25.4)
    image = cv2.resize(_papers()[which].image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return image.astype(np.uint8, copy=False)


def lit(image: Image, left: float, right: float, tint: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Image:
    """The same under light that goes from `left` to `right`, of this colour (BGR)."""
    fall = np.linspace(left, right, image.shape[1], dtype=np.float32)[None, :, None]
    seen: Image = np.rint(image * fall * np.array(tint, np.float32)).clip(0, 255).astype(np.uint8)
    return seen


def shadowed(image: Image, keeps: float) -> Image:
    """A person's shadow over the right 40 %, its edge 6 mm wide."""
    edge = 1 / (1 + np.exp(-(np.arange(image.shape[1]) / image.shape[1] - 0.6) * 120))
    seen: Image = np.rint(image * (1 - (1 - keeps) * edge)[None, :, None]).astype(np.uint8)
    return seen
