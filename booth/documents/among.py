"""Outlines where many edges lie beside each other: a sheet on other sheets, of which a map shows one heap.

From each guess, turned and made smaller in several ways, sides are sought. Every likely line that any of them met is
kept, not the likeliest alone: four of them, one for each side, are an outline again, beside which sides are sought once
more.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from booth.documents.desk import Desk
from booth.documents.maps import Maps
from booth.documents.outlines import Outline, look, sized
from booth.documents.quad import Points, is_convex
from booth.documents.refine import meet

GUESSES, TURNS_DEG, INSETS_PX = 3, (-8.0, -4.0, 0.0, 4.0, 8.0), (0.0, 24.0, 48.0)
"""How many guesses are begun with, how each is turned, and by how many pixels of the middle picture its sides are moved
inward."""

FAR, CLOSE, LOOKED_AT_CLOSELY = (2.0,), (1.0,), 8
"""In what steps sides are sought, and how many of what is found are looked at once more, closely."""

ROUNDS, LINES, MIXED = 2, 6, 8
"""How often lines are mixed, how many of each side are, and how many outlines of them are looked at."""

MISFIT = 0.05
"""How much likelier an outline must be for each usual error by which it looks less like a page."""

APART_PX = 6.0
"""Two lines of a side, or two outlines, are one when none of their ends are further apart."""

Lines = NDArray[np.float64]
"""`(n, 5)`: how likely each is a page's side, where it starts and where it ends."""


def likeliest_among(desk: Desk, maps: Maps, guesses: Iterable[Points]) -> Outline | None:
    """The likeliest outline beside the guesses, in pixels of the small picture, and beside every likely mixture of what
    was seen there."""
    rough = ((guess + 0.5) * desk.finer - 0.5 for guess in guesses)
    seen = [*_looked_at(desk, maps, _varied(islice(rough, GUESSES)), FAR)]
    for _ in range(ROUNDS):
        if seen:
            seen += _looked_at(desk, maps, mixed(desk, seen), FAR)
    best = _by_likeness(desk, seen)[:LOOKED_AT_CLOSELY]
    closely = _by_likeness(desk, [*_looked_at(desk, maps, (outline.corners for outline in best), CLOSE)])
    return sized(desk, maps, closely[0], closely) if closely else None


def mixed(desk: Desk, seen: list[Outline]) -> Iterator[Points]:
    """The likeliest outlines of one line for each side that any of these has, that look like pages."""
    best = _by_likeness(desk, seen)[0].corners
    sides = _sides(seen, best)
    numbers = np.indices([len(lines) for lines in sides]).reshape(4, -1)
    lines = np.stack([lines[which] for lines, which in zip(sides, numbers, strict=True)], axis=1)
    outlines = meet(lines[..., 1:3], lines[..., 3:5], best)
    likely = (lines[..., 0].mean(axis=1) + lines[..., 0].min(axis=1)) / 2 - MISFIT * desk.misfits(outlines)
    kept: list[Points] = []
    for outline in outlines[np.argsort(-likely)]:
        if is_convex(outline) and all(np.abs(outline - other).max() > APART_PX for other in kept):
            kept.append(outline)
            yield outline
        if len(kept) == MIXED:
            return


def _by_likeness(desk: Desk, seen: list[Outline]) -> list[Outline]:
    """The likeliest pages first. What lies round a page are other sheets as often as not, and says nothing."""
    if not seen:
        return []
    misfits = desk.misfits(np.stack([outline.corners for outline in seen]))
    likely = [outline.likely - MISFIT * float(misfit) for outline, misfit in zip(seen, misfits, strict=True)]
    return [seen[place] for place in np.argsort(np.negative(likely))]


def _looked_at(desk: Desk, maps: Maps, guesses: Iterable[Points], steps: Sequence[float]) -> Iterator[Outline]:
    for guess in guesses:
        outline = look(desk, maps, guess, steps)
        if outline is not None:
            yield outline


def _varied(guesses: Iterable[Points]) -> Iterator[Points]:
    for guess in guesses:
        for degrees in TURNS_DEG:
            for inset_px in INSETS_PX:
                yield _turned(guess, degrees, inset_px)


def _turned(guess: Points, degrees: float, inset_px: float) -> Points:
    """Round its middle, its corners nearer to that by as much as moves the sides of a square by the inset."""
    middle = guess.mean(axis=0)
    away = guess - middle
    away *= 1 - np.sqrt(2) * inset_px / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned: Points = middle + away @ np.array(((cos, sin), (-sin, cos)))
    return turned


def _sides(seen: list[Outline], like: Points) -> list[Lines]:
    """For each side of the outline `like` the likeliest lines that the others have there."""
    met: list[list[NDArray[np.float64]]] = [[], [], [], []]
    for outline in seen:
        # Corners begin with the upper left, which may be another one of a page that is turned a little.
        first = min(range(4), key=lambda k: float(np.abs(np.roll(outline.corners, -k, axis=0) - like).sum()))
        starts, likely = np.roll(outline.corners, -first, axis=0), np.roll(outline.moved.seen, -first)
        for side, line in enumerate(np.column_stack((likely, starts, np.roll(starts, -1, axis=0)))):
            met[side].append(line)
    return [_likeliest(lines) for lines in met]


def _likeliest(lines: list[NDArray[np.float64]]) -> Lines:
    kept: list[NDArray[np.float64]] = []
    for line in sorted(lines, key=lambda line: -float(line[0])):
        if len(kept) < LINES and all(np.abs(line - other)[1:].max() > APART_PX for other in kept):
            kept.append(line)
    return np.array(kept)
