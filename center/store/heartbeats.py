"""How the media participants of each affair fared: one row a participant and ten seconds, kept for a while."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select

from center.store.schema import media_heartbeats
from center.store.store import Transaction
from protocol.media import NetworkGrade


@dataclass(frozen=True, slots=True)
class Heartbeat:
    at_ms: int
    affair_id: str
    participant: str
    reports: int
    lost_in_permille: int
    lost_out_permille: int
    round_trip_ms: int | None
    received_kbps: int
    sent_kbps: int
    freezes: int
    grade: NetworkGrade


async def add(tx: Transaction, heartbeats: Sequence[Heartbeat]) -> None:
    for each in heartbeats:
        await tx.run(media_heartbeats.insert().values(**asdict(each)))


async def of_affair(tx: Transaction, affair_id: str) -> list[Heartbeat]:
    """In the order of time."""
    columns = [column for column in media_heartbeats.c if column.name != "id"]
    rows = await tx.rows(
        select(*columns).where(media_heartbeats.c.affair_id == affair_id).order_by(media_heartbeats.c.id)
    )
    return [Heartbeat(**{**row._asdict(), "grade": NetworkGrade(row.grade)}) for row in rows]


async def prune(tx: Transaction, *, before_ms: int) -> None:
    await tx.run(delete(media_heartbeats).where(media_heartbeats.c.at_ms < before_ms))
