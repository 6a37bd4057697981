"""Codes from a camera and from a serial line, through their threads."""

import asyncio
import os
import pty
import threading
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.devices.code.camera import CameraCodes
from booth.devices.code.interface import CodeEvent, CodeReader, CodeSeen
from booth.devices.code.phone_scenes import code_image
from booth.devices.code.scanner import SerialScanner
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from tests.integration.booth.devices import FakeCamera

CODE = "SSM-INVENTED-0123456789"


class Events:
    """What a reader says, with a time-out."""

    def __init__(self, events: AsyncIterator[CodeEvent]) -> None:
        self._events = events

    async def next(self) -> CodeEvent:
        async with asyncio.timeout(10):
            return await anext(self._events)

    async def code(self) -> str:
        while not isinstance(event := await self.next(), CodeSeen):
            pass
        return event.code

    async def status(self) -> DeviceStatus:
        while not isinstance(event := await self.next(), DeviceStatus):
            pass
        return event


@asynccontextmanager
async def entered(reader: CodeReader) -> AsyncIterator[Events]:
    async with reader:
        yield Events(reader.events())
    async with asyncio.timeout(5):
        await reader.__aexit__(None, None, None)


def page(text: str | None) -> Image:
    image = np.full((480, 640, 3), 230, np.uint8)
    if text is not None:
        code = code_image(text, 5)
        image[100 : 100 + code.shape[0], 100 : 100 + code.shape[1]] = code[..., None]
    return image


# --- Under the camera ---


async def test_a_code_under_the_camera_is_told_once_for_each_showing() -> None:
    camera = FakeCamera()
    camera._image = page(CODE)
    async with entered(reader := CameraCodes(camera)) as events:
        reader.want(True)
        assert await events.code() == CODE
        camera._image = page("SSM-ANOTHER-0001")
        assert await events.code() == "SSM-ANOTHER-0001"
        assert reader.kind is DeviceKind.DOCUMENT_CAMERA
        assert CODE not in repr(reader)


async def test_nothing_is_looked_at_while_nobody_wants_a_code() -> None:
    camera, looked = FakeCamera(), asyncio.Event()
    loop = asyncio.get_running_loop()
    threads: set[str] = set()

    def read(image: Image) -> list[str]:
        threads.add(threading.current_thread().name)
        loop.call_soon_threadsafe(looked.set)
        return []

    async with entered(reader := CameraCodes(camera, read)) as events:
        listening = asyncio.create_task(events.next())
        await asyncio.sleep(0)
        assert camera.grabbed == 0
        reader.want(True)
        async with asyncio.timeout(5):
            await looked.wait()
        reader.want(False)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert threads == {"codes_0"}


async def test_a_code_that_was_read_while_the_visit_ended_is_told_to_nobody() -> None:
    camera, reading, go_on = FakeCamera(), threading.Event(), threading.Event()
    seen: list[str] = []

    def read(image: Image) -> list[str]:
        seen.append("look")
        reading.set()
        go_on.wait(5)
        return [f"CODE-{len(seen)}"]

    async with entered(reader := CameraCodes(camera, read)) as events:
        reader.want(True)
        listening = asyncio.create_task(events.code())
        await asyncio.to_thread(reading.wait, 5)
        reader.want(False)
        reader.wipe()
        reader.want(True)  # the next resident is quick
        go_on.set()
        assert await listening == "CODE-2"


# --- On a serial line ---


class Line:
    """A pty: the scanner's end is ours."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.port = os.ttyname(self.theirs)

    def scan(self, text: str) -> None:
        os.write(self.ours, text.encode() + b"\r\n")

    def close(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


async def test_a_scanned_code_is_told_when_somebody_waits_for_it(line: Line) -> None:
    async with entered(reader := SerialScanner(line.port)) as events:
        assert await events.status() == DeviceStatus(DeviceKind.CODE_SCANNER, DeviceState.READY)
        reader.want(True)
        line.scan(CODE)
        assert await events.code() == CODE
        line.scan(CODE)
        assert await events.code() == CODE, "each pull of the trigger is a showing"
        assert CODE not in repr(reader)


async def test_a_code_that_nobody_waits_for_or_that_is_left_over_is_dropped(line: Line) -> None:
    scanner = SerialScanner(line.port)
    arrived = asyncio.Event()
    whole = scanner._arrived

    def noted(event: CodeEvent) -> None:
        whole(event)
        if isinstance(event, CodeSeen):
            arrived.set()

    scanner._arrived = noted  # type: ignore[method-assign]
    async with entered(scanner) as events:
        await events.status()
        line.scan("UNWANTED-1")
        async with asyncio.timeout(5):
            await arrived.wait()
        scanner.want(True)
        arrived.clear()
        line.scan("LEFT-OVER-2")
        async with asyncio.timeout(5):
            await arrived.wait()
        scanner.wipe()
        line.scan(CODE)
        assert await events.code() == CODE


async def test_a_scanner_that_is_not_there_is_absent_and_comes_back() -> None:
    line = Line()
    port = line.port
    async with entered(SerialScanner(port)) as events:
        assert (await events.status()).state is DeviceState.READY
        line.close()
        assert (await events.status()).state is DeviceState.ABSENT


async def test_cancelling_whoever_listens_leaves_no_thread_behind(line: Line) -> None:
    async with entered(SerialScanner(line.port)) as events:
        await events.status()
        listening = asyncio.create_task(events.next())
        await asyncio.sleep(0)
        listening.cancel()
        assert await asyncio.gather(listening, return_exceptions=True)
    assert not [each for each in threading.enumerate() if each.name.startswith("code scanner")]
