"""Social security cards in a PC/SC reader.

The driver's thread waits in `SCardGetStatusChange` and is called out of it with `SCardCancel`, for a read or for the
end. When pcscd dies the reader is absent until pcscd is back; the thread makes a new context twice a second.

A card that answers nothing blocks the thread in `SCardTransmit` until it is lifted; PC/SC has no call that ends this.
The caller's time-out cancels the read all the same, and once the card is lifted the thread sees the removal and goes
on. Leaving the reader meanwhile waits two seconds, then leaves the thread to end by itself.

pcscd looks at a reader every 0.4 s (at readers that report by themselves, at once). Cards that are swapped between two
looks are one insertion to it; no hand is that quick. The record is still all of one card: a card that comes into a
running exchange is neither powered nor selected and does not go on with it.

After an exchange broke off (and the card was not seen to go) this insertion is not read again: a card that was
swapped under a running exchange could answer in its place. The next insertion is read as usual.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from typing import TypeVar

from booth.devices.card import ssc, winscard
from booth.devices.card.apdu import Exchange
from booth.devices.card.interface import CardInserted, CardRead, CardRemoved, ReaderChanged, ReaderTested
from booth.devices.card.presence import card_gone
from booth.devices.card.threaded import Hatch, Job, Outcome, ThreadedReader
from booth.devices.card.winscard import ConnectedCard, PcscError, SlotState
from booth.errors import ConfigError, DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

VIRTUAL_READER = "Virtual PCD"
"""vsmartcard's reader, whose cards come over an open TCP port: for tests only."""

RETRY_S = 0.5
WAIT_MS = 1000
"""The longest wait for a change: what a lost `SCardCancel` costs at most."""
SETTLE_S = 1.2
"""How long a broken exchange waits for pcscd to see the removal. It looks every 0.4 s and may need two looks."""
POWER_S = 1.0
"""How long a card may say "not powered" right after it was laid."""
POWER_PAUSE_S = 0.05

_KIND = DeviceKind.SOCIAL_SECURITY_CARD_READER
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class PcscReader(ThreadedReader):
    """The reader whose name begins with `reader_name`, or the first one that there is (None).

    vsmartcard's virtual reader is refused unless `allow_virtual`: with `ConfigError` when it is named, else silently.
    `bank_number`: read the bank's number too.
    """

    def __init__(self, reader_name: str | None, *, allow_virtual: bool = False, bank_number: bool = False) -> None:
        if reader_name is not None and reader_name.startswith(VIRTUAL_READER) and not allow_virtual:
            raise ConfigError(f"card reader {reader_name!r} is a virtual one: allowed in tests only")
        super().__init__(_KIND, "card-pcsc")
        self._reader_name = reader_name
        self._allow_virtual = allow_virtual
        self._bank_number = bank_number
        self._driver: _PcscDriver | None = None

    def __repr__(self) -> str:
        return f"PcscReader({self._reader_name!r}, {self.status.state}, inserted={self.inserted})"

    def _make_driver(self, hatch: Hatch) -> "_PcscDriver":
        self._driver = _PcscDriver(self._reader_name, self._allow_virtual, self._bank_number, hatch, self._insertions)
        return self._driver

    async def _unblock(self) -> None:
        if self._driver is not None:
            await asyncio.to_thread(self._driver.cancel)  # a round trip to pcscd: not in the event loop


