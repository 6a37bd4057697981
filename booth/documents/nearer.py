"""A second look, from nearer, at what the first was not sure of or did not see.

Pages are sought once more in a finer picture, by a net that knows heaps of sheets, photographs and hands. What it shows
is cut out of the full picture as if the camera were nearer, and there every edge is looked at (`among`).

Where the desk's plane is known, a page may be known by its size alone. So what the net takes for a page that goes on
outside the frame is looked at, too (a hand that holds a card comes from there), and all that is new on the desk where
it takes a part for a page (a photograph's white border on a white mat, a picture with nothing printed on it).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.among import Choice, likeliest_among
from booth.documents.desk import Desk
from booth.documents.maps import LIKELY, NEARER_LOOK, Map, Maps, see
from booth.documents.mat import UNKNOWN
from booth.documents.quad import Points
from booth.documents.rough import heaps

NEW = 24
"""From here on what lies there differs from the empty desk (`MatReference.compared`): by 8 %. White paper on a white
mat does not, but what is printed on it does."""

LEAST_SHOWN = 20
"""Cells of something new that the net must take for a page; cups and arms have none."""

SAME = 0.02
"""Of the picture's long side: two views whose boxes are no further apart show the same."""

View = Callable[[Desk, Maps], Map]
"""What of a part of the desk may be a page, 0 to 1."""


def look_from_nearer(
    image: Image, desk: Desk, sure: Sequence[Points], doubtful: Sequence[Points]
) -> Iterator[tuple[Desk, Choice]]:
    """Each outline that is seen, in the middle picture of a part of the desk, and that part.

    `desk` was made of `image`; `sure` are outlines in pixels of it under which nothing else is sought, `doubtful` those
    that are weighed with what is seen.
    """
    whole = desk.finely()
    maps = see(whole.small, whole.against, NEARER_LOOK)
    look = _Look(image, whole, maps, list(sure), doubtful)
    yield from look.at(_pages)
    if desk.plane is not None:
        for view in (_parts_of_pages, _new) if desk.known else (_parts_of_pages,):
            yield from (seen for seen in look.at(view, cut=True) if _fits(*seen))


@dataclass(frozen=True, slots=True)
class _Look:
    """`known` and `looked_at` grow: what was seen and has a known size is not sought again, nor is a box."""

    image: Image
    whole: Desk
    maps: Maps
    known: list[Points]
    doubtful: Sequence[Points]
    looked_at: list[Points] = field(default_factory=list)

    def at(self, view: View, *, cut: bool = False) -> Iterator[tuple[Desk, Choice]]:
        """What is seen from nearer of what this view shows; with `cut` of what reaches the frame's edge, too."""
        for core in (core for heap in heaps(view(self.whole, self.maps), cut=cut) for core in heap.cores()):
            box = self._in(self.whole, core)
            place = box.mean(axis=0)
            if not any(_lies_on(outline, place) for outline in self.known) and self._is_new(box):
                part = self.whole.closer(self.image, core)
                maps = self.maps if part is None else see(part.small, part.against, NEARER_LOOK)
                yield from self._seen_at(place, part or self.whole, maps, view, cut)

    def _seen_at(self, place: Points, part: Desk, maps: Maps, view: View, cut: bool) -> Iterator[tuple[Desk, Choice]]:
        """What lies at a place of the picture, of all that the view shows of this part of the desk."""
        scale = part.whole_px[0] / self.image.shape[1]
        before = [(outline + 0.5) * scale - 0.5 - part.begins for outline in self.doubtful if _lies_on(outline, place)]
        for heap in heaps(view(part, maps), cut=cut):
            cores = heap.cores()
            if any(_lies_on(self._in(part, core), place) for core in cores):
                choice = likeliest_among(part, maps, (cores[0], *heap.guesses), before)
                if choice is not None:
                    if _fits(part, choice):
                        self.known.append((part.whole(choice.outline.corners) + 0.5) / scale - 0.5)
                    yield part, choice

    def _is_new(self, box: Points) -> bool:
        """Whether no view has shown just that before; from now on one has."""
        most = SAME * max(self.image.shape[:2])
        if any(np.abs(box - other).max() <= most for other in self.looked_at):
            return False
        self.looked_at.append(box)
        return True

    def _in(self, part: Desk, box: Points) -> Points:
        """A box in the part's small picture in pixels of the whole one."""
        height, width = self.image.shape[:2]
        in_picture: Points = part.parts(box) * (width, height) - 0.5
        return in_picture


def _pages(desk: Desk, maps: Maps) -> Map:
    return maps.pages


def _parts_of_pages(desk: Desk, maps: Maps) -> Map:
    shown: Map = np.maximum(maps.pages, maps.cut)
    return shown


def _new(desk: Desk, maps: Maps) -> Map:
    """With all that hangs together with it and is not as on the empty desk."""
    shown = _parts_of_pages(desk, maps)
    away = np.abs(desk.against.astype(np.int16) - UNKNOWN).max(axis=2).astype(np.uint8)
    smaller = cv2.resize(away, shown.shape[::-1], interpolation=cv2.INTER_AREA)
    count, labels = cv2.connectedComponents((smaller > NEW).astype(np.uint8))
    likely = np.bincount(labels[shown > LIKELY], minlength=count) >= LEAST_SHOWN
    likely[0] = False
    with_it: Map = np.where(likely[labels], np.float32(1), shown)
    return with_it


def _fits(part: Desk, choice: Choice) -> bool:
    return part.size_fits(choice.outline.corners)


def _lies_on(outline: Points, place: Points) -> bool:
    x, y = place.tolist()
    return cv2.pointPolygonTest(outline.astype(np.float32), (x, y), False) >= 0
