"""A second look, from nearer, at what the first was not sure of or did not see.

Pages are sought once more in a finer picture, by a net that knows heaps of sheets, photographs and hands. What it shows
is cut out of the full picture as if the camera were nearer, and there every edge is looked at (`among`).
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.among import Choice, likeliest_among
from booth.documents.desk import Desk
from booth.documents.maps import NEARER_LOOK, Maps, see
from booth.documents.quad import Points
from booth.documents.rough import heaps


def look_from_nearer(image: Image, desk: Desk, sure: Sequence[Points]) -> Iterator[tuple[Desk, Choice]]:
    """Each outline that is seen, in the middle picture of a part of the desk, and that part.

    `desk` was made of `image`; `sure` are outlines in pixels of it under which nothing else is sought.
    """
    whole = desk.finely()
    shown = see(whole.small, whole.against, NEARER_LOOK)
    for core in (core for heap in heaps(shown) for core in heap.cores()):
        place = _in(image, whole, core).mean(axis=0)
        if not any(_lies_on(outline, place) for outline in sure):
            closer = whole.closer(image, core)
            if closer is None:
                yield from _seen_at(image, whole, shown, place)
            else:
                yield from _seen_at(image, closer, see(closer.small, closer.against, NEARER_LOOK), place)


def _seen_at(image: Image, part: Desk, maps: Maps, place: Points) -> Iterator[tuple[Desk, Choice]]:
    """What lies at a place of the picture, of all that the maps of this part of the desk show."""
    for heap in heaps(maps):
        cores = heap.cores()
        if any(_lies_on(_in(image, part, core), place) for core in cores):
            choice = likeliest_among(part, maps, (cores[0], *heap.guesses))
            if choice is not None:
                yield part, choice


def _in(image: Image, part: Desk, box: Points) -> Points:
    """A box in the part's small picture in pixels of the whole one."""
    height, width = image.shape[:2]
    in_picture: Points = part.parts(box) * (width, height) - 0.5
    return in_picture


def _lies_on(outline: Points, place: Points) -> bool:
    x, y = place.tolist()
    return cv2.pointPolygonTest(outline.astype(np.float32), (x, y), False) >= 0
