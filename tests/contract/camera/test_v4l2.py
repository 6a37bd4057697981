"""The V4L2 driver's own: what it asks of a device, and what it makes of one that misbehaves."""

import asyncio
from pathlib import Path

import cv2
import numpy as np
import pytest

from booth.devices.camera import grabbing
from booth.devices.camera.opencv import OpenCvCamera
from booth.devices.camera.sharp import StillPicture
from booth.errors import DeviceError
from protocol.devices import DeviceState
from protocol.errors import ErrorCode
from tests.contract.camera.rigs import FakeDevices
from tests.contract.camera.test_contract import camera_threads, take, until


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "video0"
    path.touch()
    return path


def make(node: Path, devices: FakeDevices) -> OpenCvCamera:
    return OpenCvCamera.v4l2(str(node), 4160, 3120, 15, devices.open)


async def test_the_device_is_asked_for_mjpeg_before_size_and_rate_and_for_a_single_buffer(node: Path) -> None:
    devices = FakeDevices()
    async with make(node, devices) as camera:
        assert camera.name == f"v4l2:{node}"
    capture = devices.opened[0]
    assert capture.backend == cv2.CAP_V4L2
    assert capture.options == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 4160),
        (cv2.CAP_PROP_FRAME_HEIGHT, 3120),
        (cv2.CAP_PROP_FPS, 15),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]


async def test_every_device_that_was_opened_is_released(node: Path) -> None:
    devices, unplug, plug = FakeDevices(), node.unlink, node.touch
    async with make(node, devices) as camera:
        changes = camera.changes()
        unplug()
        await until(changes, DeviceState.ABSENT)
        plug()
        await until(changes, DeviceState.READY)
    assert len(devices.opened) >= 2
    assert all(capture.released for capture in devices.opened)


async def test_a_single_broken_picture_is_passed_over(node: Path) -> None:
    devices = FakeDevices()
    async with make(node, devices) as camera:
        devices.opened[0].failing_reads = 2
        await take(camera.frames(), 3)
        assert camera.status.state is DeviceState.READY
    assert len(devices.opened) == 1


async def test_a_device_that_gives_no_pictures_any_more_is_absent_and_opened_again(node: Path) -> None:
    devices = FakeDevices()
    async with make(node, devices) as camera:
        changes = camera.changes()
        devices.opened[0].failing_reads = 1_000_000
        assert (await until(changes, DeviceState.ABSENT)).code is ErrorCode.CAMERA_ABSENT
        await until(changes, DeviceState.READY)
    assert len(devices.opened) >= 2


async def test_a_path_without_a_device_is_absent_and_is_tried_again_less_and_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "video7"
    waits: list[float] = []
    async with make(path, FakeDevices()) as camera:
        assert camera.status.state is DeviceState.ABSENT
        assert camera.status.code is ErrorCode.CAMERA_ABSENT
        stop_wait = camera._stop.wait
        enough, loop = asyncio.Event(), asyncio.get_running_loop()

        def hurried_wait(timeout: float | None = None) -> bool:
            if timeout is not None and not enough.is_set():
                waits.append(timeout)
                if len(waits) == 6:
                    loop.call_soon_threadsafe(enough.set)
            return stop_wait(0.001)

        monkeypatch.setattr(camera._stop, "wait", hurried_wait)
        async with asyncio.timeout(20):
            await enough.wait()
    assert waits[:6] == sorted(waits[:6])
    assert waits[5] == 5.0, "the longest wait between two tries"


async def test_the_same_picture_over_and_over_is_a_frozen_camera(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grabbing, "FROZEN_S", 0.3)
    devices = FakeDevices()
    async with make(node, devices) as camera:
        changes = camera.changes()
        devices.frozen = True
        assert (await until(changes, DeviceState.FAULTED)).code is ErrorCode.CAMERA_FROZEN
        with pytest.raises(DeviceError) as refused:
            await camera.capture()
        assert refused.value.code is ErrorCode.CAMERA_FROZEN
        devices.frozen = False
        await until(changes, DeviceState.READY)


async def test_a_driver_that_hangs_is_a_frozen_camera_and_does_not_hold_up_the_leaving(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grabbing, "FRESH_S", 0.4)
    monkeypatch.setattr(grabbing, "STOPPING_S", 0.1)
    devices = FakeDevices()
    async with asyncio.timeout(10), make(node, devices) as camera:
        changes = camera.changes()
        devices.hanging.clear()
        assert (await until(changes, DeviceState.FAULTED)).code is ErrorCode.CAMERA_FROZEN
    assert camera_threads(), "the driver still holds the thread"
    devices.hanging.set()


async def test_a_surprise_of_the_driver_does_not_end_the_camera(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = FakeDevices()
    async with make(node, devices) as camera:
        changes = camera.changes()

        def surprise() -> tuple[bool, None]:
            raise RuntimeError("no such colour")

        monkeypatch.setattr(devices.opened[0], "read", surprise)
        assert (await until(changes, DeviceState.FAULTED)).code is ErrorCode.DEVICE_FAILED
        await until(changes, DeviceState.READY)


async def test_a_still_folder_of_pictures_is_not_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grabbing, "FROZEN_S", 0.05)
    picture = cv2.UMat(48, 64, cv2.CV_8UC3).get()
    cv2.imwrite(str(tmp_path / "only.png"), picture)
    async with OpenCvCamera.image_folder(tmp_path, 40) as camera:
        frames = await take(camera.frames(), 12)
        assert camera.status.state is DeviceState.READY
    assert frames[-1].at_s - frames[0].at_s > 0.05


@pytest.mark.parametrize("level, hangs", [(2, False), (128, True), (255, False)], ids=["black", "grey", "overexposed"])
def test_a_picture_without_noise_is_no_frozen_one_where_noise_is_cut_off(level: int, hangs: bool) -> None:
    still, picture = StillPicture(), np.full((48, 64, 3), level, np.uint8)
    still.same_for_s(picture, 10.0)
    assert (still.same_for_s(picture, 13.0) == 3.0) is hangs
