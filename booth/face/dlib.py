"""Comparing with dlib, each time in a new process: what it knew of a face is gone with it."""

import asyncio
import contextlib
import struct
import sys

import msgspec

from booth.errors import DeviceError
from booth.face.interface import Likeness
from booth.face.worker import weights
from protocol.errors import ErrorCode

ALIKE_DISTANCE = 0.6
"""The author's threshold for one person."""


class _Answer(msgspec.Struct):
    distance: float | None = None
    missing: str | None = None


_answers = msgspec.json.Decoder(_Answer)


class DlibComparer:
    """A `Comparer`. `command` starts the worker."""

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-m", "booth.face.worker")) -> None:
        self._command = command

    @property
    def is_ready(self) -> bool:
        return weights() is not None

    async def compare(self, photo: bytes, picture: bytes) -> Likeness:
        """See `Comparer.compare`. Cancelling it ends the process."""
        worker = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            said, _ = await worker.communicate(b"".join(struct.pack(">I", len(one)) + one for one in (photo, picture)))
        finally:
            if worker.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    worker.kill()
                await worker.wait()
        try:
            answer = _answers.decode(said)
        except msgspec.MsgspecError as error:
            raise DeviceError(ErrorCode.DEVICE_FAILED, f"the worker ended with {worker.returncode}") from error
        if answer.distance is None:
            raise DeviceError(ErrorCode.FACE_NOT_FOUND, f"no face in the {answer.missing}")
        return likeness(answer.distance)


def likeness(distance: float) -> Likeness:
    """A distance of 0 is a score of 100, of 1 and more 0; one person's faces are 40 and more."""
    score = round(100 * (1 - min(max(distance, 0.0), 1.0)))
    return Likeness(score, alike=distance <= ALIKE_DISTANCE)
