"""From a picture of the camera to the outline on both screens.

Three parts, since their clocks are three: from a picture's moment until the booth says what it sees (the real taker, in
this process, and pictures of the simulated desk that were drawn before: drawing would take the cores that a real camera
leaves alone); from there to the kiosk (half the round trip of a request to the booth's server);
and how much later than the kiosk the counter hears the same thing, through link and center (real programs, loopback).
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from booth.devices.camera.desk import SimulatedDesk
from booth.devices.camera.grabbing import GrabbingCamera, Habits
from booth.devices.camera.interface import Image
from booth.documents.workshop import PictureWorkshop
from booth.taking import PageTaker
from demo.clerk import clerk_at
from demo.resident import resident_at
from demo.stage import ROOT, BoothPlan, ClerkPlan, Site, example_booth, free_port, raise_stage
from demo.story import Story
from protocol.desk import DeskSeen
from protocol.pages import PageAnnounced

CAMERAS = {"2.8 MP": (1920, 1440), "13 MP": (4160, 3120)}
PAPERS = ("booklet_cover", "id_card", "household_page", "application_form")
LAID = 8
REST_S = 1.5
TRIPS = 50
PICTURES = 2
DRAWN_WITHIN_S = 3.0
"""13 megapixels take a second."""


def measure() -> dict[str, Any]:
    """Milliseconds."""
    return {
        "picture_to_word_ms": {camera: asyncio.run(_looks(size)) for camera, size in CAMERAS.items()},
        **asyncio.run(_ways()),
    }


class _Watched(PictureWorkshop):
    """Remembers of which moment the picture was that was looked at last."""

    at_s = 0.0

    def look(self, image: Any, at_s: float) -> Any:
        seen = super().look(image, at_s)
        self.at_s = at_s
        return seen


class _NoShelf:
    async def put(self, page: PageAnnounced, light: bytes, full: bytes, frame: bytes | None = None) -> None:
        raise AssertionError("nothing is ordered")


class _Film:
    """What a camera saw, shown in turn; `scene` says of which paper."""

    scene = 0

    def __init__(self, scenes: Sequence[Sequence[Image]]) -> None:
        self._scenes = scenes
        self._shown = 0

    def open(self) -> None:
        """It is there."""

    def read(self) -> Image:
        self._shown += 1
        pictures = self._scenes[self.scene]
        return pictures[self._shown % len(pictures)]

    def close(self) -> None:
        """Nothing is held."""


async def _filmed(size: tuple[int, int]) -> list[list[Image]]:
    """`PICTURES` of each of `LAID` papers on the simulated desk."""
    scenes = []
    async with SimulatedDesk(*size, rate_fps=10) as desk:
        for number in range(LAID):
            desk.lay(PAPERS[number % len(PAPERS)])
            await asyncio.sleep(DRAWN_WITHIN_S)
            scenes.append([(await desk.capture()).image for _ in range(PICTURES)])
    return scenes


async def _looks(size: tuple[int, int]) -> dict[str, float]:
    film, workshop = _Film(await _filmed(size)), _Watched()
    camera = GrabbingCamera(film, "film", Habits(pace_fps=10, can_freeze=False))
    taker = PageTaker(camera, _NoShelf(), workshop, lambda: "page")
    delays: list[float] = []

    def show(seen: DeskSeen) -> None:
        if seen.outlines and workshop.at_s:
            delays.append((time.monotonic() - workshop.at_s) * 1000)

    async with camera, taker:
        taker.watch(True)
        looking = asyncio.create_task(taker.run(show))
        for scene in range(LAID):
            film.scene = scene
            await asyncio.sleep(REST_S)
        looking.cancel()
        await asyncio.wait([looking])
    return _spread(delays)


async def _ways() -> dict[str, Any]:
    booth = example_booth()
    plan = ClerkPlan("wang", "王窗口", "3")
    kiosk: list[tuple[float, DeskSeen]] = []
    counter: list[tuple[float, DeskSeen]] = []
    async with (
        raise_stage(ROOT / "var" / "bench" / "outline", Site(free_port(), reads=False), [booth], [plan]) as stage,
        clerk_at(stage.site, plan) as clerk,
        resident_at(booth) as resident,
    ):
        story = Story(resident, clerk, "id-lin", [], lambda name, ms: None)
        await story.arrive()
        await story.meet()
        resident.on_desk = lambda seen: kiosk.append((time.monotonic(), seen))
        clerk.on_desk = lambda seen: counter.append((time.monotonic(), seen))
        for number in range(LAID):
            await resident.lay_page(PAPERS[number % len(PAPERS)])
            await asyncio.sleep(REST_S)
        trips = await _round_trips(booth)
    later = [
        (at_s - heard_s) * 1000
        for heard_s, seen in kiosk
        if (at_s := next((at for at, other in counter if other == seen and abs(at - heard_s) < REST_S), None))
        is not None
    ]
    return {
        "word_to_kiosk_ms": _spread([trip / 2 for trip in trips]),
        "counter_after_kiosk_ms": _spread(later),
        "messages": len(kiosk),
        "of_these_at_the_counter": len(later),
    }


async def _round_trips(booth: BoothPlan) -> list[float]:
    trips = []
    async with aiohttp.ClientSession() as http:
        for _ in range(TRIPS):
            begun = time.monotonic()
            async with http.get(f"{booth.url}/health") as answer:
                await answer.read()
            trips.append((time.monotonic() - begun) * 1000)
    return trips


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values) or [float("nan")]
    return {
        "n": len(values),
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max": round(ordered[-1], 1),
    }
