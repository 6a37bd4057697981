"""Codes in a picture: zxing-cpp, in several passes within a bound of milliseconds.

A first look at half the size finds nine codes of ten in a millisecond or two. What it misses has a cause each, and so
has each further pass: cracks are thin and bright, so an opening takes them out; glare and dim light want one threshold
for all, an uneven light a local one; moiré and the sensor's noise go with a blur; a small code wants every pixel.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from booth.devices.camera.interface import Image

Grey = NDArray[np.uint8]
"""`(height, width) uint8`."""

QR = (zxingcpp.QRCode,)
BARS = (zxingcpp.Code128,)
LARGE_PX = 640
"""A picture with a longer side than this is first looked at in half its size."""
BUDGET_MS = 10.0
"""What a picture may take. A further pass begins only when what it usually takes still fits; the rest is for the grey
picture before them and for a slower turn than usual."""


class Pass(NamedTuple):
    name: str
    prepare: Callable[[Grey], Grey]
    binarizer: zxingcpp.Binarizer
    formats: Sequence[zxingcpp.BarcodeFormat]
    usual_ms: float
    """For a 1080p picture on one core, as `bench codes` measures it."""
    inverted: bool = False


_SQUARE = np.ones((3, 3), np.uint8)
_LOCAL, _GLOBAL = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram


def _half(grey: Grey) -> Grey:
    if min(grey.shape) < 2:
        return grey
    return np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _opened(grey: Grey) -> Grey:
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_OPEN, _SQUARE), np.uint8)


def _blurred(grey: Grey) -> Grey:
    return np.asarray(cv2.blur(grey, (3, 3)), np.uint8)


def _as_it_is(grey: Grey) -> Grey:
    return grey


HALF = Pass("half", _half, _LOCAL, QR, 1.6)
FULL = Pass("full", _as_it_is, _LOCAL, QR, 7.1)
FURTHER = (
    Pass("opened, one threshold", _opened, _GLOBAL, QR, 2.6),
    Pass("opened", _opened, _LOCAL, QR, 4.9),
    Pass("one threshold", _as_it_is, _GLOBAL, QR, 1.4),
    Pass("blurred", _blurred, _LOCAL, QR, 4.5),
    Pass("bars", _as_it_is, _LOCAL, BARS, 6.1),
    FULL,
    Pass("light on dark", _half, _LOCAL, QR, 3.0, inverted=True),
)


class Decoder:
    """Reads picture after picture, in one thread. Where one picture's time ends the next picture's passes go on, so a
    code that lies still gets all of them within a few pictures."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._next = 0

    def read(self, image: Image) -> list[str]:
        """What the codes in a `(height, width, 3) uint8 BGR` picture say; nothing for most."""
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        began_s = self._clock()
        first = HALF if max(grey.shape) > LARGE_PX else FULL
        if found := _read(grey, first):
            return found
        for n in range(len(FURTHER)):
            turn = (self._next + n) % len(FURTHER)
            # The first of them always begins, else a slow machine would wait for the same one for ever.
            if n and (self._clock() - began_s) * 1000 + FURTHER[turn].usual_ms > BUDGET_MS:
                self._next = turn
                return []
            if found := _read(grey, FURTHER[turn]):
                self._next = turn  # what helps with this phone will help with its next picture
                return found
        return []


def _read(grey: Grey, how: Pass) -> list[str]:
    barcodes = zxingcpp.read_barcodes(
        how.prepare(grey),
        formats=zxingcpp.BarcodeFormats(list(how.formats)),
        try_invert=how.inverted,
        try_downscale=False,
        binarizer=how.binarizer,
    )
    return sorted({barcode.text for barcode in barcodes if barcode.valid and barcode.text})
