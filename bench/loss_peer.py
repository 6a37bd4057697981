"""The three programs of `bench loss`: a center, a booth and a clerk, each run on a host of its own.

The center is the forwarding plane behind one HTTP request; booth and clerk are `MediaConnection`s with sources whose
pictures say when they were made. Each booth or clerk prints one line of JSON a second, and at the end what it saw.
"""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from aiohttp import ClientSession, web

from booth.media.connection import MediaConnection
from booth.media.receiving import Reception
from center.media.plane import ForwardingPlane
from protocol.media import TrackDirection, TrackName, TrackOffer
from rigs.clock_media import ClockFace, SteadyVoice, age_ms

SETTLE_S = 10
"""Not counted: connections are made when a booth starts, and calls come later."""
PORT = 8080
ROOM = "affair"
QUIET = 0.15
"""Of the usual loudest sample: a hum below this is a pause."""

main = typer.Typer(add_completion=False)


@main.command()
def center(page: Path) -> None:
    """Forward until it is ended. Says `ready` once it can be asked. `page` is what `GET /` gives."""
    asyncio.run(_center(page.read_text("utf8")))


@main.command()
def booth(address: str, seconds: float) -> None:
    """Publish a face, a page and a voice, and watch the clerk."""
    sources = {
        TrackName.FACE: ClockFace(),
        TrackName.DOCUMENT: ClockFace(1920, 1080, fps=6.0, moving_px=0),
        TrackName.VOICE: SteadyVoice(),
    }
    watched = [TrackName.CLERK_FACE, TrackName.CLERK_VOICE]
    asyncio.run(_take_part(address, "booth:b", seconds, sources, watched))


@main.command()
def clerk(address: str, seconds: float) -> None:
    """Publish a small face and a voice, and watch the booth."""
    sources = {TrackName.CLERK_FACE: ClockFace(320, 240, fps=15.0), TrackName.CLERK_VOICE: SteadyVoice()}
    watched = [TrackName.FACE, TrackName.DOCUMENT, TrackName.VOICE]
    asyncio.run(_take_part(address, "clerk:v", seconds, sources, watched))


async def _center(page: str) -> None:
    async with ForwardingPlane() as plane:

        async def offer(request: web.Request) -> web.Response:
            body = await request.json()
            tracks = [
                TrackOffer(mid=t["mid"], track=TrackName(t["track"]), direction=TrackDirection(t["direction"]))
                for t in body["tracks"]
            ]
            answer = await plane.connect(body["participant"], body["sdp"], tracks)
            await plane.join(ROOM, body["participant"])
            return web.Response(text=answer)

        async def show(request: web.Request) -> web.Response:
            return web.Response(text=page, content_type="text/html")

        app = web.Application()
        app.router.add_get("/", show)
        app.router.add_post("/offer", offer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", PORT).start()
        print("ready", flush=True)
        await asyncio.Event().wait()


class _Watch:
    """What one participant sees and hears."""

    def __init__(self, sources: Mapping[TrackName, Any], watched: list[TrackName]) -> None:
        self.connection = MediaConnection(sources, watched, self._note)
        self.sources, self.watched = sources, watched
        self.ages_ms: dict[TrackName, list[int]] = {track: [] for track in watched}
        self.widths: dict[TrackName, set[int]] = {track: set() for track in watched}
        self.peaks: dict[TrackName, list[float]] = {track: [] for track in watched}
        self.at_s: dict[TrackName, list[float]] = {track: [] for track in watched}
        self.before = {track: Reception() for track in watched}

    def _note(self, track: TrackName) -> None:
        frame = self.connection.latest_frame(track)
        self.at_s[track].append(time.monotonic())
        if frame is None:
            self.peaks[track].append(self.connection.last_audio_peak(track))
            return
        self.widths[track].add(frame.width)
        age = age_ms(frame)
        if age is not None:
            self.ages_ms[track].append(age)

    def second(self) -> dict[str, Any]:
        sending = {track: self.connection.sending(track) for track in self.sources}
        return {
            "sending": {
                track: {"kbps": one.target_bps // 1000, "keyframes": one.keyframes, "width": one.width}
                for track, one in sending.items()
                if one is not None
            },
            "frames": {track: self.connection.frames_received[track] for track in self.watched},
            "delay_ms": {t: self.connection.reception(t).delay_ms for t in self.watched if self.peaks[t]},
        }

    def forget(self) -> None:
        """Begin to count anew."""
        for noted in (self.ages_ms, self.peaks, self.at_s):
            for values in noted.values():
                values.clear()
        for track in self.watched:
            self.before[track] = self.connection.reception(track)
            self.widths[track].clear()

    def summary(self, seconds: float) -> dict[str, Any]:
        return {track: self._summary(track, seconds) for track in self.watched}

    def _summary(self, track: TrackName, seconds: float) -> dict[str, Any]:
        seen, before = self.connection.reception(track), self.before[track]
        if track in (TrackName.VOICE, TrackName.CLERK_VOICE):
            return {
                "heard_s": round(len(self.peaks[track]) * 0.02, 2),
                "pauses": _pauses(self.peaks[track]),
                "recovered": seen.recovered - before.recovered,
                "concealed": seen.concealed - before.concealed,
                "delay_ms": seen.delay_ms,
            }
        ages = sorted(self.ages_ms[track])
        gaps_ms = [round((b - a) * 1000) for a, b in itertools.pairwise(self.at_s[track])]
        return {
            "fps": round(len(self.at_s[track]) / seconds, 1),
            "latency_ms": {f"p{p}": ages[min(len(ages) - 1, len(ages) * p // 100)] for p in (50, 95, 99) if ages},
            "longest_gap_ms": max(gaps_ms, default=None),
            "gaps_over_600_ms": sum(gap > 600 for gap in gaps_ms),
            "lost": seen.lost - before.lost,
            "recovered": seen.recovered - before.recovered,
            "given_up": seen.given_up - before.given_up,
            "widths": sorted(self.widths[track]),
        }


async def _take_part(
    address: str, participant: str, seconds: float, sources: Mapping[TrackName, Any], watched: list[TrackName]
) -> None:
    watch = _Watch(sources, watched)
    async with watch.connection as connection, ClientSession() as session:
        sdp, tracks = await connection.offer()
        body = {
            "participant": participant,
            "sdp": sdp,
            "tracks": [{"mid": t.mid, "track": t.track, "direction": t.direction} for t in tracks],
        }
        async with session.post(f"http://{address}:{PORT}/offer", json=body) as reply:
            await connection.accept(await reply.text())
        await connection.wait_connected()
        for second in range(round(SETTLE_S + seconds)):
            if second == SETTLE_S:
                watch.forget()
            await asyncio.sleep(1)
            print(json.dumps(watch.second()), flush=True)
        closed = asyncio.ensure_future(connection.wait_closed())
        await asyncio.sleep(0)
        alive = not closed.done()
        closed.cancel()
        print(json.dumps({"alive": alive, **watch.summary(seconds)}), flush=True)
        await asyncio.Event().wait()  # the other side still counts


def _pauses(peaks: list[float]) -> dict[str, int]:
    """How often the hum stopped, and the longest time, in ms; 20 ms are the finest that is seen."""
    usual = statistics.median(peaks) if peaks else 0.0
    lengths: list[int] = [0]
    for peak in peaks:
        if peak < QUIET * usual:
            lengths[-1] += 20
        elif lengths[-1]:
            lengths.append(0)
    return {"count": sum(length > 0 for length in lengths), "longest_ms": max(lengths)}


if __name__ == "__main__":
    main()
