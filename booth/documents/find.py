"""Where pages lie in a picture of the desk.

A small net shows where pages are in a small picture (`maps`, `rough`), another sees along each side of a finer one
where the page's own edge is, to a fraction of a pixel (`strips`). What was seen on the way tells how sure the outline
is (`confidence`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.among import Choice
from booth.documents.confidence import Evidence, SecondLook, confidence, rank
from booth.documents.cut import FrameSide, cut_sides
from booth.documents.desk import Desk
from booth.documents.maps import Maps, see, share
from booth.documents.mat import MatReference
from booth.documents.nearer import look_from_nearer
from booth.documents.outlines import Outline, glanced_at, likeliest_outline, settled
from booth.documents.plane import DeskPlane
from booth.documents.quad import Points, Quad, order_corners
from booth.documents.rough import heaps
from booth.documents.shape import WORST
from booth.documents.sizes import shape_likeness

__all__ = ["AUTOMATIC_CONFIDENCE", "Found", "FrameSide", "find_page", "find_pages", "look", "settle", "trusted"]

MIN_CONFIDENCE = 0.1
"""Below it nothing is reported; above it a person sees to the corners. Of 93 outlines that are given 0.1 to 0.2 (seeds
10000 to 10239: booth scenes, training scenes, and these as a video shows them) 47 share 0.9 with a page and 67 share
0.8, as many as of those from 0.2 to 0.3; 12 are something else. Of those below it most are."""

AUTOMATIC_CONFIDENCE = 0.92
"""From here on an outline may be taken without a person's asking; below it a person sees to the corners. Two in 590
were wrong where the desk and its plane were known, one in 379 where nothing was (`docs/benchmarks.md`)."""

OVERLAP = 0.05
"""Outlines share less of the smaller one: two pages that touch may, by an error."""

MARGIN = 0.003
"""A corner nearer to the frame's edge, as a part of the long side, means that the page goes on outside."""

MIN_SIDE = 0.05
"""A page's shortest side, as a part of the picture's long side; an ID card's is 0.12 of a 440 mm wide view."""

MOST_CUT = 0.25
"""Of an outline, seen from nearer, that the first look took for a page that goes on outside the frame."""

MIN_PICTURE_PX = 48
"""A smaller picture shows no page that could be read."""


Candidate = tuple[Quad, Evidence]


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on the desk.

    `pages` are the outlines of whole pages, the surest first, none over another; `cut` are the sides of the frame over
    which a page seems to go on, when no page is surely whole: it has no outline here, since a part would be guessed.
    """

    pages: tuple[Quad, ...] = ()
    cut: tuple[FrameSide, ...] = ()
    guess: Quad | None = None
    """What may be a page when nothing is reported: where a person who sets the corners by hand begins."""

    @property
    def best(self) -> Quad | None:
        return self.pages[0] if self.pages else None

    def scaled(self, factor: float) -> Self:
        """The same in a picture `factor` times as large."""
        guess = None if self.guess is None else self.guess.scaled(factor)
        return replace(self, pages=tuple(page.scaled(factor) for page in self.pages), guess=guess)


def find_page(image: Image, mat: MatReference | None = None, plane: DeskPlane | None = None) -> Quad | None:
    """The outline of the surest page, or None when there is none, or none that is wholly inside the frame."""
    return find_pages(image, mat, plane).best


def find_pages(
    image: Image, mat: MatReference | None = None, plane: DeskPlane | None = None, *, quick: bool = False
) -> Found:
    """Every page and card that lies wholly inside the frame, and where one goes on outside it.

    `image` may be a preview or a still: it is searched at `SEARCH_PX`, and sides are found at `MIDDLE_PX`. That is more
    exact than the strongest edge at full size: on drawn scenes with bent pages, shadows and dark photographs the mean
    Jaccard index fell from .998 to .996 by it (white mat .995, .989), on SmartDoc's background 03 from .993 to .992.
    Sides may be bent a little and corners round; an outline's corners are where the straight sides meet. `mat` is what
    the empty desk looks like, if that is known; it is what makes white paper on a white mat visible. `plane` says how
    large things on it are, if that is known: then a side under a hand is where its page's size puts it. `quick` is for
    the live picture: what can't be seen at the first look is left for when it lies still.
    """
    candidates, cut = look(image, mat, plane, quick=quick)
    candidates.sort(key=lambda each: -rank(each[1]))
    pages = [Quad(outline.corners, confidence(evidence)) for outline, evidence in candidates]
    sure = _apart(page for page in pages if page.confidence >= MIN_CONFIDENCE)
    # Beside a page that is surely whole, what comes in over the edge is a cup, a telephone, an arm.
    cut = () if sure and trusted(sure[0]) else cut
    return Found(tuple(sure), cut, None if sure else max(pages, key=lambda page: page.confidence, default=None))


def trusted(page: Quad) -> bool:
    """Whether the outline may be taken without a person's asking."""
    return page.confidence >= AUTOMATIC_CONFIDENCE


