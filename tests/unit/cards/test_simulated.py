"""The simulated reader, in what only it can do."""

import asyncio
import time

import pytest

from booth.devices.card.interface import CardInserted, CardRemoved, ReaderChanged
from booth.devices.card.simulated import BENCH_CARDS, SimulatedReader
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

ID, SOCIAL = DeviceKind.ID_CARD_READER, DeviceKind.SOCIAL_SECURITY_CARD_READER
READY = ReaderChanged(DeviceStatus(ID, DeviceState.READY))
ABSENT = ReaderChanged(DeviceStatus(ID, DeviceState.ABSENT, ErrorCode.READER_ABSENT))


async def test_a_reading_takes_the_delay() -> None:
    async with SimulatedReader(ID, delay_ms=60) as reader:
        reader.lay("id-chen")
        started_s = time.monotonic()
        read = await reader.read(1)
    assert time.monotonic() - started_s >= 0.059
    assert read.took_ms == 60


async def test_every_card_of_the_bench_lies_on_its_reader() -> None:
    for bench in BENCH_CARDS:
        reader = SimulatedReader(bench.kind)
        reader.lay(bench.card_id)
        assert reader.laid == bench.card_id


@pytest.mark.parametrize("card_id", ["social-lin", "nobody"])
def test_a_card_for_another_reader_or_none_at_all_is_refused_and_the_one_that_lies_there_stays(card_id: str) -> None:
    reader = SimulatedReader(ID)
    reader.lay("id-lin")
    with pytest.raises(KeyError):
        reader.lay(card_id)
    assert reader.laid == "id-lin"


async def test_a_card_laid_while_the_reader_was_unplugged_is_seen_when_it_is_back() -> None:
    reader = SimulatedReader(ID)
    events = reader.events()
    async with reader:
        reader.unplug()
        reader.unplug()
        reader.lay("id-lin")
        reader.plug()
        reader.plug()
        reader.lift()
        reader.lift()
    expected = [READY, ABSENT, READY, CardInserted(1), CardRemoved(1)]
    assert [event async for event in events] == expected


async def test_a_card_laid_before_the_reader_was_entered_is_seen_at_once() -> None:
    reader = SimulatedReader(SOCIAL)
    reader.lay("social-zhou")
    assert reader.inserted is None
    async with reader:
        assert reader.inserted == 1


async def test_two_readings_of_one_card_run_side_by_side() -> None:
    async with SimulatedReader(ID, delay_ms=20) as reader:
        reader.lay("id-lin")
        first, second = await asyncio.gather(reader.read(1), reader.read(1))
    assert first.card == second.card
