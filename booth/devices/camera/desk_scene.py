"""How a paper looks to a camera above a mat: pose, perspective, light and shadow, as a still picture without noise.

Pure: the same arguments give the same picture and the same true corners, so page finding can be measured against it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.desk_pages import PX_PER_MM, Paper
from booth.devices.camera.interface import Image

VIEW_WIDTH_MM = 440.0
"""Width of the mat in the picture: an A4 page fits in either direction, as on document cameras for A4."""

FOCAL_RATIO = 1.15
"""Focal length over picture width: a horizontal view of 47 degrees, usual for document cameras."""

Corners = NDArray[np.float64]
"""`(4, 2) float64` x, y in pixels, in the paper's own order: upper left, upper right, lower right, lower left."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the paper lies on the mat: its centre from the mat's centre, and its turn."""

    x_mm: float = 0.0
    y_mm: float = 0.0
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """The camera's attitude over the mat, and a shake of a fraction of a pixel."""

    tilt_deg: float = 7.0
    pan_deg: float = 2.0
    shake_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Light:
    """`gradient`: brightness lost from the bright side to the dark one. `shadow`: how dark a person's shadow is."""

    gradient: float = 0.25
    direction_deg: float = 30.0
    shadow: float = 0.15
    shadow_at: float = 0.75
    """Where the shadow begins, as a part of the picture's width."""


@dataclass(frozen=True, slots=True)
class Mat:
    """The mat's colour in BGR and the strength of its texture, in grey levels."""

    colour: tuple[int, int, int] = (74, 66, 58)
    texture: float = 3.0


DEFAULT_POSE, DEFAULT_VIEW, DEFAULT_LIGHT, DEFAULT_MAT = Pose(), View(), Light(), Mat()


@dataclass(frozen=True, slots=True)
class Ground:
    """An empty desk, drawn once.

    `mat` is `(height, width, 3) float32` BGR, unlit; `kept` is `(height, width, 1) float32`, the part of its brightness
    that each pixel keeps in this light.
    """

    mat: NDArray[np.float32]
    kept: NDArray[np.float32]


def render_ground(
    width_px: int, height_px: int, light: Light = DEFAULT_LIGHT, mat: Mat = DEFAULT_MAT, seed: int = 1
) -> Ground:
    return Ground(_mat(mat, width_px, height_px, seed), _light(light, width_px, height_px)[:, :, None])


def render_scene(
    ground: Ground, paper: Paper | None, pose: Pose = DEFAULT_POSE, view: View = DEFAULT_VIEW
) -> tuple[Image, Corners | None]:
    """The picture, and where the paper's corners truly are; None for an empty mat."""
    scene = ground.mat.copy()
    corners: Corners | None = None
    if paper is not None:
        corners = project(paper, scene.shape[1], scene.shape[0], pose, view)
        _lay(scene, paper, corners)
    scene *= ground.kept
    return cv2.convertScaleAbs(scene).astype(np.uint8, copy=False), corners


def project(paper: Paper, width_px: int, height_px: int, pose: Pose, view: View) -> Corners:
    """Where the paper's corners are in the picture, through a pinhole camera over the mat's centre."""
    half_width, half_height = paper.width_mm / 2, paper.height_mm / 2
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    turn = np.radians(pose.turn_deg)
    rotation = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    on_mat = (square * (half_width, half_height)) @ rotation.T + (pose.x_mm, pose.y_mm)
    focal_px = FOCAL_RATIO * width_px
    attitude, _ = cv2.Rodrigues(np.radians(np.array([view.tilt_deg, view.pan_deg, 0.0])))
    seen = np.column_stack((on_mat, np.zeros(4))) @ np.asarray(attitude).T
    depth = seen[:, 2:] + focal_px * VIEW_WIDTH_MM / width_px
    centre = np.array([width_px / 2, height_px / 2]) + view.shake_px
    corners: Corners = seen[:, :2] * focal_px / depth + centre
    return corners


