"""A video file of the simulated desk, so that the real way through OpenCV can be walked without a camera."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from booth.devices.camera.desk_pages import draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.desk_scene import Corners, Pose, render_ground, render_scene
from tests.support.desk_scenes import add_noise

ALL_PAGES = tuple(record.page_id for record in BENCH_PAGES)
PAGE_S = 3.0
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What lies on the desk from frame `first` to frame `last`, both included; None is the empty mat."""

    page_id: str | None
    first: int
    last: int
    corners: Corners | None


def write_desk_video(
    path: Path,
    page_ids: Sequence[str] = ALL_PAGES,
    width_px: int = 1280,
    height_px: int = 960,
    rate_fps: float = 10,
    page_s: float = PAGE_S,
    pause_s: float = PAUSE_S,
    seed: int = 1,
) -> list[Standing]:
    """Write an AVI (MJPEG) in which the pages are laid one after another, the empty mat before each.

    Returns what stands when, in order.
    """
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate_fps, (width_px, height_px))
    if not writer.isOpened():
        raise OSError(f"OpenCV can't write {path.name}")
    chance = np.random.default_rng(seed)
    ground, fonts = render_ground(width_px, height_px, seed=seed), find_fonts()
    records = {record.page_id: record for record in BENCH_PAGES}
    standing: list[Standing] = []
    frame = 0
    try:
        for page_id in [shown for page in page_ids for shown in (None, page)]:
            paper = draw_paper(records[page_id], fonts) if page_id is not None else None
            pose = Pose(*(float(chance.uniform(-reach, reach)) for reach in (18.0, 3.0, 2.5)))
            clean, corners = render_scene(ground, paper, pose)
            count = round((pause_s if page_id is None else page_s) * rate_fps)
            for _ in range(count):
                writer.write(add_noise(clean, 2.5, chance))
            standing.append(Standing(page_id, frame, frame + count - 1, corners))
            frame += count
    finally:
        writer.release()
    return standing
