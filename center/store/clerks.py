"""Clerks, their log-ins, and the log-ins that failed."""

import hashlib
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from center.errors import ConfigError
from center.store.schema import clerks, log_ins, login_failures
from center.store.store import Transaction
from protocol.counter import ClerkView


class Credential(NamedTuple):
    clerk_id: str
    password_hash: str

    def __repr__(self) -> str:
        return f"Credential(clerk_id={self.clerk_id!r})"


async def add(
    tx: Transaction, *, clerk_id: str, name: str, display_name: str, role: str, counter: str, password_hash: str
) -> None:
    """Raises `ConfigError` when the name is taken."""
    try:
        await tx.run(
            insert(clerks).values(
                clerk_id=clerk_id,
                name=name,
                display_name=display_name,
                role=role,
                counter=counter,
                password_hash=password_hash,
            )
        )
    except IntegrityError as error:
        raise ConfigError("a clerk of that name is there already; choose another name") from error


async def credential(tx: Transaction, name: str) -> Credential | None:
    row = await tx.row(select(clerks.c.clerk_id, clerks.c.password_hash).where(clerks.c.name == name))
    return Credential(row.clerk_id, row.password_hash) if row else None


async def log_in(tx: Transaction, token: str, clerk_id: str, now_ms: int, expires_at_ms: int) -> None:
    """Keep the hash of a new log-in's token; log-ins that are over go."""
    await tx.run(delete(log_ins).where(log_ins.c.expires_at_ms <= now_ms))
    await tx.run(insert(log_ins).values(token_sha256=_sha256(token), clerk_id=clerk_id, expires_at_ms=expires_at_ms))


async def log_out(tx: Transaction, token: str) -> str | None:
    """The clerk whose log-in ended; None when there was none."""
    ended = delete(log_ins).where(log_ins.c.token_sha256 == _sha256(token)).returning(log_ins.c.clerk_id)
    row = (await tx.run(ended)).first()
    return row.clerk_id if row else None


async def of_token(tx: Transaction, token: str, now_ms: int) -> ClerkView | None:
    row = await tx.row(
        select(clerks)
        .join(log_ins, log_ins.c.clerk_id == clerks.c.clerk_id)
        .where(log_ins.c.token_sha256 == _sha256(token), log_ins.c.expires_at_ms > now_ms)
    )
    return ClerkView(row.clerk_id, row.display_name, row.role, row.counter) if row else None


async def failures(tx: Transaction, name: str, remote: str, since_ms: int) -> tuple[int, int]:
    """How many log-ins failed since then: of this name, from this address."""
    recent = login_failures.c.at_ms > since_ms
    counts = []
    for condition in (login_failures.c.name_sha256 == _sha256(name), login_failures.c.remote == remote):
        row = await tx.row(select(func.count()).select_from(login_failures).where(recent, condition))
        counts.append(int(row[0]) if row else 0)
    return counts[0], counts[1]


async def failed(tx: Transaction, name: str, remote: str, now_ms: int, forget_before_ms: int) -> None:
    await tx.run(delete(login_failures).where(login_failures.c.at_ms <= forget_before_ms))
    await tx.run(insert(login_failures).values(name_sha256=_sha256(name), remote=remote, at_ms=now_ms))


async def forgive(tx: Transaction, name: str) -> None:
    """The clerk is in: earlier failures of the name were slips."""
    await tx.run(delete(login_failures).where(login_failures.c.name_sha256 == _sha256(name)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
