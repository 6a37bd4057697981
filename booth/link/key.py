"""The booth's Ed25519 key: a file that its owner alone can read, made when the booth is enrolled."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from booth.errors import ConfigError

KEY_BYTES = 32


def load_key(path: Path) -> Ed25519PrivateKey:
    """The key in the file. Raises `ConfigError` when the booth is not enrolled, or others could read the file."""
    return Ed25519PrivateKey.from_private_bytes(load_secret(path, "the booth is not enrolled: run `enroll CODE` first"))


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """The key in the file; when there is none, a new one, written to the disk before it is used."""
    if path.exists():
        return load_key(path)
    key = Ed25519PrivateKey.generate()
    write_secret(path, key.private_bytes_raw())
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def load_secret(path: Path, when_absent: str) -> bytes:
    """32 secret bytes from a file of mode 0600."""
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(when_absent) from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    if mode & 0o077:
        raise ConfigError(f"{path} can be read by others: chmod 600 it, and enrol anew if they could have")
    if len(secret) != KEY_BYTES:
        raise ConfigError(f"{path} is not a key of {KEY_BYTES} bytes")
    return secret


def write_secret(path: Path, secret: bytes) -> None:
    """Either the whole file is on the disk afterwards, readable by its owner alone, or there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, it fails when the file is there already
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in the folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
