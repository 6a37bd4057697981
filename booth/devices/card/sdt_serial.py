"""A SAM_V module on a serial port. The only place that knows pyserial and its exceptions."""

import termios
from collections.abc import Iterator
from contextlib import contextmanager

import serial

from booth.devices.card.sdt_line import SLICE_S, LineLost

BAUD = 115200
"""8N1 at 115200 (GA/T 467-2019)."""
WRITE_S = 1.0

_LOST = (serial.SerialException, OSError, termios.error)
"""What pyserial raises when the port is away. `termios.error` (from `reset_input_buffer`) is neither of the others."""


class SerialWire:
    """An open port as a `Wire`."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port

    @property
    def name(self) -> str:
        return str(self._port.port)

    def write(self, data: bytes) -> None:
        with _translated():
            self._port.write(data)

    def read(self) -> bytes:
        with _translated():
            return bytes(self._port.read(max(1, self._port.in_waiting)))

    def drop_input(self) -> None:
        with _translated():
            self._port.reset_input_buffer()


@contextmanager
def open_serial(port: str) -> Iterator[SerialWire]:
    """Open the port for this program alone. Raises `LineLost`."""
    with _translated():
        opened = serial.Serial(port, BAUD, timeout=SLICE_S, write_timeout=WRITE_S, exclusive=True)
    try:
        yield SerialWire(opened)
    finally:
        with _translated():
            opened.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        raise LineLost(type(error).__name__) from error
