"""Where pages lie in a picture of the desk.

Straight lines of a small picture give rough outlines (`steps`), whose sides are moved to where a finer one has an edge
along the whole side (`snap`), and then made exact to a fraction of a pixel at full size (`refine`). What was seen on
the way tells how sure the outline is (`confidence`).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.confidence import Evidence, confidence, page_shares
from booth.documents.cut import FrameSide, cut_sides
from booth.documents.maps import see
from booth.documents.mat import MatReference
from booth.documents.quad import Points, Quad, is_convex, order_corners
from booth.documents.refine import corners_of, find_sides
from booth.documents.rough import rough_outlines
from booth.documents.shrink import shrink
from booth.documents.snap import snap
from booth.documents.steps import line_outlines

__all__ = ["AUTOMATIC_CONFIDENCE", "Found", "FrameSide", "find_page", "find_pages"]

MIDDLE_PX = 960
"""The long side of the picture in which sides are sought: two and a half times as fine as the search picture."""

MIDDLE_REACH_PX, NET_REACH_PX, FULL_REACH_PX = 3.5, 10.0, 2.5
"""How far a side is moved in the middle picture, when lines gave it and when only the net did, and at full size, in
pixels of the middle one."""

MIN_CONFIDENCE = 0.5
"""Below it nothing is reported: parts of a page that goes on outside the frame were given 0.4."""

AUTOMATIC_CONFIDENCE = 0.92
"""From here on an outline may be taken without a person's asking; below it a person sees to the corners. Of the 253
outlines
to which the confidence was fitted 105 reach it, and the worst of these has a Jaccard index of 0.98; at 0.90 one of
112 was wrong. `docs/benchmarks.md` has scenes that the fit did not see."""

MARGIN = 0.003
"""A corner nearer to the frame's edge, as a part of the long side, means that the page goes on outside."""

MIN_SIDE = 0.05
"""A page's shortest side, as a part of the picture's long side; an ID card's is 0.12 of a 440 mm wide view."""

MIN_PICTURE_PX = 48
"""A smaller picture shows no page that could be read."""


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on the desk.

    `pages` are the outlines of whole pages, the surest first, none over another; `cut` are the sides of the frame over
    which a page seems to go on, when no page is surely whole: it has no outline here, since a part would be guessed.
    """

    pages: tuple[Quad, ...] = ()
    cut: tuple[FrameSide, ...] = ()

    @property
    def best(self) -> Quad | None:
        return self.pages[0] if self.pages else None


def find_page(image: Image, mat: MatReference | None = None) -> Quad | None:
    """The outline of the surest page, or None when there is none, or none that is wholly inside the frame."""
    return find_pages(image, mat).best


def find_pages(image: Image, mat: MatReference | None = None) -> Found:
    """Every page and card that lies wholly inside the frame, and where one goes on outside it.

    `image` may be a preview or a still: it is searched at `SEARCH_PX`, and the outlines are made exact at its own size.
    Sides may be bent a little and corners round; an outline's corners are where the straight sides meet. `mat` is what
    the empty desk looks like, if that is known; it is what makes white paper on a white mat visible.
    """
    candidates, cut = look(image, mat)
    pages = [Quad(outline.corners, confidence(evidence)) for outline, evidence in candidates]
    sure = sorted((page for page in pages if page.confidence >= MIN_CONFIDENCE), key=lambda page: -page.confidence)
    # Beside a page that is surely whole, what comes in over the edge is a cup, a telephone, an arm.
    return Found(tuple(sure), () if sure and sure[0].confidence >= AUTOMATIC_CONFIDENCE else cut)


def look(image: Image, mat: MatReference | None = None) -> tuple[list[tuple[Quad, Evidence]], tuple[FrameSide, ...]]:
    """Everything that may be a page, with what speaks for it, and the frame's sides over which one goes on."""
    if min(image.shape[:2]) < MIN_PICTURE_PX:
        return [], ()
    middle = shrink(image, MIDDLE_PX)
    small = shrink(middle)
    shown = small if mat is None else mat.revealed(small)
    maps = see(shown)
    by_lines = line_outlines(shown)
    overlooked = [rough for rough in rough_outlines(maps) if not any(_overlap(rough, by) for by, _ in by_lines)]
    by_net = [(rough, 0.0) for rough in overlooked]
    seen = []
    for corners, score in [*by_lines, *by_net]:
        reach_px = MIDDLE_REACH_PX if score else NET_REACH_PX
        shares = page_shares(maps, corners)
        candidate = _exact(image, middle, middle.shape[1] / small.shape[1], corners, reach_px, (score, shares))
        if candidate is not None:
            seen.append(candidate)
    return seen, cut_sides(shown)


def _overlap(one: Points, other: Points) -> bool:
    common, _ = cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))
    return float(common) > 0


def _exact(
    image: Image,
    middle: Image,
    finer: float,
    rough: Points,
    reach_px: float,
    seen: tuple[float, tuple[float, float]],
) -> tuple[Quad, Evidence] | None:
    """The outline at full size and the evidence, or None when what is left of it is no page inside the frame."""
    start = _clockwise((rough + 0.5) * finer - 0.5)
    if start is None:
        return None
    snapped = snap(middle, start, reach_px)
    if _clockwise(snapped.corners) is None:
        return None
    factor = image.shape[1] / middle.shape[1]
    outline = order_corners(snapped.corners).scaled(factor)
    sides = find_sides(image, outline, FULL_REACH_PX * factor)
    exact = corners_of(sides, outline, FULL_REACH_PX * factor)
    if not _whole(exact, image):
        return None
    return exact, Evidence.of(seen[0], start, snapped, sides, seen[1])


def _clockwise(corners: Points) -> Points | None:
    """The corners clockwise as seen, or None when they make no convex outline."""
    try:
        return order_corners(corners).points if is_convex(order_corners(corners).points) else None
    except ValueError:
        return None


def _whole(outline: Quad, image: Image) -> bool:
    height, width = image.shape[:2]
    margin = MARGIN * max(width, height)
    points = outline.points
    inside = points.min() >= margin and bool(np.all(points <= (width - 1 - margin, height - 1 - margin)))
    return bool(inside and min(outline.side_lengths_px) >= MIN_SIDE * max(width, height))
