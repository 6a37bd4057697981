"""A sheet laid on the desk, curled and dog-eared, as a pinhole camera sees it. Corners are exact."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.desk_pages import Paper
from booth.documents.quad import Points
from rigs.scenes.mats import Picture

VIEW_WIDTH_MM = 440.0
"""Width of the desk in the picture, as on document cameras for A4."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Camera:
    """Over the desk's middle, `focal` times the picture's width away from its own plane, tilted and turned a little."""

    width_px: int
    height_px: int
    tilt_deg: float
    pan_deg: float
    focal: float

    def project(self, points_mm: Floats) -> Floats:
        """`(n, 3)` x, y, height over the desk, in mm from its middle → `(n, 2)` pixels."""
        attitude, _ = cv2.Rodrigues(np.radians(np.array([self.tilt_deg, self.pan_deg, 0.0])))
        seen = (points_mm * (1, 1, -1)) @ np.asarray(attitude).T
        depth = seen[:, 2:] + self.focal * VIEW_WIDTH_MM
        middle = (self.width_px / 2 - 0.5, self.height_px / 2 - 0.5)
        projected: Floats = seen[:, :2] * (self.focal * self.width_px) / depth + middle
        return projected


@dataclass(frozen=True, slots=True)
class Lie:
    """Where a sheet lies, how its middle is arched (`curl_mm` high, along one direction), how much of one corner is
    folded back (`fold`, a part of the short side)."""

    x_mm: float
    y_mm: float
    turn_deg: float
    curl_mm: float = 0.0
    curl_deg: float = 0.0
    fold: float = 0.0
    fold_corner: int = 0


def placed(paper: Paper, lie: Lie, across: Floats) -> Floats:
    """Points of the sheet, `(n, 2)` from 0 to 1 over its width and height, in the desk's mm: `(n, 3)`."""
    turn = np.radians(lie.turn_deg)
    rotation = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    flat = ((across - 0.5) * (paper.width_mm, paper.height_mm)) @ rotation.T + (lie.x_mm, lie.y_mm)
    direction = np.array([np.cos(np.radians(lie.curl_deg)), np.sin(np.radians(lie.curl_deg))])
    # Corners lie on the desk, or the outline would not be that of a rectangle.
    reach = np.abs(direction).sum() / 2
    place = (across - 0.5) @ direction / reach
    return np.column_stack((flat, lie.curl_mm * (1 - place**2) * _pinned(across)))


def _pinned(across: Floats) -> Floats:
    """0 at the four corners, 1 in the middle: how free the sheet is to rise there."""
    pinned: Floats = 1 - (2 * np.abs(across[:, 0] - 0.5)) ** 4 * (2 * np.abs(across[:, 1] - 0.5)) ** 4
    return pinned


def corners(paper: Paper, lie: Lie, camera: Camera) -> Points:
    """Upper left, upper right, lower right, lower left of the sheet itself, in pixels."""
    return camera.project(placed(paper, lie, np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)))


