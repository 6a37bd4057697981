"""Clerks' passwords: Argon2id, off the event loop."""

import asyncio
import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

MIN_LENGTH = 10


class Passwords:
    """The parameters are argon2-cffi's defaults (RFC 9106, 4, second option) unless a test wants cheaper ones."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = _of_nobody(self._hasher)

    def hash(self, password: str) -> str:
        """Blocks for some tens of milliseconds."""
        return self._hasher.hash(password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right. Without a hash it is not, and finding that out takes as long."""
        return await asyncio.to_thread(self._verify, password_hash, password)

    def _verify(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None


def _of_nobody(hasher: PasswordHasher) -> str:
    """A hash that no password has. Trying one on it takes as long as on a clerk's; making it takes no time."""
    salt, digest = (_base64(secrets.token_bytes(length)) for length in (hasher.salt_len, hasher.hash_len))
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${costs}${salt}${digest}"


def _base64(data: bytes) -> str:
    """Without padding, as in argon2's encoded hashes."""
    return base64.b64encode(data).rstrip(b"=").decode()
