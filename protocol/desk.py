"""What the document camera sees, and the part of its frame that the clerk looks at closely."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocol.errors import ErrorCode
from protocol.fields import Count, Message
from protocol.pages import FlawKind

FULL_SPAN = 10_000
"""A region is counted in ten-thousandths of the frame's width and height."""
LEAST_SPAN = 1_000
"""Ten times enlarged; a camera of 4000 pixels then gives 400."""


class Region(Message, frozen=True):
    """The part of the document camera's frame that its live picture shows: `span` of both width and height."""

    x: Annotated[int, Meta(ge=0, le=FULL_SPAN - LEAST_SPAN)] = 0
    y: Annotated[int, Meta(ge=0, le=FULL_SPAN - LEAST_SPAN)] = 0
    span: Annotated[int, Meta(ge=LEAST_SPAN, le=FULL_SPAN)] = FULL_SPAN


class RegionWanted(Message, frozen=True, tag="region_wanted"):
    """The clerk looks closer: show this region of the desk, at the camera's own sharpness.

    It holds until another is wanted, or the visit ends.
    """

    region: Region


class DeskState(StrEnum):
    """What the document camera sees, as a person is told it."""

    EMPTY = "empty"
    MOVING = "moving"
    """Something lies there and is being moved."""
    STILL = "still"
    """It lies still: hold on, it is about to be taken."""
    TAKEN = "taken"
    """What lies there was taken already: turn the page, or take it away."""
    DOUBT = "doubt"
    """It lies still, but its outline is not certain: the clerk decides."""
    FLAWED = "flawed"
    """It was looked at and has a flaw: lay it again."""
    BLIND = "blind"
    """The camera does not see: `trouble` says why."""


class Outline(Message, frozen=True):
    """Corners as parts of the frame's width and height: x, y clockwise from the upper left."""

    corners: Annotated[list[Annotated[float, Meta(ge=-1, le=2)]], Meta(min_length=8, max_length=8)]


class DeskSeen(Message, frozen=True, tag="desk_seen"):
    """What the document camera sees now; each one replaces the one before. `aspect` is the frame's width over height.

    `wanted`: a page is ordered just now, `more`: one after another. `taken` counts the pages of that order, `shots` all
    that the booth has taken: when it grows, the shutter is heard.
    """

    state: DeskState
    aspect: Annotated[float, Meta(gt=0, le=10)]
    outlines: Annotated[list[Outline], Meta(max_length=8)] = field(default_factory=list)
    wanted: bool = False
    more: bool = False
    taken: Count = 0
    shots: Count = 0
    flaw: FlawKind | None = None
    trouble: ErrorCode | None = None
