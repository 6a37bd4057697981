"""Outlines where many edges lie beside each other: a sheet on other sheets, of which a map shows one heap.

Round each guess every likely line is sought, at several distances from each of its sides and turned in several ways.
Four lines, one for each side, are an outline; those that look most like pages are looked at as a whole, which moves
their lines, and the lines are mixed once more. What is written on the uppermost sheet tells how it is turned
(`written`), where its edges can hardly be seen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from booth.documents.desk import Desk
from booth.documents.maps import Maps
from booth.documents.outlines import Outline, all_in_all, look, look_at_all, sized
from booth.documents.quad import Points, different, is_convex
from booth.documents.refine import meet
from booth.documents.shape import ODDEST
from booth.documents.strips import SideLines, seek_about, seen_at
from booth.documents.written import Written

GUESSES, SHIFTS = 2, (-14.0, -5.0, 4.0, 13.0, 22.0, 31.0, 40.0)
"""How many guesses are begun with, and by how many steps of `strips.seek_about` the lines beside their sides are moved
inward: a heap is up to a fifth larger than the sheet on top of it."""

TURNS_DEG, FAR_TURNS_DEG, DECIDED = (-6.0, -3.0, 0.0, 3.0, 6.0), (-12.0, -6.0, -3.0, 0.0, 3.0, 6.0, 12.0), 0.5
"""How those lines are turned: away from the way of what is written beside the guess's side, where that is so far
decided, or away from the side itself, and further where no size can tell of a page that lies askew on its heap."""

FAR, CLOSE, LOOKED_AT_CLOSELY, CLOSE_AGAIN = (2.0,), (1.0,), 8, (1.5,)
"""In what steps sides are sought, how many of what is found are looked at once more, closely, and the best of them
a last time."""

ROUNDS, LINES, MIXED = 2, 9, 12
"""How often the lines of what was seen are mixed, how many of each side are, and how many outlines of them are looked
at."""

MISFIT, SHOWN, SIZE = 0.15, 0.25, 0.15
"""How much likelier an outline must be for each usual error by which it looks less like a page; how much counts what
the map shows of it and not round it; and how much a known size."""

ALONE = 0.85
"""So much more does the map show of a page that lies by itself than of what is round it."""

AFAR_STEPS, FROM_AFAR = 3.0, 0.5
"""In what steps the sides of what was looked at closely are looked at once more, just where they are, and how much it
counts: what is round a sheet tells more than its edge. Of 84 searches in booth scenes and 167 in drawn heaps (seeds
from 40000 and 30000 on) that considered an outline of 0.85 or more 72 and 66 chose one of 0.98, without it 69 and 56,
with a weight of 2 63 and 68; the best that was considered had it in 74 and 90."""

LINE_ASKEW, ASKEW = 0.3, 0.5
"""How much counts against a line that what is written beside it does not run along, and against an outline of such. Of
80 drawn heaps as a video shows them (seeds 30000 to 30109) 22 are found to 0.98 with it, 14 without."""

BY_ITSELF, KEPT = 0.1, 0.25
"""What the first look saw, too, and round which the map shows no more than this of other pages, counts so much more:
the second look's net for sides is made for heaps. SmartDoc's background 01 has .9905 with it and .9863 without."""

ANOTHER_PX, MOST_AHEAD = 12.0, 0.75
"""From here on another outline is another one, and from here on it is no rival."""

APART_PX = 6.0
"""Two lines of a side, or two outlines, are one when none of their ends are further apart."""

Lines = NDArray[np.float64]
"""`(n, 5)`: how likely each is a page's side, where it starts and where it ends."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """An outline and what is round it, where it is: how likely its sides are from afar, and how far what is written
    does not run along them; each 0 to 1."""

    outline: Outline
    from_afar: float
    askew: float
    alone: bool
    """The first look saw it, too, and it lies by itself (asked only where no size can tell)."""

    @classmethod
    def of(cls, desk: Desk, outline: Outline, *, first: bool = False) -> Self:
        corners = outline.corners
        from_afar = seen_at(desk.ground, SideLines.of(corners), AFAR_STEPS)
        return cls(
            outline,
            float(all_in_all(from_afar)),
            _written(desk, corners).askew(corners),
            first and desk.plane is None and outline.shares[1] <= BY_ITSELF,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The likeliest outline, with a side where its size puts it if it has none by itself; what was seen round it before
    that, and how far it was ahead of the next that is another one, 0 to 1."""

    outline: Outline
    place: InPlace
    ahead: float


