"""A SAM_V module on USB. The only place that knows pyusb and its exceptions.

The frames are those of the serial line, over a pair of bulk endpoints or, on a HID device, over a pair of interrupt
endpoints in reports as long as the endpoint's packets, the last one filled with zeros. Which of the two a reader has is
taken from its descriptors. No reader was at hand: see `KNOWN_IDS` for what is public and what is from memory.

pyusb needs libusb-1.0 on the machine and the right to open the device (a udev rule, docs/operating.md).
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import usb.core
import usb.util

from booth.devices.card.sdt_line import SLICE_S, LineLost

KNOWN_IDS = {
    (0x0400, 0xC35A): "SAM_V module",  # widely known from public material
}
"""USB vendor and product ids of readers that speak SDT. An id belongs here when a reader was seen to work, or when
public material names it; other readers are named in the configuration (`usb_id`).
"""

WRITE_MS = 1000
MAX_QUIET_READS = 64
"""How many packets of old input are dropped before a command at most."""

_READ_MS = round(SLICE_S * 1000)
_BULK, _INTERRUPT = usb.util.ENDPOINT_TYPE_BULK, usb.util.ENDPOINT_TYPE_INTR
_HID = 0x03
"""USB's class code of human interface devices."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where frames go: on which interface, by which pair of endpoints, in packets of which size (bytes)."""

    interface: int
    out_address: int
    in_address: int
    packet_bytes: int
    in_reports: bool
    """HID: each packet has the full size."""


def probe(device: Any) -> Endpoints:
    """The first interface with a pair of bulk endpoints, else the first HID one with a pair of interrupt endpoints.

    Raises `LineLost` when the device has neither.
    """
    for kind in (_BULK, _INTERRUPT):
        for interface in device.get_active_configuration():
            if kind == _INTERRUPT and interface.bInterfaceClass != _HID:
                continue
            pair: dict[bool, Any] = {}
            for endpoint in interface:
                if usb.util.endpoint_type(endpoint.bmAttributes) == kind:
                    pair.setdefault(
                        usb.util.endpoint_direction(endpoint.bEndpointAddress) == usb.util.ENDPOINT_IN, endpoint
                    )
            if len(pair) == 2 and min(one.wMaxPacketSize for one in pair.values()) > 0:
                return Endpoints(
                    interface.bInterfaceNumber,
                    pair[False].bEndpointAddress,
                    pair[True].bEndpointAddress,
                    pair[False].wMaxPacketSize,
                    in_reports=kind == _INTERRUPT,
                )
    raise LineLost("the USB device has no pair of endpoints")


class UsbWire:
    """An open device as a `Wire`."""

    def __init__(self, device: Any, endpoints: Endpoints, name: str) -> None:
        self._device = device
        self._endpoints = endpoints
        self._in_bytes = max(endpoints.packet_bytes, 64) if endpoints.in_reports else 4096
        self.name = name

    def write(self, data: bytes) -> None:
        size = self._endpoints.packet_bytes
        pieces = [data]
        if self._endpoints.in_reports:
            pieces = [data[at : at + size].ljust(size, b"\0") for at in range(0, len(data), size)]
        with _translated():
            for piece in pieces:
                if self._device.write(self._endpoints.out_address, piece, WRITE_MS) != len(piece):
                    raise LineLost("the USB device took a part of a command")

    def read(self) -> bytes:
        return self._read(_READ_MS)

    def drop_input(self) -> None:
        for _ in range(MAX_QUIET_READS):
            if not self._read(1):
                return

    def _read(self, timeout_ms: int) -> bytes:
        with _translated():
            try:
                return bytes(self._device.read(self._endpoints.in_address, self._in_bytes, timeout_ms))
            except usb.core.USBTimeoutError:
                return b""


@contextmanager
def open_usb(usb_id: tuple[int, int] | None = None, backend: Any = None) -> Iterator[UsbWire]:
    """Open the first reader of this vendor and product id, or of `KNOWN_IDS`, for this program alone.

    `backend` stands in for libusb in tests. Raises `LineLost`.
    """
    with _translated():
        device = _find([usb_id] if usb_id is not None else list(KNOWN_IDS), backend)
        try:
            endpoints = probe(device)
            if device.is_kernel_driver_active(endpoints.interface):
                device.detach_kernel_driver(endpoints.interface)
            usb.util.claim_interface(device, endpoints.interface)
        except BaseException:
            usb.util.dispose_resources(device)
            raise
    try:
        yield UsbWire(device, endpoints, _name_of(device))
    finally:
        usb.util.dispose_resources(device)  # says nothing about a device that was unplugged


def list_known(backend: Any = None) -> list[str]:
    """Readers of `KNOWN_IDS` that are plugged in, by name; empty without libusb."""
    names = []
    for vendor, product in KNOWN_IDS:
        try:
            found = list(usb.core.find(find_all=True, idVendor=vendor, idProduct=product, backend=backend))
        except (usb.core.USBError, usb.core.NoBackendError):
            continue
        for device in found:
            names.append(_name_of(device))
            usb.util.dispose_resources(device)
    return names


def _find(ids: list[tuple[int, int]], backend: Any) -> Any:
    for vendor, product in ids:
        device = usb.core.find(idVendor=vendor, idProduct=product, backend=backend)
        if device is not None:
            return device
    raise LineLost("no known reader on USB")


def _name_of(device: Any) -> str:
    known = KNOWN_IDS.get((device.idVendor, device.idProduct), "SDT")
    return f"USB {device.idVendor:04X}:{device.idProduct:04X} ({known})"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except usb.core.NoBackendError as error:
        raise LineLost("libusb-1.0 is not installed") from error
    except (usb.core.USBError, NotImplementedError) as error:
        code = getattr(error, "errno", None)
        raise LineLost(f"{type(error).__name__} ({errno.errorcode.get(code or 0, code)})") from error
