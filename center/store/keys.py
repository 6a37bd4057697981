"""The store's one secret, and what is derived from it.

Everything personal is sealed with AES-256-GCM (NIST SP 800-38D) before it touches the disk. Each use has a key of its
own (HKDF-SHA-256, RFC 5869), so what was sealed as a column can't be passed off as a document.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from center.errors import ConfigError, StoreError

KEY_BYTES = 32
NONCE_BYTES = 12


class Seal:
    """Seals and opens bytes, bound to a place (table and id, or address): moved elsewhere they do not open."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, data: bytes, place: str) -> bytes:
        # A random nonce is safe for 2**32 messages under one key (SP 800-38D, 8.3).
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises `StoreError` when the bytes were changed, moved or sealed with another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise StoreError(f"{place}: does not open with this key") from error

    def __repr__(self) -> str:
        return "Seal()"


class Keys:
    """What is derived from the key file. `name_of` hides which content a document file holds."""

    def __init__(self, secret: bytes) -> None:
        self.columns = Seal(_derive(secret, b"columns"))
        self.documents = Seal(_derive(secret, b"documents"))
        self._names = _derive(secret, b"names")

    def name_of(self, address: str) -> str:
        return hmac.new(self._names, address.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "Keys()"


def create_key_file(path: Path) -> None:
    """Write a new secret, readable by this user alone. Raises `ConfigError` when the file is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())


def load_keys(path: Path) -> Keys:
    """Raises `ConfigError` when the file is absent, of another length, or readable by others."""
    try:
        secret, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; run `bangban-center init` first") from error
    if len(secret) != KEY_BYTES:
        raise ConfigError(f"{path}: not a key file ({KEY_BYTES} bytes)")
    if mode & 0o077:
        raise ConfigError(f"{path}: must be readable by its owner alone (chmod 600)")
    return Keys(secret)


def _derive(secret: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"bangban center " + use).derive(secret)
