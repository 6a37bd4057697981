"""Making a page of a picture, step by step, on the simulated desk's pictures: milliseconds on one core."""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

from booth.devices.camera.desk import BENCH_PAGES, SimulatedDesk
from booth.devices.camera.interface import Image
from booth.documents.find import find_page
from booth.documents.page import make_page

SIZES_PX = ((1920, 1440), (4160, 3120))
"""A common document camera's picture, and 13 megapixels."""

PICTURES_A_PAGE = 5


def measure() -> dict[str, Any]:
    """For each size: median and largest ms of finding and of the whole page, and how many pages were found."""
    return {"sizes": [_measure_size(width, height) for width, height in SIZES_PX]}


def _measure_size(width_px: int, height_px: int) -> dict[str, Any]:
    pictures = asyncio.run(_pictures(width_px, height_px))
    found = [find_page(picture) is not None for picture in pictures]
    return {
        "width_px": width_px,
        "height_px": height_px,
        "pictures": len(pictures),
        "found": sum(found),
        "find_ms": _timed(find_page, pictures),
        "make_page_ms": _timed(make_page, pictures),
    }


async def _pictures(width_px: int, height_px: int) -> list[Image]:
    pictures: list[Image] = []
    async with SimulatedDesk(width_px, height_px, rate_fps=4) as desk:
        for record in BENCH_PAGES:
            desk.lay(record.page_id)
            for _ in range(PICTURES_A_PAGE):
                pictures.append((await desk.capture()).image)
    return pictures


def _timed(work: Callable[[Image], object], pictures: list[Image]) -> dict[str, float]:
    took_ms: list[float] = []
    for picture in pictures:
        begun = time.perf_counter()
        work(picture)
        took_ms.append((time.perf_counter() - begun) * 1000)
    return {"median": round(statistics.median(took_ms), 1), "max": round(max(took_ms), 1)}
