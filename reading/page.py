"""One page, from its pixels to what is said of it: find the text, turn it upright, read it, take the fields, read the
important ones again from pictures prepared in another way."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from protocol.reading import Attribute, FieldRead, PageKind, PageReading, TextBox, TextLine
from reading.engine import LINE_PX, LONG_PX, Quad, cut
from reading.fields import Found, find_fields, unseen
from reading.judging import judge
from reading.kinds import kind_of
from reading.lines import Span, Written
from reading.numbers import NUMBER_CHARACTERS, Reread
from reading.picture import Image

CARD_SEARCH_PX, PAGE_SEARCH_PX = 672, 1120
"""The longer side of the picture in which text is looked for: 8 and 3.8 pixels a millimetre, 14 pixels for the smallest
print of either."""

CARD_SHAPE = 85.6 / 54.0
"""ISO/IEC 7810, ID-1."""

MAX_LINES = 160
"""An A4 page full of 10-point print has some 60; each line takes 10 to 60 ms."""

PAGE_PX = 22_000
"""So much width all lines of a page may have together: what is read in 2.2 s."""

WIDEST, NARROWEST = 0.6, 0.23
"""To which parts of their width long lines are squeezed so that a page keeps to that. Of 2,200 characters of 10.5-point
print, a third of them digits, 1 is misread at 1 and at 0.6, 23 to 43 below; of 1,980 Chinese ones at most 1 at any."""

SIDEWAYS = 1.6
"""A box so much taller than wide is text that lies on its side; single characters are about square."""

CLASSIFIED = 7
"""So many of the longest lines vote on whether the page stands on its head."""

GREY_PAD, BINARY_PAD = 0.16, 0.06
"""How much more than the text's height the second and the third reading see around it."""


class Reads(Protocol):
    """The part of `reading.engine.Engine` that a page needs."""

    def detect(self, image: Image) -> list[Quad]: ...

    def read(self, line: Image, span: Span, only: str | None = None, squeeze: float = 1.0) -> Written: ...

    def upside_down(self, lines: Sequence[Image]) -> list[float]: ...

    def simplified(self, text: str) -> str: ...


def read_page(image: Image, engine: Reads, today: date) -> PageReading:
    """`image`: `(height, width, 3) uint8` BGR, as it is stored. Blocks for some hundred milliseconds."""
    height, width = image.shape[:2]
    turns, image, quads = _upright(image, engine)
    squeeze = _squeeze(quads)
    lines = [line for quad in quads if (line := engine.read(cut(image, quad), _span(quad), squeeze=squeeze)).text]
    kind = kind_of(lines, image.shape[0])
    found = find_fields(kind, lines)
    more = _overlooked(image, kind, lines, found, engine)
    found = [each for each in found if each.attribute not in {one.attribute for one in more}] + more
    judged = judge(kind, found, _again(image, found, engine), today, engine.simplified)

    def stored(span: Span) -> TextBox:
        return _stored_box(span, turns, width, height)

    return PageReading(
        kind=kind,
        quarter_turns=turns,
        width_px=width,
        height_px=height,
        fields=[
            FieldRead(attribute, value[:400], stored(span), doubts)
            for attribute, value, span, doubts in judged
            if value
        ],
        lines=[TextLine(stored(line.span), line.text[:400], round(100 * line.chance)) for line in lines],
    )


# --- Upright ---


def _upright(image: Image, engine: Reads) -> tuple[int, Image, list[Quad]]:
    """How often it had to be turned, the upright picture, and where its lines are."""
    quads = _detect(image, engine)
    turns = 0
    if _lies_on_its_side(quads):
        quads = [_turned_quad(quad, image.shape[0]) for quad in quads]
        image = _turned(image, 1)
        turns = 1
    longest = sorted(quads, key=lambda quad: _width(quad), reverse=True)[:CLASSIFIED]
    votes = engine.upside_down([cut(image, quad) for quad in longest])
    if votes and sum(votes) / len(votes) > 0.5:
        height, width = image.shape[:2]
        quads = [np.roll(np.array([width, height], dtype=np.float32) - quad, 2, axis=0) for quad in quads]
        image = _turned(image, 2)
        turns += 2
    return turns, image, quads


def _detect(image: Image, engine: Reads) -> list[Quad]:
    height, width = image.shape[:2]
    longer, shorter = max(width, height), min(width, height)
    limit = CARD_SEARCH_PX if abs(longer / shorter - CARD_SHAPE) < 0.1 and longer < 1400 else PAGE_SEARCH_PX
    factor = min(1.0, limit / longer)
    size = tuple(max(32, round(side * factor / 32) * 32) for side in (width, height))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    back = np.array([width / size[0], height / size[1]], dtype=np.float32)
    quads = [quad * back for quad in engine.detect(small)]
    return sorted(quads, key=lambda quad: -_width(quad))[:MAX_LINES]


def _lies_on_its_side(quads: Sequence[Quad]) -> bool:
    """Whether more of the text's length stands in tall boxes than in wide ones."""
    tall = wide = 0.0
    for quad in quads:
        low, high = quad.min(axis=0), quad.max(axis=0)
        across, down = (high - low).tolist()
        if down > SIDEWAYS * across:
            tall += down
        elif across > SIDEWAYS * down:
            wide += across
    return tall > wide


