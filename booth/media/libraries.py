"""The codec libraries that PyAV brings, for what PyAV does not pass on: a bitrate that changes, concealment."""

import ctypes
import ctypes.util
import functools
from pathlib import Path

import av


class LibraryMissing(Exception):
    """Neither PyAV's own copy nor the system's is there, or it is of a version whose structures are not known."""


@functools.cache
def codec_library(name: str) -> ctypes.CDLL:
    """`vpx` or `opus`: the copy that PyAV was shipped with, else the system's. Raises `LibraryMissing`."""
    folder = Path(av.__file__).parent.parent / "av.libs"
    found = [str(path) for path in sorted(folder.glob(f"lib{name}-*.so*"))]
    system = ctypes.util.find_library(name) if not found else None
    for path in [*found, *([system] if system else [])]:
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    raise LibraryMissing(f"lib{name} is not there")
