"""Finding pages: how well on photographs with true corners (`DATA=FOLDER`) and on drawn scenes, and how fast."""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench import documents_scenes
from booth.devices.camera.interface import Image
from booth.documents.find import AUTOMATIC_CONFIDENCE, find_pages, settle
from booth.documents.quad import Quad
from booth.documents.track import Tracker
from rigs.scenes.desk import booth_scene
from rigs.scenes.known import known_desk
from rigs.scenes.measures import jaccard, use_one_core, usual_recipe
from rigs.scenes.photographs import Photograph, photographs

PREVIEW, STILL = (1920, 1440), (4160, 3120)
"""A common document camera's live picture, and 13 megapixels."""

TIMED_SCENES = range(5000, 5028)
TRACKED_PICTURES = 5
WRONG = 0.95

T = TypeVar("T")


def measure() -> dict[str, Any]:
    """Photographs when there are some, the drawn scenes, and milliseconds of each step on one core."""
    use_one_core()
    result: dict[str, Any] = {"ms": _speeds()}
    if folder := os.environ.get("DATA"):
        result["photographs"] = _photographs(Path(folder))
    return {**result, "scenes": documents_scenes.measure()}


def _photographs(folder: Path) -> dict[str, Any]:
    """The competition's measure for each background; the surest outline counts, and none counts 0."""
    ours: dict[str, list[float]] = defaultdict(list)
    usual: dict[str, list[float]] = defaultdict(list)
    begun: dict[str, list[float]] = defaultdict(list)
    automatic: list[float] = []
    took_ms: list[float] = []
    for photograph in photographs(folder):
        seen = _timed(find_pages, photograph.image, took_ms)
        found = seen.best
        score = _score(found, photograph)
        ours[photograph.background].append(score)
        begun[photograph.background].append(_score(found or seen.guess, photograph))
        usual[photograph.background].append(_score(usual_recipe(photograph.image), photograph))
        if found is not None and found.confidence >= AUTOMATIC_CONFIDENCE:
            automatic.append(score)
    return {
        "mean_jaccard": _means(ours),
        "mean_jaccard_with_guesses": _means(begun),
        "mean_jaccard_usual_recipe": _means(usual),
        "pictures": sum(map(len, ours.values())),
        "automatic": len(automatic),
        "automatic_wrong": sum(score < WRONG for score in automatic),
        "find_ms": spread(took_ms),
    }


def _means(scores: dict[str, list[float]]) -> dict[str, float]:
    every = [score for group in scores.values() for score in group]
    means = {name: round(statistics.fmean(group), 4) for name, group in sorted(scores.items())}
    return {**means, "all": round(statistics.fmean(every), 4)}


def _speeds() -> dict[str, Any]:
    """Whole searches in previews and stills, following, and the last step alone; each picture once, then counted."""
    find_ms: list[float] = []
    live_ms: list[float] = []
    track_ms: list[float] = []
    still_ms: list[float] = []
    settle_ms: list[float] = []
    for seed in TIMED_SCENES:
        scene = booth_scene(seed, *PREVIEW)
        mat, plane = known_desk(scene)
        _timed(partial(find_pages, mat=mat, plane=plane, quick=True), scene.image, live_ms)
        found = _timed(partial(find_pages, mat=mat, plane=plane), scene.image, find_ms)
        if found.best is not None:
            tracker = Tracker(found.best)
            for _ in range(TRACKED_PICTURES):
                _timed(tracker.follow, scene.image, track_ms)
    for seed in TIMED_SCENES[:8]:
        scene = booth_scene(seed, *STILL)
        found = _timed(find_pages, scene.image, still_ms)
        if found.best is not None:
            last_look = partial(settle, outline=found.best)
            _timed(last_look, scene.image, settle_ms)
    return {
        "find_live": spread(live_ms[1:]),
        "find_preview": spread(find_ms[1:]),
        "track": spread(track_ms),
        "find_still": spread(still_ms),
        "settle_still": spread(settle_ms),
    }


def _score(found: Quad | None, photograph: Photograph) -> float:
    return jaccard(found.points, photograph.corners, photograph.size) if found is not None else 0.0


def _timed(work: Callable[[Image], T], picture: Image, took_ms: list[float]) -> T:
    begun = time.perf_counter()
    result = work(picture)
    took_ms.append((time.perf_counter() - begun) * 1000)
    return result


def spread(took_ms: list[float]) -> dict[str, float]:
    """Median, 95th percentile and the largest."""
    p95 = float(np.percentile(took_ms, 95))
    return {"median": round(statistics.median(took_ms), 1), "p95": round(p95, 1), "max": round(max(took_ms), 1)}
