"""A hand scanner on a serial line: a burst of characters for each code, ended by CR or LF."""

import asyncio
import logging
import termios
import threading
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

import serial

from booth.devices.code.interface import LONGEST, CodeEvent, CodeSeen, is_code
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

log = logging.getLogger(__name__)

BAUD = 9600
"""8N1 at 9600: what hand scanners are delivered with. A USB virtual port does not care."""
SLICE_S = 0.1
"""How long one wait for bytes lasts: what stopping costs at most."""
BURST_S = 0.5
"""A line that is silent for so long in the middle of a code will not end it: the rest is dropped."""
AGAIN_S = 1.0
WAITING = 4
"""Codes and changes that may wait for their consumer; one more is dropped, for nobody shows so many."""

_LOST = (serial.SerialException, OSError, termios.error)
"""What pyserial raises when the port is away; `termios.error` is neither of the others."""


class Lines:
    """Bytes to codes. Pure; knows at most one unfinished code, of at most `LONGEST` characters."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[str]:
        """The codes that end in these bytes. What is too long, too short or no text is dropped whole."""
        codes = []
        for byte in data:
            if byte in b"\r\n":
                if not self._too_long and (code := _as_code(bytes(self._begun))) is not None:
                    codes.append(code)
                self.drop()
            elif len(self._begun) >= 4 * LONGEST:
                self._too_long = True
                self._begun.clear()
            elif not self._too_long:
                self._begun.append(byte)
        return codes

    def drop(self) -> None:
        """Forget what was begun."""
        self._begun.clear()
        self._too_long = False


def _as_code(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    return text if is_code(text) else None


class SerialScanner:
    """A `CodeReader`. It can be entered once; unplugged, it is looked for until it is back."""

    kind = DeviceKind.CODE_SCANNER

    def __init__(self, port: str) -> None:
        self._port = port
        self._wanted = False
        self._events: asyncio.Queue[CodeEvent | None] = asyncio.Queue(WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"code scanner {port}", daemon=True)

    def __repr__(self) -> str:
        return f"SerialScanner({self._port!r})"

    def want(self, wanted: bool) -> None:
        self._wanted = wanted

    def wipe(self) -> None:
        """What was scanned and not taken yet is gone."""
        kept = []
        while not self._events.empty():
            event = self._events.get_nowait()
            if not isinstance(event, CodeSeen):
                kept.append(event)
        for event in kept:
            self._events.put_nowait(event)

    async def events(self) -> AsyncIterator[CodeEvent]:
        """Ends when the scanner is left."""
        while (event := await self._events.get()) is not None:
            yield event

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            await self._ended.wait()
            self._thread.join()

    # --- In the event loop ---

    def _arrived(self, event: CodeEvent) -> None:
        if isinstance(event, CodeSeen) and not self._wanted:
            return
        if self._events.full():
            log.warning("%r: an event was dropped, nobody takes them", self)
            return
        self._events.put_nowait(event)

    def _end(self) -> None:
        while self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(None)
        self._ended.set()

    # --- In the thread ---

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with serial.Serial(self._port, BAUD, timeout=SLICE_S, exclusive=True) as line:
                    self._post(DeviceStatus(self.kind, DeviceState.READY))
                    self._listen(line)
            except _LOST as error:
                log.info("%r: %s", self, type(error).__name__)
                self._post(DeviceStatus(self.kind, DeviceState.ABSENT, ErrorCode.READER_ABSENT))
            except Exception:  # supervises the device: a driver's surprise must not end the scanner for good
                log.exception("%r failed", self)
                self._post(DeviceStatus(self.kind, DeviceState.FAULTED, ErrorCode.DEVICE_FAILED))
            self._stop.wait(AGAIN_S)
        self._in_loop(self._end)

    def _listen(self, line: serial.Serial) -> None:
        lines, silent_s = Lines(), 0.0
        while not self._stop.is_set():
            data = line.read(max(1, line.in_waiting))
            silent_s = 0.0 if data else silent_s + SLICE_S
            if silent_s >= BURST_S:
                lines.drop()
            for code in lines.feed(data):
                self._post(CodeSeen(code))

    def _post(self, event: CodeEvent) -> None:
        self._in_loop(lambda: self._arrived(event))

    def _in_loop(self, call: Callable[[], None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            self._stop.set()  # the loop is closed: nobody is left to tell
