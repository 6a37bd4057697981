"""From the net's maps to rough outlines."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.maps import CELL_PX, LIKELY, Map, covered
from booth.documents.quad import Points, different, following, is_convex, order_corners, side_lengths
from booth.documents.refine import meet, refine

MIN_AREA = 0.004
"""Of the picture: an ID card is 0.03 of a 440 mm wide view; in a phone's picture a page may be smaller."""

NECK = 5
"""Cells; an ID card is 23 wide."""

CORES, MOST_CORES = ((0.8, 11), (0.9, 21)), 2
"""How likely, and how thick, what is left is when a page is sought that lies among other things like it."""

SAME = 1.5
"""Cells by which the corners of two guesses may be apart."""

REACHES = (10.0, 6.0, 4.0)
"""Cells by which the sides of a guess are moved to the border of what the map shows."""

PLACES, STEP = 32, 1.0
"""How many places of a side are looked at, every so many cells across it: the map is no finer."""

STRAIGHT, SHORTEST_EDGE, MOST_EDGES = 1.5, 5.0, 8
"""A straight piece of a border strays by so many cells at most, is so long, and is one of the so many longest."""

MOST_BY_EDGES = 2
BEYOND = 6
"""Cells by which a corner may lie outside the picture: the border of what is seen is rounded."""


@dataclass(frozen=True, slots=True)
class Heap:
    """A separate page that the maps show, or a heap of them: what its outline may be, the likeliest first, made when
    asked for. All outlines are `(4, 2)`, in pixels of the picture that the net saw."""

    guesses: Iterator[Points]
    shown: Map
    part: NDArray[np.uint8]

    def cores(self) -> tuple[Points, ...]:
        """Boxes round what is surely a page of it, clockwise; a live look never asks."""
        return tuple((order_corners(_box(core)).points + 0.5) * CELL_PX - 0.5 for core in _cores(self.shown, self.part))


def heaps(shown: Map, *, cut: bool = False) -> Iterator[Heap]:
    """Each that a map shows and that lies wholly in the frame; with `cut` each that reaches its edge, too."""
    picture = (shown * 255).astype(np.uint8)
    for part in _parts(shown > LIKELY, NECK):
        if cut or not _at_the_edge(part):
            guesses = ((guess + 0.5) * CELL_PX - 0.5 for guess in different(_guesses(shown, part, picture), SAME))
            yield Heap(guesses, shown, part)


def _guesses(shown: Map, part: NDArray[np.uint8], picture: Image) -> Iterator[Points]:
    yield _along_the_border(picture, _box(part))
    yield from _by_edges(part)
    for likely, neck in CORES:
        cores = _parts((shown > likely) & (part != 0), neck)
        for core in sorted(cores, key=np.count_nonzero, reverse=True)[:MOST_CORES]:
            yield _along_the_border(picture, _box(core))


def _cores(shown: Map, part: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """What is surely a page of it, the largest first; all of it when nothing is."""
    likely, neck = CORES[-1]
    cores = _parts((shown > likely) & (part != 0), neck)
    return sorted(cores, key=np.count_nonzero, reverse=True)[:MOST_CORES] or [part]


def _parts(likely: NDArray[np.bool_], neck: int) -> list[NDArray[np.uint8]]:
    """What hangs together, each by itself, without what hangs on it by a neck (a finger, a lamp's reflection)."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (neck, neck))
    opened = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    large = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= MIN_AREA * likely.size]
    return [(labels == number).astype(np.uint8) for number in large]


def _box(part: NDArray[np.uint8]) -> Points:
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.boxPoints(cv2.minAreaRect(np.concatenate(contours))).astype(np.float64)


def _along_the_border(picture: Image, guess: Points) -> Points:
    """The guess with its sides where most of the map's border runs, whatever bulges or is bitten out of it."""
    outline = order_corners(guess)
    for reach in REACHES:
        outline = refine(picture, outline, reach, PLACES, STEP)
    return outline.points


def _at_the_edge(part: NDArray[np.uint8]) -> bool:
    """Whether what is seen reaches the frame's edge: a page that goes on outside is not guessed."""
    return bool(part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any())


def _by_edges(part: NDArray[np.uint8]) -> list[Points]:
    """Outlines made of four straight pieces of the border: what bulges out of a page or is bitten out of it has none.

    Those are the best that share most with the part and have most of their sides on its border.
    """
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    border = max(contours, key=cv2.contourArea)
    starts = cv2.approxPolyDP(border, STRAIGHT, True).reshape(-1, 2).astype(np.float64)
    ends, lengths = following(starts), side_lengths(starts)
    longest = [int(edge) for edge in np.argsort(-lengths)[:MOST_EDGES] if lengths[edge] >= SHORTEST_EDGE]
    found: list[tuple[float, Points]] = []
    for four in itertools.combinations(sorted(longest), 4):
        edges = list(four)
        corners = meet(starts[edges], ends[edges], np.full((4, 2), np.nan))
        if np.all(np.isfinite(corners)) and is_convex(corners) and _within(corners, part):
            found.append((_fit(corners, part, lengths[edges]), corners))
    found.sort(key=lambda each: -each[0])
    return [order_corners(corners).points for _, corners in found[:MOST_BY_EDGES]]


def _within(corners: Points, part: NDArray[np.uint8]) -> bool:
    height, width = part.shape
    return bool(np.all((corners >= -BEYOND) & (corners <= (width + BEYOND, height + BEYOND))))


def _fit(corners: Points, part: NDArray[np.uint8], lengths: NDArray[np.float64]) -> float:
    """How much the outline shares with the part, and how much of its sides is border."""
    cover = covered(part.shape, corners)
    common = np.count_nonzero(cover & part)
    sides = side_lengths(corners)
    straight = float(np.minimum(lengths, sides).sum() / sides.sum())
    return common / (np.count_nonzero(cover) + np.count_nonzero(part) - common) + straight / 2
