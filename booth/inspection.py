"""What a technician at the booth asks for: which devices are there and whether they work, and one card read.

Nothing here speaks to the center. A card's data go to the caller, never to a log.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from booth.devices.camera.interface import Camera
from booth.devices.card.interface import CardInserted, CardRead, CardReader, ReaderTested
from booth.devices.card.photo import NoPhotoDecoder, find_decoder
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState
from protocol.errors import ErrorCode
from protocol.records import Card, PermanentResidentCardVersion, Sex

READY_S = 6.0
"""How long a device gets to be found: a serial module answers within 2 s, a camera needs its first picture."""
TEST_S = 10.0

OPEN_FIELDS = frozenset({"version", "number_valid", "psam_required", "long_term", "valid_until", "expires"})
"""What is shown of a card without `--show`: nothing that says whose it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One configured device. `code` says why it doesn't work; None when it does."""

    kind: DeviceKind
    state: DeviceState
    code: ErrorCode | None
    reader: ReaderTested | None = None
    camera_name: str = ""
    width_px: int = 0
    height_px: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """What is plugged in, configured or not."""

    serial_ports: tuple[str, ...]
    usb_modules: tuple[str, ...]
    pcsc_readers: tuple[str, ...]
    photo_decoder: str | None


async def inspect(readers: Mapping[DeviceKind, CardReader], camera: Camera | None) -> list[Finding]:
    """Test every configured device, at the same time. Cancelling it leaves them closed."""
    async with asyncio.TaskGroup() as tasks:
        jobs = [tasks.create_task(_inspect_reader(one), name=f"inspect {kind}") for kind, one in readers.items()]
        if camera is not None:
            jobs.append(tasks.create_task(_inspect_camera(camera), name="inspect document camera"))
    return [job.result() for job in jobs]


def look_around() -> Around:
    """Ask the machine what is plugged in. Blocks for a moment; what can't be asked counts as empty."""
    from serial.tools import list_ports

    from booth.devices.card.sdt_usb import list_known

    decoder = None
    with suppress(NoPhotoDecoder):
        decoder = find_decoder().name
    ports = tuple(sorted(port.device for port in list_ports.comports()))
    return Around(ports, tuple(list_known()), _pcsc_readers(), decoder)


async def read_next_card(readers: Iterable[CardReader], wait_s: float) -> CardRead:
    """The first card that is laid on any reader, or lies there already.

    Raises `DeviceError`: `card_absent` when none was laid in time, and what `CardReader.read` raises.
    """
    async with AsyncExitStack() as stack:
        entered = [await stack.enter_async_context(reader) for reader in readers]
        reader, insertion = await _first_laid(entered, wait_s)
        async with asyncio.timeout(TEST_S):
            return await reader.read(insertion)


def lines_of(card: Card, show: bool) -> list[tuple[str, str]]:
    """A card's fields by name; covered, but for what says nothing of the holder, unless `show`."""
    lines = []
    for name in card.__struct_fields__:
        value = getattr(card, name)
        text = "—" if value in (None, "") else str(value)
        is_open = show or value in (None, "") or name in OPEN_FIELDS
        lines.append((name, text if is_open else cover(value)))
    return lines


def cover(value: object) -> str:
    """`林**`: the first character of a name or a number, and nothing of how long it is beyond three."""
    if isinstance(value, Sex | PermanentResidentCardVersion | bool):
        return "*"
    return str(value)[:1] + "**"


async def _inspect_reader(reader: CardReader) -> Finding:
    async with reader:
        events, tested = reader.events(), None
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while reader.status.state is DeviceState.ABSENT:
                    await anext(events)
        status = reader.status
        code = status.code
        if status.state is DeviceState.READY:
            try:
                async with asyncio.timeout(TEST_S):
                    tested = await reader.test()
            except DeviceError as error:
                code = error.code
            except TimeoutError:
                code = ErrorCode.TIMED_OUT
        return Finding(reader.kind, status.state, code, tested)


async def _inspect_camera(camera: Camera) -> Finding:
    async with camera:
        try:
            async with asyncio.timeout(TEST_S):
                image = (await camera.capture()).image
        except DeviceError as error:
            return Finding(DeviceKind.DOCUMENT_CAMERA, camera.status.state, error.code, camera_name=camera.name)
        except TimeoutError:
            code = camera.status.code or ErrorCode.TIMED_OUT
            return Finding(DeviceKind.DOCUMENT_CAMERA, camera.status.state, code, camera_name=camera.name)
        height_px, width_px = image.shape[:2]
        return Finding(
            DeviceKind.DOCUMENT_CAMERA,
            DeviceState.READY,
            None,
            camera_name=camera.name,
            width_px=width_px,
            height_px=height_px,
        )


async def _first_laid(readers: Iterable[CardReader], wait_s: float) -> tuple[CardReader, int]:
    waiting = {asyncio.create_task(_inserted(reader), name=f"wait for {reader.kind}"): reader for reader in readers}
    try:
        done, _ = await asyncio.wait(waiting, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise DeviceError(ErrorCode.CARD_ABSENT, "no card was laid")
        first = done.pop()
        return waiting[first], first.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _inserted(reader: CardReader) -> int:
    events = reader.events()
    if reader.inserted is not None:
        return reader.inserted
    async for event in events:
        if isinstance(event, CardInserted):
            return event.insertion
    raise DeviceError(ErrorCode.READER_ABSENT, "the reader was closed")


def _pcsc_readers() -> tuple[str, ...]:
    from booth.devices.card import winscard

    try:
        context = winscard.establish()
    except winscard.PcscError:
        return ()
    try:
        return tuple(winscard.list_readers(context))
    except winscard.PcscError:
        return ()
    finally:
        winscard.release(context)
