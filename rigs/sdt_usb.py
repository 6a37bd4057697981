"""A reader with a SAM_V module on USB that does not exist: a back end for pyusb, as libusb would be one.

It has what a real bus has and a driver must stand: transfers that time out, packets of the endpoint's size, a device
that is pulled out in the middle of a transfer, a claim that another program holds.
"""

import errno
import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from booth.devices.card import sdt_frames as frames
from rigs.sdt_module import SamV

VENDOR, PRODUCT = 0x0400, 0xC35A
_OUT, _IN = 0x02, 0x81
_BULK, _INTERRUPT = 0x02, 0x03
_HID, _VENDOR_SPECIFIC = 0x03, 0xFF


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the descriptors say. `decoys` stand before the interface that works: a keyboard's, an empty one."""

    transfer: int = _BULK
    interface_class: int = _VENDOR_SPECIFIC
    packet_bytes: int = 64
    decoys: bool = True


BULK = Wiring()
HID = Wiring(_INTERRUPT, _HID)


class UsbBus(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """A bus with one module, plugged in or not. Every call may come from the driver's thread."""

    def __init__(self, wiring: Wiring = BULK, vendor: int = VENDOR, product: int = PRODUCT) -> None:
        self.module = SamV()
        self.module.plugged = True
        self._wiring, self._ids = wiring, (vendor, product)
        self._changed = threading.Condition()
        self._deframer = frames.Deframer()
        self._waiting = bytearray()
        self._generation = 1
        self.claimed = 0
        self.kernel_driver = wiring.interface_class == _HID
        self.taken_by_another_program = False

    # What a hand does

    def unplug(self) -> None:
        with self._changed:
            self.module.plugged = False
            self._generation += 1
            self._waiting.clear()
            self._changed.notify_all()

    def plug(self) -> None:
        with self._changed:
            self.module.plugged = True
            self._deframer = frames.Deframer()
            self.claimed = 0

    # What pyusb asks

    def enumerate_devices(self) -> list[int]:
        return [self._generation] if self.module.plugged else []

    def get_device_descriptor(self, _device: int) -> Any:
        vendor, product = self._ids
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0110, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=8, idVendor=vendor, idProduct=product, bcdDevice=0x0100, iManufacturer=0, iProduct=0,
            iSerialNumber=0, bNumConfigurations=1, address=1, bus=1, port_number=1, port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, _device: int, _configuration: int) -> Any:
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=self._module_interface() + 1,
            bConfigurationValue=1, iConfiguration=0, bmAttributes=0x80, bMaxPower=50, extra_descriptors=b"",
        )  # fmt: skip

    def get_interface_descriptor(self, _device: int, interface: int, alternate: int, _configuration: int) -> Any:
        if alternate > 0 or interface > self._module_interface():
            raise IndexError
        is_module = interface == self._module_interface()
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=interface, bAlternateSetting=0,
            bNumEndpoints=2 if is_module else 1 - interface,
            bInterfaceClass=self._wiring.interface_class if is_module else _HID,
            bInterfaceSubClass=0, bInterfaceProtocol=0, iInterface=0, extra_descriptors=b"",
        )  # fmt: skip

    def get_endpoint_descriptor(
        self, _device: int, endpoint: int, interface: int, _alternate: int, _configuration: int
    ) -> Any:
        is_module = interface == self._module_interface()
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(_IN, _OUT)[endpoint] if is_module else 0x83,
            bmAttributes=self._wiring.transfer if is_module else _INTERRUPT,
            wMaxPacketSize=self._wiring.packet_bytes, bInterval=1, bRefresh=0, bSynchAddress=0, extra_descriptors=b"",
        )  # fmt: skip

    def open_device(self, device: int) -> int:
        self._require(device)
        return device

    def close_device(self, _handle: int) -> None: ...

    def set_configuration(self, handle: int, _value: int) -> None:
        self._require(handle)

    def get_configuration(self, handle: int) -> int:
        self._require(handle)
        return 1

    def claim_interface(self, handle: int, _interface: int) -> None:
        self._require(handle)
        if self.kernel_driver or self.taken_by_another_program:
            raise usb.core.USBError("busy", errno=errno.EBUSY)
        self.claimed += 1

    def release_interface(self, handle: int, _interface: int) -> None:
        self._require(handle)
        self.claimed -= 1

    def is_kernel_driver_active(self, handle: int, _interface: int) -> bool:
        self._require(handle)
        return self.kernel_driver

    def detach_kernel_driver(self, handle: int, _interface: int) -> None:
        self._require(handle)
        self.kernel_driver = False

    def bulk_write(self, handle: int, endpoint: int, _interface: int, data: Any, _timeout_ms: int) -> int:
        return self._write(_BULK, handle, endpoint, bytes(data))

    def intr_write(self, handle: int, endpoint: int, _interface: int, data: Any, _timeout_ms: int) -> int:
        return self._write(_INTERRUPT, handle, endpoint, bytes(data))

    def bulk_read(self, handle: int, endpoint: int, _interface: int, buffer: Any, timeout_ms: int) -> int:
        return self._read(_BULK, handle, endpoint, buffer, timeout_ms)

    def intr_read(self, handle: int, endpoint: int, _interface: int, buffer: Any, timeout_ms: int) -> int:
        return self._read(_INTERRUPT, handle, endpoint, buffer, timeout_ms)

    def _module_interface(self) -> int:
        return 2 if self._wiring.decoys else 0

    def _require(self, generation: int) -> None:
        if not self.module.plugged or generation != self._generation:
            raise usb.core.USBError("no such device", errno=errno.ENODEV)

    def _write(self, transfer: int, handle: int, endpoint: int, data: bytes) -> int:
        self._require(handle)
        assert (transfer, endpoint) == (self._wiring.transfer, _OUT), "written to another endpoint"
        if transfer == _INTERRUPT:
            assert len(data) == self._wiring.packet_bytes, "a report has the endpoint's size"
        for body in self._deframer.feed(data):
            answer = self.module.reply_to(body)
            with self._changed:
                self._waiting += answer
                self._changed.notify_all()
        return len(data)

    def _read(self, transfer: int, handle: int, endpoint: int, buffer: Any, timeout_ms: int) -> int:
        assert (transfer, endpoint) == (self._wiring.transfer, _IN), "read from another endpoint"
        until_s = time.monotonic() + timeout_ms / 1000
        with self._changed:
            self._require(handle)
            while not self._waiting:
                left_s = until_s - time.monotonic()
                if left_s <= 0 or not self._changed.wait(left_s):
                    raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
                self._require(handle)
            size = min(len(buffer) * buffer.itemsize, self._wiring.packet_bytes, len(self._waiting))
            packet = bytes(self._waiting[:size])
            del self._waiting[:size]
        if transfer == _INTERRUPT:
            packet = packet.ljust(self._wiring.packet_bytes, b"\0")
        buffer[: len(packet)] = type(buffer)("B", packet)
        return len(packet)
