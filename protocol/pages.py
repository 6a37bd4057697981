"""How a page travels from the booth's outbox to the center's store: HTTPS, by offset, verified by SHA-256.

    POST  /api/booth/pages                       PageAnnounced          201, or 200 when it is known already
    HEAD  /api/booth/pages/{page_id}/{part}      Upload-Offset          200
    PATCH /api/booth/pages/{page_id}/{part}      Upload-Offset + bytes  204 + Upload-Offset

`part` is `light` (a small JPEG that the clerk sees at once) or `full`. A PATCH whose offset is not the center's gets
409 with the right `Upload-Offset`. When the last byte is there the center compares the hash: a wrong one is 422
`wrong_hash`, and the part starts again at 0. Every request carries `Welcome`'s token as `Authorization: Bearer`.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from protocol.fields import Count, Id, Label, Message, Milliseconds, Sha256

MAX_PAGE_BYTES = 64 * 1024 * 1024
MAX_LIGHT_BYTES = 1024 * 1024
CHUNK_BYTES = 512 * 1024
"""One PATCH; small enough that a lost link costs little on 4G."""

OFFSET_HEADER = "Upload-Offset"


class PagePart(StrEnum):
    LIGHT = "light"
    FULL = "full"


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
