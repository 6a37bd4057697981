"""Codes in a picture: zxing-cpp, in several passes within a bound of milliseconds.

A first look at half the size finds nine codes of ten in two or three milliseconds. What it misses has a cause each, and
so has each further pass: cracks are thin and bright, so an opening takes them out; dim light and glare want one
threshold for all; moiré and the sensor's noise go with a blur or a median; a small code wants every pixel; bar codes
want a row along them. The order was chosen on drawn phones (seeds 100000 to 100399): what reads most of those that are
still unread, for its milliseconds. `bench codes` measures on others.
"""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.devices.code.bars import PLACES, Grey, Place, places, strip

QR = (zxingcpp.QRCode,)
BARS = (zxingcpp.Code128, zxingcpp.Code39, zxingcpp.EAN13, zxingcpp.EAN8)
"""Tickets and licences (Code 128, Code 39), receipts and goods (EAN)."""
LARGE_PX = 640
"""A picture with a longer side than this is first looked at in half its size."""
BUDGET_MS = 11.0
"""What a picture may take of one core. A further pass begins only when what it takes at its slowest still fits."""
OVERLAP_PX = 320
"""How much the two parts of a picture share that is too much for one pass at full size: the largest code there."""
FADING = 0.95
"""How quickly a pass's slowest turn is forgotten, turn by turn: a busy moment is no rule."""

_SQUARE, _LARGE_SQUARE = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_LOCAL, _ONE = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram


