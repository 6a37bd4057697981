"""What is on a page: small enough to compare with a visit's pages, fine enough to tell two pages of one form apart.

A form's print is the same on each of its pages; what was written in is not. So not the picture as a whole is compared
but its ink, place by place, and the place that differs most decides.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.quad import Quad, homography

LONG_CELLS = 320
"""Cells along the page's longer side: 0.9 mm on A4, 0.3 mm on a card. Names of three characters differ in them."""

OVERSAMPLED = 2
PLACE_CELLS = 17
"""A place that is compared: a word or two."""

REACH = 2
"""Cells by which a place may be shifted."""

MAX_SHAPES_APART = 1.06
FAINT_INK = 0.06
"""Places with less ink than this count less: there noise and shadow speak."""

MIN_INK = 0.004
"""Mean ink below this is an empty side; empty sides are all alike."""

SAME = 0.22
"""Two pages are one when no place differs by more. Measured with a camera 1280 and 1920 px wide on generated pages laid
four times each: the same page 0.05 to 0.18; other handwriting on the same ruled form 0.99; register pages of one family
that differ in three short cells 0.26 to 0.9."""


@dataclass(frozen=True, slots=True, repr=False)
class PageSignature:
    """`ink` is `(rows, columns) float32`, 0 to 1, the page lying as it lay in the picture."""

    ink: NDArray[np.float32]

    def same_as(self, other: object, /) -> bool:
        """Whether both are one page, in whichever of its four turns it lies."""
        return isinstance(other, PageSignature) and self.distance(other) <= SAME

    def distance(self, other: "PageSignature") -> float:
        """How different the most different place is, 0 to 1, in the turn that fits best."""
        if min(self.ink.mean(), other.ink.mean()) < MIN_INK:
            return 0.0 if max(self.ink.mean(), other.ink.mean()) < MIN_INK else 1.0
        turned = [fitted for turns in range(4) if (fitted := _fitted(np.rot90(other.ink, turns), self.ink)) is not None]
        if not turned:
            return 1.0
        coarse = _coarse(self.ink)
        likely = min(turned, key=lambda each: float(np.abs(coarse - _coarse(each)).sum()))
        return _distance(self.ink, likely)


def sign_page(image: Image, outline: Quad) -> PageSignature:
    """The signature of the page within the outline, in a picture 1280 px wide or more."""
    top, right, bottom, left = outline.side_lengths_px
    wide, high = max(top, bottom), max(right, left)
    cells = LONG_CELLS, max(1, round(LONG_CELLS * min(wide, high) / max(wide, high) / 4) * 4)
    columns, rows = cells if wide >= high else cells[::-1]
    width, height = columns * OVERSAMPLED, rows * OVERSAMPLED
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64) - 0.5
    flat = cv2.warpPerspective(
        image,
        homography(outline.points, target),
        (width, height),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_REPLICATE,
    )
    grey = cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY).astype(np.float32)
    paper = cv2.blur(cv2.dilate(grey, np.ones((9, 9), np.uint8)), (15, 15))
    dark = np.clip(1 - grey / np.maximum(paper, 1) - 0.06, 0, 1)
    edge = 2 * OVERSAMPLED
    dark[:edge] = dark[-edge:] = 0
    dark[:, :edge] = dark[:, -edge:] = 0
    ink = cv2.resize(dark, (columns, rows), interpolation=cv2.INTER_AREA)
    return PageSignature(np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.7), dtype=np.float32))


def _fitted(other: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The other at the same size; None when its shape is another one: corners are found anew, and not quite alike."""
    rows, columns = like.shape
    away = (other.shape[0] / other.shape[1]) / (rows / columns)
    if not 1 / MAX_SHAPES_APART <= away <= MAX_SHAPES_APART:
        return None
    return np.asarray(cv2.resize(np.ascontiguousarray(other), (columns, rows)), dtype=np.float32)


def _coarse(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(ink, (48, 48), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How different the most different place is; each place may be shifted a little by itself, as paper bends."""
    inner = one[REACH:-REACH, REACH:-REACH]
    rows, columns = inner.shape
    least: NDArray[np.float32] | None = None
    place = (PLACE_CELLS, PLACE_CELLS)
    for y in range(2 * REACH + 1):
        for x in range(2 * REACH + 1):
            there = other[y : y + rows, x : x + columns]
            apart = cv2.blur(np.abs(inner - there), place) / np.maximum(cv2.blur(inner + there, place), FAINT_INK)
            least = apart.astype(np.float32) if least is None else np.minimum(least, apart)
    assert least is not None
    return float(least.max())
