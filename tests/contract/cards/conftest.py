"""The benches of the contract suite. The PC/SC one runs a real pcscd of its own; without its packages it fails, it
does not skip.
"""

import os
from collections.abc import Iterator

import pytest

from booth.devices.card import winscard
from rigs.pcscd import PrivatePcscd
from rigs.sdt_module import SdtModule
from rigs.sdt_usb import BULK, HID, UsbBus
from tests.contract.cards.benches import Bench, PcscBench, SdtBench, SimulatedBench, UsbBench


@pytest.fixture(scope="session")
def pcscd() -> Iterator[PrivatePcscd]:
    with PrivatePcscd(os.environ["PCSCLITE_CSOCK_NAME"]) as daemon:
        context = winscard.establish()
        names = winscard.list_readers(context)
        winscard.release(context)
        assert names == [daemon.reader_name(0), daemon.reader_name(1)], "an earlier test spoke to another pcscd"
        yield daemon


@pytest.fixture
def module() -> Iterator[SdtModule]:
    with SdtModule() as module:
        yield module


@pytest.fixture(params=["simulated", "sdt", "usb_bulk", "usb_hid", "pcsc"])
def bench(request: pytest.FixtureRequest) -> Bench:
    match request.param:
        case "simulated":
            return SimulatedBench()
        case "sdt":
            return SdtBench(request.getfixturevalue("module"))
        case "usb_bulk":
            return UsbBench(UsbBus(BULK))
        case "usb_hid":
            return UsbBench(UsbBus(HID))
        case _:
            return PcscBench(request.getfixturevalue("pcscd"))
