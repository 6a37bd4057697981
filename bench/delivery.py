"""From the shutter at the booth to the page at the clerk: its light version, then the full one, on two networks.

A clerk takes the next page when they see the one before, so its full version may be on its way still.

The booth is a host of its own (a network namespace), with a session up: face, voice and document travel beside the
pages. The shutter's moment is that of the picture that the page is made of (`taken_at_ms`), so making the page counts;
the end is the light picture, fetched and decoded by a clerk who hears of it on the feed, as the counter's page does.
All clocks are this machine's. Needs root.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from booth.documents.page import read_jpeg
from demo.clerk import Clerk, clerk_at
from demo.resident import resident_at
from demo.stage import ROOT, ClerkPlan, Site, Table, example_booth, free_port, raise_stage
from demo.story import Story
from protocol.counter import AffairView, PageView
from protocol.pages import PagePart
from protocol.states import PageState
from protocol.visit import CommandKind
from rigs.certificate import write_certificate
from rigs.host import Host, lacking

PAGES = 12
PAPERS = ("application_form", "id_card", "booklet_cover", "household_page")
CARD = "id-lin"
BETWEEN_S = 1.0
"""A hand lays the paper and goes away; the camera's picture of before is gone."""
SETTLE_S = 8.0
"""The session's pictures have found their size on a narrow line (docs/benchmarks.md)."""
WITHIN_S = 120.0
FULL_WITHIN_S = 400.0
"""For all full versions on a narrow line, after the last page was taken."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`delay_ms` each way; `lost` is the share of packets lost each way, TCP's too."""

    name: str
    goal_ms: int
    delay_ms: float = 0.0
    kbps: int | None = None
    lost: float = 0.0


SCENARIOS = (
    Scenario("clean", 500),
    Scenario("narrow", 1500, delay_ms=25.0, kbps=2000, lost=0.01),
)
CAMERAS = {"2.8 MP": (1920, 1440), "13 MP": (4160, 3120)}


def measure(pages: int = PAGES) -> dict[str, Any]:
    """Each camera on each network; ms after the shutter."""
    if needs := lacking():
        return {"skipped": f"needs {needs}"}
    found = {}
    for camera, size in CAMERAS.items():
        for scenario in SCENARIOS:
            name = f"{scenario.name}, {camera}"
            found[name] = asyncio.run(_play(scenario, size, pages))
            # A narrow line takes minutes: what is known already is said.
            print(f"{name}: light version shown after {found[name]['light_shown_ms']} ms", file=sys.stderr, flush=True)
    return found


@dataclass(slots=True)
class Delivered:
    """One page, in ms after its shutter."""

    announced: float = 0.0
    """The feed says that there is a page: it is made, kept and announced."""
    heard: float = 0.0
    """The clerk's feed says that the light version is there."""
    shown: float = 0.0
    full: float = 0.0
    light_bytes: int = 0
    full_bytes: int = 0
    steps: int = 0
    """How many different amounts the progress bar showed on the way."""


async def _play(scenario: Scenario, size: tuple[int, int], pages: int) -> dict[str, Any]:
    folder = ROOT / "var" / "bench" / "delivery"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with Host(scenario.delay_ms) as host:
        certificate_file, key_file = write_certificate(folder, host.here)
        site = Site(free_port(), host.here, certificate_file, key_file, reads=False)
        camera: Table = {"driver": "simulated_desk", "width_px": size[0], "height_px": size[1], "rate_fps": 5}
        booth = example_booth(
            sections={"document_camera": camera},
            prefix=host.prefix,
            socket_factory=host.socket,
        )
        plan = ClerkPlan("wang", "王窗口", "3")
        async with (
            raise_stage(folder / "stage", site, [booth], [plan]),
            clerk_at(site, plan) as clerk,
            resident_at(booth) as resident,
        ):
            story = Story(resident, clerk, CARD, [], lambda name, ms: None)
            async with asyncio.timeout(WITHIN_S):
                await story.arrive()
                await story.meet()
            if scenario.kbps is not None:
                host.choke(scenario.kbps)
            if scenario.lost:
                host.lose(scenario.lost)
            await asyncio.sleep(SETTLE_S)
            found = []
            async with asyncio.TaskGroup() as group:
                for number in range(pages):
                    await resident.lay_page(PAPERS[number % len(PAPERS)])
                    await asyncio.sleep(BETWEEN_S)
                    async with asyncio.timeout(WITHIN_S):
                        found.append(await _show(story, clerk, number))
                    group.create_task(_follow(story, clerk, number, found[-1]), name=f"page {number}")
                    await resident.lift_page()
    return _figures(scenario, found)


async def _show(story: Story, clerk: Clerk, number: int) -> Delivered:
    """The clerk presses the shutter and looks at the page."""
    page = Delivered()
    command_id = await clerk.order(story.affair_id, CommandKind.TAKE_PAGE)
    await clerk.press_shutter(story.affair_id, command_id)
    page.announced = _since(await _page(story, number, lambda one: True))
    view = await _page(story, number, lambda one: one.state is not PageState.ANNOUNCED)
    page.heard = _since(view)
    light = await clerk.page(view.page_id, PagePart.LIGHT)
    await asyncio.to_thread(read_jpeg, light)
    page.shown, page.light_bytes = _since(view), len(light)
    return page


async def _follow(story: Story, clerk: Clerk, number: int, page: Delivered) -> None:
    """Until the full version is at the clerk."""
    seen: set[int] = set()
    async with asyncio.timeout(FULL_WITHIN_S):
        while True:
            view = await _page(
                story, number, lambda one: one.received_bytes not in seen or one.state is PageState.STORED
            )
            seen.add(view.received_bytes)
            if view.state is PageState.STORED:
                break
        full = await clerk.page(view.page_id, PagePart.FULL)
    page.full, page.full_bytes, page.steps = _since(view), len(full), len(seen)


async def _page(story: Story, number: int, seen: Any) -> PageView:
    def holds(affair: AffairView) -> bool:
        return len(affair.pages) > number and bool(seen(affair.pages[number]))

    return (await story.affair(holds)).pages[number]


def _since(page: PageView) -> float:
    return time.time_ns() / 1e6 - page.taken_at_ms


def _figures(scenario: Scenario, pages: Sequence[Delivered]) -> dict[str, Any]:
    return {
        "pages": len(pages),
        "goal_ms": scenario.goal_ms,
        "within_goal": sum(page.shown <= scenario.goal_ms for page in pages),
        "announced_ms": _spread([page.announced for page in pages]),
        "light_on_the_feed_ms": _spread([page.heard for page in pages]),
        "light_shown_ms": _spread([page.shown for page in pages]),
        "full_shown_ms": _spread([page.full for page in pages]),
        "light_kb": _spread([page.light_bytes / 1000 for page in pages]),
        "full_kb": _spread([page.full_bytes / 1000 for page in pages]),
        "progress_steps": _spread([page.steps for page in pages]),
        "each_ms": [[round(ms) for ms in (page.announced, page.heard, page.shown, page.full)] for page in pages],
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max": round(ordered[-1], 1),
    }
