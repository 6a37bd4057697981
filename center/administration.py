"""What an administrator does from the command line, beside the running center or without it."""

import re
import secrets
from pathlib import Path

import msgspec

from center.config import CenterConfig
from center.core.affair import Entry, EntryKind
from center.errors import ConfigError
from center.passwords import MIN_LENGTH, Passwords
from center.store import booths, clerks, journal
from center.store.store import Store, create_store, open_store
from protocol.fields import BoothId, Wording

CODE_LASTS_MS = 24 * 3_600_000
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that are mistaken for one another when a code is read out."""


def make_store(config: CenterConfig) -> None:
    """Raises `ConfigError` when there is a store already. Blocks."""
    create_store(config.store.folder, config.store.key_path)


def open_configured(config: CenterConfig) -> Store:
    """Raises `ConfigError` when there is none. Blocks."""
    return open_store(config.store.folder, config.store.key_path)


def read_password(file: Path | None) -> tuple[str, bool]:
    """The password in the file's first line, or a new one; and whether it is new. Raises `ConfigError`."""
    if file is None:
        return secrets.token_urlsafe(12), True
    try:
        password = file.read_text("utf-8").split("\n", 1)[0].strip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: can't be read") from error
    if len(password) < MIN_LENGTH:
        raise ConfigError(f"{file}: the password needs at least {MIN_LENGTH} characters")
    return password, False


def check_name(name: str) -> None:
    """Raises `ConfigError` for a log-in name that nobody could type."""
    if not re.fullmatch(r"\S(.{0,38}\S)?", name):
        raise ConfigError("a clerk's name has 1 to 40 characters, without space at its ends")


async def add_clerk(
    store: Store,
    *,
    name: str,
    display_name: str,
    counter: str,
    role: str,
    password: str,
    now_ms: int,
    passwords: Passwords | None = None,
) -> str:
    """The new clerk's id. Raises `ConfigError` when the name is taken."""
    check_name(name)
    clerk_id = secrets.token_urlsafe(9)
    password_hash = (passwords or Passwords()).hash(password)
    async with store.write() as tx:
        await clerks.add(
            tx,
            clerk_id=clerk_id,
            name=name,
            display_name=display_name,
            role=role,
            counter=counter,
            password_hash=password_hash,
        )
        await journal.append(tx, "administrator", clerk_id, [Entry(EntryKind.CLERK_ADDED, {"role": role})], now_ms)
    return clerk_id


async def issue_code(store: Store, booth_id: str, name: Wording, address: Wording, now_ms: int) -> str:
    """A one-time code that enrols the booth; its present key stays until the code is used. Raises `ConfigError`."""
    try:
        msgspec.convert(booth_id, BoothId)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{booth_id}: a booth's id has small letters, digits and -") from error
    code = "-".join("".join(secrets.choice(_CODE_LETTERS) for _ in range(5)) for _ in range(4))
    async with store.write() as tx:
        await booths.put(tx, booth_id, name, address)
        await booths.put_code(tx, booth_id, code, now_ms + CODE_LASTS_MS)
        await journal.append(tx, "administrator", booth_id, [Entry(EntryKind.ENROLMENT_ISSUED)], now_ms)
    return code
