"""The robots' affair, several times over on one stage: how long people wait at each step."""

import asyncio
import statistics
from typing import Any

from demo.clerk import clerk_at
from demo.resident import resident_at
from demo.stage import ROOT, ClerkPlan, Site, example_booth, free_port, raise_stage
from demo.story import Record, Story

AFFAIRS = 10
CARD, PAGES = "id-lin", ["id_card", "booklet_cover"]


def measure() -> dict[str, Any]:
    """Median and largest of each figure over the affairs, in ms; real processes, simulated devices, loopback."""
    records = asyncio.run(_play())
    steps = {
        step.name: _spread([next(one.ms for one in record.steps if one.name == step.name) for record in records])
        for step in records[0].steps
    }
    return {
        "affairs": len(records),
        "called_to_first_frame_ms": {
            side: _spread([record.called_to_first_frame_ms[side] for record in records]) for side in ("clerk", "booth")
        },
        "card_read_ms": _spread([record.card_read_ms or 0 for record in records]),
        "page_delivered_ms": _spread([ms for record in records for ms in record.page_delivered_ms]),
        "steps_ms": steps,
    }


async def _play() -> list[Record]:
    booth = example_booth()
    clerk_plan = ClerkPlan("wang", "王窗口", "3")
    records: list[Record] = []
    async with (
        raise_stage(ROOT / "var" / "bench" / "stage", Site(free_port(), reads=False), [booth], [clerk_plan]) as stage,
        clerk_at(stage.site, clerk_plan) as clerk,
        resident_at(booth) as resident,
    ):
        for _ in range(AFFAIRS):
            story = Story(resident, clerk, CARD, PAGES, lambda name, ms: None)
            records.append(await story.play())
    return records


def _spread(values: list[int]) -> dict[str, float]:
    return {"median": statistics.median(values), "max": max(values)}
