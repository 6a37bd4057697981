"""What every document camera does. Runs on each driver; a driver that differs is wrong."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from booth.devices.camera.interface import Frame
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from tests.contract.camera.rigs import HEIGHT_PX, WIDTH_PX, Rig

PATIENCE_S = 20.0


async def take(frames: AsyncIterator[Frame], count: int) -> list[Frame]:
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(frames) for _ in range(count)]


async def until(changes: AsyncIterator[DeviceStatus], state: DeviceState) -> DeviceStatus:
    async with asyncio.timeout(PATIENCE_S):
        async for status in changes:
            if status.state is state:
                return status
    raise AssertionError(f"the changes ended before {state}")


def camera_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("camera ")]


async def test_before_it_is_entered_a_camera_is_absent_and_has_no_picture(rig: Rig) -> None:
    expected = DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.ABSENT, ErrorCode.CAMERA_ABSENT)
    assert rig.camera.status == expected
    assert rig.camera.latest is None
    assert not camera_threads()


async def test_once_entered_it_is_ready_and_shows_pictures_of_its_size(rig: Rig) -> None:
    async with rig.camera as camera:
        assert camera.status == DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.READY)
        latest = camera.latest
        assert latest is not None
        assert latest.image.shape == (HEIGHT_PX, WIDTH_PX, 3)
        assert time.monotonic() - latest.at_s < 2
        assert len(camera_threads()) == 1


async def test_nobody_can_write_into_a_frame(rig: Rig) -> None:
    async with rig.camera as camera:
        frame = (await take(camera.frames(), 1))[0]
        with pytest.raises(ValueError, match="read-only"):
            frame.image[0, 0] = 0


async def test_frames_come_in_order_each_once(rig: Rig) -> None:
    async with rig.camera as camera:
        frames = await take(camera.frames(), 6)
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert [frame.at_s for frame in frames] == sorted(frame.at_s for frame in frames)


async def test_a_slow_consumer_misses_frames_and_delays_nobody(rig: Rig) -> None:
    async with rig.camera as camera:
        slow, quick = camera.frames(), camera.frames()
        first = (await take(slow, 1))[0]
        meanwhile = await take(quick, 8)
        late = (await take(slow, 1))[0]
        assert late.number >= meanwhile[-1].number > first.number + 1
        took_s = meanwhile[-1].at_s - meanwhile[0].at_s
        assert took_s < 5, "the slow consumer held the quick one up"


async def test_capture_gives_a_frame_grabbed_after_the_call(rig: Rig) -> None:
    async with rig.camera as camera:
        for _ in range(3):
            asked_s = time.monotonic()
            async with asyncio.timeout(PATIENCE_S):
                frame = await camera.capture()
            assert frame.at_s > asked_s


async def test_several_can_capture_at_once(rig: Rig) -> None:
    async with rig.camera as camera, asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        tasks = [group.create_task(camera.capture(), name=f"capture {n}") for n in range(3)]
    assert all(task.result().image.shape == (HEIGHT_PX, WIDTH_PX, 3) for task in tasks)


async def test_a_cancelled_capture_leaves_the_camera_usable(rig: Rig) -> None:
    async with rig.camera as camera:
        task = asyncio.create_task(camera.capture(), name="capture")
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(PATIENCE_S):
            assert (await camera.capture()).number > 0


async def test_an_unplugged_camera_says_so_and_goes_on_when_it_is_plugged_again(rig: Rig) -> None:
    async with rig.camera as camera:
        changes, frames = camera.changes(), camera.frames()
        before = (await take(frames, 1))[0]

        rig.unplug()
        assert (await until(changes, DeviceState.ABSENT)).code is ErrorCode.CAMERA_ABSENT
        with pytest.raises(DeviceError) as refused:
            await camera.capture()
        assert refused.value.code is ErrorCode.CAMERA_ABSENT

        rig.plug()
        assert (await until(changes, DeviceState.READY)).code is None
        async with asyncio.timeout(PATIENCE_S):
            assert (await camera.capture()).number > before.number
        assert (await take(frames, 1))[0].number > before.number


async def test_a_capture_that_waits_fails_when_the_camera_is_unplugged(rig: Rig) -> None:
    async with rig.camera as camera:
        rig.unplug()
        # Whether the camera has noticed by now or not, the answer is the same.
        with pytest.raises(DeviceError) as refused:
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(100):
                    await camera.capture()
        assert refused.value.code is ErrorCode.CAMERA_ABSENT


async def test_a_camera_that_is_not_there_at_first_is_found_later(rig: Rig) -> None:
    rig.unplug()
    async with rig.camera as camera:
        assert camera.status.code is ErrorCode.CAMERA_ABSENT
        changes = camera.changes()
        rig.plug()
        await until(changes, DeviceState.READY)
        assert await take(camera.frames(), 1)


async def test_an_old_picture_is_not_the_latest(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig.camera as camera:
        changes = camera.changes()
        rig.unplug()
        await until(changes, DeviceState.ABSENT)
        monkeypatch.setattr("booth.devices.camera.grabbing.FRESH_S", 0.0)
        assert camera.latest is None


async def test_leaving_twice_is_harmless_and_leaves_no_thread(rig: Rig) -> None:
    camera = rig.camera
    async with camera:
        pass
    await camera.__aexit__(None, None, None)
    assert not camera_threads()
    assert camera.status.state is DeviceState.ABSENT


async def test_leaving_ends_everything_that_waits(rig: Rig) -> None:
    camera = rig.camera
    async with camera:
        frames, changes = camera.frames(), camera.changes()
        capture = asyncio.create_task(camera.capture(), name="capture")
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        assert [frame async for frame in frames] == []
        assert [status.state async for status in changes] == [DeviceState.ABSENT]
        # The camera may have been quicker than the leaving; otherwise the capture is refused.
        outcome = (await asyncio.gather(capture, return_exceptions=True))[0]
    assert isinstance(outcome, Frame) or (isinstance(outcome, DeviceError) and outcome.code is ErrorCode.CAMERA_ABSENT)
    with pytest.raises(DeviceError):
        await camera.capture()


async def test_cancelling_the_entering_leaves_no_thread(rig: Rig) -> None:
    entering = asyncio.create_task(rig.camera.__aenter__(), name="enter")
    await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert not camera_threads()
