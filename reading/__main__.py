"""`python -m reading`: the reader's process. It answers `protocol.reading`'s frames on its standard input and output.

It ends when its input does. It opens no socket, writes no file (a limit of the system keeps it from that), has a
bounded memory and leaves no core dump. Nothing of a page is ever printed: its errors go out as codes.
"""

import os
import resource
import sys
from datetime import date
from typing import BinaryIO

import msgspec

from protocol.reading import (
    LENGTH,
    MAX_FRAME_BYTES,
    Answer,
    ReaderAbsent,
    ReaderReady,
    ReadPage,
    frame,
    request_of,
)

MAX_ADDRESS_BYTES = 2 * 1024**3
"""Address space; the libraries alone take 0.6 GB of it without using it. What is resident stays under 1 GB: measured
0.6 GB with A4 pages, see docs/benchmarks.md."""

NICENESS = 5
"""Below the center's own work: live pictures go before reading."""

EXIT_ABSENT = 3


def main() -> int:
    requests, answers = _take_pipes()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, MAX_ADDRESS_BYTES)
    os.nice(NICENESS)
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[library] = "1"  # read when the libraries are loaded, below
    try:
        from reading.serving import Server

        server = Server()
    except ImportError as error:
        _send(answers, ReaderAbsent((error.name or "rapidocr")[:80]))
        return EXIT_ABSENT
    _limit(resource.RLIMIT_FSIZE, 0)
    _send(answers, ReaderReady())
    while (request := _next(requests)) is not None:
        _send(answers, server.answer(request, date.today()))
    return 0


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our two pipes, out of reach of libraries that print or ask."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return requests, answers


def _next(requests: BinaryIO) -> ReadPage | None:
    """The next request; None when the center is gone or says what is none."""
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > MAX_FRAME_BYTES:
        return None
    body = requests.read(length)
    try:
        return request_of(body) if len(body) == length else None
    except msgspec.DecodeError:
        return None


def _send(answers: BinaryIO, answer: Answer) -> None:
    try:
        answers.write(frame(answer))
        answers.flush()
    except BrokenPipeError:
        os._exit(0)  # the center is gone; nobody is left to be told


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    sys.exit(main())
