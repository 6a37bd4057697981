"""A reader with a SAM_V module that does not exist, on a pseudo-terminal: what a resident ID card reader says on its
serial line.

It behaves as public descriptions say that the real ones do: a card that was read is not found again until it is
lifted. What it holds is invented. `text_of` makes the 256 bytes that read as a given record.
"""

import os
import pty
import select
import shutil
import tempfile
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from booth.devices.card import sdt_frames as frames
from booth.devices.card.sdt_text import ETHNICITIES, LONG_TERM
from protocol.records import IdCard, Sex

PHOTO_BYTES = 1024
_BYTES_PER_S = 115200 / 10
_PIECE_BYTES = 64
_CODES = {name: code for code, name in ETHNICITIES.items()}
_SEX_CODES = {Sex.UNKNOWN: "0", Sex.MALE: "1", Sex.FEMALE: "2", Sex.UNSTATED: "9"}


def text_of(card: IdCard, kind: str = "") -> bytes:
    """The text of a card that reads as `card`; `kind` is its type: `J`, `I`, `Y`, or none for a resident card."""
    until = LONG_TERM if card.long_term else _digits(card.valid_until)
    fields = (
        (card.name, 30),
        (_SEX_CODES[card.sex], 2),
        (_CODES.get(card.ethnicity, card.ethnicity), 4),
        (_digits(card.birth_date), 16),
        (card.address, 70),
        (card.number, 36),
        (card.issuer, 30),
        (_digits(card.valid_from), 16),
        (until, 16),
        ("", 28),
        (kind, 2),
        ("", 6),
    )
    return b"".join(_padded(text, size_bytes) for text, size_bytes in fields)


@dataclass
class LaidCard:
    """A card in the field, and what the module did with it."""

    text: bytes
    unreadable: bool = False
    pulled_out_when_read: bool = False
    found: bool = False
    selected: bool = False
    read: bool = False


class SdtModule:
    """A context manager. `path` is where the reader is plugged in; unplugging removes it, plugging brings it back."""

    def __init__(self, *, paced: bool = False) -> None:
        self._paced = paced
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._card: LaidCard | None = None
        self._folder: Path | None = None
        self._plugged: _Plugged | None = None
        self._finds_without_card = 0
        self.silent = False
        """The port is there but the module says nothing."""
        self.garbage = b""
        """Sent before each reply."""
        self.wrong_checksums = 0
        """How many of the next replies have a wrong checksum."""
        self.status = frames.DONE
        """What the module answers to status, and to find when it is not done."""

    @property
    def path(self) -> str:
        assert self._folder is not None, "the module was not entered"
        return str(self._folder / "tty")

    # What a hand does

    def lay(self, text: bytes, *, unreadable: bool = False, pulled_out_when_read: bool = False) -> None:
        """Lay a card, in place of the one that lies there."""
        with self._lock:
            self._card = LaidCard(text, unreadable, pulled_out_when_read)

    def lift(self) -> None:
        """Take the card away, and wait until the module looked for one in vain: it is quicker than a hand."""
        with self._changed:
            lying, self._card = self._card, None
            if lying is not None and self._plugged is not None:
                seen = self._finds_without_card
                self._changed.wait_for(lambda: self._finds_without_card > seen, timeout=2)

    def unplug(self) -> None:
        """Pull the reader's cable; harmless when it is out."""
        if self._plugged is not None:
            Path(self.path).unlink()
            self._plugged.close()
            self._plugged = None

    def plug(self) -> None:
        if self._plugged is None:
            self._plugged = _Plugged(self._reply_to)
            Path(self.path).symlink_to(self._plugged.path)

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="sdt-"))
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    # What the module does

    def _reply_to(self, body: bytes, send: Callable[[bytes], None]) -> None:
        with self._changed:
            answer = self._answer(body[:2])
            self._changed.notify_all()
        if self.silent:
            return
        wire = frames.frame(b"\0\0" + answer)
        if self.wrong_checksums:
            self.wrong_checksums -= 1
            wire = wire[:-1] + bytes([wire[-1] ^ 0xFF])
        for piece in _pieces(self.garbage + wire):
            send(piece)
            if self._paced:
                time.sleep(len(piece) / _BYTES_PER_S)  # the speed of the wire is what is simulated here

    def _answer(self, command: bytes) -> bytes:
        if command in (frames.RESET, frames.STATUS):
            return bytes([self.status])
        if command == frames.FIND:
            return self._find()
        if command == frames.SELECT:
            return self._select()
        if command == frames.READ:
            return self._read()
        return b"\x21"

    def _find(self) -> bytes:
        if self.status != frames.DONE:
            return bytes([self.status])
        if self._card is None:
            self._finds_without_card += 1
        if self._card is None or self._card.read:
            return b"\x80"
        self._card.found = True
        return b"\x9f" + bytes(4)

    def _select(self) -> bytes:
        if self._card is None or not self._card.found or self._card.read:
            return b"\x81"
        self._card.selected = True
        return b"\x90" + bytes(8)

    def _read(self) -> bytes:
        card = self._card
        if card is None or not card.selected or card.read:
            return b"\x41"
        if card.pulled_out_when_read:
            self._card = None
            return b"\x41"
        if card.unreadable:
            card.found = card.selected = False
            return b"\x41"
        card.read = True
        lengths = len(card.text).to_bytes(2, "big") + PHOTO_BYTES.to_bytes(2, "big")
        return b"\x90" + lengths + card.text + bytes(PHOTO_BYTES)


class _Plugged:
    """One pseudo-terminal with the thread that answers on it, from plugging in to pulling out."""

    def __init__(self, reply_to: Callable[[bytes, Callable[[bytes], None]], None]) -> None:
        self._reply_to = reply_to
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        self._closing = False
        self.path = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve, name="sdt-module", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The slave's users get an error from now on."""
        self._closing = True
        os.write(self._wake_write, b"x")
        self._thread.join()
        for descriptor in (self._slave, self._master, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _serve(self) -> None:
        deframer = frames.Deframer()
        while not self._closing:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._master in ready:
                for body in deframer.feed(os.read(self._master, 4096)):
                    self._reply_to(body, self._send)

    def _send(self, data: bytes) -> None:
        while data and not self._closing:
            _, writable, _ = select.select([self._wake_read], [self._master], [])
            if self._master in writable:
                data = data[os.write(self._master, data) :]


def _pieces(data: bytes) -> list[bytes]:
    return [data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES)]


def _digits(date: str | None) -> str:
    return (date or "").replace("-", "")


def _padded(text: str, size_bytes: int) -> bytes:
    raw = text.encode("utf-16-le")
    if len(raw) > size_bytes:
        raise ValueError(f"a field of {size_bytes} bytes can't hold {len(raw)}")
    return raw + " ".encode("utf-16-le") * ((size_bytes - len(raw)) // 2)
