"""The thread behind a reader: what happens when its driver breaks, and that nothing is left of it."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from booth.devices.card.interface import CardInserted, ReaderChanged
from booth.devices.card.threaded import Driver, Hatch, ThreadedReader
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode

KIND = DeviceKind.ID_CARD_READER
PATIENCE_S = 5.0


class BreakingDriver:
    """Says that a card lies there, and breaks at each reading."""

    def __init__(self, hatch: Hatch) -> None:
        self._hatch = hatch

    def run(self) -> None:
        self._hatch.tell(ReaderChanged(DeviceStatus(KIND, DeviceState.READY)))
        self._hatch.tell(CardInserted(1))
        while not self._hatch.stopping:
            if self._hatch.take(PATIENCE_S) is not None:
                raise ZeroDivisionError


class Reader(ThreadedReader):
    def __init__(self, driver: Callable[[Hatch], Driver]) -> None:
        super().__init__(KIND, "card-under-test")
        self._driver = driver

    def _make_driver(self, hatch: Hatch) -> Driver:
        return self._driver(hatch)

    async def _unblock(self) -> None: ...


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "card-under-test"]


async def test_a_driver_that_breaks_is_faulted_logged_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(PATIENCE_S), Reader(BreakingDriver) as reader:
        events = reader.events()
        states = []
        async for event in events:
            if isinstance(event, ReaderChanged):
                states.append(event.status.state)
                if len(states) == 3:
                    break
            elif len(states) == 1:
                with pytest.raises(DeviceError) as refused:
                    await reader.read(1)
                assert refused.value.code is ErrorCode.DEVICE_FAILED
    assert states == [DeviceState.READY, DeviceState.FAULTED, DeviceState.READY]
    assert "ZeroDivisionError" in caplog.text
    assert threads() == []


async def test_a_reading_that_waits_when_the_reader_is_left_fails() -> None:
    class IdleDriver(BreakingDriver):
        def run(self) -> None:
            self._hatch.tell(ReaderChanged(DeviceStatus(KIND, DeviceState.READY)))
            self._hatch.tell(CardInserted(1))
            while not self._hatch.stopping:
                self._hatch.pause(PATIENCE_S)

    async with asyncio.timeout(PATIENCE_S), Reader(IdleDriver) as reader:
        events = reader.events()
        while not isinstance(await anext(events), CardInserted):
            pass
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(refusal(reader), name="reading")
            await asyncio.sleep(0)
            await reader.__aexit__(None, None, None)
    assert reading.result() is ErrorCode.READER_ABSENT
    assert threads() == []


def test_a_thread_that_outlives_its_loop_has_nobody_to_tell() -> None:
    async def make_hatch() -> Hatch:
        return Hatch(lambda event: None)

    with asyncio.Runner() as runner:
        hatch = runner.run(make_hatch())
    hatch.tell(CardInserted(1))
    hatch.end()


async def refusal(reader: Reader) -> ErrorCode:
    with pytest.raises(DeviceError) as refused:
        await reader.read(1)
    return refused.value.code
