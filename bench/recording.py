"""What recording costs: a session's packets through the recorder onto a real disk, without the forwarding."""

import asyncio
import os
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from center.media.flow import Packet
from center.media.interface import RecordingOrder, SegmentSealed
from center.media.recording.recorder import Recorder
from center.media.recording.writer import RecordingWriter
from protocol.media import TrackName

MINUTES = 10
PACKET_BYTES = 1100
TRACKS = {
    TrackName.FACE: (30, 1_200_000),
    TrackName.CLERK_FACE: (30, 1_200_000),
    TrackName.DOCUMENT: (5, 800_000),
    TrackName.VOICE: (50, 32_000),
    TrackName.CLERK_VOICE: (50, 32_000),
}
"""Frames a second and bit/s of a full session (issue 3, point 3)."""
KEY_HEAD = bytes([0x10, 0, 0, 0x9D, 0x01, 0x2A, 0, 5, 0xD0, 2])
"""The begin of a VP8 keyframe of 1280 by 720."""


def measure() -> dict[str, Any]:
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        told: list[Any] = []
        async with RecordingWriter() as writer:
            order = RecordingOrder("bench-r1", "bench", str(Path(folder) / "bench-r1"), os.urandom(32))
            recorder = Recorder(order, writer, told.append, now_s=0.0, base_s=time.time())
            begun_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
            packets, numbers = 0, dict.fromkeys(TRACKS, 0)
            for second in range(MINUTES * 60):
                packets += _second(recorder, numbers, second)
                await asyncio.sleep(0)
            await recorder.close(MINUTES * 60.0)
            after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sealed = [each for each in told if isinstance(each, SegmentSealed)]
    return {
        "recorded_minutes": MINUTES,
        "packets": packets,
        "megabytes": round(sum(each.size_bytes for each in sealed) / 1e6, 1),
        "segments": len(sealed),
        "cpu_s_per_recorded_minute": round(cpu_s / MINUTES, 3),
        "cpu_us_per_packet": round(cpu_s / packets * 1e6, 1),
        "wall_s": round(time.monotonic() - begun_s, 1),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _second(recorder: Recorder, numbers: dict[TrackName, int], second: int) -> int:
    """One second of all tracks, in the order in which packets come."""
    frames = sorted((n / fps, track) for track, (fps, _) in TRACKS.items() for n in range(fps))
    packets = 0
    for at_s, track in frames:
        fps, bps = TRACKS[track]
        now_s = second + at_s
        key = track not in (TrackName.VOICE, TrackName.CLERK_VOICE) and at_s == 0.0 and second % 9 == 0
        packets += _frame(recorder, numbers, track, now_s, bps // 8 // fps, key=key)
    recorder.tick(second + 1.0)
    return packets


def _frame(
    recorder: Recorder, numbers: dict[TrackName, int], track: TrackName, now_s: float, size_bytes: int, *, key: bool
) -> int:
    video = track not in (TrackName.VOICE, TrackName.CLERK_VOICE)
    timestamp = round(now_s * (90_000 if video else 48_000)) & 0xFFFFFFFF
    frame = (KEY_HEAD if key else b"\x11\0\0").ljust(size_bytes, b"v") if video else bytes(size_bytes)
    pieces = [frame[at : at + PACKET_BYTES] for at in range(0, len(frame), PACKET_BYTES)]
    for n, piece in enumerate(pieces):
        payload = (bytes([0x90 if n == 0 else 0x80, 0x80, 0x80, 7]) + piece) if video else piece
        numbers[track] += 1
        last = int(n == len(pieces) - 1)
        packet = Packet(payload, 0, len(payload), 96, last, numbers[track] & 0xFFFF, timestamp, 1)
        recorder.taps[track].take(packet, now_s)
    return len(pieces)
