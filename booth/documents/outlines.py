"""From guesses to the outline of a page: its sides are sought near them, far off where they are hardly seen, and where
its size puts them when they can't be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.desk import Desk
from booth.documents.hidden import placed_at_corner, placed_by_size
from booth.documents.maps import Maps, page_shares
from booth.documents.quad import Points, order_corners
from booth.documents.strips import Moved, SideLines, joined, move, move_all, seek_outside, seek_side, seen_at

LOOKS = ((1.0, 1.0), (2.0, 1.0))
"""In what steps sides are sought, one look after the other: closely, and first for what lies far off or askew."""

PLAIN = 0.75
"""So likely a page's are the sides of an outline beside which no other guess is looked at."""

WEAK, MOST_MENDED, WORTH_MENDING = 0.7, 2, 2
"""A side that is less likely may be the end of a shadow or a shine: it is sought far inside and outside, too."""

ALIKE = 0.04
"""Of two outlines that are so nearly as likely the larger is the page, the other its frame or a band printed on it."""

SETTLING, SETTLED = (1.0, 0.5), 0.3
"""In what steps an outline settles, and how likely every side must be for it."""

SIZED = 0.08
"""How much a known size counts beside what is seen: of ten outlines of 160 booth scenes that had none and could be
given one, nine were right with it, up to 0.04 less likely, and the tenth, 0.11 less likely, wrong."""

PLACED_SEEN = 0.1
"""How much counts what is seen of a side just where a size puts it: a register's page and an A6 booklet are equally
wide, and half of that side may be in a shine."""

MAPS_WEIGH = 1.0
"""How much the maps' word counts beside the sides'."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Corners in the middle picture, what they were before the last look, what that look saw, the maps' shares
    (`page_shares`), and the number of a side that was not seen but placed."""

    corners: Points
    start: Points
    moved: Moved
    shares: tuple[float, float]
    placed: int | None = None

    @property
    def seen(self) -> NDArray[np.float64]:
        """How likely each side is a page's, of those that were sought."""
        return self.moved.seen if self.placed is None else np.delete(self.moved.seen, self.placed)

    @property
    def likely(self) -> float:
        return float(all_in_all(self.seen))

    @property
    def plain(self) -> bool:
        return self.likely >= PLAIN and float(self.moved.seen.min()) >= WEAK

    @property
    def worth(self) -> float:
        """How likely, with what the maps say of what lies inside and just outside."""
        inside, outside = self.shares
        return self.likely + MAPS_WEIGH * (inside - outside)

    def before(self, other: Self) -> bool:
        """Whether this is rather the page."""
        if abs(self.worth - other.worth) <= ALIKE and self._round(other) != other._round(self):
            return self._round(other)
        return self.worth > other.worth

    def _round(self, other: Self) -> bool:
        """Whether the other lies within this one, give or take two pixels."""
        outline = self.corners.astype(np.float32)
        return all(cv2.pointPolygonTest(outline, (float(x), float(y)), True) >= -2 for x, y in other.corners)


