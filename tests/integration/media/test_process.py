"""The forwarder as a process: what a crash of one side does to the other, and that neither waits for the other."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import psutil
import pytest

from booth.media.connection import MediaConnection
from center.errors import ConfigError
from center.media.interface import MediaError, MediaEvent, MediaPlane, MediaSettings, ParticipantDown, ParticipantUp
from center.media.process.client import MediaProcess
from demo.stage import ROOT
from protocol.media import TrackDirection, TrackName
from tests.integration.media.peers import GRACE_S, RED, ColourFace, Viewer, connect, lone_peer

FACE = TrackName.FACE


@pytest.fixture
async def forwarder() -> AsyncIterator[MediaProcess]:
    async with MediaProcess() as plane:
        yield plane


async def next_event(plane: MediaPlane) -> MediaEvent:
    async with asyncio.timeout(GRACE_S):
        async for event in plane.events():
            return event
    raise AssertionError("the events ended")


async def session(plane: MediaPlane) -> tuple[MediaConnection, Viewer]:
    booth, clerk = MediaConnection({FACE: ColourFace(RED)}, []), Viewer([FACE])
    for name, connection in (("booth:a", booth), ("clerk:one", clerk.connection)):
        await connection.__aenter__()
        await connect(plane, name, connection)
        assert await next_event(plane) == ParticipantUp(name)
    return booth, clerk


async def close(*connections: MediaConnection) -> None:
    for connection in connections:
        await connection.__aexit__(None, None, None)


async def test_pictures_come_again_after_the_forwarder_was_killed(forwarder: MediaProcess) -> None:
    booth, clerk = await session(forwarder)
    for participant in ("booth:a", "clerk:one"):
        await forwarder.join("affair", participant)
    await clerk.until(lambda: len(clerk.seen) >= 3)
    killed = await forwarder.running()
    start = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    downs = {await next_event(forwarder), await next_event(forwarder)}
    assert downs == {ParticipantDown("booth:a"), ParticipantDown("clerk:one")}
    again = await session(forwarder)
    await again[1].until(lambda: len(again[1].seen) >= 3)
    print(f"pictures {time.monotonic() - start:.2f} s after the kill")
    assert await forwarder.running() != killed
    await close(booth, clerk.connection, again[0], again[1].connection)


async def test_what_is_told_while_the_forwarder_is_away_is_known_to_the_next(forwarder: MediaProcess) -> None:
    await forwarder.join("old", "booth:a")
    await forwarder.join("closed", "clerk:one")
    os.kill(await forwarder.running(), signal.SIGKILL)
    await forwarder.join("affair", "booth:a")
    await forwarder.join("affair", "clerk:one")
    await forwarder.close_room("closed")
    booth, clerk = await session(forwarder)
    await clerk.until(lambda: len(clerk.seen) >= 3)
    await close(booth, clerk.connection)


async def test_a_forwarder_that_hangs_is_killed(forwarder: MediaProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("center.media.process.client.PING_S", 0.1)
    monkeypatch.setattr("center.media.process.client.HUNG_S", 0.1)
    monkeypatch.setattr("center.media.process.client.STOP_S", 0.1)
    booth, clerk = await session(forwarder)
    hanging = await forwarder.running()
    os.kill(hanging, signal.SIGSTOP)
    downs = {await next_event(forwarder), await next_event(forwarder)}
    assert downs == {ParticipantDown("booth:a"), ParticipantDown("clerk:one")}
    assert await forwarder.running() != hanging
    await close(booth, clerk.connection)


async def test_refusals_and_cancelled_calls_cross_the_wire(forwarder: MediaProcess) -> None:
    with pytest.raises(MediaError, match="not SDP"):
        await forwarder.connect("booth:a", "v=1", [])
    async with MediaConnection({FACE: ColourFace(RED)}, []) as booth:
        sdp, tracks = await booth.offer()
        task = asyncio.create_task(forwarder.connect("booth:a", sdp, tracks), name="connect")
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await booth.accept(await forwarder.connect("booth:a", sdp, tracks))
        assert await next_event(forwarder) == ParticipantUp("booth:a")
        await forwarder.disconnect("booth:a")
        assert await next_event(forwarder) == ParticipantDown("booth:a")


async def test_a_port_range_is_kept_to_and_a_useless_one_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = MediaSettings(addresses=("127.0.0.1",), first_port=port, last_port=port)
    async with MediaProcess(settings) as plane, MediaConnection({FACE: ColourFace(RED)}, []) as booth:
        sdp, tracks = await booth.offer()
        answer = await plane.connect("booth:a", sdp, tracks)
        candidates = [line.split() for line in answer.splitlines() if line.startswith("a=candidate")]
        assert [candidate[4:6] for candidate in candidates] == [["127.0.0.1", str(port)]]
    for wrong in (MediaSettings(("192.0.2.1",)), MediaSettings((), 5000, 4000), MediaSettings((), 0, 4000)):
        with pytest.raises(ConfigError, match=r"\[media\]"):
            await MediaProcess(wrong).__aenter__()


async def test_the_forwarder_ends_with_a_center_that_is_killed() -> None:
    center = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.media.center_to_kill", stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert center.stdout is not None
    async with asyncio.timeout(60):
        forwarder = psutil.Process(int(await center.stdout.readline()))
    center.kill()
    await center.wait()
    with suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(forwarder.wait, GRACE_S)


async def test_a_busy_center_does_not_delay_a_packet(forwarder: MediaProcess) -> None:
    async with lone_peer("lone_pair") as pair, asyncio.timeout(90):

        async def longest_gap_s() -> float | None:
            pair.stdin.write(b"\n")
            answer: float | None = json.loads(await pair.stdout.readline())
            return answer

        for name, direction in (("booth:a", TrackDirection.PUBLISH), ("clerk:one", TrackDirection.SUBSCRIBE)):
            await pair.connect(forwarder, name, direction)
            assert await next_event(forwarder) == ParticipantUp(name)
            await forwarder.join("affair", name)
        assert await longest_gap_s() is not None
        time.sleep(2.0)  # noqa: ASYNC251 - the busy center
        gap_s = await longest_gap_s()
        pair.stdin.close()
        await pair.process.wait()
    assert gap_s is not None and gap_s < 1.0
