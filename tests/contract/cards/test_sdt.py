"""What only the serial module can do and can't: replies that go wrong, and a find that can't tell."""

import asyncio

import pytest

from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.interface import CardReader, ReaderTested
from booth.devices.card.sdt import SETTLE_TRIES, SdtSerialReader
from booth.devices.card.sdt_frames import module_id_of
from booth.devices.card.sdt_text import ResidentCard
from booth.errors import DeviceError
from protocol.devices import DeviceState
from protocol.errors import ErrorCode
from protocol.records import IdCard
from rigs.resident_text import added_address_of, text_of
from rigs.sdt_module import MODULE_ID, SdtModule
from tests.contract.cards.benches import PATIENCE_S, next_card, next_inserted, next_removed, next_state

FIRST, SECOND, *_ = [bench.card for bench in BENCH_CARDS if isinstance(bench.card, IdCard)]
FAMILY = [bench.card for bench in BENCH_CARDS if isinstance(bench.card, ResidentCard)]


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


async def test_a_second_reading_gives_what_is_held_and_the_end_of_the_visit_what_must_be_laid_anew(
    module: SdtModule,
) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        insertion = await next_inserted(events)
        first = await reader.read(insertion)
        assert await reader.read(insertion) is first
        reader.forget()
        assert await next_removed(events) == insertion
        assert await refusal(reader, insertion) is ErrorCode.CARD_REMOVED
        assert reader.inserted is None  # it lies there still, and says nothing to whoever comes next
        await asyncio.to_thread(module.lift)
        module.lay(text_of(FIRST))
        assert (await reader.read(await next_inserted(events))).card == FIRST


async def test_a_reading_that_is_given_up_when_the_visit_ends_is_held_by_nobody() -> None:
    with SdtModule(paced=True) as slow:
        async with SdtSerialReader(slow.path) as reader:
            events = reader.events()
            assert await next_state(events) is DeviceState.READY
            slow.lay(text_of(FIRST))
            insertion = await next_inserted(events)
            reading = asyncio.create_task(reader.read(insertion), name="reading")
            await asyncio.to_thread(slow.see_read)  # the module has done it, the wire has not
            reading.cancel()
            reader.forget()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await next_removed(events) == insertion
            slow.lay(text_of(SECOND))
            assert (await reader.read(await next_inserted(events))).card == SECOND


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


@pytest.mark.parametrize("card", FAMILY, ids=lambda card: type(card).__name__)
async def test_each_card_of_the_family_is_read(module: SdtModule, card: ResidentCard) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(card), added_address=added_address_of(card))
        assert (await reader.read(await next_inserted(events))).card == card


async def test_a_card_that_settles_late_is_read_and_one_that_never_does_is_damaged(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST), settling=SETTLE_TRIES - 1)
        assert (await reader.read(await next_inserted(events))).card == FIRST
        await asyncio.to_thread(module.lift)
        module.lay(text_of(SECOND), settling=SETTLE_TRIES)
        assert await refusal(reader, await next_card(events)) is ErrorCode.CARD_DAMAGED


async def test_an_added_address_that_is_nonsense_costs_nothing_but_itself(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST), added_address=b"\x07\x00" * 35)
        assert (await reader.read(await next_inserted(events))).card == FIRST


async def test_fingerprints_that_come_unasked_are_dropped(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST), fingerprint_bytes=1024)
        assert (await reader.read(await next_inserted(events))).card == FIRST


async def test_the_self_test_tells_the_port_and_the_modules_id(module: SdtModule) -> None:
    async with SdtSerialReader(module.path) as reader:
        assert await next_state(reader.events()) is DeviceState.READY
        assert await reader.test() == ReaderTested(module.path, module_id=module_id_of(MODULE_ID))


class Decoder:
    """A decoder that paints every photo in one colour, or fails."""

    name = "painter 1"

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def decode(self, wlt: bytes) -> bytes:
        if self.fails:
            raise ValueError
        return bytes([len(wlt) // 8]) * (126 * 102 * 3)


@pytest.mark.parametrize("decoder", [None, Decoder(), Decoder(fails=True)], ids=["none", "works", "fails"])
async def test_a_photo_is_there_only_when_a_decoder_is_and_never_costs_the_text(
    module: SdtModule, decoder: Decoder | None
) -> None:
    async with SdtSerialReader(module.path, photo_decoder=decoder) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        module.lay(text_of(FIRST))
        read = await reader.read(await next_inserted(events))
        assert read.card == FIRST
        is_painted = decoder is not None and not decoder.fails
        assert (read.photo is not None and read.photo.bgr == bytes([128]) * (126 * 102 * 3)) == is_painted
