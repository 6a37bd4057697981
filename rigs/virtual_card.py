"""A social security card that does not exist, as vsmartcard's virtual reader takes it: a TCP client of its slot.

`VirtualSlot(port).lay(VirtualCard(...))` is the hand that lays it, `.lift()` the one that takes it. What the card
holds is invented.
"""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from booth.devices.card import ssc, ssc_bank
from protocol.records import Sex, SocialSecurityCard

ATR = bytes.fromhex("3B6D000000814E43238697159900BF7C7A")
_POWER_OFF, _POWER_ON, _RESET, _ASK_ATR = 0, 1, 2, 4
_NOT_FOUND, _LOCKED, _NO_SUCH_COMMAND, _NO_FILE = b"\x6a\x83", b"\x69\x82", b"\x6d\x00", b"\x69\x86"
_SEX_CODES = {Sex.UNKNOWN: b"0", Sex.MALE: b"1", Sex.FEMALE: b"2", Sex.UNSTATED: b"9"}

Files = dict[int, list[bytes]]
"""Records (tag, length, value) by the last byte of the file's name."""


def files_of(card: SocialSecurityCard) -> Files:
    """The files of a card that reads as `card`. One that needs a PSAM holds a person too, and keeps them to itself."""
    name = (card.name or "测试甲").encode("gb18030")
    holder = [
        _record(ssc.NUMBER, (card.number or "319999199003070037").encode()),
        _record(ssc.NAME, name[:30].ljust(30, b"\0")),
    ]
    if card.version != "1.00":  # the name's extension came with version 2.00, and moved what follows by one
        holder.append(_record(ssc.NAME_REST, name[30:].ljust(20, b"\0")))
    holder += [
        _record(ssc.SEX, _SEX_CODES[card.sex]),
        _record(0x0B, b"\x01"),
        _record(0x0C, bytes.fromhex("319999")),
        _record(ssc.BIRTH, _bcd(card.birth_date)),
    ]
    return {
        ssc.EF_CARD: [
            _record(0x01, bytes(16)),
            _record(0x02, b"2"),
            _record(ssc.VERSION, card.version.encode()),
            _record(0x04, bytes(12)),
            _record(ssc.ISSUED, _bcd(card.issued)),
            _record(ssc.EXPIRES, _bcd(card.expires)),
            _record(ssc.CARD_NUMBER, (card.card_number or "X00000027").encode()),
        ],
        ssc.EF_HOLDER: holder,
    }


