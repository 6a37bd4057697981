"""A picture of the desk, ready for the search: what is sought in it, how it compares with the empty desk, how large
what lies there is; as a whole or a part of it from nearer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.mat import MatReference, unknown
from booth.documents.plane import DeskPlane
from booth.documents.quad import Points
from booth.documents.shape import misfits
from booth.documents.shrink import shrink
from booth.documents.strips import FIRST_LOOK, NEARER_LOOK, Ground

MIDDLE_PX = 960
"""The long side of the picture in which sides are sought: two and a half times as fine as the search picture."""

FINE_PX = 576
"""The long side of the picture that is searched for what the first look missed: things that lie side by side part."""

FITS = 0.012
"""How far off a known size the sides of an outline may be, relatively: of 106 right ones of 80 booth scenes that have
a known size all are within 0.007, of wrong ones none is within 0.09."""

UNFIT = 0.02
"""From here on it does not have that size at all."""

ROUND, CLOSER, LEAST_CLOSER_PX = 0.3, 0.75, 400
"""Round what is looked at more closely so much of its length is seen, too; it is not when that is no smaller than so
much of the picture, or has fewer pixels than this."""


Placing = Callable[[Points, DeskPlane, float, float], Iterator[tuple[int, Points]]]


@dataclass(frozen=True, slots=True)
class Desk:
    """One picture: `middle`, in which sides are sought, `small`, in which pages are, and how that compares with the
    empty desk; and the plane in which pages lie, if that is known."""

    middle: Image
    small: Image
    against: Image
    known: bool
    """Whether there is a picture of the empty desk to compare with."""
    plane: DeskPlane | None
    begins: Points
    """`(2,)`: where in the whole picture, at the middle picture's scale, it begins; and the whole one's size there."""
    whole_px: tuple[float, float]
    net: str = FIRST_LOOK
    """That sides are sought by."""

    @classmethod
    def of(cls, image: Image, mat: MatReference | None, plane: DeskPlane | None) -> Self:
        middle = shrink(image, MIDDLE_PX)
        small = shrink(middle)
        against = unknown(small) if mat is None else mat.compared(small)
        known = mat is not None and mat.fits(small)
        return cls(middle, small, against, known, plane, np.zeros(2), (middle.shape[1], middle.shape[0]))

    def finely(self) -> Self:
        """The same, with a finer picture in which pages are sought, for the second look.

        Its net for sides is for where nobody knows how large things are. Where that is known, sizes decide, and of 608
        pages of the bench 598 are found by it, 602 by that of the first look, which more desks were drawn for.
        """
        small = shrink(self.middle, FINE_PX)
        net = NEARER_LOOK if self.plane is None else FIRST_LOOK
        edges = np.array((0.0, 0.0, *self.small.shape[1::-1]))
        return replace(self, small=small, against=_part_of(self.against, edges, small), net=net)

    def closer(self, image: Image, box: Points) -> Self | None:
        """The part of the picture round this box, as if the camera were nearer; None where that shows no more.

        `image` is what the desk was made of, `box` is in pixels of the small picture.
        """
        scale = image.shape[1] / self.small.shape[1]
        low, high = (box.min(axis=0) + 0.5) * scale, (box.max(axis=0) + 0.5) * scale
        room = ROUND * float((high - low).max())
        left, top = (max(0, int(edge)) for edge in np.floor(low - room))
        right, bottom = (
            min(most, int(edge)) for edge, most in zip(np.ceil(high + room), image.shape[1::-1], strict=True)
        )
        if not LEAST_CLOSER_PX <= max(right - left, bottom - top) <= CLOSER * max(image.shape[:2]):
            return None
        middle = shrink(np.ascontiguousarray(image[top:bottom, left:right]), MIDDLE_PX)
        small = shrink(middle)
        finer = middle.shape[1] / (right - left)
        against = _part_of(self.against, np.array((left, top, right, bottom)) / scale, small)
        begins, whole_px = np.array((left, top)) * finer, (image.shape[1] * finer, image.shape[0] * finer)
        return type(self)(middle, small, against, self.known, self.plane, begins, whole_px, self.net)

    @property
    def ground(self) -> Ground:
        return Ground(self.middle, self.against, self.net)

    @property
    def finer(self) -> float:
        """How much larger the middle picture is than the small one."""
        return float(self.middle.shape[1] / self.small.shape[1])

    def whole(self, corners: Points) -> Points:
        """Corners in the middle picture as they are in the whole one, at the same scale."""
        return corners + self.begins

    def misfits(self, outlines: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each of these, `(n, 4, 2)` in the middle picture, is from looking like a page (`shape.misfits`)."""
        return misfits(outlines + self.begins, *self.whole_px)

    def parts(self, places: Points) -> Points:
        """Places in the small picture as parts of the whole one's width and height."""
        return ((places + 0.5) * self.finer + self.begins) / self.whole_px

    def fit(self, corners: Points) -> float | None:
        """How nearly what lies there has a known size, 0 to 1; None where nobody knows how large it is."""
        if self.plane is None:
            return None
        return max(0.0, 1 - self.plane.nearest(self.whole(corners), *self.whole_px)[1] / UNFIT)

    def size_fits(self, corners: Points) -> bool:
        """Whether what lies there has a known size, as far as anybody knows how large it is."""
        return self.plane is not None and self.plane.nearest(self.whole(corners), *self.whole_px)[1] <= FITS

    def placed(self, by: Placing, corners: Points) -> Iterator[tuple[int, Points]]:
        """Outlines of a known size that have a part of this one, with the number of a side or a corner; none where
        nobody knows how large things are."""
        if self.plane is not None:
            for number, outline in by(self.whole(corners), self.plane, *self.whole_px):
                yield number, outline - self.begins

    def askew(self, corners: Points) -> bool:
        """Whether what lies there is no rectangle, as far as anybody knows."""
        return self.plane is not None and self.plane.askew(self.whole(corners), *self.whole_px) > FITS


def _part_of(against: Image, edges: NDArray[np.float64], small: Image) -> Image:
    """What lies between the edges (left, top, right, bottom) of the comparison, in the size of a small picture."""
    left, top, right, bottom = edges
    height, width = small.shape[:2]
    x = (np.arange(width) + 0.5) * (right - left) / width + left - 0.5
    y = (np.arange(height) + 0.5) * (bottom - top) / height + top - 0.5
    across, down = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    part = cv2.remap(against, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(part, dtype=np.uint8)
