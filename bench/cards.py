"""Reading cards: what our side adds to the reader's and the card's own time, and how soon a laid card is known.

Three readers: the simulator, a SAM_V module on a pty whose bytes take the time that they take at 115200 baud, and a
virtual card of which each command takes `APDU_MS`, in a real pcscd. The module's own time is what it measured itself
while it answered. The PC/SC reader's and its card's own time is what a reading can't do without: the calls that power
the card, transmit and let go of it, as they were timed from outside; all else that a reading takes is ours, be it in
Python or in other PC/SC calls.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from booth.devices.card import winscard
from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.interface import CardEvent, CardInserted, CardReader
from booth.devices.card.pcsc import PcscReader
from booth.devices.card.sdt import SdtSerialReader
from booth.devices.card.simulated import SimulatedReader
from protocol.devices import DeviceKind, DeviceState
from protocol.records import IdCard, SocialSecurityCard
from rigs.pcscd import PrivatePcscd
from rigs.resident_text import text_of
from rigs.sdt_module import SdtModule
from rigs.virtual_card import VirtualCard, VirtualSlot

ROUNDS = 40
SIMULATED_MS = 50
APDU_MS = 20
PATIENCE_S = 20.0
PAUSE_S = 0.137
"""Between lifting and laying, a little more each time, so that a card comes at every moment of a reader's looking."""

_ID_CARD = next(bench.card for bench in BENCH_CARDS if isinstance(bench.card, IdCard))
_SOCIAL = next(bench.card for bench in BENCH_CARDS if isinstance(bench.card, SocialSecurityCard))


def measure() -> dict[str, Any]:
    """For each reader, over `ROUNDS` cards: overhead of a reading, and laying to event, p50 and p95 in ms."""
    return {
        "rounds": ROUNDS,
        "simulated": {"own_ms": SIMULATED_MS, **asyncio.run(_simulated())},
        "sdt_pty": {"baud": 115200, **_sdt()},
        "pcsc_vpcd": {"apdu_ms": APDU_MS, **_pcsc()},
    }


async def _simulated() -> dict[str, Any]:
    reader = SimulatedReader(DeviceKind.ID_CARD_READER, delay_ms=SIMULATED_MS)

    async def lift() -> None:
        reader.lift()

    return await _rounds(reader, lambda: reader.lay("id-lin"), lift, lambda: SIMULATED_MS / 1000)


def _sdt() -> dict[str, Any]:
    with SdtModule(paced=True) as module:
        spent = _Since(lambda: module.busy_s)
        reader, lift = SdtSerialReader(module.path), partial(asyncio.to_thread, module.lift)
        return asyncio.run(_rounds(reader, lambda: module.lay(text_of(_ID_CARD)), lift, spent))


def _pcsc() -> dict[str, Any]:
    with PrivatePcscd() as pcscd, VirtualSlot(pcscd.port()) as slot:
        os.environ.update(pcscd.environment())  # libpcsclite reads it once, at this process's first PC/SC call
        laid: list[VirtualCard] = []

        def lay() -> None:
            laid.append(VirtualCard.of(_SOCIAL, delay_s=APDU_MS / 1000))
            slot.lay(laid[-1])

        async def lift() -> None:
            await asyncio.to_thread(slot.lift)

        with _timed_calls() as in_calls:
            reader = PcscReader(pcscd.reader_name(), allow_virtual=True)
            card_s = _Since(lambda: sum(card.busy_s for card in laid))
            found = asyncio.run(_rounds(reader, lay, lift, _Since(in_calls)))
        return {**found, "cards_own_ms": round(card_s() * 1000 / ROUNDS, 1)}


@contextmanager
def _timed_calls() -> Iterator[Callable[[], float]]:
    """How long the driver's threads were in the PC/SC calls of a reading until now, in s."""
    spent_s = 0.0

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*args: Any, **named: Any) -> Any:
            nonlocal spent_s
            begun_s = time.perf_counter()
            try:
                return call(*args, **named)
            finally:
                spent_s += time.perf_counter() - begun_s

        return calling

    with ExitStack() as stack:
        for name in ("connect", "transmit", "disconnect"):
            stack.enter_context(patch.object(winscard, name, timed(getattr(winscard, name))))
        yield lambda: spent_s


class _Since:
    """How much a growing figure has grown since it was asked for."""

    def __init__(self, figure: Callable[[], float]) -> None:
        self._figure = figure
        self._last = figure()

    def __call__(self) -> float:
        last, self._last = self._last, self._figure()
        return self._last - last


async def _rounds(
    reader: CardReader, lay: Callable[[], None], lift: Callable[[], Awaitable[None]], own_s: Callable[[], float]
) -> dict[str, Any]:
    laid_ms, over_ms, whole_ms = [], [], []
    async with reader, asyncio.timeout(PATIENCE_S * ROUNDS):
        events = reader.events()
        while reader.status.state is not DeviceState.READY:
            await anext(events)
        for number in range(ROUNDS):
            await asyncio.sleep(PAUSE_S + number * PAUSE_S / ROUNDS)
            begun_s = time.perf_counter()
            lay()
            insertion = await _inserted(events)
            laid_ms.append((time.perf_counter() - begun_s) * 1000)
            own_s()
            begun_s = time.perf_counter()
            await reader.read(insertion)
            whole_ms.append((time.perf_counter() - begun_s) * 1000)
            over_ms.append(whole_ms[-1] - own_s() * 1000)
            await lift()
            await _empty(reader, events)
    return {
        "overhead_ms": _spread(over_ms),
        "reading_ms": _spread(whole_ms),
        "laying_to_event_ms": _spread(laid_ms),
    }


async def _inserted(events: AsyncIterator[CardEvent]) -> int:
    while not isinstance(event := await anext(events), CardInserted):
        pass
    return event.insertion


async def _empty(reader: CardReader, events: AsyncIterator[CardEvent]) -> None:
    """PC/SC sees the removal; a module can't after a reading, and tells when the next card comes."""
    while reader.inserted is not None and isinstance(reader, PcscReader):
        await anext(events)


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20)
    return {"p50": round(statistics.median(values), 1), "p95": round(cuts[18], 1), "max": round(max(values), 1)}
