"""The few PC/SC calls that a reader needs, typed, with one error. pyscard's own monitor is not used: it dies with
pcscd for good.

Every function here blocks; `cancel` is the one that another thread may call.
"""

from dataclasses import dataclass, field
from typing import Any

from smartcard import scard

PLUG_AND_PLAY = "\\\\?PnP?\\Notification"
"""The reader that changes when readers come and go."""

TIMED_OUT = scard.SCARD_E_TIMEOUT
CANCELLED = scard.SCARD_E_CANCELLED
SERVICE_GONE = frozenset(
    {
        scard.SCARD_E_NO_SERVICE,
        scard.SCARD_E_SERVICE_STOPPED,
        scard.SCARD_E_INVALID_HANDLE,
        scard.SCARD_F_COMM_ERROR,
        scard.SCARD_E_READER_UNAVAILABLE,
        scard.SCARD_E_UNKNOWN_READER,
    }
)
CARD_GONE = frozenset({scard.SCARD_W_REMOVED_CARD, scard.SCARD_E_NO_SMARTCARD})
NOT_POWERED_YET = scard.SCARD_W_UNPOWERED_CARD
STATUS_WORD_BYTES = 2
TAKEN_BY_ANOTHER_PROGRAM = scard.SCARD_E_SHARING_VIOLATION


class PcscError(Exception):
    """A PC/SC call failed; `code` is the standard's."""

    def __init__(self, call: str, code: int) -> None:
        super().__init__(f"{call}: 0x{code:08X}")
        self.code = code


@dataclass(frozen=True, slots=True)
class SlotState:
    """A reader's state word: flags below, pcscd's count of insertions and removals in the upper 16 bits."""

    word: int = scard.SCARD_STATE_UNAWARE

    @property
    def present(self) -> bool:
        return bool(self.word & scard.SCARD_STATE_PRESENT)

    @property
    def moves(self) -> int:
        return self.word >> 16 & 0xFFFF

    def since(self, before: "SlotState") -> tuple[bool, bool]:
        """Whether the card of `before` went, and whether one came: both when they were swapped between two looks."""
        moved = (self.moves - before.moves) & 0xFFFF
        swapped = before.present and self.present and moved >= 2
        return before.present and (not self.present or swapped), self.present and (not before.present or swapped)


@dataclass(frozen=True, slots=True)
class ConnectedCard:
    handle: Any = field(repr=False)
    protocol_header: Any = field(repr=False)


def establish() -> int:
    """A new context. Needs a release."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _check("establish", result)
    return int(context)


def release(context: int) -> None:
    """Give a context back; harmless when pcscd is gone."""
    scard.SCardReleaseContext(context)


def cancel(context: int) -> None:
    """End another thread's `wait_for_change`. Does nothing when that has not begun to wait."""
    scard.SCardCancel(context)


def list_readers(context: int) -> list[str]:
    result, names = scard.SCardListReaders(context, [])
    if _unsigned(result) == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    _check("list readers", result)
    return list(names)


def wait_for_change(context: int, timeout_ms: int, reader: str | None, known: SlotState) -> SlotState:
    """Wait until `reader` left the state `known`, or readers came or went; at most `timeout_ms`, or until `cancel`."""
    asked = [(PLUG_AND_PLAY, scard.SCARD_STATE_UNAWARE)]
    if reader is not None:
        asked.append((reader, known.word))
    result, states = scard.SCardGetStatusChange(context, timeout_ms, asked)
    if _unsigned(result) in (TIMED_OUT, CANCELLED):
        return known
    _check("wait for a change", result)
    for name, word, _ in states:
        if name == reader:
            return SlotState(_unsigned(word) & ~scard.SCARD_STATE_CHANGED)
    return known


def atr(context: int, reader: str) -> str | None:
    """The ATR of the card that lies in `reader`, as hexadecimal text; None when there is none."""
    result, states = scard.SCardGetStatusChange(context, 0, [(reader, scard.SCARD_STATE_UNAWARE)])
    if _unsigned(result) == TIMED_OUT:
        return None
    _check("ask for the ATR", result)
    return next((bytes(byte & 0xFF for byte in found).hex().upper() or None for _, _, found in states), None)


def connect(context: int, reader: str) -> ConnectedCard:
    """Power the card up, for this program alone."""
    result, handle, protocol = scard.SCardConnect(
        context, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    )
    _check("connect", result)
    header = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
    return ConnectedCard(handle, header)


def transmit(card: ConnectedCard, command: bytes) -> bytes:
    """The card's answer. A card that says nothing blocks this call until it is taken out; nothing else ends it."""
    result, answer = scard.SCardTransmit(card.handle, card.protocol_header, list(command))
    _check("transmit", result)
    if len(answer) < STATUS_WORD_BYTES:  # a driver (vpcd) calls it success when the card went in the middle
        raise PcscError("transmit", scard.SCARD_E_NOT_TRANSACTED)
    return bytes(byte & 0xFF for byte in answer)


def disconnect(card: ConnectedCard, *, reset: bool) -> None:
    """Let go of the card; harmless when it is gone. A reset takes back every access right that was won on it.

    Never reset a card that stopped answering: when that fails, pcscd 1.9.9 calls the slot empty before its polling
    has seen the removal, and a card laid within that time stays unseen.
    """
    scard.SCardDisconnect(card.handle, scard.SCARD_RESET_CARD if reset else scard.SCARD_LEAVE_CARD)


def _check(call: str, result: int) -> None:
    if _unsigned(result) != scard.SCARD_S_SUCCESS:
        raise PcscError(call, _unsigned(result))


def _unsigned(value: int) -> int:
    """pyscard hands out some codes signed."""
    return value & 0xFFFFFFFF
