"""Cards of the resident family in a reader with a SAM_V module (SDT, GA/T 467-2019), on a serial port or on USB.

The module tells nothing by itself; the driver's thread asks it to *find* a card about seven times a second.

What find can and can't tell
    Before a card is read, find answers 9F as long as it lies there and 80 when it is gone: an insertion begins and
    ends with what one find said, so cards that are swapped within one pause between two finds (0.15 s) look like one.
    The record is still all of one card: select and read go to the card that lies there then.

    After a card was read, find answers 80 whether it lies there still or not, and the module does not read it a second
    time until it was lifted. The driver then *presumes* that it lies there: the insertion ends when find answers 9F
    again (another card, or the same one laid anew), when the visit does (`forget`), or after `PRESUMED_S`. Until then
    the reader holds what it read, and a second `read` of this insertion gives the same record. A reading that was
    given up after the module had done it leaves nothing to hold: then the card has to be laid anew (`card_removed`).

The reader is there when the module answers its status; it is absent while the port is away or the module is silent,
and the line is opened again by itself. Name a port by `/dev/serial/by-id/…`: `ttyUSB` numbers change.

A card that was just laid may still be settling: select and read are tried again, `SETTLE_TRIES` times in all, as long
as find says that a card lies there.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import msgspec

from booth.devices.card import sdt_frames as frames
from booth.devices.card.interface import CardInserted, CardRead, CardRemoved, ReaderChanged, ReaderTested
from booth.devices.card.photo import PhotoDecoder, decoded
from booth.devices.card.presence import card_gone
from booth.devices.card.sdt_frames import Reply
from booth.devices.card.sdt_line import LineLost, OpenWire, SdtLine, Wire
from booth.devices.card.sdt_serial import open_serial
from booth.devices.card.sdt_text import ResidentCard, parse_added_address, parse_text
from booth.devices.card.sdt_usb import open_usb
from booth.devices.card.threaded import Hatch, Job, Outcome, ThreadedReader
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.records import PermanentResidentCard

POLL_S = 0.15
REOPEN_S = 0.5
ANSWER_S = 1.0
"""How long status, find and select may take."""
READ_S = 3.0
"""How long reading text and photo may take: 1295 bytes are 0.12 s on the wire, the rest is the card's."""
SILENCES = 3
"""After so many requests in a row without a reply the module is taken for gone."""
PRESUMED_S = 3600.0
"""No visit lasts for so long; the visit's end is what usually ends the presuming."""
SETTLE_TRIES = 3
SETTLE_PAUSE_S = 0.1
"""Before each further try. Three tries are over within a second, when the module answers."""

_KIND = DeviceKind.ID_CARD_READER
_log = logging.getLogger(__name__)


class SdtReader(ThreadedReader):
    """The module at the end of the first wire that can be opened.

    `presumed_s`: how long a card is presumed to lie there after it was read. `photo_decoder`: the plug-in, if any.
    """

    def __init__(
        self,
        wires: Sequence[OpenWire],
        name: str,
        *,
        presumed_s: float = PRESUMED_S,
        photo_decoder: PhotoDecoder | None = None,
    ) -> None:
        super().__init__(_KIND, "card-sdt")
        self._wires = tuple(wires)
        self._name = name
        self._presumed_s = presumed_s
        self._photo_decoder = photo_decoder
        self._driver: _SdtDriver | None = None
        self._held: CardRead | None = None

    def __repr__(self) -> str:
        return f"SdtReader({self._name!r}, {self.status.state}, inserted={self.inserted})"

    async def read(self, insertion: int) -> CardRead:
        """See `CardReader.read`. A second reading of the same insertion gives what the first one gave."""
        held = self._held
        if held is not None and held.insertion == insertion:
            self._presence.require(insertion)
            return held
        self._held = None
        self._held = read = await super().read(insertion)
        return read

    def forget(self) -> None:
        """See `CardReader.forget`. A card that was read is not presumed to lie there any longer either."""
        self._held = None
        if self._driver is not None and self.inserted is not None:
            self._driver.presume_no_more(self.inserted)

    def _make_driver(self, hatch: Hatch) -> "_SdtDriver":
        self._held = None
        self._driver = _SdtDriver(
            self._wires, self._name, self._presumed_s, self._photo_decoder, hatch, self._insertions
        )
        return self._driver

    async def _unblock(self) -> None:
        """Nothing to do: the thread waits at its hatch, or for bytes and not longer than a slice."""


