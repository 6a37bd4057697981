"""One bench for each driver: the reader under test, and the hand that lays cards on it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from booth.devices.card import winscard
from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.interface import CardEvent, CardInserted, CardReader, CardRemoved, ReaderChanged
from booth.devices.card.pcsc import PcscReader
from booth.devices.card.sdt import SdtSerialReader, SdtUsbReader
from booth.devices.card.simulated import SimulatedReader
from protocol.devices import DeviceKind, DeviceState
from protocol.records import Card, SocialSecurityCard
from rigs.pcscd import PrivatePcscd
from rigs.resident_text import added_address_of, text_of
from rigs.sdt_module import SdtModule
from rigs.sdt_usb import UsbBus
from rigs.virtual_card import VirtualCard, VirtualSlot

PATIENCE_S = 10.0
"""What a test waits at most for something that must come."""


class Bench(Protocol):
    """A reader, two cards that it reads, and what a hand can do."""

    @property
    def reader(self) -> CardReader: ...
    @property
    def cards(self) -> tuple[Card, Card]: ...

    async def lay(self, card: Card, *, pulled_out_when_read: bool = False) -> None: ...
    async def lay_damaged(self) -> None: ...
    async def lift(self) -> None: ...
    async def reading_began(self) -> None:
        """The test has called `read`."""
        ...

    async def unplug(self) -> None: ...
    async def plug(self) -> None: ...

    async def see_empty(self, events: AsyncIterator[CardEvent]) -> None:
        """Wait until the reader knows that the card was lifted, as far as it can know."""
        ...


def bench_cards(kind: DeviceKind) -> tuple[Card, Card]:
    first, second, *_ = [bench.card for bench in BENCH_CARDS if bench.kind is kind and bench.card is not None]
    return first, second


class SimulatedBench:
    def __init__(self) -> None:
        kind = DeviceKind.ID_CARD_READER
        self.reader = SimulatedReader(kind, delay_ms=100)
        self.cards = bench_cards(kind)
        self._ids = {bench.card: bench.card_id for bench in BENCH_CARDS if bench.kind is kind}
        self._pull_out = False

    async def lay(self, card: Card, *, pulled_out_when_read: bool = False) -> None:
        self._pull_out = pulled_out_when_read
        self.reader.lay(self._ids[card])

    async def lay_damaged(self) -> None:
        self.reader.lay(self._ids[None])

    async def lift(self) -> None:
        self.reader.lift()

    async def reading_began(self) -> None:
        await asyncio.sleep(0)
        if self._pull_out:
            self.reader.lift()

    async def unplug(self) -> None:
        self.reader.unplug()

    async def plug(self) -> None:
        self.reader.plug()

    async def see_empty(self, events: AsyncIterator[CardEvent]) -> None: ...


class SdtBench:
    def __init__(self, module: SdtModule) -> None:
        self.reader = SdtSerialReader(module.path)
        self.cards = bench_cards(DeviceKind.ID_CARD_READER)
        self._module = module

    async def lay(self, card: Card, *, pulled_out_when_read: bool = False) -> None:
        assert not isinstance(card, SocialSecurityCard)
        await self.lift()
        self._module.lay(text_of(card), pulled_out_when_read=pulled_out_when_read, added_address=added_address_of(card))

    async def lay_damaged(self) -> None:
        await self.lift()
        self._module.lay(text_of(self.cards[0]), unreadable=True)  # type: ignore[arg-type]  # an IdCard, by its kind

    async def lift(self) -> None:
        await asyncio.to_thread(self._module.lift)

    async def reading_began(self) -> None: ...

    async def unplug(self) -> None:
        await asyncio.to_thread(self._module.unplug)

    async def plug(self) -> None:
        self._module.plug()

    async def see_empty(self, events: AsyncIterator[CardEvent]) -> None: ...


class UsbBench:
    """The same driver above another wire."""

    def __init__(self, bus: UsbBus) -> None:
        self.reader = SdtUsbReader(backend=bus)
        self.cards = bench_cards(DeviceKind.ID_CARD_READER)
        self.bus = bus

    async def lay(self, card: Card, *, pulled_out_when_read: bool = False) -> None:
        assert not isinstance(card, SocialSecurityCard)
        await self.lift()
        self.bus.module.lay(
            text_of(card), pulled_out_when_read=pulled_out_when_read, added_address=added_address_of(card)
        )

    async def lay_damaged(self) -> None:
        await self.lift()
        self.bus.module.lay(text_of(self.cards[0]), unreadable=True)  # type: ignore[arg-type]  # an IdCard, by its kind

    async def lift(self) -> None:
        await asyncio.to_thread(self.bus.module.lift)

    async def reading_began(self) -> None: ...

    async def unplug(self) -> None:
        self.bus.unplug()

    async def plug(self) -> None:
        self.bus.plug()

    async def see_empty(self, events: AsyncIterator[CardEvent]) -> None: ...


class PcscBench:
    def __init__(self, daemon: PrivatePcscd, slot_number: int = 0, *, bank_number: bool = False) -> None:
        self.reader = PcscReader(daemon.reader_name(slot_number), allow_virtual=True, bank_number=bank_number)
        self.cards = bench_cards(DeviceKind.SOCIAL_SECURITY_CARD_READER)
        self.slot = VirtualSlot(daemon.port(slot_number))
        self._daemon = daemon
        self._name = daemon.reader_name(slot_number)

    async def lay(self, card: Card, *, pulled_out_when_read: bool = False) -> None:
        assert isinstance(card, SocialSecurityCard)
        await self.lay_virtual(VirtualCard.of(card, pull_out_at=4 if pulled_out_when_read else None))

    async def lay_damaged(self) -> None:
        card = self.cards[0]
        assert isinstance(card, SocialSecurityCard)
        await self.lay_virtual(VirtualCard.of(card, damaged=True))

    async def lay_virtual(self, card: VirtualCard) -> None:
        await self.lift()
        await asyncio.to_thread(self.slot.lay, card)

    async def lift(self) -> None:
        await asyncio.to_thread(self._lift_and_see)

    def _lift_and_see(self) -> None:
        """A hand is slower than pcscd, which looks every 0.4 s; a socket is not."""
        self.slot.lift()
        with contextlib.suppress(winscard.PcscError):  # the daemon was killed, and the slot with it
            context, state = winscard.establish(), winscard.SlotState()
            try:
                state = winscard.wait_for_change(context, 0, self._name, state)
                while state.present:
                    state = winscard.wait_for_change(context, 1000, self._name, state)
            finally:
                winscard.release(context)

    async def reading_began(self) -> None: ...

    async def unplug(self) -> None:
        await asyncio.to_thread(self._daemon.kill)

    async def plug(self) -> None:
        await asyncio.to_thread(self.slot.lift)
        await asyncio.to_thread(self._daemon.start)

    async def see_empty(self, events: AsyncIterator[CardEvent]) -> None:
        while self.reader.inserted is not None:
            await next_event(events)


@asynccontextmanager
async def entered(bench: Bench) -> AsyncIterator[AsyncIterator[CardEvent]]:
    """The events of a bench's reader, which is entered and ready. Afterwards nothing is left on it."""
    async with bench.reader as reader:
        events = reader.events()
        if reader.status.state is not DeviceState.READY:
            assert await next_state(events) is DeviceState.READY
        try:
            yield events
        finally:
            await bench.lift()
            await bench.see_empty(events)


async def next_event(events: AsyncIterator[CardEvent]) -> CardEvent:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(events)


async def next_inserted(events: AsyncIterator[CardEvent]) -> int:
    event = await next_event(events)
    assert isinstance(event, CardInserted), event
    return event.insertion


async def next_card(events: AsyncIterator[CardEvent]) -> int:
    """The next insertion, whatever was removed before it."""
    while not isinstance(event := await next_event(events), CardInserted):
        assert isinstance(event, CardRemoved), event
    return event.insertion


async def next_removed(events: AsyncIterator[CardEvent]) -> int:
    event = await next_event(events)
    assert isinstance(event, CardRemoved), event
    return event.insertion


async def next_state(events: AsyncIterator[CardEvent]) -> DeviceState:
    event = await next_event(events)
    assert isinstance(event, ReaderChanged), event
    return event.status.state