def all_in_all(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely outlines are a page's, `(…)`, by how likely each of their sides is, `(…, sides)`: the unlikeliest
    weighs most."""
    likely: NDArray[np.float64] = (seen.mean(axis=-1) + seen.min(axis=-1)) / 2
    return likely


def glanced_at(desk: Desk, maps: Maps, guesses: Iterable[Points]) -> Iterator[Outline]:
    """For a quick look: the outline to which each guess at a heap leads, which are in pixels of the small picture.
    They are looked at closely alone, all at once."""
    for outline in look_at_all(desk, maps, [_in_the_middle(desk, guess) for guess in guesses], LOOKS[0]):
        yield _ended(desk, maps, outline, [outline], quick=True)


def likeliest_outline(desk: Desk, maps: Maps, guesses: Iterable[Points]) -> Outline | None:
    """The outline to which one of the guesses at a heap leads. The first that is plainly a page's ends the search, else
    all are looked at, and the best of them mended."""
    seen: list[Outline] = []
    for outline in _looked_at(desk, maps, guesses):
        seen.append(outline)
        if outline.plain:
            break
    else:
        seen.sort(key=lambda outline: -outline.worth)
        seen += [_mended(desk, maps, outline) for outline in seen[:WORTH_MENDING]]
    best = _likeliest(seen)
    return None if best is None else _ended(desk, maps, best, seen, quick=False)


def _ended(desk: Desk, maps: Maps, best: Outline, seen: list[Outline], *, quick: bool) -> Outline:
    """The best of those that were seen, or where it has no known size, what its border or such a size make of it."""
    if desk.size_fits(best.corners):
        return best
    return sized(desk, maps, _widened(desk, maps, best), seen, quick=quick)


def sized(desk: Desk, maps: Maps, best: Outline, seen: list[Outline], *, quick: bool = False) -> Outline:
    """The best outline, or what its size puts elsewhere of it or of one of the others."""
    return _by_size(desk, maps, best, seen, quick=quick) or best


def _looked_at(desk: Desk, maps: Maps, guesses: Iterable[Points]) -> Iterator[Outline]:
    for guess in guesses:
        rough = _in_the_middle(desk, guess)
        for steps in LOOKS:
            outline = look(desk, maps, rough, steps)
            if outline is not None:
                yield outline


def _in_the_middle(desk: Desk, guess: Points) -> Points:
    """A guess in pixels of the middle picture."""
    return (guess + 0.5) * desk.finer - 0.5


def _likeliest(seen: list[Outline]) -> Outline | None:
    best: Outline | None = None
    for outline in seen:
        best = outline if best is None or outline.before(best) else best
    return best


def settled(desk: Desk, corners: Points) -> Points | None:
    """The corners of an outline that is nearly right, made exact; None when no page is seen there.

    What had a known size keeps it: a side that was placed is placed again.
    """
    found = _settled(desk, corners)
    if found is None or desk.plane is None or not desk.size_fits(corners) or desk.size_fits(found):
        return found
    placed = [again for _, again in desk.placed(placed_by_size, found)]
    return min(placed, key=lambda again: float(np.abs(again - corners).max()), default=None)


def _settled(desk: Desk, corners: Points) -> Points | None:
    found = _clockwise(corners)
    for steps in SETTLING:
        if found is None:
            return None
        moved = move(desk.ground, found, steps)
        found = _clockwise(moved.corners) if float(moved.seen.min()) >= SETTLED else None
    return found


def look(desk: Desk, maps: Maps, rough: Points, steps: Sequence[float]) -> Outline | None:
    """What is seen beside a rough outline, in pixels of the middle picture, by one look after the other in these steps;
    None when it is no convex outline, or none is left."""
    return next(look_at_all(desk, maps, [rough], steps), None)


def look_at_all(desk: Desk, maps: Maps, roughs: Iterable[Points], steps: Sequence[float]) -> Iterator[Outline]:
    """The same beside several; those that are no convex outline, or come to none, are left out."""
    left = [corners for corners in map(_clockwise, roughs) if corners is not None]
    seen: list[tuple[Points, Points, Moved]] = []
    for step in steps:
        moves = zip(left, move_all(desk.ground, left, step), strict=True)
        ended = [(_clockwise(moved.corners), start, moved) for start, moved in moves]
        seen = [(corners, start, moved) for corners, start, moved in ended if corners is not None]
        left = [corners for corners, _, _ in seen]
    return (Outline(corners, start, moved, _shares(desk, maps, corners)) for corners, start, moved in seen)


def _widened(desk: Desk, maps: Maps, outline: Outline) -> Outline:
    """With the border round what was found, if that was a picture with a border, or all but a coloured band."""
    for corners in seek_outside(desk.ground, outline.corners):
        glance = look(desk, maps, corners, LOOKS[0][:1])
        if glance is None or not glance.before(outline):
            continue
        again = look(desk, maps, glance.corners, LOOKS[0][1:])
        if again is not None and again.before(outline):
            outline = again
    return outline


def _mended(desk: Desk, maps: Maps, outline: Outline) -> Outline:
    """With the sides that are hardly seen where they are likelier, if there is such a place."""
    for side in np.argsort(outline.moved.seen)[:MOST_MENDED]:
        if outline.moved.seen[side] >= WEAK:
            break
        corners, likely = seek_side(desk.ground, outline.corners, int(side))
        again = look(desk, maps, corners, LOOKS[0]) if likely > outline.moved.seen[side] else None
        if again is not None and again.likely > outline.likely:
            outline = again
    return outline


def _by_size(desk: Desk, maps: Maps, best: Outline, seen: list[Outline], *, quick: bool) -> Outline | None:
    """What has a known size, if the best outline has none and three sides of one that was seen are a likelier page's
    with the fourth where that size puts it; or if there is one at a corner of the best, which is no rectangle."""
    if desk.plane is None or desk.size_fits(best.corners):
        return None
    placed = _placed(desk, maps, (best, *seen))
    if not quick and desk.askew(best.corners) and all(each.worth + SIZED <= best.worth for each in placed):
        for at in _corners(desk, maps, best):
            placed += [at] if desk.size_fits(at.corners) else _placed(desk, maps, [at])
    likeliest = max(placed, key=_worth_placed, default=best)
    return likeliest if likeliest is not best and likeliest.worth + SIZED > best.worth else None


def _placed(desk: Desk, maps: Maps, outlines: Iterable[Outline]) -> list[Outline]:
    """Outlines of a known size with three sides of one of these. The fourth sides are looked at all at once."""
    placings = [(one, *placing) for one in outlines for placing in desk.placed(placed_by_size, one.corners)]
    if not placings:
        return []
    chances = seen_at(desk.ground, joined(SideLines.of(corners).chosen([side]) for _, side, corners in placings))
    placed = []
    for (outline, side, corners), chance in zip(placings, chances, strict=True):
        seen = outline.moved.seen.copy()
        seen[side] = chance
        placed.append(Outline(corners, corners, replace(outline.moved, seen=seen), _shares(desk, maps, corners), side))
    return placed


def _worth_placed(outline: Outline) -> float:
    return outline.worth + (0.0 if outline.placed is None else PLACED_SEEN * float(outline.moved.seen[outline.placed]))


def _corners(desk: Desk, maps: Maps, outline: Outline) -> Iterator[Outline]:
    """What is seen beside outlines of a known size at the corners whose sides are likely a page's."""
    for corner, corners in desk.placed(placed_at_corner, outline.corners):
        if min(outline.moved.seen[corner], outline.moved.seen[corner - 1]) >= WEAK:
            at = look(desk, maps, corners, LOOKS[0])
            if at is not None:
                yield at


def _shares(desk: Desk, maps: Maps, corners: Points) -> tuple[float, float]:
    return page_shares(maps, (corners + 0.5) / desk.finer - 0.5)


def _clockwise(corners: Points) -> Points | None:
    """The corners clockwise as seen, or None when they make no convex outline."""
    try:
        return order_corners(corners).points
    except ValueError:
        return None
