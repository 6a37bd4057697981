"""What a clerk does to a page without touching it: turns, marks, corners.

A page's image is evidence and never changes. A turn is a number, marks are layers of their own, and corners that were
adjusted by hand make a new page out of the kept frame, which takes the older one's place.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from protocol.fields import Id, Label, Message, Personal

FULL_SCALE = 10_000
"""A place on a page is counted in ten-thousandths of its width and height, whatever its resolution."""

Place = Annotated[int, Meta(ge=0, le=FULL_SCALE)]
Quarters = Annotated[int, Meta(ge=0, le=3)]
"""Quarter turns, clockwise."""

Corners = Annotated[list[Place], Meta(min_length=8, max_length=8)]
"""x0, y0 … x3, y3 of an outline in the frame: the page's upper left corner first, then clockwise."""

MOST_MARKS = 100


class MarkKind(StrEnum):
    PEN = "pen"
    BOX = "box"
    NOTE = "note"


class Mark(Personal, frozen=True):
    """One mark over a page: a line of the pen, a box by two of its corners, or a note at a place.

    `points` is x0, y0, x1, y1 … on the page as it was taken, before any turn.
    """

    kind: MarkKind
    points: Annotated[list[Place], Meta(min_length=2, max_length=2000)]
    text: Label = ""

    @property
    def is_whole(self) -> bool:
        """Whether there are as many points as its kind needs."""
        count = len(self.points)
        match self.kind:
            case MarkKind.PEN:
                return count >= 4 and count % 2 == 0
            case MarkKind.BOX:
                return count == 4
            case MarkKind.NOTE:
                return count == 2 and self.text.strip() != ""


class Remake(Message, frozen=True):
    """Make this page again out of the frame that the booth kept, within these corners."""

    page_id: Id
    corners: Corners
