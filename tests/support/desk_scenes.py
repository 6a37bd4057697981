"""Generated scenes of the desk with a known outline: every paper, on several mats, turned, tilted and badly lit."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from booth.devices.camera.desk_pages import BenchPageRecord, Paper, draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.desk_scene import Corners, Light, Mat, Pose, View, project, render_ground, render_scene
from booth.devices.camera.interface import Image

MATS = (
    Mat((74, 66, 58), 3.0),
    Mat((70, 92, 40), 4.0),
    Mat((40, 40, 40), 2.0),
    Mat((150, 158, 162), 4.0),
    Mat((96, 130, 168), 6.0),
)


@dataclass(frozen=True, slots=True)
class DeskScene:
    image: Image
    corners: Corners
    record: BenchPageRecord


def draw_all() -> list[Paper]:
    fonts = find_fonts()
    return [draw_paper(record, fonts) for record in BENCH_PAGES]


def generate_scenes(count: int, seed: int, width_px: int = 960, height_px: int = 720) -> Iterator[DeskScene]:
    """`count` scenes in which the paper is wholly inside the frame; the same seed gives the same scenes."""
    chance = np.random.default_rng(seed)
    papers = draw_all()
    for number in range(count):
        if number % 5 == 0:  # A ground takes longer to draw than a scene.
            light = Light(
                gradient=float(chance.uniform(0.05, 0.5)),
                direction_deg=float(chance.uniform(0, 360)),
                shadow=float(chance.uniform(0, 0.35)),
                shadow_at=float(chance.uniform(0.3, 1.1)),
            )
            mat = MATS[number // 5 % len(MATS)]
            ground = render_ground(width_px, height_px, light, mat, int(chance.integers(1 << 30)))
        which = number % len(papers)
        view = View(float(chance.uniform(-12, 12)), float(chance.uniform(-8, 8)))
        pose = _pose_inside(chance, papers[which], view, width_px, height_px)
        clean, corners = render_scene(ground, papers[which], pose, view)  # type: ignore[possibly-undefined]
        assert corners is not None
        yield DeskScene(add_noise(clean, float(chance.uniform(1, 5)), chance), corners, BENCH_PAGES[which])


def add_noise(image: Image, sigma: float, chance: np.random.Generator) -> Image:
    """Sensor noise, in grey levels; OpenCV draws it, ten times as fast as NumPy."""
    noise = np.empty(image.shape, dtype=np.int8)
    cv2.setRNGSeed(int(chance.integers(1 << 31)))
    cv2.randn(noise, np.zeros((3, 1)), np.full((3, 1), sigma))
    return cv2.add(image, noise, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def _pose_inside(chance: np.random.Generator, paper: Paper, view: View, width_px: int, height_px: int) -> Pose:
    """A random pose with every corner at least 2 % of the width inside the frame."""
    for _ in range(1000):
        turn = float(chance.choice((0, 90, 180, 270)) + chance.uniform(-25, 25))
        pose = Pose(float(chance.uniform(-150, 150)), float(chance.uniform(-100, 100)), turn)
        corners = project(paper, width_px, height_px, pose, view)
        low = 0.02 * width_px
        if corners.min() >= low and corners[:, 0].max() <= width_px - low and corners[:, 1].max() <= height_px - low:
            return pose
    raise AssertionError("no pose keeps the paper inside the frame")
