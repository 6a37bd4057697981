"""What only USB can do: endpoints that must be found, a claim that somebody else holds, and no libusb at all."""

import asyncio
from pathlib import Path

import pytest
import usb.core

from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.interface import ReaderTested
from booth.devices.card.sdt import SdtAutoReader, SdtUsbReader
from booth.devices.card.sdt_frames import module_id_of
from booth.devices.card.sdt_line import LineLost
from booth.devices.card.sdt_usb import list_known, open_usb
from protocol.devices import DeviceState
from protocol.records import IdCard
from rigs.resident_text import text_of
from rigs.sdt_module import MODULE_ID, SdtModule
from rigs.sdt_usb import BULK, HID, UsbBus, Wiring
from tests.contract.cards.benches import next_inserted, next_state

CARD = next(bench.card for bench in BENCH_CARDS if isinstance(bench.card, IdCard))


@pytest.mark.parametrize("packet_bytes", [8, 32, 64, 512])
@pytest.mark.parametrize("kind", [BULK, HID], ids=["bulk", "hid"])
async def test_endpoints_are_found_and_packets_have_their_size(kind: Wiring, packet_bytes: int) -> None:
    bus = UsbBus(Wiring(kind.transfer, kind.interface_class, packet_bytes))
    async with SdtUsbReader(backend=bus) as reader:
        events = reader.events()
        assert await next_state(events) is DeviceState.READY
        bus.module.lay(text_of(CARD))
        assert (await reader.read(await next_inserted(events))).card == CARD
        assert bus.claimed == 1
    assert bus.claimed == 0


async def test_the_self_test_tells_the_ids_and_the_modules_id() -> None:
    async with SdtUsbReader(backend=UsbBus()) as reader:
        assert await next_state(reader.events()) is DeviceState.READY
        name = "USB 0400:C35A (SAM_V module)"
        assert await reader.test() == ReaderTested(name, module_id=module_id_of(MODULE_ID))


def test_a_device_without_a_pair_of_endpoints_is_no_reader() -> None:
    with pytest.raises(LineLost), open_usb(backend=UsbBus(Wiring(transfer=0x01))):
        pass


def test_a_device_that_another_program_holds_is_not_opened() -> None:
    bus = UsbBus()
    bus.taken_by_another_program = True
    with pytest.raises(LineLost, match="EBUSY"), open_usb(backend=bus):
        pass


def test_an_unknown_device_is_found_only_when_it_is_named() -> None:
    bus = UsbBus(vendor=0x1234, product=0x5678)
    assert list_known(bus) == []
    with pytest.raises(LineLost), open_usb(backend=bus):
        pass
    with open_usb((0x1234, 0x5678), bus) as wire:
        assert wire.name == "USB 1234:5678 (SDT)"


def test_without_libusb_there_is_no_reader_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(**_: object) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_library)
    assert list_known() == []
    with pytest.raises(LineLost, match="libusb"), open_usb():
        pass


async def test_auto_takes_the_configured_port_and_usb_when_there_is_none(tmp_path: Path) -> None:
    bus = UsbBus()
    with SdtModule() as module:
        async with SdtAutoReader(module.path, backend=bus) as reader:
            events = reader.events()
            assert await next_state(events) is DeviceState.READY
            assert (await reader.test()).name == module.path
            await asyncio.to_thread(module.unplug)
            assert await next_state(events) is DeviceState.ABSENT
            assert await next_state(events) is DeviceState.READY
            assert (await reader.test()).name.startswith("USB")
            bus.unplug()
            assert await next_state(events) is DeviceState.ABSENT
            module.plug()
            assert await next_state(events) is DeviceState.READY
            assert (await reader.test()).name == module.path