class Views:
    """One picture in every form that a pass looks at, each made when it is first wanted."""

    def __init__(self, grey: Grey) -> None:
        self.grey = grey

    @cached_property
    def half(self) -> Grey:
        return _half(self.grey)

    @cached_property
    def opened(self) -> Grey:
        return _opened(self.grey, _SQUARE)

    @cached_property
    def opened_half(self) -> Grey:
        return _half(self.opened)

    @cached_property
    def opened_cross(self) -> Grey:
        return _opened(self.grey, _CROSS)

    @property
    def wide_opened_half(self) -> Grey:
        return _half(_opened(self.grey, _LARGE_SQUARE))

    @property
    def cross_opened_of_half(self) -> Grey:
        return _opened(self.half, _CROSS)

    @property
    def opened_median(self) -> Grey:
        return _picture(cv2.medianBlur(self.opened, 3))

    @property
    def opened_blurred(self) -> Grey:
        return _blurred(self.opened)

    @property
    def median_half(self) -> Grey:
        return _half(_picture(cv2.medianBlur(self.grey, 3)))

    @cached_property
    def blurred_of_half(self) -> Grey:
        return _blurred(self.half)

    @property
    def opened_half_flat(self) -> Grey:
        """Its light evened out: each pixel against the mean about it."""
        light = cv2.blur(self.opened_half, (31, 31))
        return _picture(cv2.divide(self.opened_half, light, scale=160))

    @cached_property
    def _places(self) -> list[Place]:
        return places(self.half)

    def bars(self, number: int) -> Grey:
        """A strip that may hold bars, turned level; the whole of a picture that is too small for one."""
        return strip(self.grey, self._places[number]) if self._places else self.grey

    @property
    def left(self) -> Grey:
        """A part of a picture whose longer side is its width; the whole of a small one."""
        width = self.grey.shape[1]
        return self.grey if width <= LARGE_PX else self.grey[:, : (width + OVERLAP_PX) // 2]

    @property
    def right(self) -> Grey:
        return self.grey[:, self.grey.shape[1] - self.left.shape[1] :]


class Pass(NamedTuple):
    name: str
    view: Callable[[Views], Grey]
    binarizer: zxingcpp.Binarizer
    usual_ms: float
    """For a 1080p picture on one core, until this machine has shown what it takes here."""
    formats: Sequence[zxingcpp.BarcodeFormat] = QR
    inverted: bool = False


HALF = Pass("half", lambda views: views.half, _LOCAL, 1.2)
WHOLE = Pass("whole", lambda views: views.grey, _LOCAL, 1.5)
FURTHER = (
    Pass("half blurred, one threshold", lambda views: views.blurred_of_half, _ONE, 0.5),
    Pass("opened, one threshold", lambda views: views.opened, _ONE, 1.4),
    Pass("opened, median, one threshold", lambda views: views.opened_median, _ONE, 1.2),
    Pass("median, half, one threshold", lambda views: views.median_half, _ONE, 1.0),
    Pass("one threshold", lambda views: views.grey, _ONE, 1.0),
    Pass("opened, half", lambda views: views.opened_half, _LOCAL, 1.1),
    Pass("half blurred", lambda views: views.blurred_of_half, _LOCAL, 0.8),
    Pass("half opened by a cross, one threshold", lambda views: views.cross_opened_of_half, _ONE, 0.5),
    Pass("opened", lambda views: views.opened, _LOCAL, 2.5),
    Pass("opened wide, half", lambda views: views.wide_opened_half, _LOCAL, 1.5),
    Pass("opened by a cross, one threshold", lambda views: views.opened_cross, _ONE, 1.4),
    Pass("opened, half, light evened", lambda views: views.opened_half_flat, _LOCAL, 1.6),
    Pass("opened, blurred, one threshold", lambda views: views.opened_blurred, _ONE, 1.6),
    *(
        Pass(f"bars, place {number}", lambda views, n=number: views.bars(n), _LOCAL, 1.2 if number else 4.0, BARS)  # type: ignore[misc]
        for number in range(PLACES)
    ),
    Pass("bars", lambda views: views.grey, _LOCAL, 6.0, BARS),
    Pass("every pixel, left", lambda views: views.left, _LOCAL, 4.5),
    Pass("every pixel, right", lambda views: views.right, _LOCAL, 4.5),
    Pass("light on dark", lambda views: views.half, _LOCAL, 2.0, inverted=True),
)


class Decoder:
    """Reads picture after picture, in one thread. Where one picture's time ends the next picture's passes go on, so a
    code that lies still gets all of them within a few pictures.

    `clock` counts this thread's time on a core: what other programs take is none of a picture's.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._next = 0
        self._slowest_ms = [each.usual_ms for each in FURTHER]

    def read(self, image: Image) -> list[str]:
        """What the codes in a `(height, width, 3) uint8 BGR` picture say; nothing for most."""
        began_s = self._clock()
        views = Views(_picture(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))
        first = HALF if max(views.grey.shape) > LARGE_PX else WHOLE
        if found := _read(views, first):
            return found
        for n in range(len(FURTHER)):
            turn = (self._next + n) % len(FURTHER)
            turn_began_s = self._clock()
            # The first of them always begins, else a slow machine would wait for the same one for ever.
            if n and (turn_began_s - began_s) * 1000 + self._slowest_ms[turn] > BUDGET_MS:
                self._next = turn
                return []
            found = _read(views, FURTHER[turn])
            took_ms = (self._clock() - turn_began_s) * 1000
            self._slowest_ms[turn] = max(took_ms, self._slowest_ms[turn] * FADING)
            if found:
                self._next = turn  # what helps with this phone will help with its next picture
                return found
        return []


def _read(views: Views, how: Pass) -> list[str]:
    barcodes = zxingcpp.read_barcodes(
        how.view(views),
        formats=zxingcpp.BarcodeFormats(list(how.formats)),
        try_invert=how.inverted,
        try_downscale=False,
        binarizer=how.binarizer,
    )
    return sorted({barcode.text for barcode in barcodes if barcode.valid and barcode.text})


def _half(grey: Grey) -> Grey:
    if min(grey.shape) < 2:
        return grey
    return _picture(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def _opened(grey: Grey, kernel: NDArray[np.uint8]) -> Grey:
    return _picture(cv2.morphologyEx(grey, cv2.MORPH_OPEN, kernel))


def _blurred(grey: Grey) -> Grey:
    return _picture(cv2.blur(grey, (3, 3)))


def _picture(image: object) -> Grey:
    return np.asarray(image, np.uint8)