class _PcscDriver:
    """What runs in the thread. All but `cancel` belongs to it alone."""

    def __init__(
        self,
        wanted: str | None,
        allow_virtual: bool,
        bank_number: bool,
        hatch: Hatch,
        insertions: Iterator[int],
    ) -> None:
        self._wanted = wanted
        self._allow_virtual = allow_virtual
        self._bank_number = bank_number
        self._hatch = hatch
        self._insertions = insertions
        self._context: int | None = None
        self._context_lock = threading.Lock()
        self._reader: str | None = None
        self._state = SlotState()
        self._insertion: int | None = None
        self._spoilt: int | None = None
        """The insertion whose exchange broke off."""

    def cancel(self) -> None:
        with self._context_lock:
            if self._context is not None:
                winscard.cancel(self._context)

    def run(self) -> None:
        while not self._hatch.stopping:
            try:
                context = winscard.establish()
            except PcscError:
                self._refuse_jobs(RETRY_S)
                continue
            self._set_context(context)
            try:
                self._watch(context)
            except PcscError as error:
                _log.warning("PC/SC is gone (%s); trying again", error)
            finally:
                self._set_context(None)
                winscard.release(context)
                self._follow(None)

    def _set_context(self, context: int | None) -> None:
        with self._context_lock:
            self._context = context

    def _watch(self, context: int) -> None:
        while not self._hatch.stopping:
            job = self._hatch.take(0)
            if job is None:
                self._look(context, WAIT_MS)
            elif not job.abandoned:
                self._hatch.settle(self._outcome(context, job))

    def _refuse_jobs(self, for_s: float) -> None:
        if self._hatch.take(for_s) is not None:
            self._hatch.settle(DeviceError(ErrorCode.READER_ABSENT, "PC/SC is not there"))

    # What lies where

    def _look(self, context: int, timeout_ms: int) -> None:
        """Bring what is known up to date, and tell what changed. Waits for a change, at most so long."""
        self._follow(self._choose(winscard.list_readers(context)))
        self._see(winscard.wait_for_change(context, timeout_ms, self._reader, self._state))

    def _see(self, state: SlotState) -> None:
        went, came = state.since(self._state)
        self._state = state
        if went:
            self._card_went()
        if came:
            self._insertion = next(self._insertions)
            self._hatch.tell(CardInserted(self._insertion))

    def _choose(self, names: list[str]) -> str | None:
        if self._reader in names:
            return self._reader
        allowed = (name for name in names if self._allow_virtual or not name.startswith(VIRTUAL_READER))
        return next((name for name in allowed if self._wanted is None or name.startswith(self._wanted)), None)

    def _follow(self, reader: str | None) -> None:
        """From now on watch this reader (None: there is none)."""
        if reader == self._reader:
            return
        self._card_went()
        self._reader, self._state = reader, SlotState()
        state, code = (DeviceState.ABSENT, ErrorCode.READER_ABSENT) if reader is None else (DeviceState.READY, None)
        self._hatch.tell(ReaderChanged(DeviceStatus(_KIND, state, code)))

    def _card_went(self) -> None:
        if self._insertion is not None:
            self._hatch.tell(CardRemoved(self._insertion))
            self._insertion = None

    # Reading

    def _outcome(self, context: int, job: Job) -> Outcome | DeviceError:
        try:
            return self._test(context) if job.insertion is None else self._read(context, job.insertion)
        except DeviceError as error:
            return error
        except PcscError as error:
            return self._explain(context, job.insertion, error)

    def _test(self, context: int) -> ReaderTested:
        """The reader's name, and the ATR of a card that lies there: pcscd powered it, no command is sent to it."""
        self._look(context, 0)
        if self._reader is None:
            raise DeviceError(ErrorCode.READER_ABSENT, "there is no PC/SC reader")
        return ReaderTested(self._reader, atr=winscard.atr(context, self._reader))

    def _read(self, context: int, insertion: int) -> CardRead:
        reader = self._require(context, insertion)
        if insertion == self._spoilt:
            raise DeviceError(ErrorCode.CARD_DAMAGED, "an exchange with this card broke off; it must be laid anew")
        started_s = time.monotonic()
        card = self._connect(context, reader)
        answers = False
        try:
            record = _drive(ssc.read_card(self._bank_number), card)
            answers = True
        finally:
            winscard.disconnect(card, reset=answers)
        took_ms = round((time.monotonic() - started_s) * 1000)
        self._require(context, insertion)
        return CardRead(record, insertion, took_ms)

    def _require(self, context: int, insertion: int) -> str:
        """The reader that the card of this insertion lies in, as pcscd sees it at this moment."""
        if self._reader is not None:
            # One call, not the two of a look: each is a round trip to pcscd, and a reading asks twice
            self._see(winscard.wait_for_change(context, 0, self._reader, self._state))
        if self._reader is None or insertion != self._insertion:
            raise card_gone()
        return self._reader

    def _connect(self, context: int, reader: str) -> ConnectedCard:
        until_s = time.monotonic() + POWER_S
        while True:
            try:
                return winscard.connect(context, reader)
            except PcscError as error:
                if error.code != winscard.NOT_POWERED_YET or time.monotonic() > until_s or self._hatch.stopping:
                    raise
            self._hatch.pause(POWER_PAUSE_S)

    def _explain(self, context: int, insertion: int | None, error: PcscError) -> DeviceError:
        """What a broken exchange means: reader gone, card gone, taken by another program, or a card that fails."""
        if error.code in winscard.SERVICE_GONE:
            return DeviceError(ErrorCode.READER_ABSENT, str(error))
        if error.code == winscard.TAKEN_BY_ANOTHER_PROGRAM:
            return DeviceError(ErrorCode.DEVICE_FAILED, str(error))
        if insertion is None:
            return DeviceError(ErrorCode.DEVICE_FAILED, str(error))
        self._spoilt = insertion
        until_s = time.monotonic() + SETTLE_S
        try:
            while (
                self._insertion == insertion and (left_s := until_s - time.monotonic()) > 0 and not self._hatch.stopping
            ):
                self._look(context, max(1, round(left_s * 1000)))
        except PcscError as gone:
            return DeviceError(ErrorCode.READER_ABSENT, str(gone))
        if self._insertion != insertion or error.code in winscard.CARD_GONE:
            return card_gone()
        return DeviceError(ErrorCode.CARD_DAMAGED, str(error))


def _drive(reading: Exchange[_T], card: ConnectedCard) -> _T:
    """Run an exchange on a card."""
    try:
        command = next(reading)
        while True:
            command = reading.send(winscard.transmit(card, command))
    except StopIteration as end:
        record: _T = end.value
        return record