def likeliest_among(desk: Desk, maps: Maps, guesses: Iterable[Points], before: Sequence[Points]) -> Choice | None:
    """The likeliest outline beside the guesses, in pixels of the small picture and clockwise, or one of those that were
    seen `before`, in pixels of the middle picture; None when there is none.

    What is plainly a page ends the search. Else up to 70 lines are sought beside each side, and some 50 outlines looked
    at: a quarter to half a second.
    """
    seen: list[Outline] = []
    for guess in islice(guesses, GUESSES):
        rough = (guess + 0.5) * desk.finer - 0.5
        plain = _plain(desk, maps, rough)
        if plain is not None:
            return plain
        written = _written(desk, rough)
        lines = seek_about(desk.ground, rough, SHIFTS, _turns_deg(desk, written, rough))
        seen += look_at_all(desk, maps, mixed(desk, likeliest_along(written, lines), rough), FAR)
    for _ in range(ROUNDS):
        if seen:
            like = seen[int(np.argmax(_likeness(desk, seen)))].corners
            lines = likeliest_along(_written(desk, like), sides_of(seen, like))
            seen += look_at_all(desk, maps, mixed(desk, lines, like), FAR)
    return _choice(desk, maps, seen, before)


def _written(desk: Desk, corners: Points) -> Written:
    """What is written within these corners; nothing where sizes can be told, which tell more: asked there, too, of the
    bench's 608 pages 601 are found instead of 602."""
    return Written.seen(desk.middle, corners) if desk.plane is None else Written.nothing()


def _turns_deg(desk: Desk, written: Written, rough: Points) -> list[tuple[float, ...]]:
    """How far lines beside each side are turned."""
    usual = FAR_TURNS_DEG if desk.plane is None else TURNS_DEG
    sides = zip(written.turns_deg(rough), written.decided >= DECIDED, strict=True)
    return [tuple(way + turn for turn in TURNS_DEG) if decided else usual for way, decided in sides]


def _plain(desk: Desk, maps: Maps, rough: Points) -> Choice | None:
    """The outline beside the guess, if nothing speaks against it."""
    far = look(desk, maps, rough, FAR)
    near = None if far is None else look(desk, maps, far.corners, CLOSE)
    if far is None or near is None or not near.plain:
        return None
    inside, outside = near.shares
    alone = inside - outside >= ALONE and float(desk.misfits(near.corners[None])[0]) <= ODDEST
    return Choice(near, InPlace.of(desk, near), 1.0) if alone else None


def _choice(desk: Desk, maps: Maps, seen: list[Outline], before: Sequence[Points]) -> Choice | None:
    """The likeliest of these, and of those before, when they are looked at closely."""
    likeliest = [outline.corners for outline in islice(_different(desk, seen), LOOKED_AT_CLOSELY)]
    close = [InPlace.of(desk, outline, first=True) for outline in look_at_all(desk, maps, before, CLOSE)]
    close += [InPlace.of(desk, outline) for outline in look_at_all(desk, maps, likeliest, CLOSE)]
    if not close:
        return None
    best = close[int(np.argmax(_likeness_in_place(desk, close)))]
    again = look_at_all(desk, maps, [best.outline.corners], CLOSE_AGAIN)
    close += [InPlace.of(desk, outline, first=best.alone) for outline in again]
    likeness = _likeness_in_place(desk, close)
    best = close[int(np.argmax(likeness))]
    others = [np.abs(each.outline.corners - best.outline.corners).max() > ANOTHER_PX for each in close]
    ahead = min(MOST_AHEAD, float(likeness.max() - likeness[others].max(initial=-1.0)))
    return Choice(sized(desk, maps, best.outline, [each.outline for each in close]), best, ahead / MOST_AHEAD)


