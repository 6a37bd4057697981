"""The recorder on a real disk with made streams, time passed in: half an hour of claps, stalls, a full disk, a kill."""

import asyncio
import errno
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from center.media.interface import (
    RecordingBegan,
    RecordingClosed,
    RecordingNews,
    RecordingOrder,
    RecordingRecovered,
    RecordingStalled,
    SegmentSealed,
)
from center.media.recording.matroska import read
from center.media.recording.recorder import Recorder
from center.media.recording.writer import RecordingWriter
from center.store import segments
from protocol.counter import RecordingFault
from protocol.media import TrackName
from tests.unit.recording.streams import Oscillator, attach_all, ntp

FACE, VOICE, CLERK_VOICE = TrackName.FACE, TrackName.VOICE, TrackName.CLERK_VOICE
KEY = bytes(range(32))
BASE_S = 1_795_312_800.0
GRACE_S = 30.0


class Taking:
    """A recording whose time the test makes."""

    def __init__(self, folder: Path, writer: RecordingWriter, segment_s: float = 10.0) -> None:
        self.folder, self.now_s = folder, 100.0
        self.told: list[RecordingNews] = []
        order = RecordingOrder("a1-r1", "a1", str(folder), KEY)
        self.recorder = Recorder(order, writer, self.told.append, now_s=self.now_s, base_s=BASE_S, segment_s=segment_s)
        self.sources = attach_all(self.recorder)
        self.video, self.audio = Oscillator(90_000, 1000), Oscillator(48_000, 1000)

    def talk(self, seconds: float, *tracks: TrackName, length: int = 2500) -> None:
        """Both voices at 50 packets a second and pictures at 10 frames, or the named tracks."""
        for _ in range(round(seconds * 50)):
            self.now_s += 0.02
            elapsed_s = self.now_s - 100.0
            for track in tracks or (VOICE, CLERK_VOICE, FACE):
                if track is not FACE:
                    self.sources[track].sound(self.audio.at(elapsed_s), self.now_s, b"\xfc\xff\xfe")
                elif round(elapsed_s * 50) % 5 == 0:
                    self.sources[track].video(self.video.at(elapsed_s), self.now_s, round(elapsed_s), length)
            if round(elapsed_s * 50) % 12 == 0:
                self.recorder.tick(self.now_s)

    async def talk_slowly(self, seconds: int, *tracks: TrackName) -> None:
        """A second at a time, as fast as the disk takes it: made time must not run away from the writer's thread."""
        for _ in range(seconds):
            self.talk(1, *tracks)
            await self.written()

    async def written(self) -> None:
        channel = self.recorder._channel
        while channel.done_count < channel.put_count:  # noqa: ASYNC110 - counted in another thread
            await asyncio.sleep(0.001)

    async def until(self, kind: type[RecordingNews]) -> RecordingNews:
        """The first news of a kind; the writer's thread takes its own time."""
        async with asyncio.timeout(GRACE_S):
            while not any(isinstance(each, kind) for each in self.told):
                await asyncio.sleep(0.01)
                self.recorder.tick(self.now_s)
        return next(each for each in self.told if isinstance(each, kind))

    async def end(self) -> list[RecordingNews]:
        await self.recorder.close(self.now_s)
        return self.told


@pytest.fixture
async def writer() -> AsyncIterator[RecordingWriter]:
    async with RecordingWriter() as writer:
        yield writer


@pytest.fixture
def taking(tmp_path: Path, writer: RecordingWriter) -> Taking:
    return Taking(tmp_path / "a1-r1", writer)


async def test_claps_of_half_an_hour_are_recorded_within_60_ms(taking: Taking) -> None:
    """The publisher's camera is fast and its sound card slow, its wall clock is wrong and drifts, packets jitter."""
    chance = random.Random(3)
    video, audio = Oscillator(90_000, 4_294_900_000, 120.0), Oscillator(48_000, 5, -90.0)
    face, voice, start_s = taking.sources[FACE], taking.sources[VOICE], 100.0
    for number in range(1, 361):
        at_s = number * 5.0
        wall_s = BASE_S + 42.0 + at_s * (1 + 40e-6)
        for source, oscillator in ((face, video), (voice, audio)):
            source.report(ntp(wall_s), oscillator.at(at_s), start_s + at_s + 0.02 + chance.random() * 0.02)
        face.video(video.at(at_s + 0.1), start_s + at_s + 0.16 + chance.random() * 0.03, number, 300)
        voice.sound(audio.at(at_s + 0.1), start_s + at_s + 0.14 + chance.random() * 0.02, b"click%d" % number)
        taking.now_s = start_s + at_s + 0.3
        taking.recorder.tick(taking.now_s)
    await taking.end()
    seen: dict[int, int] = {}
    heard: dict[int, int] = {}
    for segment in segments.numbers(taking.folder):
        contents = read(segments.read_segment(taking.folder, "a1-r1", segment, KEY))
        for block in contents.blocks:
            if block.data.startswith(b"click"):
                heard[int(block.data[5:])] = contents.begins_at_ms + block.at_ms
            else:
                number = int.from_bytes(block.data[10 if block.keyframe else 3 :][:4], "big")
                seen[number] = contents.begins_at_ms + block.at_ms
    assert len(seen) > 350 and seen.keys() <= heard.keys()
    off_ms = {number: abs(seen[number] - heard[number]) for number in seen}
    print(f"worst of {len(off_ms)} claps over half an hour: {max(off_ms.values())} ms")
    assert max(off_ms.values()) < 60


