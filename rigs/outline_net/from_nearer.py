"""Draw what the second look's net for sides learns from: `python -m rigs.outline_net.from_nearer FOLDER NUMBER…`,
100 scenes a file, strips alone, in a minute.

Half of the scenes are heaps of sheets of one white. Most pictures went through a video's compression, which leaves of a
white sheet's edge on another hardly anything. The lines beside which strips are cut are those that `among` looks at:
shifted far, turned, seen in steps of several sizes.
"""

import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.mat import MatReference, unknown
from booth.documents.quad import Points
from booth.documents.shrink import shrink
from booth.documents.strips import Ground, SideLines, Strips, cut_strips
from rigs.outline_net.scenes import training_scene
from rigs.outline_net.shards import save, steps_of

SCENES = 100

KNOWN, SHARPENED, FILMED = 0.4, 0.3, 0.6
"""How often the empty desk is known, the camera sharpened its picture, and it came out of a video."""

STEPS, HOW_OFTEN = (1.0, 1.5, 2.0, 3.0), (0.3, 0.2, 0.3, 0.2)
GUESSES, OTHERS = 10, 3
"""Strips that are cut of the page that lies on a heap, and of each other one."""

FAR, SHIFT, TURN_DEG = 0.3, 26.0, 4.0
"""How many sides are sought far off: as many steps away at most, and turned by a usual error of so much."""


def film(picture: Image, chance: np.random.Generator) -> Image:
    """The picture as the last of a few that a moving camera sent by H.264."""
    height, width = picture.shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", Fraction(1, 25)
    preset = "ultrafast" if chance.random() < 0.5 else "veryfast"
    encoder.options = {"crf": str(int(chance.integers(22, 40))), "preset": preset, "tune": "zerolatency"}
    move, before = chance.normal(0, 2.5, 2), int(chance.integers(1, 4))
    decoder, shown = av.CodecContext.create("h264", "r"), []
    for number in range(before, -1, -1):
        away = np.array(((1, 0, move[0] * number), (0, 1, move[1] * number)), dtype=np.float32)
        moved = cv2.warpAffine(picture, away, (width, height), borderMode=cv2.BORDER_REPLICATE) if number else picture
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(moved, dtype=np.uint8), format="bgr24")
        frame.pts = before - number
        shown += [seen for packet in encoder.encode(frame) for seen in decoder.decode(packet)]
    shown += [seen for packet in (*encoder.encode(None), None) for seen in decoder.decode(packet)]
    return np.ascontiguousarray(shown[-1].to_ndarray(format="bgr24")).astype(np.uint8, copy=False)


def as_seen(picture: Image, chance: np.random.Generator) -> Image:
    """Sharpened by the camera, or out of a video, by chance."""
    if chance.random() < SHARPENED:
        reach, strength = float(chance.uniform(0.8, 2)), float(chance.uniform(0.3, 1.2))
        blurred = cv2.GaussianBlur(picture, (0, 0), reach)
        picture = cv2.addWeighted(picture, 1 + strength, blurred, -strength, 0).astype(np.uint8, copy=False)
    return film(picture, chance) if chance.random() < FILMED else picture


def beside(page: Points, step_px: float, chance: np.random.Generator) -> SideLines:
    """Lines that may be looked at as the page's sides: near, and half of the time some of them far off and askew."""
    sides = SideLines.of(page + chance.normal(0, float(chance.choice((0.5, 1.5, 3.0, 6.0))) * step_px, (4, 2)))
    far = (chance.random(4) < 2 * FAR) & (chance.random() < 0.5)
    shift = np.where(far, chance.uniform(-SHIFT, SHIFT, 4) * step_px, 0)
    turn = np.where(far, np.radians(chance.normal(0, TURN_DEG, 4)), 0)[:, None]
    longer = np.where(far, chance.uniform(0.8, 1.15, 4), 1)[:, None]
    centres = (sides.starts + sides.ends) / 2 + sides.inward * shift[:, None]
    half = _turned((sides.ends - sides.starts) / 2 * longer, turn)
    return SideLines(centres - half, centres + half, _turned(sides.inward, turn))


def _turned(vectors: Points, angles: Points) -> Points:
    x, y = vectors[:, :1], vectors[:, 1:]
    return np.hstack((x * np.cos(angles) - y * np.sin(angles), x * np.sin(angles) + y * np.cos(angles)))


def draw(seed: int) -> tuple[list[Strips], list[Strips]]:
    """Strips, `(4, SAMPLES, ACROSS, 6)`, and what the net should answer, as in `shards.Drawn`."""
    scene, chance = training_scene(seed), np.random.default_rng((seed, 79))
    picture = as_seen(scene.picture, chance)
    small = shrink(picture)
    against = MatReference(scene.empty).compared(small) if chance.random() < KNOWN else unknown(small)
    strips, steps = [], []
    for number, page in enumerate(scene.pages):
        for _ in range(OTHERS if number else GUESSES):
            step_px = float(chance.choice(STEPS, p=HOW_OFTEN))
            sides = beside(page, step_px, chance)
            strips.append(cut_strips(Ground(picture, against), sides, step_px))
            steps.append(steps_of(sides, page, step_px))
    return strips, steps


def draw_shard(folder: Path, number: int) -> None:
    """Scenes `number * SCENES` and the following."""
    drawn = [draw(number * SCENES + place) for place in range(SCENES)]
    strips, steps = (np.stack([each for one in drawn for each in one[part]]) for part in (0, 1))
    save(folder / f"{number:05d}.npz", {"strips": strips, "steps": steps})


if __name__ == "__main__":
    cv2.setNumThreads(1)
    for number in sys.argv[2:]:
        draw_shard(Path(sys.argv[1]), int(number))
