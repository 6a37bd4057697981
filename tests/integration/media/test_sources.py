"""The booth's sources: real time, growing timestamps, pictures that move."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from booth.closeup import Closeup
from booth.devices.camera.interface import Frame
from booth.errors import ConfigError
from booth.media.sources import REST_PERIOD_S, DocumentSource, FileFace, FileVoice, SyntheticFace, SyntheticVoice
from protocol.desk import Region
from tests.support.media_files import read_code, write_wav, write_y4m


async def seconds(frame: av.VideoFrame | av.AudioFrame) -> float:
    assert frame.pts is not None and frame.time_base is not None
    return float(frame.pts * frame.time_base)


async def test_no_two_successive_pictures_of_the_drawn_face_are_alike() -> None:
    for width, fps in ((640, 15.0), (160, 60.0)):
        face = SyntheticFace(width, width * 3 // 4, fps=fps, label="booth 01")
        pictures = [(await face.recv()).to_ndarray(format="yuv420p") for _ in range(12)]
        assert all((one != other).any() for one, other in itertools.pairwise(pictures))
        face.stop()
        with pytest.raises(MediaStreamError):
            await face.recv()


async def test_drawing_a_face_costs_less_than_a_tenth_of_a_core() -> None:
    face = SyntheticFace(fps=10_000.0)
    await face.recv()
    start = time.process_time()
    for _ in range(60):
        await face.recv()
    assert (time.process_time() - start) / 60 < 0.1 / 15


async def test_the_drawn_voice_has_notes_and_rests_in_real_time() -> None:
    voice = SyntheticVoice()
    start = asyncio.get_running_loop().time()
    frames = [await voice.recv() for _ in range(30)]
    assert asyncio.get_running_loop().time() - start > 0.55
    peaks = [int(np.abs(frame.to_ndarray().astype(int)).max()) for frame in frames]
    assert max(peaks) > 3000 and min(peaks) < 200
    assert [frame.pts for frame in frames] == [number * 960 for number in range(30)]


async def test_a_film_is_played_over_and_over_with_growing_timestamps(tmp_path: Path) -> None:
    face = FileFace(write_y4m(tmp_path / "face.y4m", frames=4, fps=30))
    frames = [await face.recv() for _ in range(10)]
    face.stop()
    assert [read_code(frame) for frame in frames] == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    times = [await seconds(frame) for frame in frames]
    assert np.allclose(np.diff(times), 1 / 30, atol=0.001)


async def test_a_sound_file_is_played_over_and_over_in_frames_of_20_ms(tmp_path: Path) -> None:
    voice = FileVoice(write_wav(tmp_path / "voice.wav", seconds=0.1))
    frames = [await voice.recv() for _ in range(20)]
    voice.stop()
    assert {frame.sample_rate for frame in frames} == {48_000}
    assert max(frame.samples for frame in frames) == 960
    assert min(int(np.abs(frame.to_ndarray().astype(int)).max()) for frame in frames[:4]) > 3000


async def test_a_file_that_is_no_film_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "face.y4m").write_bytes(b"not a film")
    for track in (FileFace(tmp_path / "face.y4m"), FileVoice(tmp_path / "absent.wav")):
        with pytest.raises(ConfigError):
            await track.recv()
        track.stop()


async def test_the_document_is_the_newest_picture_scaled_to_1080_lines() -> None:
    grabbed = 0

    async def frames() -> AsyncIterator[Frame]:
        nonlocal grabbed
        while True:
            grabbed += 1
            image = np.full((1944, 2592, 3), grabbed % 200, np.uint8)
            yield Frame(image=image, at_s=0.0, number=grabbed)

    document = DocumentSource(frames, fps=25)
    pictures = [await document.recv() for _ in range(4)]
    document.stop()
    assert {(p.width, p.height, p.format.name) for p in pictures} == {(1440, 1080, "yuv420p")}
    shown_s = np.array([await seconds(p) for p in pictures])
    assert (shown_s >= np.arange(4) / 25 - 0.001).all(), "none comes before its time"
    with pytest.raises(MediaStreamError):
        await document.recv()


async def test_a_desk_that_nobody_needs_moves_once_a_second_and_at_once_when_somebody_looks() -> None:
    async def frames() -> AsyncIterator[Frame]:
        while True:
            yield Frame(image=np.zeros((48, 64, 3), np.uint8), at_s=0.0, number=1)

    closeup = Closeup()
    document = DocumentSource(frames, moving=closeup.moving, fps=50)
    first, second = await document.recv(), await document.recv()
    assert await seconds(second) - await seconds(first) >= REST_PERIOD_S * 0.9
    resting = asyncio.create_task(document.recv())
    await asyncio.sleep(0.05)
    assert not resting.done()
    closeup.watch(True)
    await asyncio.wait_for(resting, REST_PERIOD_S / 2)
    moving = [await seconds(await document.recv()) for _ in range(5)]
    assert moving[-1] - moving[0] < REST_PERIOD_S / 2
    closeup.give_way(True)
    still = await seconds(await document.recv())
    assert await seconds(await document.recv()) - still >= REST_PERIOD_S * 0.9, "a page is on its way"
    closeup.give_way(False)
    moving = [await seconds(await document.recv()) for _ in range(5)]
    assert moving[-1] - moving[1] < REST_PERIOD_S / 2
    closeup.watch(False)
    closeup.give_way(False)
    still = await seconds(await document.recv())
    assert await seconds(await document.recv()) - still >= REST_PERIOD_S * 0.9
    document.stop()


async def test_the_clerk_looks_closer_at_the_cameras_own_sharpness_in_a_picture_of_the_same_size() -> None:
    rng = np.random.default_rng(5)
    desk = np.repeat(rng.integers(0, 256, (1944, 2592, 1), np.uint8), 3, axis=2)

    async def frames() -> AsyncIterator[Frame]:
        while True:
            yield Frame(image=desk, at_s=0.0, number=1)

    closeup = Closeup()
    document = DocumentSource(frames, cut=closeup.cut, fps=50)
    whole = await document.recv()
    closeup.show(Region(x=5000, y=2500, span=2500))
    close = await document.recv()
    closeup.reset()
    again = await document.recv()
    document.stop()
    assert (whole.width, whole.height) == (close.width, close.height)
    shown = close.to_ndarray(format="gray").astype(int)
    region = cv2.resize(desk[486 : 486 + 486, 1296 : 1296 + 648, 0], (1440, 1080), interpolation=cv2.INTER_CUBIC)
    assert np.corrcoef(shown.ravel(), region.astype(int).ravel())[0, 1] > 0.9
    assert np.abs(again.to_ndarray(format="gray").astype(int) - whole.to_ndarray(format="gray")).max() == 0


async def test_waiting_for_a_camera_that_shows_nothing_can_be_cancelled() -> None:
    async def frames() -> AsyncIterator[Frame]:
        await asyncio.Event().wait()
        yield Frame(image=np.zeros((2, 2, 3), np.uint8), at_s=0.0, number=1)

    document = DocumentSource(frames)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await document.recv()
    document.stop()
