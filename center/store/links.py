"""The center's side of each link: what it has from a booth, and what the booth has not acknowledged yet.

The same rules as `protocol.stream`, in SQL, so that numbers and messages are written in the transaction of their cause.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from center.store.schema import link_out, links
from center.store.store import Transaction
from protocol.errors import ErrorCode, ProtocolError
from protocol.messages import CenterMessage
from protocol.stream import MAX_BACKLOG

_messages: msgspec.json.Decoder[CenterMessage] = msgspec.json.Decoder(CenterMessage)


class Link(NamedTuple):
    """`down_since_ms` is None while the link is up. `overflowed`: messages were lost, only a new epoch helps."""

    epoch: str
    received: int
    sent: int
    down_since_ms: int | None
    overflowed: bool
    catalogue_sha256: str


async def load(tx: Transaction, booth_id: str) -> Link | None:
    row = await tx.row(select(links).where(links.c.booth_id == booth_id))
    if row is None:
        return None
    return Link(row.epoch, row.received, row.sent, row.down_since_ms, row.overflowed, row.catalogue_sha256)


async def is_up(tx: Transaction, booth_id: str) -> bool:
    link = await load(tx, booth_id)
    return link is not None and link.down_since_ms is None


async def begin_epoch(tx: Transaction, booth_id: str, epoch: str) -> None:
    """Both streams begin anew: the booth process that knew the older one is gone."""
    await tx.run(delete(link_out).where(link_out.c.booth_id == booth_id))
    fresh = {"epoch": epoch, "received": 0, "sent": 0, "overflowed": False, "catalogue_sha256": ""}
    row = insert(links).values(booth_id=booth_id, down_since_ms=None, **fresh)
    await tx.run(row.on_conflict_do_update(index_elements=["booth_id"], set_=fresh))


async def set_up(tx: Transaction, booth_id: str) -> None:
    await tx.run(update(links).where(links.c.booth_id == booth_id).values(down_since_ms=None))


async def set_down(tx: Transaction, booth_id: str, now_ms: int) -> None:
    """A link that is down already keeps the time since when."""
    up = (links.c.booth_id == booth_id) & links.c.down_since_ms.is_(None)
    await tx.run(update(links).where(up).values(down_since_ms=now_ms))


async def set_received(tx: Transaction, booth_id: str, n: int) -> None:
    await tx.run(update(links).where(links.c.booth_id == booth_id).values(received=n))


async def set_catalogue(tx: Transaction, booth_id: str, sha256: str) -> None:
    await tx.run(update(links).where(links.c.booth_id == booth_id).values(catalogue_sha256=sha256))


async def still_up(tx: Transaction) -> Sequence[str]:
    """The booths whose links are up, as far as the table says."""
    rows = await tx.rows(select(links.c.booth_id).where(links.c.down_since_ms.is_(None)))
    return [row.booth_id for row in rows]


async def put(tx: Transaction, booth_id: str, message: CenterMessage) -> int | None:
    """Number a message and keep it until it is acknowledged.

    None when it can't be kept: the booth was never linked, or has been away for so long that the backlog is full. Its
    next epoch begins with the whole state.
    """
    link = await load(tx, booth_id)
    if link is None or link.overflowed:
        return None
    waiting = await tx.row(select(func.count()).select_from(link_out).where(link_out.c.booth_id == booth_id))
    if waiting is not None and waiting[0] >= MAX_BACKLOG:
        await tx.run(update(links).where(links.c.booth_id == booth_id).values(overflowed=True))
        return None
    n = link.sent + 1
    sealed = tx.seal.seal(msgspec.json.encode(message), f"link_out.{booth_id}.{n}")
    await tx.run(insert(link_out).values(booth_id=booth_id, n=n, body_sealed=sealed))
    await tx.run(update(links).where(links.c.booth_id == booth_id).values(sent=n))
    return n


async def acknowledged(tx: Transaction, booth_id: str, ack: int) -> None:
    """Forget what the booth has. Raises `ProtocolError` for a number that was never sent."""
    link = await load(tx, booth_id)
    if link is None or ack > link.sent:
        raise ProtocolError(ErrorCode.OUT_OF_ORDER, "an acknowledgement of what was not sent")
    await tx.run(delete(link_out).where(link_out.c.booth_id == booth_id, link_out.c.n <= ack))


async def pending(tx: Transaction, booth_id: str) -> list[tuple[int, CenterMessage]]:
    """What the booth has not, in order."""
    rows = await tx.rows(select(link_out).where(link_out.c.booth_id == booth_id).order_by(link_out.c.n))
    return [(row.n, _messages.decode(tx.seal.open(row.body_sealed, f"link_out.{booth_id}.{row.n}"))) for row in rows]