def _turned(image: Image, turns: int) -> Image:
    code = (None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)[turns]
    return image if code is None else cv2.rotate(image, code).astype(np.uint8, copy=False)


def _turned_quad(quad: Quad, height: int) -> Quad:
    """The quad after a quarter turn clockwise of a picture of this height, its corners from the upper left again."""
    turned = np.column_stack((height - quad[:, 1], quad[:, 0])).astype(np.float32)
    return np.roll(turned, 1, axis=0)


def _stored_box(span: Span, turns: int, width: int, height: int) -> TextBox:
    """A rectangle of the upright page, in the stored page of this size."""
    left, top, right, bottom = span.left, span.top, span.right, span.bottom
    if turns == 1:
        left, top, right, bottom = top, height - right, bottom, height - left
    elif turns == 2:
        left, top, right, bottom = width - right, height - bottom, width - left, height - top
    elif turns == 3:
        left, top, right, bottom = width - bottom, left, width - top, right
    across, down = (
        (round(min(max(at, 0), width)) for at in (left, right)),
        (round(min(max(at, 0), height)) for at in (top, bottom)),
    )
    (x0, x1), (y0, y1) = across, down
    return TextBox(x0, y0, x1, y1)


# --- Reading again ---


def _again(image: Image, found: Sequence[Found], engine: Reads) -> Mapping[Attribute, Sequence[Reread]]:
    """Further readings of the number and the name: of their own part of the page alone, prepared in other ways."""
    again: dict[Attribute, Sequence[Reread]] = {}
    for each in found:
        if each.attribute is Attribute.NUMBER:
            grey = _surroundings(image, each.span, GREY_PAD)
            ways = (_evened(grey), _black_and_white(_surroundings(image, each.span, BINARY_PAD)))
            readings = [engine.read(way, each.span, NUMBER_CHARACTERS) for way in ways]
            again[Attribute.NUMBER] = [Reread(reading.text, reading.chance) for reading in readings]
        elif each.attribute is Attribute.NAME:
            grey = _surroundings(image, each.span, GREY_PAD)
            readings = [engine.read(way, each.span) for way in (_evened(grey), _enlarged(grey))]
            again[Attribute.NAME] = [Reread(reading.text, reading.chance) for reading in readings]
    return again


def _overlooked(
    image: Image, kind: PageKind, lines: Sequence[Written], found: Sequence[Found], engine: Reads
) -> list[Found]:
    more = []
    for attribute, span in unseen(kind, lines, found).items():
        if (value := engine.read(_surroundings(image, span, 0.0), span)).text:
            more.append(Found(attribute, value))
    return more


def _surroundings(image: Image, span: Span, pad: float) -> Image:
    around = pad * span.height
    left, right = max(0, int(span.left - around)), int(np.ceil(span.right + around))
    top, bottom = max(0, int(span.top - around)), int(np.ceil(span.bottom + around))
    part = image[top : max(bottom, top + 4), left : max(right, left + 4)]
    return part if part.size else image[:4, :4]


def _evened(part: Image) -> Image:
    """Grey, with the contrast stretched between the ink and the paper."""
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    dark, light = np.percentile(grey, (2, 90))
    even = np.clip((grey.astype(np.float32) - dark) * (255 / max(light - dark, 1)), 0, 255).astype(np.uint8)
    return _as_colour(even)


def _enlarged(part: Image) -> Image:
    """Twice as large and sharpened: fine strokes come apart."""
    large = cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(large, 1.8, cv2.GaussianBlur(large, (0, 0), 2.0), -0.8, 0).astype(np.uint8, copy=False)


def _black_and_white(part: Image) -> Image:
    """Twice as large, sharpened, then ink and paper alone, with soft edges."""
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    large = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(large, (0, 0), 2.0)
    sharp = cv2.addWeighted(large, 1.8, soft, -0.8, 0)
    _, ink = cv2.threshold(sharp, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return _as_colour(cv2.GaussianBlur(ink, (0, 0), 1.0).astype(np.uint8, copy=False))


def _as_colour(grey: NDArray[np.uint8]) -> Image:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


# --- Quads ---


def _width(quad: Quad) -> float:
    return float(np.linalg.norm(quad[1] - quad[0]))


def _height(quad: Quad) -> float:
    return float(np.linalg.norm(quad[3] - quad[0]))


def _squeeze(quads: Sequence[Quad]) -> float:
    """To which part of their width the long lines are brought, so that the page takes no longer than it may."""
    widths = [LINE_PX * _width(quad) / max(1.0, _height(quad)) for quad in quads]
    long = sum(width for width in widths if width > LONG_PX)
    left = PAGE_PX - sum(width for width in widths if width <= LONG_PX)
    return min(WIDEST, max(NARROWEST, left / long)) if long else WIDEST


def _span(quad: Quad) -> Span:
    (left, top), (right, bottom) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
    return Span(left, top, right, bottom)