async def test_a_voice_that_stops_is_told_during_the_session(taking: Taking) -> None:
    await taking.talk_slowly(3)
    await taking.talk_slowly(5, CLERK_VOICE, FACE)
    assert taking.told[1:] == [RecordingStalled("a1-r1", RecordingFault.NO_PACKETS)]
    await taking.talk_slowly(1)
    assert taking.told[2] == RecordingRecovered("a1-r1")
    assert isinstance((await taking.end())[-1], RecordingClosed)


async def test_a_full_disk_is_told_and_recording_goes_on_when_there_is_room(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, full = os.write, True

    def limited(descriptor: int, data: bytes) -> int:
        if full and len(data) > 500:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr("center.store.segments.os.write", limited)
    taking.talk(2)
    stalled = await taking.until(RecordingStalled)
    assert stalled == RecordingStalled("a1-r1", RecordingFault.DISK_FULL)
    full = False
    taking.talk(14)
    await taking.until(RecordingRecovered)
    told = await taking.end()
    sealed = [each for each in told if isinstance(each, SegmentSealed)]
    assert sealed and segments.numbers(taking.folder) == [each.number for each in sealed]


async def test_a_full_queue_is_told_and_what_was_written_still_plays(tmp_path: Path) -> None:
    async with RecordingWriter(queue_bytes=20_000) as writer:
        taking = Taking(tmp_path / "a1-r1", writer)
        taking.talk(2, length=30_000)
        assert await taking.until(RecordingStalled) == RecordingStalled("a1-r1", RecordingFault.WRITER_SLOW)
        for _ in range(20):
            taking.talk(1, length=300)
            await asyncio.sleep(0.01)
        await taking.until(RecordingRecovered)
        await taking.end()
    for number in segments.numbers(taking.folder):
        data = await asyncio.to_thread(segments.read_segment, taking.folder, "a1-r1", number, KEY)
        assert not read(data).torn


async def test_segments_follow_each_other_and_are_told(taking: Taking) -> None:
    taking.talk(25)
    told = await taking.end()
    assert isinstance(told[0], RecordingBegan) and isinstance(told[-1], RecordingClosed)
    sealed = [each for each in told if isinstance(each, SegmentSealed)]
    assert [each.number for each in sealed] == [1, 2, 3]
    assert sum(each.duration_ms for each in sealed) > 24_500


KILLED = """
import asyncio, sys
from pathlib import Path
from center.media.recording.writer import RecordingWriter
from tests.integration.recording.test_disk import Taking

async def main():
    async with RecordingWriter() as writer:
        taking = Taking(Path(sys.argv[1]), writer)
        for second in range(10_000):
            await taking.talk_slowly(1)
            print(second + 1, flush=True)

asyncio.run(main())
"""


async def test_a_kill_loses_a_second_not_the_segment(tmp_path: Path) -> None:
    """`kill -9` in the middle of the second segment: everything but the second that was being gathered is there."""
    folder = tmp_path / "a1-r1"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(GRACE_S):
        while (seconds := int(await process.stdout.readline())) < 16:
            pass
        process.send_signal(signal.SIGKILL)
        await process.wait()
    kept_ms = 0
    for number in segments.numbers(folder):
        kept_ms += read(segments.read_segment(folder, "a1-r1", number, KEY)).duration_ms
    (part,) = segments.parts(folder)
    data = segments.rescue_part(folder, "a1-r1", part, KEY)
    assert data is not None
    kept_ms += read(data).duration_ms
    print(f"{kept_ms / 1000:.1f} s of at least {seconds} s are there")
    assert kept_ms > seconds * 1000 - 2_000
