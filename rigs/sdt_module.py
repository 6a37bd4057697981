"""A reader with a SAM_V module that does not exist, on a pseudo-terminal: what a resident ID card reader says on its
serial line.

It behaves as public descriptions say that the real ones do: a card that was read is not found again until it is
lifted. What it holds is invented. `rigs.resident_text.text_of` makes the 256 bytes that read as a given record.
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
from typing import Self, TypedDict, Unpack

from booth.devices.card import sdt_frames as frames

MODULE_ID = bytes.fromhex("0500 0300 0527 3401 40E2 0100 B168 DE3A".replace(" ", ""))
"""05.03-20195077-0000123456-0987654321, invented."""
_BYTES_PER_S = 115200 / 10
_PIECE_BYTES = 64


@dataclass
class LaidCard:
    """A card in the field, and what the module did with it."""

    text: bytes
    unreadable: bool = False
    pulled_out_when_read: bool = False
    settling: int = 0
    """How many readings fail before the card has settled."""
    added_address: bytes | None = None
    fingerprint_bytes: int | None = None
    """A module that sends fingerprints unasked: how many bytes, after a third length."""
    found: bool = False
    selected: bool = False
    read: bool = False


class How(TypedDict, total=False):
    """The fields of `LaidCard` that a hand may choose."""

    unreadable: bool
    pulled_out_when_read: bool
    settling: int
    added_address: bytes | None
    fingerprint_bytes: int | None


class SamV:
    """The module itself, and the hand at it; how its bytes travel is the business of whoever owns it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._card: LaidCard | None = None
        self._finds_without_card = 0
        self.plugged = False
        self.silent = False
        """The port is there but the module says nothing."""
        self.garbage = b""
        """Sent before each reply."""
        self.wrong_checksums = 0
        """How many of the next replies have a wrong checksum."""
        self.status = frames.DONE
        """What the module answers to status, and to find when it is not done."""

    # What a hand does

    def lay(self, text: bytes, **how: Unpack[How]) -> None:
        """Lay a card, in place of the one that lies there."""
        with self._lock:
            self._card = LaidCard(text, **how)

    def lift(self) -> None:
        """Take the card away, and wait until the module looked for one in vain: it is quicker than a hand."""
        with self._changed:
            lying, self._card = self._card, None
            if lying is not None and self.plugged:
                seen = self._finds_without_card
                self._changed.wait_for(lambda: self._finds_without_card > seen, timeout=2)

    def see_found(self) -> None:
        """Wait until the card that lies there was found."""
        with self._changed:
            self._changed.wait_for(lambda: self._card is not None and self._card.found, timeout=10)

    def see_read(self) -> None:
        """Wait until the card that lies there was read."""
        with self._changed:
            self._changed.wait_for(lambda: self._card is not None and self._card.read, timeout=10)

    # What the module does

    def reply_to(self, body: bytes) -> bytes:
        """What goes over the wire in answer to a frame's body."""
        with self._changed:
            answer = self._answer(body[:2])
            self._changed.notify_all()
        if self.silent:
            return b""
        wire = frames.frame(b"\0\0" + answer)
        if self.wrong_checksums:
            self.wrong_checksums -= 1
            wire = wire[:-1] + bytes([wire[-1] ^ 0xFF])
        return self.garbage + wire

    def _answer(self, command: bytes) -> bytes:
        if command in (frames.RESET, frames.STATUS):
            return bytes([self.status])
        if command == frames.MODULE_ID:
            return bytes([self.status]) + MODULE_ID
        if command == frames.ADDED_ADDRESS:
            return self._added_address()
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
        if card.settling:
            card.settling -= 1
            card.selected = False
            return b"\x41"
        card.read = True
        fingerprints = b"" if card.fingerprint_bytes is None else bytes(card.fingerprint_bytes)
        lengths = [len(card.text), frames.PHOTO_BYTES]
        if card.fingerprint_bytes is not None:
            lengths.append(card.fingerprint_bytes)
        head = b"".join(length.to_bytes(2, "big") for length in lengths)
        return b"\x90" + head + card.text + bytes(frames.PHOTO_BYTES) + fingerprints

    def _added_address(self) -> bytes:
        card = self._card
        if card is None or not card.read:
            return b"\x41"
        return b"\x91" if card.added_address is None else b"\x90" + card.added_address


class SdtModule(SamV):
    """A module on a pseudo-terminal. A context manager. `path` is where the reader is plugged in; unplugging removes
    it, plugging brings it back.

    `paced`: bytes take the time that they take at 115200 baud.
    """

    def __init__(self, *, paced: bool = False) -> None:
        super().__init__()
        self._paced = paced
        self._folder: Path | None = None
        self._terminal: _Plugged | None = None
        self.busy_s = 0.0
        """How long requests and replies were on the wire until now, or the module was at work on them."""

    @property
    def path(self) -> str:
        assert self._folder is not None, "the module was not entered"
        return str(self._folder / "tty")

    def unplug(self) -> None:
        """Pull the reader's cable; harmless when it is out."""
        if self._terminal is not None:
            Path(self.path).unlink()
            self._terminal.close()
            self._terminal, self.plugged = None, False

    def plug(self) -> None:
        if self._terminal is None:
            self._terminal, self.plugged = _Plugged(self._serve), True
            Path(self.path).symlink_to(self._terminal.path)

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

    def _serve(self, body: bytes, send: Callable[[bytes], None]) -> None:
        begun_s = time.perf_counter()
        if self._paced:
            time.sleep((len(body) + frames.FRAME_BYTES) / _BYTES_PER_S)  # the request's own way
        for piece in _pieces(self.reply_to(body)):
            if self._paced:
                time.sleep(len(piece) / _BYTES_PER_S)  # the speed of the wire is what is simulated here
            self.busy_s += time.perf_counter() - begun_s
            begun_s = time.perf_counter()
            send(piece)


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
