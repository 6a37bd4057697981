"""Recording real streams: publishers over real UDP, segments on a real disk, a player that opens what comes out."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av

from booth.media.connection import MediaConnection
from booth.media.sources import SyntheticFace, SyntheticVoice
from center.media.interface import (
    RecordingBegan,
    RecordingClosed,
    RecordingNews,
    RecordingOrder,
    RecordingStalled,
    SegmentSealed,
)
from center.media.plane import ForwardingPlane
from center.media.recording.export import Source, write_export
from center.store import segments
from protocol.media import TrackName
from tests.integration.media.peers import connect
from tests.integration.recording.claps import ClapPicture, ClapSound, Stage, clicks, flashes

KEY = bytes(range(32))
GRACE_S = 30.0


def order(folder: Path) -> RecordingOrder:
    return RecordingOrder("a1-r1", "a1", str(folder), KEY)


@asynccontextmanager
async def affair(plane: ForwardingPlane) -> AsyncIterator[None]:
    """A resident who claps and a clerk who talks, in a room."""
    stage = Stage()
    booth = MediaConnection({TrackName.FACE: ClapPicture(stage), TrackName.VOICE: ClapSound(stage)}, [])
    clerk = MediaConnection({TrackName.CLERK_FACE: SyntheticFace(), TrackName.CLERK_VOICE: SyntheticVoice()}, [])
    async with booth, clerk:
        await connect(plane, "booth:one", booth)
        await connect(plane, "clerk:one", clerk)
        await plane.join("a1", "booth:one")
        await plane.join("a1", "clerk:one")
        yield


async def news_until(plane: ForwardingPlane, kind: type[RecordingNews], count: int = 1) -> list[RecordingNews]:
    told: list[RecordingNews] = []
    async with asyncio.timeout(GRACE_S):
        async for news in plane.recording_news():
            told.append(news)
            if sum(isinstance(each, kind) for each in told) == count:
                return told
    raise AssertionError("the news ended")


async def test_a_session_becomes_segments_that_become_one_playable_file(plane: ForwardingPlane, tmp_path: Path) -> None:
    folder = tmp_path / "a1-r1"
    async with affair(plane):
        await plane.start_recording(order(folder))
        told = await news_until(plane, SegmentSealed, 2)
        await plane.stop_recording("a1-r1")
        told += await news_until(plane, RecordingClosed)
    assert isinstance(told[0], RecordingBegan)
    assert not any(isinstance(each, RecordingStalled) for each in told)
    sealed = [each for each in told if isinstance(each, SegmentSealed)]
    assert [each.number for each in sealed] == [1, 2, 3] == segments.numbers(folder)
    assert all(each.duration_ms < 4_000 for each in sealed)
    kinds: set[str] = set()
    for each in sealed:
        data = await asyncio.to_thread(segments.read_segment, folder, "a1-r1", each.number, KEY)
        assert hashlib.sha256(data).hexdigest() == each.sha256
        (tmp_path / f"{each.number}.webm").write_bytes(data)
        with av.open(str(tmp_path / f"{each.number}.webm")) as file:
            kinds |= {stream.type for stream in file.streams}
            assert next(file.decode(video=0)).width == 320
    assert kinds == {"video", "audio"}
    out = tmp_path / "out.webm"
    done = await asyncio.to_thread(write_export, out, [Source("a1-r1", folder, KEY, [1, 2, 3])])
    assert done.segments == 3 and not done.faults
    with av.open(str(out)) as file:
        assert file.duration is not None and file.duration / 1e6 > 4
    # How far lips and voice are apart is judged where time is the test's (`tests/unit/recording/test_clock.py`): this
    # publisher's sender reports are as late as the machine that it shares with the other tests makes its encoder.
    seen, heard = await asyncio.gather(asyncio.to_thread(flashes, out, 0), asyncio.to_thread(clicks, out, 1))
    assert len(seen) >= 3 and len(heard) >= 3
