"""What forwarding costs and how long it takes: nothing between, our forwarder, aiortc's MediaRelay, Janus.

Generator, server and sinks are processes of their own. The film is encoded once (`rigs/media/film`), and its packets
are sent again and again through real ICE, DTLS and SRTP, a whole picture at a time, as aiortc does it. Each packet
carries the moment at which it was sent, on the clock that all processes of a machine share.

CPU is the server's process alone, user and system. A stream-minute is one stream forwarded to one viewer for a minute.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psutil

from center.media.interface import MediaSettings
from center.media.process.client import MediaProcess
from demo.stage import ROOT
from protocol.media import TrackDirection, TrackName, TrackOffer
from rigs.media.janus import is_installed, running_janus


def _section(kind: str, sends: bool, bps: int = 0) -> dict[str, Any]:
    return {"kind": kind, "sends": sends, "bps": bps}


SCENES = {"1 × 1.5 Mbit/s": (1, 1_500_000), "8 × 1.5 Mbit/s": (8, 1_500_000), "24 × 1.5 Mbit/s": (24, 1_500_000)}
SCENES["1 × 20 Mbit/s"] = (1, 20_000_000)
WARM_S, MEASURE_S = 2.0, 8.0
MOST_RELAYED = 8
"""Streams that MediaRelay can just carry on two cores: one takes a quarter of one."""

SESSION_S = 60.0
MOST_DELAY_MS = 10
MOST_SESSIONS = 60

BOOTH = {
    TrackName.FACE: _section("video", True, 1_200_000),
    TrackName.DOCUMENT: _section("video", True, 800_000),
    TrackName.VOICE: _section("audio", True),
    TrackName.CLERK_FACE: _section("video", False),
    TrackName.CLERK_VOICE: _section("audio", False),
}
CLERK = {
    TrackName.CLERK_FACE: _section("video", True, 1_200_000),
    TrackName.CLERK_VOICE: _section("audio", True),
    TrackName.FACE: _section("video", False),
    TrackName.VOICE: _section("audio", False),
    TrackName.DOCUMENT: _section("video", False),
}

_SETTINGS = MediaSettings(most_publisher_bps=50_000_000)


class Load:
    """A process of load peers (`rigs/media/load`)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def order(self, tag: str, **fields: Any) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps({"type": tag, **fields}).encode() + b"\n")
        await stdin.drain()
        answer: dict[str, Any] = json.loads(await stdout.readline())
        return answer


