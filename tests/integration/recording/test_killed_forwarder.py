"""A forwarder that dies while it records: told at once, ordered anew, and little is lost."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from booth.media.connection import MediaConnection
from booth.media.sources import SyntheticVoice
from center.media.interface import RecordingBegan, RecordingClosed, RecordingNews, RecordingOrder, RecordingStalled
from center.media.process.client import MediaProcess
from center.media.recording.matroska import read
from center.store import segments
from protocol.counter import RecordingFault
from protocol.media import TrackName
from tests.integration.recording.claps import ClapPicture, ClapSound, Stage

KEY = bytes(range(32))
GRACE_S = 40.0


async def news_until(plane: MediaProcess, *wanted: RecordingNews) -> None:
    async with asyncio.timeout(GRACE_S):
        async for news in plane.recording_news():
            if news in wanted:
                return


async def join(stack: AsyncExitStack, plane: MediaProcess) -> None:
    """A resident and a clerk in the room, on connections of their own."""
    stage = Stage()
    for participant, tracks in (
        ("booth:one", {TrackName.FACE: ClapPicture(stage), TrackName.VOICE: ClapSound(stage)}),
        ("clerk:one", {TrackName.CLERK_VOICE: SyntheticVoice()}),
    ):
        connection = await stack.enter_async_context(MediaConnection(tracks, []))
        sdp, offers = await connection.offer()
        await connection.accept(await plane.connect(participant, sdp, offers))
        await connection.wait_connected()
        await plane.join("a1", participant)


async def parts_of(folder: Path, count: int, least_bytes: int = 2_000) -> None:
    """Until so many segments are being written, or were, and the last has something in it."""
    async with asyncio.timeout(GRACE_S):
        while True:
            if await asyncio.to_thread(_written, folder, count, least_bytes):
                return
            await asyncio.sleep(0.1)


def _written(folder: Path, count: int, least_bytes: int) -> bool:
    found = sorted(folder.glob("*.part"))
    return len(found) >= count and found[-1].stat().st_size > least_bytes


async def test_a_killed_forwarder_stalls_the_recording_and_the_next_one_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "a1-r1"
    async with MediaProcess() as plane, AsyncExitStack() as stack:
        await join(stack, plane)
        await plane.start_recording(RecordingOrder("a1-r1", "a1", str(folder), KEY))
        await news_until(plane, RecordingBegan("a1-r1"))
        await parts_of(folder, 1)
        os.kill(await plane.running(), signal.SIGKILL)
        await news_until(plane, RecordingStalled("a1-r1", RecordingFault.FORWARDER_LOST))
        await plane.running()
        await join(stack, plane)
        await news_until(plane, RecordingBegan("a1-r1"))
        await parts_of(folder, 2)
        await plane.stop_recording("a1-r1")
        await news_until(plane, RecordingClosed("a1-r1"))
    # The next forwarder left alone what the killed one was writing, and began after it.
    assert segments.numbers(folder)[0] == 2 and segments.parts(folder) == [1]
    left = segments.rescue_part(folder, "a1-r1", 1, KEY)
    assert left is not None and read(left).duration_ms > 500