def mixed(desk: Desk, sides: list[Lines], like: Points) -> Iterator[Points]:
    """The likeliest outlines of one of these lines for each side, that look like pages."""
    numbers = np.indices([len(lines) for lines in sides]).reshape(4, -1)
    lines = np.stack([lines[which] for lines, which in zip(sides, numbers, strict=True)], axis=1)
    outlines = meet(lines[..., 1:3], lines[..., 3:5], like)
    likely = all_in_all(lines[..., 0]) - MISFIT * desk.misfits(outlines)
    convex = (outline for outline in outlines[np.argsort(-likely)] if is_convex(outline))
    return islice(different(convex, APART_PX), MIXED)


def _likeness(desk: Desk, seen: list[Outline]) -> NDArray[np.float64]:
    """How nearly each looks like a page, `(n,)`; the more the better."""
    misfits = desk.misfits(np.array([outline.corners for outline in seen]).reshape(-1, 4, 2))
    shown = np.array([inside - outside for inside, outside in (outline.shares for outline in seen)])
    likely = np.array([outline.likely for outline in seen])
    fits = np.array([desk.fit(outline.corners) or 0.0 for outline in seen])
    likeness: NDArray[np.float64] = likely - MISFIT * misfits + SHOWN * shown + SIZE * fits
    return likeness


def _likeness_in_place(desk: Desk, close: list[InPlace]) -> NDArray[np.float64]:
    """`_likeness`, with what is round them."""
    round_them = [FROM_AFAR * each.from_afar - ASKEW * each.askew + KEPT * each.alone for each in close]
    likeness: NDArray[np.float64] = _likeness(desk, [each.outline for each in close]) + round_them
    return likeness


def _different(desk: Desk, seen: list[Outline]) -> Iterator[Outline]:
    """The likeliest first, without those that are nearly the same as one before."""
    if not seen:
        return iter(())
    likeness = _likeness(desk, seen)
    written = _written(desk, seen[int(np.argmax(likeness))].corners)
    askew = np.array([written.askew(outline.corners) for outline in seen])
    order = (seen[place] for place in np.argsort(-(likeness - ASKEW * askew)))
    return different(order, ANOTHER_PX, lambda outline: outline.corners)


def sides_of(seen: list[Outline], like: Points) -> list[Lines]:
    """For each side of the outline `like` the lines that the others have there."""
    met: list[list[NDArray[np.float64]]] = [[], [], [], []]
    for outline in seen:
        # Corners begin with the upper left, which may be another one of a page that is turned a little.
        first = min(range(4), key=lambda k: float(np.abs(np.roll(outline.corners, -k, axis=0) - like).sum()))
        starts, likely = np.roll(outline.corners, -first, axis=0), np.roll(outline.moved.seen, -first)
        for side, line in enumerate(np.column_stack((likely, starts, np.roll(starts, -1, axis=0)))):
            met[side].append(line)
    return [np.array(lines) for lines in met]


def likeliest_along(written: Written, sides: Sequence[Lines]) -> list[Lines]:
    """The likeliest of each side, less what is written beside it does not run along."""
    off = [LINE_ASKEW * written.off(side, lines[:, 1:3], lines[:, 3:5]) for side, lines in enumerate(sides)]
    return [
        _likeliest(np.column_stack((lines[:, 0] - away, lines[:, 1:]))) for lines, away in zip(sides, off, strict=True)
    ]


def _likeliest(lines: Lines) -> Lines:
    """The likeliest that are apart from each other."""
    order = lines[np.argsort(-lines[:, 0])]
    return np.array(list(islice(different(order, APART_PX, lambda line: line[1:]), LINES)))