def lay(scene: Picture, paper: Paper, lie: Lie, camera: Camera, shadow_mm: Floats, shadow: float) -> None:
    """Draw the sheet into the unlit scene, with the shadow that it throws: `shadow_mm` is where to, `shadow` how
    dark."""
    height, width = scene.shape[:2]
    true = corners(paper, lie, camera)
    px_per_mm = float(np.linalg.norm(true[1] - true[0])) / paper.width_mm
    away = shadow_mm * px_per_mm * (1 + lie.curl_mm / 3)
    margin = 12 + float(np.abs(away).max()) * 4 + lie.curl_mm * px_per_mm
    low = np.clip(np.floor(true.min(axis=0) - margin), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(true.max(axis=0) + margin), low + 1, (width, height)).astype(int)
    across = _across(paper, lie, camera, true, low, high)
    image, cover = _at_density(paper, px_per_mm)
    at = (across * (image.shape[1], image.shape[0]) - 0.5).astype(np.float32)
    colour = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(_ears(cover, lie), at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    part = scene[low[1] : high[1], low[0] : high[0]]
    alpha = alpha.astype(np.float32) / 255
    shift = np.array([(1, 0, away[0]), (0, 1, away[1])], dtype=np.float32)
    cast = cv2.warpAffine(alpha, shift, (part.shape[1], part.shape[0]))
    soft = cv2.GaussianBlur(cast, (0, 0), max(0.6, 0.6 * float(np.hypot(*away))))
    part *= 1 - shadow * np.asarray(soft)[:, :, None]
    part += (_shaded(colour.astype(np.float32), across, lie) - part) * alpha[:, :, None]


def _across(paper: Paper, lie: Lie, camera: Camera, true: Points, low: Floats, high: Floats) -> NDArray[np.float64]:
    """Which point of the sheet, 0 to 1, each pixel of the part of the frame shows: `(height, width, 2)`."""
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)
    back = cv2.getPerspectiveTransform(true.astype(np.float32), unit)
    step = 8
    x, y = np.arange(low[0], high[0] + step, step), np.arange(low[1], high[1] + step, step)
    coarse = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float64)
    across = cv2.perspectiveTransform(coarse[None], back)[0].astype(np.float64)
    for _ in range(3):  # The curl moves every point a little; a few steps undo it.
        inside = np.clip(across, -0.05, 1.05)
        miss = coarse - camera.project(placed(paper, lie, inside)) if lie.curl_mm else np.zeros_like(coarse)
        flat = camera.project(placed(paper, Lie(lie.x_mm, lie.y_mm, lie.turn_deg), across))
        across = cv2.perspectiveTransform((flat + miss)[None], back)[0] if lie.curl_mm else across
        if not lie.curl_mm:
            break
        miss_out = np.abs(across - inside).max(axis=1) > 0.05
        across[miss_out] = cv2.perspectiveTransform(coarse[None], back)[0][miss_out]
    grid = across.reshape(len(y), len(x), 2).astype(np.float32)
    size_px = (high - low).astype(int)
    wanted = np.stack(np.meshgrid(np.arange(size_px[0]) / step, np.arange(size_px[1]) / step), axis=-1)
    dense = cv2.remap(grid, wanted[..., 0].astype(np.float32), wanted[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    return dense.astype(np.float64)


def _at_density(paper: Paper, px_per_mm: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Image and cover, shrunk to what the camera sees: a warp alone would alias fine print."""
    factor = px_per_mm * paper.width_mm / paper.image.shape[1]
    if factor >= 1:
        return paper.image, paper.cover
    size = (max(2, round(paper.image.shape[1] * factor)), max(2, round(paper.image.shape[0] * factor)))
    image = cv2.resize(paper.image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return image, cv2.resize(paper.cover, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _ears(cover: NDArray[np.uint8], lie: Lie) -> NDArray[np.uint8]:
    """The cover without a folded corner."""
    if not lie.fold:
        return cover
    cover = cover.copy()
    height, width = cover.shape
    reach = round(lie.fold * min(width, height))
    x, y = ((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1))[lie.fold_corner]
    ear = np.array([(x, y), (abs(x - reach), y), (x, abs(y - reach))], dtype=np.int32)
    cv2.fillConvexPoly(cover, ear, 0)
    return cover


def _shaded(colour: Picture, across: Floats, lie: Lie) -> Picture:
    """Lighter where an arched sheet leans to the light, darker where it leans away."""
    if not lie.curl_mm:
        return colour
    direction = np.array([np.cos(np.radians(lie.curl_deg)), np.sin(np.radians(lie.curl_deg))])
    lean = np.clip((across - 0.5) @ direction, -0.6, 0.6).astype(np.float32)
    shaded: Picture = colour * (1 - 0.012 * lie.curl_mm * lean)[:, :, None]
    return shaded
