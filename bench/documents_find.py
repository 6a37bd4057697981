"""Finding pages: how well on photographs with true corners (`DATA=FOLDER`), and how fast on the simulated desk."""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench import documents_scenes
from booth.devices.camera.interface import Image
from booth.documents.find import find_page
from booth.documents.quad import Quad
from rigs.scenes.measures import jaccard, usual_recipe
from rigs.scenes.photographs import Photograph, photographs


def measure() -> dict[str, Any]:
    """Photographs when there are some, the drawn scenes, and milliseconds on the simulated desk."""
    result: dict[str, Any] = {"scenes": documents_scenes.measure()}
    if folder := os.environ.get("DATA"):
        result["photographs"] = _photographs(Path(folder))
    return result


def _photographs(folder: Path) -> dict[str, Any]:
    ours: dict[str, list[float]] = defaultdict(list)
    usual: dict[str, list[float]] = defaultdict(list)
    took_ms: list[float] = []
    for photograph in photographs(folder):
        found = _timed(find_page, photograph.image, took_ms)
        ours[photograph.background].append(_score(found, photograph))
        usual[photograph.background].append(_score(usual_recipe(photograph.image), photograph))
    return {
        "mean_jaccard": {name: round(statistics.fmean(scores), 4) for name, scores in sorted(ours.items())},
        "mean_jaccard_usual_recipe": {
            name: round(statistics.fmean(scores), 4) for name, scores in sorted(usual.items())
        },
        "find_ms": spread(took_ms),
    }


def _score(found: Quad | None, photograph: Photograph) -> float:
    return jaccard(found.points, photograph.corners, photograph.size) if found is not None else 0.0


def _timed(work: Callable[[Image], Quad | None], picture: Image, took_ms: list[float]) -> Quad | None:
    begun = time.perf_counter()
    result = work(picture)
    took_ms.append((time.perf_counter() - begun) * 1000)
    return result


def spread(took_ms: list[float]) -> dict[str, float]:
    """Median, 95th percentile and the largest."""
    p95 = float(np.percentile(took_ms, 95))
    return {"median": round(statistics.median(took_ms), 1), "p95": round(p95, 1), "max": round(max(took_ms), 1)}