def _mat(mat: Mat, width_px: int, height_px: int, seed: int) -> NDArray[np.float32]:
    """A mat with a coarse and a fine grain, `(height, width, 3) float32`."""
    chance = np.random.default_rng(seed)
    coarse = chance.normal(0.0, 1.0, (max(1, height_px // 48), max(1, width_px // 48))).astype(np.float32)
    fine = chance.normal(0.0, 1.0, (height_px // 2, width_px // 2)).astype(np.float32)
    size = (width_px, height_px)
    grain = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) + cv2.resize(fine, size)
    colour = np.array(mat.colour, dtype=np.float32)
    scene: NDArray[np.float32] = grain[:, :, None] * np.float32(mat.texture) + colour
    return scene


def _lay(scene: NDArray[np.float32], paper: Paper, corners: Corners) -> None:
    """Draw the paper into the scene, with the thin shadow that its thickness throws."""
    image, cover = _at_density(paper, float(np.linalg.norm(corners[1] - corners[0])) / paper.width_mm)
    border = 2
    image = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
    cover = cv2.copyMakeBorder(cover, border, border, border, border, cv2.BORDER_CONSTANT, value=0).astype(
        np.uint8, copy=False
    )
    # Pixel centres: the paper's edge is half a pixel outside the centre of its first pixel.
    low, right, bottom = border - 0.5, image.shape[1] - border - 0.5, image.shape[0] - border - 0.5
    source = np.array([(low, low), (right, low), (right, bottom), (low, bottom)], dtype=np.float32)
    reach = scene.shape[1] * 0.004
    (left, top), (beyond_x, beyond_y) = _around(corners, 5 * reach, scene.shape[1], scene.shape[0])
    part, size = scene[top:beyond_y, left:beyond_x], (beyond_x - left, beyond_y - top)
    warp = cv2.getPerspectiveTransform(source, (corners - (left, top)).astype(np.float32))
    colour = cv2.warpPerspective(image, warp, size, flags=cv2.INTER_CUBIC)
    alpha = cv2.warpPerspective(cover, warp, size, flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    shift = np.array([(1, 0, reach), (0, 1, reach)], dtype=np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, shift, size), (0, 0), reach)
    part *= 1 - 0.35 * np.asarray(shadow)[:, :, None]
    part += (colour - part) * alpha[:, :, None]


def _at_density(paper: Paper, px_per_mm: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The paper's image and cover, shrunk to what the camera sees: a warp alone would alias fine print."""
    factor = px_per_mm / PX_PER_MM
    if factor >= 1:
        return paper.image, paper.cover
    size = (round(paper.image.shape[1] * factor), round(paper.image.shape[0] * factor))
    image = cv2.resize(paper.image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return image, cv2.resize(paper.cover, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _around(corners: Corners, margin_px: float, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The part of the frame that the paper and its shadow touch: its first column and row, and those after its last."""
    low, high = corners.min(axis=0) - margin_px, corners.max(axis=0) + margin_px
    left, top = int(np.clip(low[0], 0, width - 1)), int(np.clip(low[1], 0, height - 1))
    return (left, top), (int(np.clip(high[0], left + 1, width)), int(np.clip(high[1], top + 1, height)))


def _light(light: Light, width_px: int, height_px: int) -> NDArray[np.float32]:
    """What part of its brightness each pixel keeps, `(height, width) float32`."""
    x = np.linspace(-0.5, 0.5, width_px, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height_px, dtype=np.float32)[:, None]
    along = x * np.cos(np.radians(light.direction_deg)) + y * np.sin(np.radians(light.direction_deg))
    ramp = 1 - light.gradient * (0.5 + along)
    corners_dark = 1 - 0.2 * (x * x + y * y)
    edge = 1 / (1 + np.exp((light.shadow_at - 0.5 - x - 0.25 * y) * 40))
    kept: NDArray[np.float32] = (ramp * corners_dark * (1 - light.shadow * edge)).astype(np.float32)
    return kept
