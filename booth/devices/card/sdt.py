"""Resident ID cards in a reader with a SAM_V module on a serial line (SDT, GA/T 467-2019).

The module tells nothing by itself; the driver's thread asks it to *find* a card about seven times a second.

What find can and can't tell
    Before a card is read, find answers 9F as long as it lies there and 80 when it is gone: an insertion begins and
    ends with what one find said, so cards that are swapped within one pause between two finds (0.15 s) look like one.
    The record is still all of one card: select and read go to the card that lies there then.

    After a card was read, find answers 80 whether it lies there still or not. The driver then *presumes* that it lies
    there: the insertion ends when find answers 9F again (another card, or the same one laid anew), when a read finds
    that nothing can be read, or after `PRESUMED_S`. So `CardRemoved` after a reading means "nothing that can be read
    lies there", and reading the same card a second time raises `card_removed`: it must be lifted and laid again.

The reader is there when the module answers its status; it is absent while the port is away or the module is silent,
and the port is opened again by itself. Name the port by `/dev/serial/by-id/…`: `ttyUSB` numbers change.
"""

import logging
import time
from collections.abc import Iterator

from booth.devices.card import sdt_frames as frames
from booth.devices.card.interface import CardInserted, CardRead, CardRemoved, ReaderChanged
from booth.devices.card.presence import card_gone
from booth.devices.card.sdt_frames import Reply
from booth.devices.card.sdt_line import LineLost, SdtLine, open_line
from booth.devices.card.sdt_text import parse_text
from booth.devices.card.threaded import Hatch, ReadJob, ThreadedReader
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.messages import DeviceKind, DeviceState, DeviceStatus

POLL_S = 0.15
REOPEN_S = 0.5
ANSWER_S = 1.0
"""How long status, find and select may take."""
READ_S = 3.0
"""How long reading text and photo may take: 1295 bytes are 0.12 s on the wire, the rest is the card's."""
SILENCES = 3
"""After so many requests in a row without a reply the module is taken for gone."""
PRESUMED_S = 10.0

_KIND = DeviceKind.ID_CARD_READER
_log = logging.getLogger(__name__)


class SdtSerialReader(ThreadedReader):
    """The module on `port`. `presumed_s`: how long a card is presumed to lie there after it was read."""

    def __init__(self, port: str, *, presumed_s: float = PRESUMED_S) -> None:
        super().__init__(_KIND, "card-sdt")
        self._port = port
        self._presumed_s = presumed_s

    def __repr__(self) -> str:
        return f"SdtSerialReader({self._port!r}, {self.status.state}, inserted={self.inserted})"

    def _make_driver(self, hatch: Hatch) -> "_SdtDriver":
        return _SdtDriver(self._port, self._presumed_s, hatch, self._insertions)

    async def _unblock(self) -> None:
        """Nothing to do: the thread waits at its hatch, or for bytes and not longer than a slice."""


