"""Codes: how many are read of 300 drawn phone screens and of 60 labels with bars; of real photographs with DATA=FOLDER.

Milliseconds are of one core. No scene here was looked at when the decoder's passes were chosen
(`booth.devices.code.decode` names those seeds).
"""

import asyncio
import os
import statistics
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from booth.devices.camera.desk import SimulatedDesk
from booth.devices.camera.interface import Image
from booth.devices.code.camera import CameraCodes
from booth.devices.code.decode import FURTHER, Decoder
from booth.devices.code.phone_scenes import desk_scene, label_scene, phone_scene

SCENES = 300
SEED = 500_000
"""The first scene's; the others follow."""
DESKS, LABELS = 60, 60
LIVE_FPS, LIVE_PICTURES = 10.0, 100
PICTURES = 3
"""So many pictures in a row a code that lies still is seen in within half a second."""
LABEL_PICTURES = 8
"""A second of looking."""


def measure() -> dict[str, Any]:
    """The rates in the first picture and within three alike; the milliseconds of each first picture."""
    warm = Decoder()
    for _ in FURTHER:  # a program's first turn of each pass pays for what is loaded once, up to 50 ms
        warm.read(desk_scene(SEED - 1))
    result: dict[str, Any] = {"screens": _screens(), "labels": _labels(), "live_picture": asyncio.run(_live())}
    if folder := os.environ.get("DATA"):
        result["photographs"] = _photographs(Path(folder))
    return result


def _screens() -> dict[str, Any]:
    took_ms: list[float] = []
    firsts, withins = 0, 0
    troubled, read = Counter[str](), Counter[str]()
    for seed in range(SEED, SEED + SCENES):
        scene = phone_scene(seed)
        decoder = Decoder()
        first = _timed(decoder, scene.image, took_ms) == [scene.text]
        within = first or any(decoder.read(scene.image) == [scene.text] for _ in range(PICTURES - 1))
        firsts, withins = firsts + first, withins + within
        troubled.update(scene.troubles())
        read.update(scene.troubles() if first else [])
    return {
        "scenes": SCENES,
        "read_in_first_picture": firsts,
        f"read_within_{PICTURES}_pictures": withins,
        "read_by_trouble": {name: f"{read[name]}/{troubled[name]}" for name in sorted(troubled)},
        "ms": _spread(took_ms),
        "ms_without_a_code": _spread(_empty()),
    }


def _labels() -> dict[str, Any]:
    """Bar codes that lie still under the camera: within `LABEL_PICTURES`, for one look is not enough for every pass."""
    took_ms: list[float] = []
    read, missed = 0, list[int]()
    for seed in range(SEED, SEED + LABELS):
        (image, text), decoder = label_scene(seed), Decoder()
        if any(_timed(decoder, image, took_ms) == [text] for _ in range(LABEL_PICTURES)):
            read += 1
        else:
            missed.append(seed)
    return {"labels": LABELS, f"read_within_{LABEL_PICTURES}_pictures": read, "missed": missed, "ms": _spread(took_ms)}


def _empty() -> list[float]:
    """Desks without a phone: every pass that fits is tried, as long as the resident has not shown anything."""
    took_ms: list[float] = []
    decoder = Decoder()
    for seed in range(SEED, SEED + DESKS):
        _timed(decoder, desk_scene(seed), took_ms)
    return took_ms


async def _live() -> dict[str, Any]:
    """What another consumer of the camera's pictures gets, while codes are looked for and while not."""
    async with SimulatedDesk(1920, 1080, rate_fps=LIVE_FPS) as desk, CameraCodes(desk) as codes:
        looking = asyncio.create_task(_drain(codes), name="codes")
        try:
            intervals = {}
            for name, wanted in (("without", False), ("with", True)):
                codes.want(wanted)
                intervals[name] = _spread(await _intervals_ms(desk))
        finally:
            looking.cancel()
    return {"rate_fps": LIVE_FPS, "interval_ms": intervals}


async def _drain(codes: CameraCodes) -> None:
    async for _ in codes.events():
        pass


async def _intervals_ms(desk: SimulatedDesk) -> list[float]:
    times: list[float] = []
    async for _ in desk.frames():
        times.append(time.monotonic() * 1000)
        if len(times) > LIVE_PICTURES:
            break
    return [later - earlier for earlier, later in pairwise(times)]


def _photographs(folder: Path) -> dict[str, Any]:
    """Every image with a `.txt` of what it says beside it."""
    took_ms: list[float] = []
    read, missed = 0, list[str]()
    images = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg", ".webp"))
    for path in images:
        with PillowImage.open(path) as opened:
            image = np.asarray(opened.convert("RGB"), np.uint8)[..., ::-1]
        decoder, said = Decoder(), path.with_suffix(".txt").read_bytes().decode("utf-8")
        codes = _timed(decoder, np.ascontiguousarray(image), took_ms)
        codes = codes or next((found for _ in range(PICTURES - 1) if (found := decoder.read(image))), [])
        if said in codes:
            read += 1
        else:
            missed.append(path.stem)
    return {"images": len(images), "read": read, "missed": missed, "ms": _spread(took_ms)}


def _timed(decoder: Decoder, image: Image, took_ms: list[float]) -> list[str]:
    """CPU time of all threads: what one core would do alone, whatever else the machine is busy with."""
    began = time.process_time()
    codes = decoder.read(image)
    took_ms.append((time.process_time() - began) * 1000)
    return codes


def _spread(values: list[float]) -> dict[str, float]:
    centiles = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": round(statistics.median(values), 1), "p95": round(centiles[18], 1), "max": round(max(values), 1)}
