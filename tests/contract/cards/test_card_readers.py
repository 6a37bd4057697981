"""What holds for every card reader: the simulator, the serial module on a pty, pcscd with a virtual card."""

import asyncio
import contextlib
import threading

import psutil
import pytest

from booth.devices.card.interface import CardReader
from booth.errors import DeviceError
from protocol.devices import DeviceState
from protocol.errors import ErrorCode
from protocol.records import Card
from rigs.pcscd import PrivatePcscd
from rigs.sdt_module import SdtModule
from rigs.sdt_usb import UsbBus
from tests.contract.cards.benches import (
    PATIENCE_S,
    Bench,
    PcscBench,
    SdtBench,
    SimulatedBench,
    UsbBench,
    entered,
    next_card,
    next_inserted,
    next_removed,
    next_state,
)


async def refusal(reader: CardReader, insertion: int) -> ErrorCode:
    """The code with which a reading fails."""
    with pytest.raises(DeviceError) as refused:
        async with asyncio.timeout(PATIENCE_S):
            await reader.read(insertion)
    return refused.value.code


async def record_of(reader: CardReader, insertion: int) -> Card:
    async with asyncio.timeout(PATIENCE_S):
        read = await reader.read(insertion)
    assert read.insertion == insertion
    assert 0 <= read.took_ms < PATIENCE_S * 1000
    return read.card


async def test_insertions_and_removals_are_told_in_order_and_never_number_twice(bench: Bench) -> None:
    async with entered(bench) as events:
        for number, card in enumerate((*bench.cards, bench.cards[0]), 1):
            await bench.lay(card)
            assert await next_inserted(events) == number
            assert bench.reader.inserted == number
            await bench.lift()
            assert await next_removed(events) == number
            assert bench.reader.inserted is None


