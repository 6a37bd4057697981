"""Comparing in a process of its own; with real models where the extra `face` is installed."""

import asyncio
import io
import sys

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from booth.devices.card.bench_photos import draw_photo
from booth.errors import DeviceError
from booth.face.dlib import DlibComparer, likeness
from booth.face.simulated import SimulatedComparer
from booth.face.worker import weights
from protocol.errors import ErrorCode

PHOTO = draw_photo("id-lin").jpeg()


def worker(code: str) -> DlibComparer:
    return DlibComparer((sys.executable, "-c", f"import sys; said = sys.stdin.buffer.read(); {code}"))


def blank() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 150)).save(buffer, "JPEG")
    return buffer.getvalue()


async def test_both_pictures_go_to_the_worker_and_its_distance_comes_back() -> None:
    code = f"assert len(said) == {8 + 2 * len(PHOTO)}; print('{{\"distance\": 0.43}}')"
    found = await worker(code).compare(PHOTO, PHOTO)
    assert (found.score, found.alike) == (57, True)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ('print(\'{"missing": "picture"}\')', ErrorCode.FACE_NOT_FOUND),
        ("print('nonsense')", ErrorCode.DEVICE_FAILED),
        ("sys.exit(3)", ErrorCode.DEVICE_FAILED),
        ('print(\'{"distance": "near"}\')', ErrorCode.DEVICE_FAILED),
    ],
)
async def test_what_goes_wrong_in_the_worker_is_a_device_error(code: str, refused: ErrorCode) -> None:
    with pytest.raises(DeviceError) as error:
        await worker(code).compare(PHOTO, PHOTO)
    assert error.value.code is refused


async def test_giving_up_ends_the_worker() -> None:
    others = set(psutil.Process().children())  # what earlier tests of this process keep running
    comparing = asyncio.create_task(worker("import time; time.sleep(60)").compare(PHOTO, PHOTO), name="comparing")
    async with asyncio.timeout(10):
        while not set(psutil.Process().children()) - others:  # noqa: ASYNC110  # a new process sets no event here
            await asyncio.sleep(0.01)
    [child] = set(psutil.Process().children()) - others
    comparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await comparing
    assert not child.is_running()


@given(st.floats(allow_nan=False))
def test_every_distance_is_a_score(distance: float) -> None:
    found = likeness(distance)
    assert 0 <= found.score <= 100
    assert found.alike == (found.score >= 40) or round(distance, 2) == 0.6


async def test_the_simulator_wants_pictures() -> None:
    assert (await SimulatedComparer().compare(PHOTO, PHOTO)).alike
    with pytest.raises(DeviceError):
        await SimulatedComparer().compare(PHOTO, b"no picture")


needs_models = pytest.mark.skipif(weights() is None, reason="the extra `face` is not installed (make bench-face)")


@needs_models
async def test_the_same_drawn_face_is_alike() -> None:
    found = await DlibComparer().compare(PHOTO, PHOTO)
    assert found.alike
    assert found.score > 95


@needs_models
@pytest.mark.parametrize("picture", [blank(), b"no picture"])
async def test_where_no_face_is_it_says_so(picture: bytes) -> None:
    with pytest.raises(DeviceError) as error:
        await DlibComparer().compare(PHOTO, picture)
    assert error.value.code is ErrorCode.FACE_NOT_FOUND
