"""How a page travels from the booth's outbox to the center's store: HTTPS, by offset, verified by SHA-256.

    POST  /api/booth/pages                       PageAnnounced          201, or 200 when it is known already
    HEAD  /api/booth/pages/{page_id}/{part}      Upload-Offset          200
    PATCH /api/booth/pages/{page_id}/{part}      Upload-Offset + bytes  204 + Upload-Offset

`part` is `light` (a small JPEG that the clerk sees at once), `full`, or `frame`: the camera's untouched picture that
the page was made of, kept as evidence and sent last. A PATCH whose offset is not the center's gets
409 with the right `Upload-Offset`. When the last byte is there the center compares the hash: a wrong one is 422
`wrong_hash`, and the part starts again at 0. Every request carries `Welcome`'s token as `Authorization: Bearer`.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocol.fields import Count, Id, Label, Message, Milliseconds, Sha256

MAX_PAGE_BYTES = 64 * 1024 * 1024
MAX_LIGHT_BYTES = 1024 * 1024
CHUNK_BYTES = 512 * 1024
"""One PATCH; small enough that a lost link costs little on 4G."""

OFFSET_HEADER = "Upload-Offset"


class PagePart(StrEnum):
    LIGHT = "light"
    FULL = "full"
    FRAME = "frame"


class FlawKind(StrEnum):
    """What may be wrong with a page. A clerk may take it all the same; then its flaws stay with it as marks."""

    BLURRED = "blurred"
    GLARE = "glare"
    CUT_OFF = "cut_off"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    COVERED = "covered"
    EMPTY = "empty"


Thousandths = Annotated[int, Meta(ge=0, le=1000)]


class Box(Message, frozen=True):
    """A part of a page, in thousandths of its width and height."""

    x: Thousandths
    y: Thousandths
    width: Thousandths
    height: Thousandths


class Flaw(Message, frozen=True):
    """`where` is empty for what concerns the whole page."""

    kind: FlawKind
    where: Annotated[list[Box], Meta(max_length=12)] = field(default_factory=list)


class PageAnnounced(Message, frozen=True):
    """Everything the center must know of a page before its bytes come. Announcing it twice changes nothing."""

    page_id: Id
    command_id: Id
    affair_id: Id
    sha256: Sha256
    size_bytes: Annotated[int, Meta(ge=1, le=MAX_PAGE_BYTES)]
    light_sha256: Sha256
    light_size_bytes: Annotated[int, Meta(ge=1, le=MAX_LIGHT_BYTES)]
    width_px: Count
    height_px: Count
    taken_at_ms: Milliseconds
    device: Label
    flat: bool
    """False when no outline was found and the page is the whole frame."""
    frame_sha256: Sha256 | None = None
    frame_size_bytes: Annotated[int, Meta(ge=1, le=MAX_PAGE_BYTES)] | None = None
    """The evidence: None from a booth that does not keep it."""
    size: Label | None = None
    """The known size that the page was taken for, e.g. `A4`; the page is at 300 dpi in any case."""
    seen_dpi: Count = 0
    """What the camera resolved of it; 0 when nothing is known."""
    turned: Annotated[int, Meta(ge=0, le=3)] = 0
    """By how many quarter turns clockwise it was turned upright."""
    upright: bool = False
    """Whether which way up it belongs was certain."""
    outline: Annotated[list[Annotated[float, Meta(ge=-1, le=2)]], Meta(max_length=8)] = field(default_factory=list)
    """The page's corners in the frame, x and y as parts of its width and height, clockwise from the upper left; where
    it is not `flat`, where a page may lie."""
    flaws: Annotated[list[Flaw], Meta(max_length=12)] = field(default_factory=list)
