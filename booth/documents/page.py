"""From a picture of the desk to the page that travels: flat, upright, in even light, as a full JPEG and a light one.

The same picture, outline and turn always give the same bytes, so a page can be made again from the frame that was kept
with it; `make_page` with another outline or turn is how a corner set by hand or a turned page comes about.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from booth.core.capture import Corners
from booth.devices.camera.interface import Image
from booth.documents.checks import Seen, examine
from booth.documents.find import find_pages
from booth.documents.light import flatten, measure_light
from booth.documents.orientation import find_orientation
from booth.documents.quad import Quad, corners_of
from booth.documents.rectify import rectify
from booth.documents.shrink import shrink as shrink_to
from booth.documents.sizes import PAGE_DPI, PageSize, measure_size
from protocol.pages import Flaw

FULL_QUALITY = 92
FRAME_QUALITY = 95
LIGHT_QUALITIES = (50, 40, 30)
"""At 50 an A4 form has 70 kB and 10-point print is as readable as at 80, with 115 kB."""

MAX_LIGHT_BYTES = 150_000
"""0.6 s of a link of 2 Mbit/s."""

MAX_LIGHT_PX = 1280
PREVIEW_QUALITY = 75

SMALL_PAGE_PX = 2600
"""Pages up to A5 are looked at in half their size, larger ones in a third: whole factors are fast to shrink by."""

_TURNS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


Measure = Callable[[Quad, int, int], PageSize]
"""From an outline and the picture's width and height to the page's size."""


@dataclass(frozen=True, slots=True, repr=False)
class PageImage:
    """A page ready to travel.

    `flat` is False when no outline was found and the whole frame was kept; `outline` is in pixels of the picture that
    it was made of. `turned` are the quarter turns clockwise that it was given, `upright` whether they were certain.
    """

    full_jpeg: bytes
    light_jpeg: bytes
    width_px: int
    height_px: int
    flat: bool
    outline: Quad | None
    size: str | None = None
    seen_dpi: int = 0
    turned: int = 0
    upright: bool = False
    flaws: tuple[Flaw, ...] = ()
    corners: Corners | None = None
    """The outline as parts of the picture's width and height; where the page is not `flat`, where it may be."""

    def __repr__(self) -> str:
        size = f"{self.width_px} x {self.height_px} px, {len(self.full_jpeg)} + {len(self.light_jpeg)} bytes"
        return f"PageImage({size}, flat={self.flat})"


def make_page(
    image: Image,
    outline: Quad | None = None,
    turns: int | None = None,
    measure: Measure = measure_size,
) -> PageImage:
    """Make the page within the outline (found when it is not given), turned as said (found, too) and encoded; `measure`
    tells how large it is.

    Takes a few hundred milliseconds: not for the event loop's thread.
    """
    if outline is None:
        found = find_pages(image)
        if found.best is None:
            return whole_frame(image, turns or 0, found.guess)
        outline = found.best
    height, width = image.shape[:2]
    size = measure(outline, width, height)
    page = rectify(image, outline, size)
    small, dpi = looked_at(page)
    if turns is None:
        orientation = find_orientation(small, dpi)
        turned, upright = orientation.turns, orientation.sure
    else:
        turned, upright = turns % 4, True
    page, small = turn(page, turned), turn(small, turned)
    light = measure_light(small, dpi)
    flaws = examine(Seen(small, flatten(small, light), dpi, light, size.seen_dpi), page, outline, (width, height))
    page = flatten(page, light)
    return PageImage(
        full_jpeg=encode_full(page),
        light_jpeg=encode_light(page),
        width_px=page.shape[1],
        height_px=page.shape[0],
        flat=True,
        outline=outline,
        size=size.known,
        seen_dpi=size.seen_dpi,
        turned=turned,
        upright=upright,
        flaws=flaws,
        corners=corners_of(outline, width, height),
    )


def frame_jpeg(image: Image) -> bytes:
    """The untouched frame for evidence."""
    return _encode(image, [cv2.IMWRITE_JPEG_QUALITY, FRAME_QUALITY])


def read_jpeg(data: bytes) -> Image:
    """The picture of a frame that was kept; raises `ValueError` when it is none."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("the frame can't be decoded")
    return image.astype(np.uint8, copy=False)


def preview_jpeg(image: Image, max_width_px: int) -> bytes:
    """A small JPEG of the whole frame for a moving preview; never larger than the frame."""
    return _encode(shrink(image, max_width_px / image.shape[1]), [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])


def turn(image: Image, turns: int) -> Image:
    """The picture after quarter turns clockwise."""
    return cv2.rotate(image, _TURNS[turns]).astype(np.uint8, copy=False) if turns else image


def shrink(image: Image, factor: float) -> Image:
    """The picture at `factor` of its size; as it is when that would enlarge it."""
    if factor >= 1:
        return image
    return shrink_to(image, max(1, round(max(image.shape[:2]) * factor)))


def whole_frame(image: Image, turns: int, guess: Quad | None = None) -> PageImage:
    """No page was found: the picture as it is, and where one may be."""
    height, width = image.shape[:2]
    corners = None if guess is None else corners_of(guess, width, height)
    image = turn(image, turns % 4)
    height, width = image.shape[:2]
    full, light = encode_full(image), encode_light(image)
    return PageImage(full, light, width, height, False, None, turned=turns % 4, corners=corners)


def looked_at(page: Image) -> tuple[Image, float]:
    """The page at 100 or 150 dpi, for everything that is measured on it, and that resolution."""
    divisor = 2 if max(page.shape[:2]) <= SMALL_PAGE_PX else 3
    height, width = (side // divisor * divisor for side in page.shape[:2])
    size = max(1, width // divisor), max(1, height // divisor)
    small = cv2.resize(page[: max(1, height), : max(1, width)], size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), PAGE_DPI / divisor


def encode_full(page: Image) -> bytes:
    """At full colour resolution: the red of a stamp over black print smears at 4:2:0."""
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _with_density(_encode(page, [cv2.IMWRITE_JPEG_QUALITY, FULL_QUALITY, *sampling]))


def _with_density(jpeg: bytes) -> bytes:
    """The JPEG with `PAGE_DPI` in its JFIF header (ECMA TR/98, 10.1), so that it prints at its true size."""
    if jpeg[2:4] != b"\xff\xe0" or jpeg[6:11] != b"JFIF\0":
        return jpeg
    dots = PAGE_DPI.to_bytes(2, "big")
    return jpeg[:13] + b"\x01" + dots + dots + jpeg[18:]


def encode_light(page: Image) -> bytes:
    """At most `MAX_LIGHT_BYTES`: first at less quality, then, for a picture all noise, smaller."""
    light = shrink(page, MAX_LIGHT_PX / max(page.shape[:2]))
    while True:
        for quality in LIGHT_QUALITIES:
            data = _encode(light, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
            if len(data) <= MAX_LIGHT_BYTES:
                return data
        light = shrink(light, 0.7)


def _encode(image: Image, options: list[int]) -> bytes:
    good, data = cv2.imencode(".jpg", image, options)
    if not good:
        raise ValueError("the picture can't be encoded")
    return data.tobytes()
