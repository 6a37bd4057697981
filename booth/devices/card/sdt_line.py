"""The serial line to a SAM_V module: one request, one reply. The only place that knows pyserial and its exceptions."""

import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import serial

from booth.devices.card.sdt_frames import Deframer, Reply, as_reply, frame

BAUD = 115200
"""8N1 at 115200 (GA/T 467-2019)."""
SLICE_S = 0.05
"""How long one wait for bytes lasts: what stopping costs at most."""

_LOST = (serial.SerialException, OSError, termios.error)
"""What pyserial raises when the port is away. `termios.error` (from `reset_input_buffer`) is neither of the others."""


class LineLost(Exception):
    """The port is away, or can't be opened."""


class SdtLine:
    """An open line. `ask` may be called by one thread."""

    def __init__(self, port: serial.Serial, stopping: Callable[[], bool]) -> None:
        self._port = port
        self._stopping = stopping
        self._reply_owed = True
        """A reply may still come to a command that was given up, here or by the program that had the port before."""

    def ask(self, command: bytes, timeout_s: float) -> Reply | None:
        """The reply to a command; None when none came in time, or when the thread must stop. Raises `LineLost`.

        Frames don't say what they answer. What came before the command is dropped; after a command that was given up,
        so is what comes until the line is quiet.
        """
        deframer, until_s = Deframer(), time.monotonic() + timeout_s
        with _translated():
            if self._reply_owed:
                self._wait_for_quiet(until_s)
            self._port.reset_input_buffer()
            self._port.write(frame(command))
            self._reply_owed = True
            while not self._stopping() and time.monotonic() < until_s:
                for body in deframer.feed(self._port.read(max(1, self._port.in_waiting))):
                    if (reply := as_reply(body)) is not None:
                        self._reply_owed = False
                        return reply
        return None

    def _wait_for_quiet(self, until_s: float) -> None:
        while time.monotonic() < until_s and not self._stopping():
            if not self._port.read(max(1, self._port.in_waiting)):
                return


@contextmanager
def open_line(port: str, stopping: Callable[[], bool]) -> Iterator[SdtLine]:
    """Open the port for this program alone. Raises `LineLost`."""
    with _translated():
        opened = serial.Serial(port, BAUD, timeout=SLICE_S, write_timeout=1.0, exclusive=True)
    try:
        yield SdtLine(opened, stopping)
    finally:
        with _translated():
            opened.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        raise LineLost(type(error).__name__) from error