class SdtSerialReader(SdtReader):
    """The module on `port`."""

    def __init__(self, port: str, *, presumed_s: float = PRESUMED_S, photo_decoder: PhotoDecoder | None = None) -> None:
        super().__init__([partial(open_serial, port)], port, presumed_s=presumed_s, photo_decoder=photo_decoder)


class SdtUsbReader(SdtReader):
    """The module on USB: of this vendor and product id, or of those that are known (None)."""

    def __init__(
        self,
        usb_id: tuple[int, int] | None = None,
        *,
        presumed_s: float = PRESUMED_S,
        photo_decoder: PhotoDecoder | None = None,
        backend: object = None,
    ) -> None:
        super().__init__(
            [partial(open_usb, usb_id, backend)], "USB", presumed_s=presumed_s, photo_decoder=photo_decoder
        )


class SdtAutoReader(SdtReader):
    """The module wherever it is: on the configured port, if there is one, or on USB."""

    def __init__(
        self,
        port: str | None,
        usb_id: tuple[int, int] | None = None,
        *,
        photo_decoder: PhotoDecoder | None = None,
        backend: object = None,
    ) -> None:
        wires: list[OpenWire] = [] if port is None else [partial(open_serial, port)]
        wires.append(partial(open_usb, usb_id, backend))
        super().__init__(wires, f"{port or 'no port'}, USB", photo_decoder=photo_decoder)


@contextmanager
def _open_first(wires: Sequence[OpenWire]) -> Iterator[Wire]:
    """The first wire that can be opened. Raises `LineLost` when none can, for the reason of the last."""
    with ExitStack() as stack:
        for number, open_wire in enumerate(wires, 1):
            try:
                wire = stack.enter_context(open_wire())
                break
            except LineLost:
                if number == len(wires):
                    raise
        else:
            raise LineLost("no way to the reader is configured")
        yield wire


