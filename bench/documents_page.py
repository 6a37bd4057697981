"""Making a page of a picture, step by step, on the simulated desk's pictures: milliseconds on one core."""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from booth.devices.camera.desk_pages import draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.desk_scene import Pose, render_ground, render_scene
from booth.devices.camera.interface import Image
from booth.documents import page as pages
from booth.documents.checks import Seen, examine
from booth.documents.find import find_page
from booth.documents.light import flatten, measure_light
from booth.documents.looking import Looker
from booth.documents.orientation import find_orientation
from booth.documents.rectify import rectify
from booth.documents.signature import sign_page
from booth.documents.sizes import measure_size

SIZES_PX = ((1920, 1440), (4160, 3120))
"""A common document camera's picture, and 13 megapixels."""

PICTURES_A_PAGE = 3
LOOKS = 24

_T = TypeVar("_T")


def measure() -> dict[str, Any]:
    """For each size and bench page: median and largest ms of each step, of the whole page, and of a look."""
    return {"sizes": [_measure_size(width, height) for width, height in SIZES_PX]}


def _measure_size(width_px: int, height_px: int) -> dict[str, Any]:
    took: dict[str, list[float]] = defaultdict(list)
    wrong_turns = flawed = 0
    for picture, turns in _pictures(width_px, height_px):
        right, flaws = _steps(picture, turns, took)
        wrong_turns += not right
        flawed += flaws
        _timed(took, "whole", partial(pages.make_page, picture))
        _looks(picture, took)
    spreads = {name: _spread(values) for name, values in took.items()}
    return {"width_px": width_px, "height_px": height_px, "wrong_turns": wrong_turns, "flawed": flawed, "ms": spreads}


def _pictures(width_px: int, height_px: int) -> list[tuple[Image, int]]:
    """Each bench page in several of its turns, and the turns that bring it upright."""
    ground, fonts = render_ground(width_px, height_px), find_fonts()
    made = []
    for place, record in enumerate(BENCH_PAGES):
        paper = draw_paper(record, fonts)
        for number in range(PICTURES_A_PAGE):
            quarter = (place + number) % 4
            # A4 fits across only in one direction; half a turn is the same outline.
            quarter = quarter // 2 * 2 + 1 if record.height_mm > 250 else quarter
            scene, _ = render_scene(ground, paper, Pose(4.0 * number, 2.0, 90.0 * quarter + 2))
            made.append((scene, (4 - quarter) % 4))
    return made


def _steps(picture: Image, turns: int, took: dict[str, list[float]]) -> tuple[bool, bool]:
    """Time each step; whether the page was turned right, and whether it was called flawed."""
    height, width = picture.shape[:2]
    outline = _timed(took, "find", lambda: find_page(picture))
    assert outline is not None
    size = measure_size(outline, width, height)
    page = _timed(took, "rectify", lambda: rectify(picture, outline, size))
    small, dpi = _timed(took, "shrink", lambda: pages.looked_at(page))
    orientation = _timed(took, "orientation", lambda: find_orientation(small, dpi))
    upright = _timed(took, "turn", lambda: pages.turn(page, orientation.turns))
    small = pages.turn(small, orientation.turns)
    light = _timed(took, "measure_light", lambda: measure_light(small, dpi))
    seen = Seen(small, flatten(small, light), dpi, light, size.seen_dpi)
    flaws = _timed(took, "checks", lambda: examine(seen, upright, outline, (width, height)))
    even = _timed(took, "flatten", lambda: flatten(upright, light))
    _timed(took, "encode_full", lambda: pages.encode_full(even))
    _timed(took, "encode_light", lambda: pages.encode_light(even))
    _timed(took, "frame_jpeg", lambda: pages.frame_jpeg(picture))
    step = width // 1280
    _timed(took, "signature", lambda: sign_page(picture[::step, ::step], outline.scaled(1 / step)))
    return orientation.turns == turns and orientation.sure, bool(flaws)


def _looks(picture: Image, took: dict[str, list[float]]) -> None:
    """What looking costs: the desk as it is, again and again, a search twice a second."""
    looker = Looker()
    for number in range(LOOKS):
        _timed(took, "look", partial(looker.look, picture, number / 12))


def _timed(took: dict[str, list[float]], name: str, work: Callable[[], _T]) -> _T:
    begun = time.perf_counter()
    result = work()
    took[name].append((time.perf_counter() - begun) * 1000)
    return result


def _spread(values: list[float]) -> dict[str, float]:
    median, p95 = (float(np.percentile(values, share)) for share in (50, 95))
    return {"median": round(median, 1), "p95": round(p95, 1), "max": round(max(values), 1)}
