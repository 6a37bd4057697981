"""A card reader without a device, thread or library: a person at the bench, a robot or a test lays the cards."""

import asyncio
from types import TracebackType
from typing import Self

import msgspec

from booth.devices.card.bench_cards import BENCH_CARDS, BenchCardRecord
from booth.devices.card.bench_photos import draw_photo
from booth.devices.card.interface import CardInserted, CardRead, CardRemoved, ReaderChanged, ReaderTested
from booth.devices.card.presence import EventFeed, Presence, card_gone
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.records import SocialSecurityCard

__all__ = ["BENCH_CARDS", "BenchCardRecord", "SimulatedReader"]


class SimulatedReader:
    """A `CardReader` that takes `delay_ms` for a reading. What lies on it and whether it is plugged in outlasts
    entering and leaving. `bank_number`: read the bank's number too, where a card has one.
    """

    def __init__(self, kind: DeviceKind, delay_ms: int = 300, *, bank_number: bool = False) -> None:
        self._presence = Presence(kind)
        self._delay_ms = delay_ms
        self._bank_number = bank_number
        self._entered = False
        self._plugged = True
        self._laid: BenchCardRecord | None = None
        self._insertions = 0
        self._card_went = asyncio.Event()
        """Set when the card of the present insertion goes; a new one for each insertion."""

    def __repr__(self) -> str:
        return f"SimulatedReader({self.kind}, {self.status.state}, inserted={self.inserted})"

    # What a hand does

    @property
    def laid(self) -> str | None:
        """The `card_id` of the card that lies on it."""
        return self._laid.card_id if self._laid is not None else None

    def lay(self, card_id: str) -> None:
        """Lay one of `BENCH_CARDS`, in place of the one that lies there. `KeyError` for an id that is none of them
        for this reader.
        """
        cards = {card.card_id: card for card in BENCH_CARDS if card.kind is self.kind}
        card = cards[card_id]
        self.lift()
        self._laid = card
        self._see_card()

    def lift(self) -> None:
        """Take the card away; harmless when none lies there."""
        self._lose_card()
        self._laid = None

    def plug(self) -> None:
        if not self._plugged:
            self._plugged = True
            self._see_reader()

    def unplug(self) -> None:
        if self._plugged:
            self._lose_card()
            self._plugged = False
            self._tell_status(DeviceState.ABSENT, ErrorCode.READER_ABSENT)

    # What the booth sees

    @property
    def kind(self) -> DeviceKind:
        return self._presence.kind

    @property
    def status(self) -> DeviceStatus:
        return self._presence.status

    @property
    def inserted(self) -> int | None:
        return self._presence.inserted

    def events(self) -> EventFeed:
        return self._presence.events()

    async def read(self, insertion: int) -> CardRead:
        """See `CardReader.read`. Cancelling it loses nothing: the card can be read again."""
        self._presence.require(insertion)
        laid, card_went = self._laid, self._card_went
        try:
            async with asyncio.timeout(self._delay_ms / 1000):
                await card_went.wait()
        except TimeoutError:
            pass
        else:
            self._presence.require(insertion)
            raise card_gone()
        if laid is None or laid.card is None:
            raise DeviceError(ErrorCode.CARD_DAMAGED, "the card answers nonsense")
        card = laid.card
        if isinstance(card, SocialSecurityCard) and self._bank_number:
            card = msgspec.structs.replace(card, bank_number=laid.bank_number)
        photo = None if self.kind is DeviceKind.SOCIAL_SECURITY_CARD_READER else draw_photo(laid.card_id)
        return CardRead(card, insertion, self._delay_ms, photo)

    def forget(self) -> None:
        """See `CardReader.forget`. Nothing is kept."""

    async def test(self) -> ReaderTested:
        """See `CardReader.test`."""
        self._presence.require(None)
        return ReaderTested("simulated")

    async def __aenter__(self) -> Self:
        if not self._entered:
            self._entered = True
            self._see_reader()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._entered:
            self._entered = False
            self._card_went.set()
            self._presence.leave()

    def _see_reader(self) -> None:
        if self._entered and self._plugged:
            self._tell_status(DeviceState.READY, None)
            self._see_card()

    def _see_card(self) -> None:
        if self._entered and self._plugged and self._laid is not None:
            self._insertions += 1
            self._card_went = asyncio.Event()
            self._presence.apply(CardInserted(self._insertions))

    def _lose_card(self) -> None:
        self._card_went.set()
        if self._presence.inserted is not None:
            self._presence.apply(CardRemoved(self._presence.inserted))

    def _tell_status(self, state: DeviceState, code: ErrorCode | None) -> None:
        if self._entered:
            self._presence.apply(ReaderChanged(DeviceStatus(self.kind, state, code)))