class _SdtDriver:
    """What runs in the thread."""

    def __init__(self, port: str, presumed_s: float, hatch: Hatch, insertions: Iterator[int]) -> None:
        self._port = port
        self._presumed_s = presumed_s
        self._hatch = hatch
        self._insertions = insertions
        self._status = DeviceStatus(_KIND, DeviceState.ABSENT, ErrorCode.READER_ABSENT)
        self._insertion: int | None = None
        self._presumed_until_s: float | None = None
        """Set when the card of this insertion was read: from then on find can't tell."""
        self._silences = 0

    def run(self) -> None:
        while not self._hatch.stopping:
            try:
                with open_line(self._port, lambda: self._hatch.stopping) as line:
                    self._watch(line)
            except LineLost as error:
                _log.debug("no ID card reader on %s (%s)", self._port, error)
            finally:
                self._card_went()
                self._become(DeviceState.ABSENT, ErrorCode.READER_ABSENT)
            if self._hatch.take(REOPEN_S) is not None:
                self._hatch.settle(_absent())

    def _watch(self, line: SdtLine) -> None:
        self._silences = 0
        while not self._hatch.stopping:
            if self._status.state is not DeviceState.READY:
                self._greet(line)
            job = self._hatch.take(POLL_S)
            if job is None:
                if self._status.state is DeviceState.READY:
                    self._poll(line)
            elif not job.abandoned:
                self._hatch.settle(self._outcome(line, job))

    def _greet(self, line: SdtLine) -> None:
        """Find out whether the module works: it must answer status, and find with something that find can say."""
        if (status := self._ask(line, frames.STATUS)) is None or (find := self._ask(line, frames.FIND)) is None:
            return
        if status.status == frames.DONE and find.status in (frames.FOUND, frames.FIND_FAILED):
            self._become(DeviceState.READY, None)
        else:
            self._become(DeviceState.FAULTED, ErrorCode.DEVICE_FAILED)

    def _ask(self, line: SdtLine, command: bytes, timeout_s: float = ANSWER_S) -> Reply | None:
        """The reply; None for silence. Raises `LineLost` when the module was silent too often."""
        reply = line.ask(command, timeout_s)
        self._silences = self._silences + 1 if reply is None else 0
        if self._silences >= SILENCES:
            raise LineLost("the module is silent")
        return reply

    # What lies there

    def _poll(self, line: SdtLine) -> Reply | None:
        """Ask for a card, and tell what changed."""
        reply = self._ask(line, frames.FIND)
        if reply is None:
            return None
        if reply.status == frames.FOUND:
            if self._presumed_until_s is not None:
                self._card_went()
            if self._insertion is None:
                self._insertion = next(self._insertions)
                self._hatch.tell(CardInserted(self._insertion))
        elif reply.status == frames.FIND_FAILED:
            if self._presumed_until_s is None or time.monotonic() >= self._presumed_until_s:
                self._card_went()
        else:
            _log.warning("the ID card module answers find with %02X", reply.status)
            self._card_went()
            self._become(DeviceState.FAULTED, ErrorCode.DEVICE_FAILED)
        return reply

    def _card_went(self) -> None:
        if self._insertion is not None:
            self._hatch.tell(CardRemoved(self._insertion))
        self._insertion = self._presumed_until_s = None

    def _become(self, state: DeviceState, code: ErrorCode | None) -> None:
        if state is not self._status.state:
            self._status = DeviceStatus(_KIND, state, code)
            self._hatch.tell(ReaderChanged(self._status))

    # Reading

    def _outcome(self, line: SdtLine, job: ReadJob) -> CardRead | DeviceError:
        try:
            return self._read(line, job)
        except DeviceError as error:
            return error
        except LineLost:
            self._hatch.settle(_absent())
            raise

    def _read(self, line: SdtLine, job: ReadJob) -> CardRead:
        found = self._poll(line)
        if found is None:
            raise _silent()
        if found.status == frames.FIND_FAILED:
            self._card_went()  # whether it was lifted or only read before: nothing can be read
        if job.insertion != self._insertion:
            raise card_gone()
        started_s = time.monotonic()
        self._expect_done(line, self._ask(line, frames.SELECT))
        if job.abandoned:  # a card that was read has to be laid anew: not for a record that nobody wants
            raise DeviceError(ErrorCode.WITHDRAWN, "nobody waits for the record")
        data = self._expect_done(line, self._ask(line, frames.READ, READ_S))
        self._presumed_until_s = time.monotonic() + self._presumed_s
        card = parse_text(frames.text_of(data))
        return CardRead(card, job.insertion, round((time.monotonic() - started_s) * 1000))

    def _expect_done(self, line: SdtLine, reply: Reply | None) -> bytes:
        """The data of a reply that says done; else the error that tells why not."""
        if reply is None:
            raise _silent()
        if reply.status == frames.DONE:
            return reply.data
        _log.info("the ID card module answers %02X", reply.status)
        if reply.status not in frames.CARD_FAULTS and reply.status != frames.WRONG_CARD_TYPE:
            raise DeviceError(ErrorCode.DEVICE_FAILED, f"the module answered {reply.status:02X}")
        insertion = self._insertion
        self._poll(line)
        if insertion is None or self._insertion != insertion:
            raise card_gone()
        if reply.status == frames.WRONG_CARD_TYPE:
            raise DeviceError(ErrorCode.CARD_UNSUPPORTED, "not a resident ID card")
        raise DeviceError(ErrorCode.CARD_DAMAGED, f"the module answered {reply.status:02X}")


def _absent() -> DeviceError:
    return DeviceError(ErrorCode.READER_ABSENT, "the ID card module is not there")


def _silent() -> DeviceError:
    return DeviceError(ErrorCode.DEVICE_FAILED, "the ID card module did not answer")
