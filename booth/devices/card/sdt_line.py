"""The line to a SAM_V module, whatever it is made of: one request, one reply."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from booth.devices.card.sdt_frames import Deframer, Reply, as_reply, frame

SLICE_S = 0.05
"""How long one wait for bytes lasts: what stopping costs at most."""


class LineLost(Exception):
    """The module's line is away, or can't be opened."""


class Wire(Protocol):
    """Bytes to the module and back. Every call raises `LineLost` when the reader was unplugged."""

    @property
    def name(self) -> str:
        """Where the reader is, for a person."""
        ...

    def write(self, data: bytes) -> None: ...

    def read(self) -> bytes:
        """What is there, or what comes within a slice; empty when nothing did."""
        ...

    def drop_input(self) -> None:
        """Forget what came and was not read."""
        ...


OpenWire = Callable[[], AbstractContextManager[Wire]]
"""Opens the reader for this program alone; entering raises `LineLost`."""


class SdtLine:
    """An open line. `ask` may be called by one thread."""

    def __init__(self, wire: Wire, stopping: Callable[[], bool]) -> None:
        self._wire = wire
        self._stopping = stopping
        self._reply_owed = True
        """A reply may still come to a command that was given up, here or by the program that had the line before."""

    @property
    def name(self) -> str:
        return self._wire.name

    def ask(self, command: bytes, timeout_s: float) -> Reply | None:
        """The reply to a command; None when none came in time, or when the thread must stop. Raises `LineLost`.

        Frames don't say what they answer. What came before the command is dropped; after a command that was given up,
        so is what comes until the line is quiet.
        """
        deframer, until_s = Deframer(), time.monotonic() + timeout_s
        if self._reply_owed:
            self._wait_for_quiet(until_s)
        self._wire.drop_input()
        self._wire.write(frame(command))
        self._reply_owed = True
        while not self._stopping() and time.monotonic() < until_s:
            for body in deframer.feed(self._wire.read()):
                if (reply := as_reply(body)) is not None:
                    self._reply_owed = False
                    return reply
        return None

    def _wait_for_quiet(self, until_s: float) -> None:
        while time.monotonic() < until_s and not self._stopping():
            if not self._wire.read():
                return