def look(
    image: Image, mat: MatReference | None = None, plane: DeskPlane | None = None, *, quick: bool = False
) -> tuple[list[Candidate], tuple[FrameSide, ...]]:
    """Everything that may be a page, with what speaks for it, and the frame's sides over which one goes on."""
    if min(image.shape[:2]) < MIN_PICTURE_PX:
        return [], ()
    desk = Desk.of(image, mat, plane)
    maps = see(desk.small, desk.against)
    lying = heaps(maps.pages)
    if quick:
        seen = glanced_at(desk, maps, (next(heap.guesses) for heap in lying))
    else:
        seen = filter(None, (likeliest_outline(desk, maps, heap.guesses) for heap in lying))
    candidates = [each for outline in seen for each in _candidate(image, desk, outline)]
    if not quick:
        sure = [outline.points for outline, evidence in candidates if _sure(evidence)]
        doubtful = [outline.points for outline, evidence in candidates if not _sure(evidence)]
        for part, choice in look_from_nearer(image, desk, sure, doubtful):
            second = _second(desk, maps, part, choice)
            whole = second.cut < MOST_CUT or part.size_fits(choice.outline.corners)
            candidates += _candidate(image, part, choice.outline, second) if whole else []
    return candidates, cut_sides(maps)


def _sure(evidence: Evidence) -> bool:
    return confidence(evidence) >= AUTOMATIC_CONFIDENCE


def _second(desk: Desk, first: Maps, part: Desk, choice: Choice) -> SecondLook:
    """What the second look says, and what the first, at the whole desk, showed there."""
    corners = choice.outline.corners
    before = part.whole(corners) * desk.small.shape[1] / part.whole_px[0]
    misfit = float(part.misfits(corners[None])[0]) / WORST
    shown = share(first.pages, before), share(first.cut, before)
    place = choice.place
    return SecondLook(*shown, misfit, place.from_afar, place.askew, choice.ahead)


def _candidate(image: Image, desk: Desk, seen: Outline, second: SecondLook | None = None) -> list[Candidate]:
    """It in pixels of the picture, with what speaks for it; nothing when it is no page inside the frame."""
    outline = _at_size(image, desk, seen.corners)
    if outline is None:
        return []
    fit = desk.fit(seen.corners)
    shape = shape_likeness(outline, image.shape[1], image.shape[0]) if fit is None else 0.0
    return [(outline, Evidence.of(seen, shape, fit, desk.known, second))]


def settle(image: Image, outline: Quad, mat: MatReference | None = None, plane: DeskPlane | None = None) -> Quad:
    """An outline that was followed through previews, exact in this picture; as it was where no page is seen there."""
    desk = Desk.of(image, mat, plane)
    corners = settled(desk, outline.scaled(desk.middle.shape[1] / image.shape[1]).points)
    found = None if corners is None else _at_size(image, desk, corners)
    return outline if found is None else Quad(found.corners, outline.confidence)


def _at_size(image: Image, desk: Desk, corners: Points) -> Quad | None:
    """The outline in pixels of the picture itself, or None when it is no page inside the frame."""
    outline = order_corners(desk.whole(corners)).scaled(image.shape[1] / desk.whole_px[0])
    return outline if _whole(outline, image) else None


def _apart(pages: Iterable[Quad]) -> list[Quad]:
    """Those that lie over none that may be taken without asking, nor over one that comes before; the surest first."""
    kept: list[Quad] = []
    for page in sorted(pages, key=trusted, reverse=True):
        if not any(_overlap(page, other) for other in kept):
            kept.append(page)
    return sorted(kept, key=lambda page: -page.confidence)


def _overlap(one: Quad, other: Quad) -> bool:
    common, _ = cv2.intersectConvexConvex(one.points.astype(np.float32), other.points.astype(np.float32))
    return float(common) > OVERLAP * min(one.area_px, other.area_px)


def _whole(outline: Quad, image: Image) -> bool:
    height, width = image.shape[:2]
    margin = MARGIN * max(width, height)
    points = outline.points
    inside = points.min() >= margin and bool(np.all(points <= (width - 1 - margin, height - 1 - margin)))
    return bool(inside and min(outline.side_lengths_px) >= MIN_SIDE * max(width, height))