@asynccontextmanager
async def started(module: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Server(Protocol):
    """What is measured. `connect` joins sink `n` to source `n`."""

    @property
    def pid(self) -> int | None: ...

    async def connect(self, source: Load, sink: Load, n: int, bps: int) -> None: ...


class Direct:
    pid = None

    async def connect(self, source: Load, sink: Load, n: int, bps: int) -> None:
        offer = await source.order("Offer", peer=f"s{n}", sections=[_section("video", True, bps)])
        answer = await sink.order("Take", peer=f"v{n}", sdp=offer["sdp"])
        await source.order("Accept", peer=f"s{n}", sdp=answer["sdp"])


class Ours:
    def __init__(self, plane: MediaProcess, pid: int) -> None:
        self.pid = pid
        self._plane = plane

    async def connect(self, source: Load, sink: Load, n: int, bps: int) -> None:
        await self.attach(source, f"booth:{n}", f"room{n}", {TrackName.FACE: _section("video", True, bps)})
        await self.attach(sink, f"clerk:{n}", f"room{n}", {TrackName.FACE: _section("video", False)})

    async def attach(self, load: Load, name: str, room: str, tracks: dict[TrackName, dict[str, Any]]) -> None:
        offer = await load.order("Offer", peer=name, sections=list(tracks.values()))
        offers = [
            TrackOffer(mid, track, TrackDirection.PUBLISH if section["sends"] else TrackDirection.SUBSCRIBE)
            for mid, (track, section) in zip(offer["mids"], tracks.items(), strict=True)
        ]
        answer = await self._plane.connect(name, offer["sdp"], offers)
        await self._plane.join(room, name)
        await load.order("Accept", peer=name, sdp=answer)


class Relay:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self._load = Load(process)

    async def connect(self, source: Load, sink: Load, n: int, bps: int) -> None:
        # MediaRelay decodes: what no decoder expects is left out, and so there is no delay to tell.
        for load, verb, sends in ((source, "publish", True), (sink, "subscribe", False)):
            offer = await load.order(
                "Offer", peer=f"{verb}{n}", sections=[_section("video", sends, bps)], stamped=False
            )
            answer = await self._load.order("", **{verb: f"s{n}", "sdp": offer["sdp"]})
            await load.order("Accept", peer=f"{verb}{n}", sdp=answer["sdp"])


class ByJanus:
    def __init__(self, janus: Any) -> None:
        self.pid = janus.pid
        self._janus = janus

    async def connect(self, source: Load, sink: Load, n: int, bps: int) -> None:
        offer = await source.order("Offer", peer=f"s{n}", sections=[_section("video", True, bps)])
        await source.order("Accept", peer=f"s{n}", sdp=await self._janus.publish(f"s{n}", offer["sdp"]))
        answer = await sink.order("Take", peer=f"v{n}", sdp=await self._janus.subscribe(f"v{n}", f"s{n}"))
        await self._janus.start(f"v{n}", answer["sdp"])


@asynccontextmanager
async def server(name: str) -> AsyncIterator[Server]:
    match name:
        case "direct":
            yield Direct()
        case "ours":
            async with MediaProcess(_SETTINGS) as plane:
                yield Ours(plane, await plane.running())
        case "MediaRelay":
            async with started("rigs.media.relay") as process:
                yield Relay(process)
        case _:
            async with running_janus(ROOT / "var" / "bench" / "janus") as janus:
                yield ByJanus(janus)


async def _scene(name: str, streams: int, bps: int) -> dict[str, Any]:
    async with started("rigs.media.load") as generator, started("rigs.media.load") as sinks, server(name) as between:
        source, sink = Load(generator), Load(sinks)
        for n in range(streams):
            await between.connect(source, sink, n, bps)
        return await observe(source, [source, sink], between.pid, streams, MEASURE_S)


async def observe(source: Load, loads: Sequence[Load], pid: int | None, streams: int, seconds: float) -> dict[str, Any]:
    """Let the sources send, and see what it costs and how it arrives."""
    for load in loads:
        await load.order("Begin")
    await asyncio.sleep(WARM_S)
    process = psutil.Process(pid) if pid is not None else None
    for load in loads:
        await load.order("Report")
    before_s, began_s, rss = _cpu_s(process), time.monotonic(), _rss(process)
    await asyncio.sleep(seconds)
    used_s, lasted_s = _cpu_s(process) - before_s, time.monotonic() - began_s
    reports = [await load.order("Report") for load in loads]
    received = sum(report["received"] for report in reports)
    delays = [report["delay_us"] for report in reports if report["delay_us"]]
    result: dict[str, Any] = {
        "streams": streams,
        "packets_per_s": round(received / lasted_s, 1),
        "sent": sum(report["sent"] for report in reports),
        "received": received,
        "missing": sum(report["gone"] for report in reports),
        "silent_sinks": sum(report["silent"] for report in reports),
        "delay_us": {share: max(delay[share] for delay in delays) for share in delays[0]} if delays else None,
    }
    if process is not None:
        result |= {
            "cpu_share": round(used_s / lasted_s, 4),
            "cpu_s_per_stream_minute": round(used_s / lasted_s * 60 / streams, 3),
            "us_per_packet": round(used_s * 1e6 / max(1, received), 2),
            "packets_per_s_per_core": round(received / used_s) if used_s else None,
            "memory_growth_bytes": _rss(process) - rss,
        }
    return result


def _cpu_s(process: psutil.Process | None) -> float:
    """To the microsecond, where /proc/stat counts hundredths of a second."""
    if process is None:
        return 0.0
    total = 0
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _rss(process: psutil.Process | None) -> int:
    return 0 if process is None else int(process.memory_info().rss)


async def _sessions(count: int, seconds: float) -> dict[str, Any]:
    """Whole sessions: face, document and voice one way, face and voice the other."""
    async with (
        started("rigs.media.load") as booths,
        started("rigs.media.load") as clerks,
        MediaProcess(_SETTINGS) as plane,
    ):
        ours = Ours(plane, await plane.running())
        loads = [Load(booths), Load(clerks)]
        for n in range(count):
            await ours.attach(loads[0], f"booth:{n}", f"room{n}", BOOTH)
            await ours.attach(loads[1], f"clerk:{n}", f"room{n}", CLERK)
        return await observe(loads[0], loads, ours.pid, count * len(BOOTH), seconds)


def holds(observed: dict[str, Any]) -> bool:
    """No packet missing, and the slowest percent within `MOST_DELAY_MS`."""
    whole = not observed["missing"] and not observed["silent_sinks"]
    return whole and observed["delay_us"]["99"] <= MOST_DELAY_MS * 1000


async def _most_sessions(count: int) -> dict[str, Any]:
    first = await _sessions(count, SESSION_S)
    print(f"{count} sessions", json.dumps(first), flush=True)
    result: dict[str, Any] = {"load_average": os.getloadavg(), str(count): {**first, "holds": holds(first)}}
    most = count if holds(first) else 0
    while most and most < MOST_SESSIONS:
        count += 4
        observed = await _sessions(count, MEASURE_S)
        print(f"{count} sessions", json.dumps(observed), flush=True)
        result[str(count)] = {**observed, "holds": holds(observed)}
        if not holds(observed):
            break
        most = count
    return {**result, "most_that_hold": most}


def measure_sessions(count: int) -> dict[str, Any]:
    """So many whole sessions for a minute, then four more each time for as long as they hold."""
    return asyncio.run(_most_sessions(count))


async def _compare() -> dict[str, Any]:
    names = ["direct", "ours", "MediaRelay", "Janus"]
    if not is_installed():
        print("Janus is not installed and can't be compared: apt-get install janus", flush=True)
        names.remove("Janus")
    scenes: dict[str, Any] = {}
    for scene, (streams, bps) in SCENES.items():
        found = scenes[scene] = {}
        for name in names:
            if name == "MediaRelay" and (streams > MOST_RELAYED or bps > 1_500_000):
                continue
            found[name] = await _scene(name, streams, bps)
            print(scene, name, json.dumps(found[name]), flush=True)
        found["compared"] = _compared(found, scenes)
    return {"load_average": os.getloadavg(), "scenes": scenes}


def _compared(found: dict[str, Any], scenes: dict[str, Any]) -> dict[str, Any]:
    """Ours against the others: CPU of a stream-minute, and the delay beyond that of no server at all."""
    ours, first = found["ours"], next(iter(scenes.values()))
    compared: dict[str, Any] = {}
    if "Janus" in found:
        compared["cpu_to_Janus"] = _ratio(ours, found["Janus"])
    if "MediaRelay" in first:
        compared["cpu_to_MediaRelay"] = _ratio(ours, first["MediaRelay"])
    for name in ("ours", "Janus"):
        if name in found and found[name]["delay_us"]:
            compared[f"{name}_added_ms"] = {
                share: round((found[name]["delay_us"][share] - found["direct"]["delay_us"][share]) / 1000, 3)
                for share in ("50", "95", "99")
            }
    return compared


def _ratio(one: dict[str, Any], other: dict[str, Any]) -> float:
    return round(float(one["cpu_s_per_stream_minute"] / other["cpu_s_per_stream_minute"]), 3)


def measure() -> dict[str, Any]:
    """All scenes, one after the other."""
    return asyncio.run(_compare())