@dataclass
class VirtualCard:
    """How one card answers, and what is wrong with it.

    `mute_at` and `pull_out_at` count the commands from 0: at that one the card says nothing any more, or is gone.
    """

    files: Files
    locked: frozenset[int] = frozenset()
    """Tags that need a PSAM first."""
    application: bytes = ssc.APPLICATION
    bank_number: str | None = None
    """The number of a debit application on the same chip; None for a card without one."""
    damaged: bool = False
    """Every record's length is wrong."""
    delay_s: float = 0.0
    """What each answer takes."""
    mute_at: int | None = None
    pull_out_at: int | None = None
    commands: int = 0
    busy_s: float = field(default=0.0, init=False)
    """How long it was at work on its answers until now."""
    asked: threading.Event = field(default_factory=threading.Event, init=False)
    """Set with the first command."""
    _selected: bool = field(default=False, init=False)
    _file: int = field(default=0, init=False)
    _at_the_bank: bool = field(default=False, init=False)

    @classmethod
    def of(cls, card: SocialSecurityCard, **how: float | bool | None) -> "VirtualCard":
        locked = {ssc.CARD_NUMBER, ssc.NUMBER, ssc.NAME} if card.psam_required else set()
        return cls(
            files_of(card),
            frozenset(locked),
            bank_number=card.bank_number,
            **how,  # type: ignore[arg-type]  # the caller names fields
        )

    def power(self) -> None:
        self._selected, self._file, self._at_the_bank = False, 0, False

    def answer(self, command: bytes) -> bytes:
        """The answer to an APDU."""
        instruction, first, second = command[1], command[2], command[3]
        if instruction == 0xA4 and first == 0x04:
            return self._select(command[5 : 5 + command[4]])
        if self._at_the_bank:
            return _bank_answer(self.bank_number or "", command)
        if instruction == 0xA4:
            self._file = command[6]
            return b"\x90\x00" if self._selected and self._file in self.files else b"\x6a\x82"
        if instruction != 0xB2:
            return _NO_SUCH_COMMAND
        if not self._selected or self._file not in self.files:
            return _NO_FILE
        return self._read_record(first, second, command[4])

    def _select(self, name: bytes) -> bytes:
        self._selected = name == self.application
        self._at_the_bank = self.bank_number is not None and name == ssc_bank.APPLICATIONS[0]
        if self._at_the_bank:
            pdol = _record(0x9F38, bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704"))
            return _record(0x6F, _record(0x84, name) + _record(0xA5, pdol)) + b"\x90\x00"
        return _record(0x6F, _record(0x84, name)) + b"\x90\x00" if self._selected else b"\x6a\x82"

    def _read_record(self, first: int, second: int, expected: int) -> bytes:
        records = self.files[self._file]
        if second & 0x04:
            found = records[first - 1] if 0 < first <= len(records) else None
        else:
            found = next((record for record in records if record[0] == first), None)
        if found is None:
            return _NOT_FOUND
        if found[0] in self.locked:
            return _LOCKED
        if self.damaged:
            return found[:1] + b"\xff" + found[2:] + b"\x90\x00"
        return found + b"\x90\x00" if expected in (0, len(found)) else bytes([0x6C, len(found)])


class VirtualSlot:
    """One slot of the virtual reader. A context manager; leaving it lifts the card. Laying needs a pcscd that runs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._laid: _LaidCard | None = None

    def lay(self, card: VirtualCard) -> None:
        """Lay a card, in place of the one that lies there."""
        self.lift()
        self._laid = _LaidCard(card, self._port)

    def lift(self) -> None:
        """Harmless when no card lies there."""
        if self._laid is not None:
            self._laid.lift()
            self._laid = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lift()


class _LaidCard:
    """The connection of one card to vpcd, served by a thread until it is lifted."""

    def __init__(self, card: VirtualCard, port: int) -> None:
        self._card = card
        self._lifted = threading.Event()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._serve, name="virtual-card", daemon=True)
        self._thread.start()

    def lift(self) -> None:
        self._lifted.set()
        self._hang_up()
        self._thread.join()
        self._socket.close()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):  # the daemon may have been first
            self._socket.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        try:
            while (message := self._receive()) is not None:
                if (answer := self._answer(message)) is not None:
                    self._socket.sendall(struct.pack(">H", len(answer)) + answer)
        except OSError:
            pass  # the daemon is gone
        self._hang_up()

    def _answer(self, message: bytes) -> bytes | None:
        """What to send; None for nothing. Ends the connection by `OSError` when the card is pulled out now."""
        card = self._card
        if len(message) == 1 and message[0] in (_POWER_OFF, _POWER_ON, _RESET):
            card.power()
            return None
        if message == bytes([_ASK_ATR]):
            return ATR
        number, card.commands = card.commands, card.commands + 1
        card.asked.set()
        if number == card.pull_out_at:
            raise ConnectionAbortedError
        if number == card.mute_at:
            self._lifted.wait()
            return None
        begun_s = time.perf_counter()
        if card.delay_s:
            self._lifted.wait(card.delay_s)
        answer = card.answer(message)
        card.busy_s += time.perf_counter() - begun_s
        return answer

    def _receive(self) -> bytes | None:
        """One message; None when the connection ended."""
        header = self._receive_exactly(2)
        return None if header is None else self._receive_exactly(struct.unpack(">H", header)[0])

    def _receive_exactly(self, size: int) -> bytes | None:
        received = b""
        while len(received) < size:
            # Not sticky. Without it the kernel holds its acknowledgement back and each command takes 44 ms.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = self._socket.recv(size - len(received))
            if not piece:
                return None
            received += piece
        return received


def _bank_answer(number: str, command: bytes) -> bytes:
    """A debit application's, as EMV 4.3 book 3 has it: options first, then the records that they name."""
    match command[1], command[2]:
        case 0xA8, _:
            return (
                _record(0x77, _record(0x82, b"\x7c\x00") + _record(0x94, bytes.fromhex("0801010010010200")))
                + b"\x90\x00"
            )
        case 0xB2, 1 if command[3] == 0x0C:
            return _record(0x70, _record(0x5F20, b"INVENTED/HOLDER")) + b"\x90\x00"
        case 0xB2, 1 if command[3] == 0x14:
            pan = bytes.fromhex(number + "F" * (len(number) % 2))
            return _record(0x70, _record(0x5A, pan) + _record(0x5F24, b"\x35\x05\x31")) + b"\x90\x00"
        case _:
            return _NOT_FOUND


def _record(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(1 + (tag > 0xFF), "big") + bytes([len(value)]) + value


def _bcd(date: str | None) -> bytes:
    return bytes.fromhex(date.replace("-", "")) if date else bytes(4)
