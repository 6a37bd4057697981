"""Draw training scenes into files: `python -m rigs.outline_net.shards FOLDER NUMBER…`, 250 a file, in some minutes.

Number 400 is held out: training never reads it, and judges itself on it.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.mat import MatReference, unknown
from booth.documents.quad import Points
from booth.documents.shrink import shrink
from booth.documents.strips import ACROSS, PLACES, REACH, SAMPLES, Ground, SideLines, cut_strips
from rigs.outline_net.scenes import TrainingScene, training_scene

SCENES = 250
HELD_OUT = 400

KNOWN = 0.6
"""How often the empty desk is known."""

GUESSES = (1.0, 1.0, 2.0, 2.0)
"""Rough outlines of each page whose strips are kept: how many pixels of the picture a step across them is."""

PARTS = 7
"""A step is told in so many parts: the last one is 224."""

NOWHERE = 255
"""In place of a step across a strip: the page's side does not pass here."""

BORDER = 0.03
"""A side's line counts a little beyond its corners."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the two nets learn from one scene.

    `seen` `(h, w, 6) uint8` is what the map net sees, `maps` `(3, h / 2, w / 2) uint8` what it should answer: whole
    pages, their sides, pages that the frame cuts. `strips` `(n, 4, SAMPLES, ACROSS, 6)`, `steps` `(n, 4, PLACES)`:
    `PARTS` times the step at which the side passes, or `NOWHERE`.
    """

    seen: Image
    maps: NDArray[np.uint8]
    strips: NDArray[np.uint8]
    steps: NDArray[np.uint8]


def draw(seed: int) -> Drawn:
    scene = training_scene(seed)
    chance = np.random.default_rng((seed, 78))
    small = shrink(scene.picture)
    against = MatReference(scene.empty).compared(small) if chance.random() < KNOWN else unknown(small)
    strips, steps = [], []
    for page in scene.pages:
        for step_px in GUESSES:
            guess = _guess(page, step_px, chance)
            sides = SideLines.of(guess)
            strips.append(cut_strips(Ground(scene.picture, against), sides, step_px))
            steps.append(steps_of(sides, page, step_px))
    empty = np.zeros((0, 4, SAMPLES, ACROSS, 6), np.uint8), np.zeros((0, 4, PLACES), np.uint8)
    return Drawn(
        np.concatenate((small, against), axis=-1),
        _maps(scene, small),
        np.stack(strips) if strips else empty[0],
        np.stack(steps) if steps else empty[1],
    )


def _guess(page: Points, step_px: float, chance: np.random.Generator) -> Points:
    """A rough outline as the maps give it: mostly near, now and then with a side far inside the page or outside it."""
    rough = page + chance.normal(0, float(chance.choice((0.7, 2.0, 4.0, 6.0))) * step_px, (4, 2))
    if chance.random() < 0.15:
        side = int(chance.integers(4))
        part = float(chance.uniform(-0.15, 0.6))
        for corner, other in ((side, side - 1), ((side + 1) % 4, (side + 2) % 4)):
            rough[corner] = rough[corner] + part * (page[other] - page[corner])
    return rough


def steps_of(sides: SideLines, page: Points, step_px: float) -> NDArray[np.uint8]:
    """Where the page's sides cross the strips beside these four."""
    along = (np.arange(PLACES) + 0.5) / PLACES
    places = sides.starts[:, None] + (sides.ends - sides.starts)[:, None] * along[None, :, None]
    run = (np.roll(page, -1, axis=0) - page)[:, None]
    gap = page[:, None] - places
    across = sides.inward[:, None] * step_px
    turned = across[..., 0] * run[..., 1] - across[..., 1] * run[..., 0]
    turned = np.where(np.abs(turned) < 1e-6, 1e-6, turned)
    step = (gap[..., 0] * run[..., 1] - gap[..., 1] * run[..., 0]) / turned
    part = (gap[..., 0] * across[..., 1] - gap[..., 1] * across[..., 0]) / turned
    passes = (np.abs(step) <= REACH - 0.5) & (part >= -BORDER) & (part <= 1 + BORDER)
    return np.where(passes, np.rint((step + REACH) * PARTS), NOWHERE).astype(np.uint8)


def _maps(scene: TrainingScene, small: Image) -> NDArray[np.uint8]:
    half = small.shape[1] // 2, small.shape[0] // 2
    mask, sides, beyond = (np.zeros((half[1], half[0]), np.uint8) for _ in range(3))
    for pages, whole in ((scene.cut, False), (scene.pages, True)):
        for page in pages:
            # Sub-pixel: OpenCV's drawing takes fixed-point coordinates.
            scaled = (page + 0.5) * half[0] / scene.picture.shape[1] - 0.5
            fixed = np.rint(scaled * 16).astype(np.int32)
            cv2.fillConvexPoly(beyond, fixed, 0 if whole else 255, cv2.LINE_AA, 4)
            if whole:
                cv2.fillConvexPoly(mask, fixed, 255, cv2.LINE_AA, 4)
                cv2.polylines(sides, [fixed], True, 255, 2, cv2.LINE_AA, 4)
    return np.stack((mask, sides, beyond))


def draw_shard(folder: Path, number: int) -> None:
    """Scenes `number * SCENES` and the following; a file that is there already is left as it is."""
    path = folder / f"{number:05d}.npz"
    if path.is_file():
        return
    drawn = [draw(number * SCENES + place) for place in range(SCENES)]
    parts = {"seen": np.stack([each.seen for each in drawn]), "maps": np.stack([each.maps for each in drawn])}
    parts["strips"] = np.concatenate([each.strips for each in drawn])
    parts["steps"] = np.concatenate([each.steps for each in drawn])
    save(path, parts)


def save(path: Path, parts: dict[str, NDArray[np.uint8]]) -> None:
    """Complete or not there: training may be reading the folder."""
    half = path.with_suffix(".part")
    with half.open("wb") as file:
        np.savez(file, allow_pickle=False, **parts)
    half.rename(path)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    for number in sys.argv[2:]:
        draw_shard(Path(sys.argv[1]), int(number))
