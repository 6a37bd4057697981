"""Commands to a card on contacts and what it answers (ISO 7816-4). Pure: an exchange yields commands, is sent answers.

PC/SC repeats nothing for the caller, so `ask` handles 61xx and 6Cxx, and puts an end to a card that never does.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from booth.errors import DeviceError
from protocol.errors import ErrorCode

_T = TypeVar("_T")
Exchange = Generator[bytes, bytes, _T]
"""Yields commands (APDUs), is sent the answers (data, SW1, SW2), returns a `_T`."""

OK = 0x9000
LOCKED = (0x6982, 0x6983)
NOT_THERE = (0x6A82, 0x6A83)
_MORE, _WRONG_LE = 0x61, 0x6C
STEPS_PER_COMMAND = 8
"""How often one command may be told to ask again (61xx, 6Cxx) before the card is taken for damaged."""


@dataclass(frozen=True, slots=True)
class Answer:
    word: int
    data: bytes = field(repr=False)


def ask(command: bytes) -> Exchange[Answer]:
    """One command; repeated with the right length after 6Cxx, its rest fetched after 61xx.

    Raises `DeviceError` (`card_damaged`) for an answer without a status word or without an end.
    """
    data, asked = b"", command
    for _ in range(STEPS_PER_COMMAND):
        answer = yield asked
        if len(answer) < 2:
            raise damaged("an answer without a status word")
        data, high, low = data + answer[:-2], answer[-2], answer[-1]
        if high == _MORE:
            asked = bytes([0x00, 0xC0, 0x00, 0x00, low])
        elif high == _WRONG_LE:
            asked = _with_expected_length(asked, low)
        else:
            return Answer(high << 8 | low, data)
    raise damaged("the card never comes to the end of its answer")


def select_command(name: bytes) -> bytes:
    """Selects an application by its name."""
    return bytes([0x00, 0xA4, 0x04, 0x00, len(name)]) + name


def damaged(what: str) -> DeviceError:
    return DeviceError(ErrorCode.CARD_DAMAGED, what)


def _with_expected_length(command: bytes, expected: int) -> bytes:
    """The same command with another Le; the data of one that carries data stay (a fifth byte alone is an Le)."""
    head = command[: 5 + command[4]] if len(command) > 5 else command[:4]
    return head + bytes([expected])
