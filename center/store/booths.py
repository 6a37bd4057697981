"""Booths and the one-time codes that enrol them."""

import hashlib

import msgspec
from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from center.store.schema import booths, enrolments, links
from center.store.store import Transaction
from protocol.counter import BoothRow
from protocol.devices import DeviceStatus
from protocol.fields import Wording

_devices = msgspec.json.Decoder(list[DeviceStatus])


async def put(tx: Transaction, booth_id: str, name: Wording, address: Wording) -> None:
    """Add a booth, or change its name and address; its key stays."""
    texts = {"name_zh": name.zh, "name_en": name.en, "address_zh": address.zh, "address_en": address.en}
    row = insert(booths).values(booth_id=booth_id, devices="[]", **texts)
    await tx.run(row.on_conflict_do_update(index_elements=["booth_id"], set_=texts))


async def put_code(tx: Transaction, booth_id: str, code: str, expires_at_ms: int) -> None:
    """A new one-time code; older ones of the booth end. Only its hash is kept."""
    await tx.run(delete(enrolments).where(enrolments.c.booth_id == booth_id))
    await tx.run(insert(enrolments).values(code_sha256=_sha256(code), booth_id=booth_id, expires_at_ms=expires_at_ms))


async def use_code(tx: Transaction, code: str, booth_id: str, now_ms: int) -> bool:
    """Whether the code was this booth's and still valid; it is not any more."""
    valid = (enrolments.c.code_sha256 == _sha256(code)) & (enrolments.c.booth_id == booth_id)
    used = await tx.run(
        delete(enrolments).where(valid, enrolments.c.expires_at_ms > now_ms).returning(enrolments.c.booth_id)
    )
    return used.first() is not None


async def set_key(tx: Transaction, booth_id: str, public_key: bytes) -> None:
    await tx.run(update(booths).where(booths.c.booth_id == booth_id).values(public_key=public_key))


async def key(tx: Transaction, booth_id: str) -> bytes | None:
    row = await tx.row(select(booths.c.public_key).where(booths.c.booth_id == booth_id))
    return row.public_key if row else None


async def set_devices(tx: Transaction, booth_id: str, devices: list[DeviceStatus]) -> None:
    text = msgspec.json.encode(devices).decode()
    await tx.run(update(booths).where(booths.c.booth_id == booth_id).values(devices=text))


async def rows(tx: Transaction) -> list[BoothRow]:
    """All booths that were ever enrolled, by id."""
    online = and_(links.c.booth_id.is_not(None), links.c.down_since_ms.is_(None)).label("online")
    found = await tx.rows(
        select(booths, online)
        .outerjoin(links, links.c.booth_id == booths.c.booth_id)
        .where(booths.c.public_key.is_not(None))
        .order_by(booths.c.booth_id)
    )
    return [
        BoothRow(
            booth_id=row.booth_id,
            name=Wording(row.name_zh, row.name_en),
            address=Wording(row.address_zh, row.address_en),
            online=bool(row.online),
            devices=_devices.decode(row.devices),
        )
        for row in found
    ]


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
