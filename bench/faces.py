"""Comparing faces with dlib: how long it takes, on drawn faces. How often it errs can't be told from drawings."""

import asyncio
import io
import statistics
import time
from typing import Any

from PIL import Image

from booth.devices.card.bench_photos import draw_photo
from booth.devices.card.photo import CardPhoto
from booth.face.dlib import DlibComparer
from booth.face.worker import Embedder, weights

ROUNDS = 10


def measure() -> dict[str, Any]:
    """Milliseconds of loading the models, of one embedding, and of a whole comparison with its process."""
    folder = weights()
    if folder is None:
        return {"skipped": "the extra `face` is not installed: make bench-face"}
    begun_s = time.perf_counter()
    embedder = Embedder(folder)
    load_ms = (time.perf_counter() - begun_s) * 1000
    photo = draw_photo("id-lin")
    embed_ms = [_timed(lambda: embedder.embed(photo.jpeg())) for _ in range(ROUNDS)]
    whole_ms = [_timed(lambda: asyncio.run(DlibComparer().compare(photo.jpeg(), _live(photo)))) for _ in range(ROUNDS)]
    return {
        "rounds": ROUNDS,
        "load_ms": round(load_ms, 1),
        "detect_and_embed_ms": _spread(embed_ms),
        "whole_comparison_ms": _spread(whole_ms),
    }


def _live(photo: CardPhoto) -> bytes:
    """The same face as a camera may show it: larger, in a wider picture."""
    with Image.open(io.BytesIO(photo.jpeg())) as small:
        face = small.resize((306, 378))
    picture = Image.new("RGB", (640, 480), (170, 180, 190))
    picture.paste(face, (160, 90))
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def _timed(work: Any) -> float:
    begun_s = time.perf_counter()
    work()
    return (time.perf_counter() - begun_s) * 1000


def _spread(values: list[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(values), 1), "max": round(max(values), 1)}
