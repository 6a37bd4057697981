"""A recording's segments on the disk: one sealed file each, in a folder of their recording.

A file is written piece by piece, each sealed by itself with the recording's own key and bound to its place; while it is
written it is called `.part`. A crash leaves whole pieces and at most one that is cut off. Forgetting the key is
forgetting the recording. Everything here blocks.
"""

import hashlib
import os
import shutil
import struct
from pathlib import Path

from center.errors import StoreError
from center.store.keys import Seal

_PIECE = struct.Struct(">I")
"""Before each piece: its length, sealed."""
MOST_PIECE_BYTES = 16_000_000


class SegmentFile:
    """A segment that is being written. Raises `OSError`, after which it is of no more use but to be closed."""

    def __init__(self, folder: Path, recording_id: str, number: int, seal: Seal) -> None:
        self._folder, self._recording_id, self._number, self._seal = folder, recording_id, number, seal
        self._sha256 = hashlib.sha256()
        self._pieces = 0
        self.size_bytes = 0
        """Of what was written, before it was sealed."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(_part(folder, number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    @property
    def sha256(self) -> str:
        """Of what was written, before it was sealed."""
        return self._sha256.hexdigest()

    def write(self, data: bytes) -> None:
        sealed = self._seal.seal(data, _place(self._recording_id, self._number, self._pieces))
        _write_all(self._descriptor, _PIECE.pack(len(sealed)) + sealed)
        self._sha256.update(data)
        self._pieces += 1
        self.size_bytes += len(data)

    def finish(self) -> None:
        """Bring it to the disk under its name."""
        os.fsync(self._descriptor)
        self.close()
        _part(self._folder, self._number).rename(segment_path(self._folder, self._number))
        _sync_folder(self._folder)

    def close(self) -> None:
        """Closing twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __repr__(self) -> str:
        return f"SegmentFile({self._recording_id!r}, {self._number})"


def numbers(folder: Path) -> list[int]:
    """The whole segments that are there, in order."""
    return sorted(int(path.stem) for path in folder.glob("*.segment"))


def parts(folder: Path) -> list[int]:
    """The segments that were being written when something ended them."""
    return sorted(int(path.stem) for path in folder.glob("*.part"))


def next_number(folder: Path) -> int:
    return max([0, *numbers(folder), *parts(folder)]) + 1


def read_segment(folder: Path, recording_id: str, number: int, key: bytes) -> bytes:
    """What was written. Raises `StoreError` when it is not there, was changed, or does not open with this key."""
    try:
        sealed = segment_path(folder, number).read_bytes()
    except OSError as error:
        raise StoreError(f"segment {number} of recording {recording_id}: {error.strerror}") from error
    data, whole = _open_pieces(sealed, recording_id, number, Seal(key))
    if not whole:
        raise StoreError(f"segment {number} of recording {recording_id}: its end is missing")
    return data


def rescue_part(folder: Path, recording_id: str, number: int, key: bytes) -> bytes | None:
    """Make a segment of what a crash left of one, up to the last whole piece; its content, or None when there is none.

    Raises `StoreError`.
    """
    path = _part(folder, number)
    try:
        data, _ = _open_pieces(path.read_bytes(), recording_id, number, Seal(key))
        if data:
            _cut(path)
            path.rename(segment_path(folder, number))
        else:
            path.unlink()
        _sync_folder(folder)
    except OSError as error:
        raise StoreError(f"segment {number} of recording {recording_id}: {error.strerror}") from error
    return data or None


def erase(folder: Path) -> None:
    """Remove a recording's folder; harmless when there is none. Raises `StoreError`."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from error


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.segment"


def _part(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.part"


def _place(recording_id: str, number: int, piece: int) -> str:
    return f"recording {recording_id}.{number}.{piece}"


def _open_pieces(sealed: bytes, recording_id: str, number: int, seal: Seal) -> tuple[bytes, bool]:
    """The pieces' content, and whether nothing of a further piece is there."""
    data, at, piece = bytearray(), 0, 0
    while at + _PIECE.size <= len(sealed):
        (length,) = _PIECE.unpack_from(sealed, at)
        end = at + _PIECE.size + length
        if length > MOST_PIECE_BYTES or end > len(sealed):
            break
        data += seal.open(sealed[at + _PIECE.size : end], _place(recording_id, number, piece))
        at, piece = end, piece + 1
    return bytes(data), at == len(sealed)


def _cut(path: Path) -> None:
    """Take away what is behind the last whole piece."""
    with path.open("r+b") as file:
        end, at = file.seek(0, os.SEEK_END), 0
        while at + _PIECE.size <= end:
            file.seek(at)
            (length,) = _PIECE.unpack(file.read(_PIECE.size))
            if at + _PIECE.size + length > end:
                break
            at += _PIECE.size + length
        file.truncate(at)
        os.fsync(file.fileno())


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
