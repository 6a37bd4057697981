"""The document store: images, encrypted, in files that are named after their content.

A document's address is the SHA-256 of its plain bytes; its file is called after an HMAC of the address, so that a list
of the folder does not say which known document is there. Parts under way lie in `incoming/`, each acknowledged piece
sealed and on the disk. The async methods run the blocking ones in a thread.
"""

import asyncio
import errno
import hashlib
import os
import secrets
import struct
from pathlib import Path

from center.errors import DeskError, StoreError
from center.store.keys import Keys
from protocol.errors import ErrorCode
from protocol.pages import PagePart

CONTENT_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
"""What begins with these bytes is what (ISO 10918-1, B.2.1; ISO 15948, 5.2)."""

_PIECE = struct.Struct(">II")
"""Before each piece of a part under way: its length, plain and sealed."""


def content_type_of(data: bytes) -> str | None:
    """The type of an image, by its first bytes; None for anything else."""
    return next((kind for magic, kind in CONTENT_TYPES.items() if data.startswith(magic)), None)


class Documents:
    def __init__(self, folder: Path, keys: Keys) -> None:
        self._documents = folder / "documents"
        self._incoming = folder / "incoming"
        self._keys = keys

    # --- Whole documents ---

    async def put(self, data: bytes) -> str:
        """Store a document; its address. Storing it twice is harmless. Raises `DeskError(disk_full)`.

        Cancelling leaves either the whole document or nothing under its address.
        """
        return await asyncio.to_thread(self._put, data)

    async def get(self, address: str) -> bytes:
        """Raises `StoreError` when it is not there or is not what was stored."""
        return await asyncio.to_thread(self._get, address)

    # --- Parts under way ---

    async def offset(self, page_id: str, part: PagePart) -> int:
        """How many bytes of a part are on the disk."""
        return await asyncio.to_thread(self._offset, page_id, part)

    async def append(self, page_id: str, part: PagePart, chunk: bytes) -> int:
        """Add to a part; the new offset. What this returned for is on the disk. Raises `DeskError(disk_full)`, with the
        part as it was before."""
        return await asyncio.to_thread(self._append, page_id, part, chunk)

    async def assemble(self, page_id: str, part: PagePart) -> bytes:
        """All bytes of a part under way."""
        return await asyncio.to_thread(self._assemble, page_id, part)

    async def discard(self, page_id: str, part: PagePart) -> None:
        """Forget a part under way; harmless when there is none."""
        await asyncio.to_thread(self._path(page_id, part).unlink, missing_ok=True)

    # --- The blocking side ---

    def _file(self, address: str) -> Path:
        name = self._keys.name_of(address)
        return self._documents / name[:2] / name

    def _put(self, data: bytes) -> str:
        address = hashlib.sha256(data).hexdigest()
        path = self._file(address)
        if path.exists():
            return address
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _write(temporary, self._keys.documents.seal(data, f"document {address}"))
                temporary.rename(path)
            finally:
                temporary.unlink(missing_ok=True)
            for folder in (path.parent, self._documents, self._documents.parent):
                _sync_folder(folder)
        except OSError as error:
            raise _translated(error) from error
        return address

    def _get(self, address: str) -> bytes:
        try:
            sealed = self._file(address).read_bytes()
        except OSError as error:
            raise StoreError(f"document {address}: {error.strerror}") from error
        data = self._keys.documents.open(sealed, f"document {address}")
        if hashlib.sha256(data).hexdigest() != address:
            raise StoreError(f"document {address}: its content has another hash")
        return data

    def _path(self, page_id: str, part: PagePart) -> Path:
        return self._incoming / f"{page_id}.{part}"

    def _pieces(self, page_id: str, part: PagePart) -> list[tuple[int, int, int]]:
        """(position, plain length, sealed length) of each whole piece; what a crash cut off was not acknowledged."""
        pieces, position = [], 0
        try:
            with self._path(page_id, part).open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                while position + _PIECE.size <= end:
                    file.seek(position)
                    plain, sealed = _PIECE.unpack(file.read(_PIECE.size))
                    if position + _PIECE.size + sealed > end:
                        break
                    pieces.append((position, plain, sealed))
                    position += _PIECE.size + sealed
        except FileNotFoundError:
            pass
        return pieces

    def _offset(self, page_id: str, part: PagePart) -> int:
        return sum(plain for _, plain, _ in self._pieces(page_id, part))

    def _append(self, page_id: str, part: PagePart, chunk: bytes) -> int:
        pieces = self._pieces(page_id, part)
        end = pieces[-1][0] + _PIECE.size + pieces[-1][2] if pieces else 0
        sealed = self._keys.documents.seal(chunk, f"{page_id}.{part}.{len(pieces)}")
        path = self._path(page_id, part)
        try:
            self._incoming.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.ftruncate(descriptor, end)
                try:
                    _write_all(descriptor, _PIECE.pack(len(chunk), len(sealed)) + sealed, end)
                    os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, end)
                    raise
            finally:
                os.close(descriptor)
            if not pieces:
                _sync_folder(self._incoming)
        except OSError as error:
            raise _translated(error) from error
        return sum(plain for _, plain, _ in pieces) + len(chunk)

    def _assemble(self, page_id: str, part: PagePart) -> bytes:
        pieces = self._pieces(page_id, part)
        if not pieces:
            return b""
        data = bytearray()
        with self._path(page_id, part).open("rb") as file:
            for n, (position, _, sealed) in enumerate(pieces):
                file.seek(position + _PIECE.size)
                data += self._keys.documents.open(file.read(sealed), f"{page_id}.{part}.{n}")
        return bytes(data)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write_all(descriptor, data, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, position)
        view, position = view[written:], position + written


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _translated(error: OSError) -> DeskError | StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DeskError(ErrorCode.DISK_FULL)
    return StoreError(f"the disk failed: {error.strerror}")