async def test_reading_gives_the_record_of_the_card_that_was_laid(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        assert await record_of(bench.reader, await next_inserted(events)) == bench.cards[0]


async def test_a_card_that_lies_there_still_is_read_a_second_time_for_the_same_insertion(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        insertion = await next_inserted(events)
        for _ in range(3):
            assert await record_of(bench.reader, insertion) == bench.cards[0]
        await bench.lay(bench.cards[1])
        second = await next_card(events)
        assert second > insertion
        assert await refusal(bench.reader, insertion) is ErrorCode.CARD_REMOVED
        assert await record_of(bench.reader, second) == bench.cards[1]


async def test_each_card_gives_its_own_record_one_after_the_other(bench: Bench) -> None:
    async with entered(bench) as events:
        for card in (*bench.cards, *bench.cards):
            await bench.lay(card)
            assert await record_of(bench.reader, await next_card(events)) == card


async def test_reading_after_the_removal_raises_card_removed(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        insertion = await next_inserted(events)
        await bench.lift()
        await next_removed(events)
        assert await refusal(bench.reader, insertion) is ErrorCode.CARD_REMOVED


async def test_reading_an_insertion_that_never_was_raises_card_removed(bench: Bench) -> None:
    async with entered(bench) as events:
        assert await refusal(bench.reader, 7) is ErrorCode.CARD_REMOVED
        await bench.lay(bench.cards[0])
        insertion = await next_inserted(events)
        assert await refusal(bench.reader, insertion + 1) is ErrorCode.CARD_REMOVED


async def test_a_card_pulled_out_while_it_is_read_raises_card_removed_and_the_next_one_is_read(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0], pulled_out_when_read=True)
        insertion = await next_inserted(events)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(refusal(bench.reader, insertion), name="reading")
            await bench.reading_began()
        assert reading.result() is ErrorCode.CARD_REMOVED
        assert await next_removed(events) == insertion
        await bench.lay(bench.cards[1])
        assert await record_of(bench.reader, await next_inserted(events)) == bench.cards[1]


async def test_a_quick_swap_never_gives_one_cards_record_for_the_other(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        first = await next_inserted(events)
        await bench.lay(bench.cards[1])
        assert await next_removed(events) == first
        second = await next_inserted(events)
        assert await refusal(bench.reader, first) is ErrorCode.CARD_REMOVED
        assert await record_of(bench.reader, second) == bench.cards[1]


async def test_swapping_while_reading_gives_the_right_record_or_an_error(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        first = await next_inserted(events)
        reading = asyncio.create_task(bench.reader.read(first), name="reading")
        await bench.lay(bench.cards[1])
        try:
            assert (await reading).card == bench.cards[0]
        except DeviceError as error:
            assert error.code in (ErrorCode.CARD_REMOVED, ErrorCode.CARD_DAMAGED)
        await bench.lift()
        await bench.lay(bench.cards[1])
        record = None
        while record is None:
            with contextlib.suppress(DeviceError):  # the insertions on the way here are over by now
                record = await record_of(bench.reader, await next_card(events))
        assert record == bench.cards[1]


async def test_a_damaged_card_raises_card_damaged_and_the_reader_goes_on(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay_damaged()
        insertion = await next_inserted(events)
        assert await refusal(bench.reader, insertion) is ErrorCode.CARD_DAMAGED
        assert await refusal(bench.reader, insertion) is ErrorCode.CARD_DAMAGED
        await bench.lift()
        assert await next_removed(events) == insertion
        await bench.lay(bench.cards[0])
        assert await record_of(bench.reader, await next_inserted(events)) == bench.cards[0]


async def test_a_reader_that_is_lost_takes_its_card_along_and_comes_back_by_itself(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        first = await next_inserted(events)
        await bench.unplug()
        assert await next_removed(events) == first
        assert await next_state(events) is DeviceState.ABSENT
        assert bench.reader.status.code is ErrorCode.READER_ABSENT
        assert bench.reader.inserted is None
        assert await refusal(bench.reader, first) is ErrorCode.READER_ABSENT
        await bench.lift()
        await bench.plug()
        assert await next_state(events) is DeviceState.READY
        assert bench.reader.status.code is None
        await bench.lay(bench.cards[1])
        second = await next_inserted(events)
        assert second > first
        assert await record_of(bench.reader, second) == bench.cards[1]


async def test_cancelling_a_reading_leaves_the_reader_usable(bench: Bench) -> None:
    async with entered(bench) as events:
        for turns in range(4):  # cancelled at its very beginning, and a little later
            await bench.lay(bench.cards[0])
            reading = asyncio.create_task(bench.reader.read(await next_card(events)), name="reading")
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        await bench.lay(bench.cards[1])
        assert await record_of(bench.reader, await next_card(events)) == bench.cards[1]


async def test_entering_and_leaving_twice_is_harmless_and_ends_the_events(bench: Bench) -> None:
    before = set(threading.enumerate())
    async with entered(bench) as events, bench.reader:
        pass
    assert [event async for event in events] == []
    await bench.reader.__aexit__(None, None, None)
    assert bench.reader.status.state is DeviceState.ABSENT
    assert bench.reader.inserted is None
    assert await refusal(bench.reader, 1) is ErrorCode.READER_ABSENT
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("card-")]


async def test_a_reader_can_be_entered_again_and_counts_on(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.lay(bench.cards[0])
        first = await next_inserted(events)
    async with entered(bench) as events:
        await bench.lay(bench.cards[1])
        second = await next_inserted(events)
        assert second > first
        assert await record_of(bench.reader, second) == bench.cards[1]


async def test_a_reader_whose_owner_is_cancelled_leaves_no_thread(bench: Bench) -> None:
    before = set(threading.enumerate())
    is_ready = asyncio.Event()

    async def own() -> None:
        async with entered(bench):
            is_ready.set()
            await asyncio.Event().wait()

    owner = asyncio.create_task(own(), name="owner")
    async with asyncio.timeout(PATIENCE_S):
        await is_ready.wait()
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("card-")]


async def test_nothing_stays_open_when_a_reader_was_left(bench: Bench) -> None:
    open_files = []
    for _ in range(4):
        async with entered(bench) as events:
            await bench.lay(bench.cards[0])
            await record_of(bench.reader, await next_card(events))
        open_files.append(psutil.Process().num_fds())
    assert open_files[1:] == [open_files[1]] * 3  # the first time may open what the process keeps


async def test_a_self_test_tells_the_readers_name_and_leaves_the_card_readable(bench: Bench) -> None:
    async with entered(bench) as events:
        assert (await bench.reader.test()).name
        await bench.lay(bench.cards[0])
        insertion = await next_card(events)
        assert (await bench.reader.test()).name
        assert await record_of(bench.reader, insertion) == bench.cards[0]


async def test_a_self_test_of_a_reader_that_is_away_says_so(bench: Bench) -> None:
    async with entered(bench) as events:
        await bench.unplug()
        assert await next_state(events) is DeviceState.ABSENT
        with pytest.raises(DeviceError) as refused:
            await bench.reader.test()
        assert refused.value.code is ErrorCode.READER_ABSENT
        await bench.plug()
        assert await next_state(events) is DeviceState.READY


async def test_ten_insertions_one_upon_the_other_never_mix_two_cards(bench: Bench) -> None:
    async with entered(bench) as events:
        laid: dict[int, Card] = {}
        for number in range(10):
            await bench.lay(bench.cards[number % 2])
            insertion = await next_card(events)
            laid[insertion] = bench.cards[number % 2]
            if number % 3 == 2:
                assert await record_of(bench.reader, insertion) == laid[insertion]
        assert list(laid) == sorted(laid)
        for earlier in list(laid)[:-1]:
            assert await refusal(bench.reader, earlier) is ErrorCode.CARD_REMOVED


async def test_two_readers_at_once_tell_their_own_cards_apart(pcscd: PrivatePcscd, module: SdtModule) -> None:
    benches: list[Bench] = [
        SimulatedBench(),
        SdtBench(module),
        UsbBench(UsbBus()),
        PcscBench(pcscd, 0),
        PcscBench(pcscd, 1),
    ]

    async def lay_and_read(bench: Bench, card: Card) -> None:
        async with entered(bench) as events:
            for _ in range(3):
                await bench.lay(card)
                assert await record_of(bench.reader, await next_card(events)) == card

    async with asyncio.TaskGroup() as tasks:
        for number, bench in enumerate(benches):
            tasks.create_task(lay_and_read(bench, bench.cards[number % 2]), name=f"bench {number}")
