"""Peers that flood and peers that fall silent: no other room may notice."""

import asyncio
import logging
import os
import signal
import struct
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psutil
import pytest

from booth.media.connection import MediaConnection
from center.media.interface import ParticipantDown
from center.media.plane import ForwardingPlane
from protocol.media import TrackDirection, TrackName
from tests.integration.media.peers import GREEN, RED, ColourFace, Viewer, connect, lone_peer

FACE = TrackName.FACE
FPS = 20.0
WATCHED_S = 4.0
ENOUGH = 0.7
"""Of the pictures that were sent: both peers, the forwarder and the flood share one thread here."""

FLOOD_BPS = 30_000_000
"""Ten times what a publisher may send."""
PACKET = 1100


@asynccontextmanager
async def quiet_room(plane: ForwardingPlane) -> AsyncIterator[Viewer]:
    """A room beside the one in which something is wrong; its viewer sees green."""
    async with AsyncExitStack() as stack:
        booth = await stack.enter_async_context(MediaConnection({FACE: ColourFace(GREEN, FPS)}, []))
        await connect(plane, "booth:quiet", booth)
        clerk = Viewer([FACE])
        await stack.enter_async_context(clerk.connection)
        await connect(plane, "clerk:quiet", clerk.connection)
        await plane.join("quiet", "booth:quiet")
        await plane.join("quiet", "clerk:quiet")
        await clerk.until(lambda: len(clerk.seen) >= 3)
        yield clerk


async def test_who_sends_ten_times_their_share_is_cut_to_it_and_no_other_room_notices(
    plane: ForwardingPlane, caplog: pytest.LogCaptureFixture
) -> None:
    async with quiet_room(plane) as clerk, MediaConnection({FACE: ColourFace(RED, FPS)}, []) as booth:
        await connect(plane, "booth:loud", booth)
        await plane.join("loud", "booth:loud")
        memory = psutil.Process().memory_info().rss
        seen = len(clerk.seen)
        with caplog.at_level(logging.WARNING):
            await flood(booth, WATCHED_S)
        assert len(clerk.seen) - seen >= ENOUGH * FPS * WATCHED_S
        assert set(clerk.seen) == {GREEN}
        assert psutil.Process().memory_info().rss - memory < 30_000_000
    lines = [record.getMessage() for record in caplog.records if "booth:loud" in record.getMessage()]
    assert any("excess" in line for line in lines)
    assert len(lines) <= 3, "a flood on the line is none in the log"


async def flood(booth: MediaConnection, for_s: float) -> None:
    """Authentic packets beside the booth's own, of its own section."""
    sender = booth._connection.getTransceivers()[0].sender
    ssrc, number = sender._ssrc + 1 & 0xFFFFFFFF, 0
    end_s, due_s = time.monotonic() + for_s, time.monotonic()
    while time.monotonic() < end_s:
        for _ in range(20):
            header = struct.pack("!BBHII", 0x80, 97, number & 0xFFFF, number * 90 & 0xFFFFFFFF, ssrc)
            await sender.transport._send_rtp(header + os.urandom(PACKET))
            number += 1
        due_s += 20 * PACKET * 8 / FLOOD_BPS
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
    assert number * PACKET * 8 > FLOOD_BPS * for_s / 3, "the flood itself was slow"


async def test_who_stops_reading_is_down_within_six_seconds_and_no_other_room_notices(plane: ForwardingPlane) -> None:
    async with (
        quiet_room(plane) as clerk,
        MediaConnection({FACE: ColourFace(RED, FPS)}, []) as booth,
        lone_peer("lone_pair") as stopped,
    ):
        await connect(plane, "booth:a", booth)
        await stopped.connect(plane, "booth:unneeded", TrackDirection.PUBLISH)
        await stopped.connect(plane, "clerk:stopped", TrackDirection.SUBSCRIBE)
        await asyncio.sleep(1.0)
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:stopped")
        await asyncio.sleep(0.5)
        memory = psutil.Process().memory_info().rss
        os.kill(stopped.process.pid, signal.SIGSTOP)
        begun_s, seen = time.monotonic(), len(clerk.seen)
        async with asyncio.timeout(8):
            async for event in plane.events():
                if event == ParticipantDown("clerk:stopped"):
                    break
        took_s = time.monotonic() - begun_s
        assert took_s < 6
        assert len(clerk.seen) - seen >= ENOUGH * FPS * took_s
        assert psutil.Process().memory_info().rss - memory < 30_000_000
