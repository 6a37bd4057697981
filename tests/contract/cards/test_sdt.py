"""What only the serial module can do and can't: replies that go wrong, and a find that can't tell."""

import asyncio

import pytest

from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.interface import CardReader
from booth.devices.card.sdt import SdtSerialReader
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.messages import DeviceState
from protocol.records import IdCard
from tests.contract.cards.benches import PATIENCE_S, next_card, next_inserted, next_removed, next_state
from tests.support.sdt_module import SdtModule, text_of

FIRST, SECOND, *_ = [bench.card for bench in BENCH_CARDS if isinstance(bench.card, IdCard)]


async def refusal(reader: CardReader, insertion: int) -> ErrorCode:
    with pytest.raises(DeviceError) as refused:
        async with asyncio.timeout(PATIENCE_S):
            await reader.read(insertion)
    return refused.value.code


async def test_a_card_that_was_read_is_presumed_to_lie_there_until_another_is_found(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        first = await next_inserted(events)
        assert (await reader.read(first)).card == FIRST
        await asyncio.to_thread(module.lift)
        assert reader.inserted == first
        module.lay(text_of(SECOND))
        assert await next_removed(events) == first
        assert (await reader.read(await next_inserted(events))).card == SECOND


async def test_a_card_that_was_read_is_presumed_gone_after_a_while(module: SdtModule) -> None:
    async with SdtSerialReader(module.path, presumed_s=0.3) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        insertion = await next_inserted(events)
        await reader.read(insertion)
        assert await next_removed(events) == insertion


async def test_a_card_that_was_read_must_be_laid_anew_to_be_read_again(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        insertion = await next_inserted(events)
        await reader.read(insertion)
        assert await refusal(reader, insertion) is ErrorCode.CARD_REMOVED
        assert await next_removed(events) == insertion
        await asyncio.to_thread(module.lift)
        module.lay(text_of(FIRST))
        assert (await reader.read(await next_inserted(events))).card == FIRST


async def test_garbage_between_the_replies_is_no_hindrance(module: SdtModule) -> None:
    module.garbage = b"\x00\xaa\xaa\xaa\x96\x69\xff\xff\xaa"
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        assert (await reader.read(await next_inserted(events))).card == FIRST


async def test_replies_with_wrong_checksums_are_not_believed_and_the_reader_goes_on(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        insertion = await next_inserted(events)
        module.wrong_checksums = 1
        reading = asyncio.create_task(reader.read(insertion), name="reading")
        try:
            assert (await reading).card == FIRST  # the wrong reply was one to the polling
        except DeviceError as error:
            assert error.code is ErrorCode.DEVICE_FAILED
            assert (await reader.read(insertion)).card == FIRST
        assert reader.status.state is DeviceState.READY


async def test_a_card_is_read_at_the_speed_of_the_wire() -> None:
    with SdtModule(paced=True) as module:
        async with SdtSerialReader(module.path) as reader:
            events = reader.events()
            assert await next_state(events) is DeviceState.READY
            module.lay(text_of(FIRST))
            read = await reader.read(await next_inserted(events))
    assert read.card == FIRST
    assert read.took_ms >= 100  # 1295 bytes take 112 ms


async def test_a_module_that_falls_silent_is_absent_until_it_speaks_again(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        first = await next_inserted(events)
        module.silent = True
        assert await next_removed(events) == first
        assert await next_state(events) is DeviceState.ABSENT
        assert await refusal(reader, first) is ErrorCode.READER_ABSENT
        module.silent = False
        assert await next_state(events) is DeviceState.READY
        assert (await reader.read(await next_inserted(events))).card == FIRST


async def test_a_module_that_fails_its_self_test_is_faulted_until_it_passes(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.status = 0x60
        assert await next_state(events) is DeviceState.FAULTED
        assert await refusal(reader, 1) is ErrorCode.DEVICE_FAILED
        module.status = 0x90
        assert await next_state(events) is DeviceState.READY


async def test_a_reader_that_is_unplugged_during_a_reading_says_so(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        insertion = await next_inserted(events)
        module.silent = True
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(refusal(reader, insertion), name="reading")
            await asyncio.to_thread(module.unplug)
        assert reading.result() is ErrorCode.READER_ABSENT


async def test_a_reader_that_is_plugged_in_later_is_found(module: SdtModule) -> None:
    module.unplug()
    module.lay(text_of(FIRST))
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await refusal(reader, 1) is ErrorCode.READER_ABSENT
        module.plug()
        assert await next_state(events) is DeviceState.READY
        assert (await reader.read(await next_inserted(events))).card == FIRST


@pytest.mark.parametrize("kind", ["I", "Y"])
async def test_a_foreigners_card_is_unsupported_and_the_next_card_is_read(module: SdtModule, kind: str) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST, kind))
        assert await refusal(reader, await next_inserted(events)) is ErrorCode.CARD_UNSUPPORTED
        await asyncio.to_thread(module.lift)
        module.lay(text_of(SECOND))
        assert (await reader.read(await next_card(events))).card == SECOND
