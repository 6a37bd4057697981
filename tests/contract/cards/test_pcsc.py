"""What only PC/SC can do and can't: mute cards, a daemon that comes later, virtual readers, locked records."""

import asyncio
import os
import subprocess
import sys
import threading

import msgspec
import pytest

from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.interface import CardReader
from booth.devices.card.pcsc import PcscReader
from booth.errors import ConfigError, DeviceError
from protocol.devices import DeviceState
from protocol.errors import ErrorCode
from protocol.records import SocialSecurityCard
from rigs.pcscd import PrivatePcscd
from rigs.virtual_card import VirtualCard
from tests.contract.cards.benches import (
    PATIENCE_S,
    PcscBench,
    entered,
    next_card,
    next_inserted,
    next_removed,
    next_state,
)

READABLE, LOCKED, *_ = [bench.card for bench in BENCH_CARDS if isinstance(bench.card, SocialSecurityCard)]


@pytest.fixture
def bench(pcscd: PrivatePcscd) -> PcscBench:
    return PcscBench(pcscd)


async def refusal(reader: CardReader, insertion: int) -> ErrorCode:
    with pytest.raises(DeviceError) as refused:
        async with asyncio.timeout(PATIENCE_S):
            await reader.read(insertion)
    return refused.value.code


async def test_a_third_generation_card_is_read_as_far_as_it_lets(bench: PcscBench) -> None:
    async with entered(bench) as events:
        await bench.lay(LOCKED)
        record = (await bench.reader.read(await next_inserted(events))).card
    assert record == LOCKED
    assert isinstance(record, SocialSecurityCard)
    assert record.psam_required


async def test_the_bank_number_is_read_where_it_is_configured_and_nowhere_else(pcscd: PrivatePcscd) -> None:
    card = msgspec.structs.replace(READABLE, bank_number="6200003199991958031")
    for bank_number in (False, True):
        bench = PcscBench(pcscd, bank_number=bank_number)
        async with entered(bench) as events:
            await bench.lay(card)
            record = (await bench.reader.read(await next_inserted(events))).card
        assert record == (card if bank_number else READABLE)


async def test_a_card_of_another_kind_is_unsupported(bench: PcscBench) -> None:
    async with entered(bench) as events:
        await bench.lay_virtual(VirtualCard({}, application=b"transport"))
        assert await refusal(bench.reader, await next_inserted(events)) is ErrorCode.CARD_UNSUPPORTED


async def test_a_card_can_be_read_again_while_it_lies_there(bench: PcscBench) -> None:
    async with entered(bench) as events:
        await bench.lay(READABLE)
        insertion = await next_inserted(events)
        for _ in range(5):
            assert (await bench.reader.read(insertion)).card == READABLE


async def test_a_slow_card_is_read(bench: PcscBench) -> None:
    async with entered(bench) as events:
        await bench.lay_virtual(VirtualCard.of(READABLE, delay_s=0.03))
        read = await bench.reader.read(await next_inserted(events))
    assert read.card == READABLE
    assert read.took_ms >= 300  # eleven commands and more


async def test_a_mute_card_blocks_until_the_caller_gives_up_and_is_forgotten_when_it_is_lifted(
    bench: PcscBench,
) -> None:
    async with entered(bench) as events:
        await bench.lay_virtual(VirtualCard.of(READABLE, mute_at=2))
        insertion = await next_inserted(events)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await bench.reader.read(insertion)
        await bench.lift()
        assert await next_removed(events) == insertion
        await bench.lay(READABLE)
        assert (await bench.reader.read(await next_inserted(events))).card == READABLE


async def test_leaving_does_not_wait_for_a_mute_card(bench: PcscBench, caplog: pytest.LogCaptureFixture) -> None:
    async with bench.reader as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        await bench.lay_virtual(VirtualCard.of(READABLE, mute_at=2))
        insertion = await next_inserted(events)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(insertion)
        [thread] = [thread for thread in threading.enumerate() if thread.name == "card-pcsc"]
    assert "blocked by a card" in caplog.text
    await bench.lift()
    await asyncio.to_thread(thread.join, PATIENCE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("command", [0, 9])
async def test_a_card_pulled_out_at_any_command_raises_card_removed(bench: PcscBench, command: int) -> None:
    async with entered(bench) as events:
        await bench.lay_virtual(VirtualCard.of(READABLE, pull_out_at=command))
        insertion = await next_inserted(events)
        assert await refusal(bench.reader, insertion) is ErrorCode.CARD_REMOVED
        assert await next_removed(events) == insertion


async def test_a_card_slipped_in_quicker_than_pcscd_looks_is_never_read_for_the_one_before(bench: PcscBench) -> None:
    async with entered(bench) as events:
        slow = VirtualCard.of(LOCKED, delay_s=0.05)
        await bench.lay_virtual(slow)
        first = await next_inserted(events)
        reading = asyncio.create_task(refusal(bench.reader, first), name="reading")
        await asyncio.to_thread(slow.asked.wait, PATIENCE_S)  # into the exchange
        await asyncio.to_thread(bench.slot.lay, VirtualCard.of(READABLE))
        assert await reading in (ErrorCode.CARD_REMOVED, ErrorCode.CARD_DAMAGED)
        assert await refusal(bench.reader, first) in (ErrorCode.CARD_REMOVED, ErrorCode.CARD_DAMAGED)
        await bench.lay(READABLE)
        record = None
        while record is None:
            insertion = await next_card(events)
            if insertion == bench.reader.inserted:
                record = (await bench.reader.read(insertion)).card
        assert record == READABLE


async def test_a_reader_whose_daemon_starts_later_is_found(bench: PcscBench, pcscd: PrivatePcscd) -> None:
    pcscd.kill()
    try:
        async with bench.reader as reader:
            events = reader.events()
            assert await refusal(reader, 1) is ErrorCode.READER_ABSENT
            await asyncio.to_thread(pcscd.start)
            assert await next_state(events) is DeviceState.READY
            await bench.lay(READABLE)
            assert (await reader.read(await next_inserted(events))).card == READABLE
            await bench.lift()
    finally:
        pcscd.kill()
        pcscd.start()


def test_naming_a_virtual_reader_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="virtual"):
        PcscReader("Virtual PCD 00 00")


async def test_a_virtual_reader_is_never_taken_for_a_real_one(bench: PcscBench) -> None:
    async with PcscReader(None) as real, entered(bench) as events:
        await bench.lay(READABLE)
        await next_inserted(events)  # by now `real` has seen the same readers
        assert real.status.state is DeviceState.ABSENT
        assert real.inserted is None


async def test_without_a_name_the_first_reader_is_taken(pcscd: PrivatePcscd) -> None:
    async with PcscReader(None, allow_virtual=True) as reader:
        assert await next_state(reader.events()) is DeviceState.READY


async def test_a_program_that_gets_the_environment_speaks_to_this_daemon(pcscd: PrivatePcscd) -> None:
    code = "from booth.devices.card import winscard as w; c = w.establish(); print(w.list_readers(c)); w.release(c)"
    told = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code],
        env=os.environ | pcscd.environment(),
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode().strip() == str([pcscd.reader_name(0), pcscd.reader_name(1)])