class _SdtDriver:
    """What runs in the thread; `presume_no_more` alone is called from outside."""

    def __init__(
        self,
        wires: Sequence[OpenWire],
        name: str,
        presumed_s: float,
        photo_decoder: PhotoDecoder | None,
        hatch: Hatch,
        insertions: Iterator[int],
    ) -> None:
        self._wires = wires
        self._name = name
        self._presumed_s = presumed_s
        self._photo_decoder = photo_decoder
        self._hatch = hatch
        self._insertions = insertions
        self._status = DeviceStatus(_KIND, DeviceState.ABSENT, ErrorCode.READER_ABSENT)
        self._insertion: int | None = None
        self._presumed_until_s: float | None = None
        """Set when the card of this insertion was read: from then on find can't tell."""
        self._given_up: int | None = None
        """The insertion that is not presumed any longer, once it was read. Written in the event loop."""
        self._silences = 0

    def presume_no_more(self, insertion: int) -> None:
        self._given_up = insertion

    def run(self) -> None:
        while not self._hatch.stopping:
            try:
                with _open_first(self._wires) as wire:
                    self._watch(SdtLine(wire, lambda: self._hatch.stopping))
            except LineLost as error:
                _log.debug("no ID card reader at %s (%s)", self._name, error)
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
        works = self._works(line)
        if works is None:
            return
        if works:
            self._become(DeviceState.READY, None)
        else:
            self._become(DeviceState.FAULTED, ErrorCode.DEVICE_FAILED)

    def _works(self, line: SdtLine) -> bool | None:
        """None for a module that is silent."""
        if (status := self._ask(line, frames.STATUS)) is None or (find := self._ask(line, frames.FIND)) is None:
            return None
        return status.status == frames.DONE and find.status in (frames.FOUND, frames.FIND_FAILED)

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
            if not self._is_presumed():
                self._card_went()
        else:
            _log.warning("the ID card module answers find with %02X", reply.status)
            self._card_went()
            self._become(DeviceState.FAULTED, ErrorCode.DEVICE_FAILED)
        return reply

    def _is_presumed(self) -> bool:
        """Whether the card lies there as far as anybody can tell, although find says nothing of it."""
        until_s = self._presumed_until_s
        return until_s is not None and time.monotonic() < until_s and self._given_up != self._insertion

    def _card_went(self) -> None:
        if self._insertion is not None:
            self._hatch.tell(CardRemoved(self._insertion))
        self._insertion = self._presumed_until_s = None

    def _become(self, state: DeviceState, code: ErrorCode | None) -> None:
        if state is not self._status.state:
            self._status = DeviceStatus(_KIND, state, code)
            self._hatch.tell(ReaderChanged(self._status))

    # Reading

    def _outcome(self, line: SdtLine, job: Job) -> Outcome | DeviceError:
        try:
            return self._test(line) if job.insertion is None else self._read(line, job, job.insertion)
        except DeviceError as error:
            return error
        except LineLost:
            self._hatch.settle(_absent())
            raise

    def _test(self, line: SdtLine) -> ReaderTested:
        status, module_id = self._ask(line, frames.STATUS), self._ask(line, frames.MODULE_ID)
        if status is None or module_id is None:
            raise _silent()
        if status.status != frames.DONE or module_id.status != frames.DONE:
            raise DeviceError(
                ErrorCode.DEVICE_FAILED, f"the module answered {status.status:02X}, {module_id.status:02X}"
            )
        return ReaderTested(line.name, module_id=frames.module_id_of(module_id.data))

    def _read(self, line: SdtLine, job: Job, insertion: int) -> CardRead:
        found = self._poll(line)
        if found is None:
            raise _silent()
        if found.status == frames.FIND_FAILED:
            self._card_went()  # whether it was lifted or only read before: nothing can be read
        if insertion != self._insertion:
            raise card_gone()
        started_s = time.monotonic()
        contents = frames.contents_of(self._read_settling(line, job))
        self._presumed_until_s = time.monotonic() + self._presumed_s
        if contents.fingerprint_bytes:
            _log.info("the module sent %d bytes of fingerprints unasked; dropped", contents.fingerprint_bytes)
        card = self._with_added_address(line, parse_text(contents.text))
        photo = decoded(self._photo_decoder, contents.photo)
        return CardRead(card, insertion, round((time.monotonic() - started_s) * 1000), photo)

    def _read_settling(self, line: SdtLine, job: Job) -> bytes:
        """Select and read; again while the card settles. The data of the reading that was done."""
        for tries_left in reversed(range(SETTLE_TRIES)):
            try:
                self._expect_done(line, self._ask(line, frames.SELECT))
                if job.abandoned:  # a card that was read has to be laid anew: not for a record that nobody wants
                    raise DeviceError(ErrorCode.WITHDRAWN, "nobody waits for the record")
                return self._expect_done(line, self._ask(line, frames.READ, READ_S))
            except DeviceError as error:
                if error.code is not ErrorCode.CARD_DAMAGED or not tries_left or self._hatch.stopping:
                    raise
            self._hatch.pause(SETTLE_PAUSE_S)
            insertion = self._insertion
            self._poll(line)
            if insertion is None or self._insertion != insertion:
                raise card_gone()
        raise AssertionError("the last try returns or raises")

    def _with_added_address(self, line: SdtLine, card: ResidentCard) -> ResidentCard:
        """The card with the address that was added to it, if it has one; nonsense instead of one is no harm."""
        if isinstance(card, PermanentResidentCard):
            return card
        reply = self._ask(line, frames.ADDED_ADDRESS)
        if reply is None or reply.status != frames.DONE:
            return card
        try:
            return msgspec.structs.replace(card, added_address=parse_added_address(reply.data))
        except DeviceError as error:
            _log.info("the added address was not read: %s", error)
            return card

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
