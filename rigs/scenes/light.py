"""The light on a desk, the shadows of who sits at it, what shines, and what a camera makes of it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from rigs.scenes.mats import Picture

Field = NDArray[np.float32]
"""`(height, width) float32`, a factor for each pixel."""


def shade(width_px: int, height_px: int, chance: np.random.Generator) -> Field:
    """Uneven lamps: a slope in one direction, darker corners."""
    x = np.linspace(-0.5, 0.5, width_px, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height_px, dtype=np.float32)[:, None]
    angle, slope = float(chance.uniform(0, 2 * np.pi)), float(chance.uniform(0.03, 0.4))
    vignette = float(chance.uniform(0.05, 0.35))
    field: Field = 1 - slope * (0.5 + x * np.cos(angle) + y * np.sin(angle)) - vignette * (x * x + y * y)
    return field.astype(np.float32)


def person_shadow(width_px: int, height_px: int, chance: np.random.Generator) -> Field:
    """A head or an arm between the lamp and the desk: a soft-edged darker part that comes in from the frame's edge."""
    small = np.zeros((max(8, height_px // 8), max(8, width_px // 8)), np.uint8)
    height, width = small.shape
    angle = float(chance.uniform(0, 2 * np.pi))
    centre = np.array([width / 2, height / 2]) + np.array([np.cos(angle), np.sin(angle)]) * width * chance.uniform(
        0.3, 0.6
    )
    axes = (round(width * float(chance.uniform(0.12, 0.35))), round(width * float(chance.uniform(0.15, 0.45))))
    cv2.ellipse(small, tuple(map(int, centre)), axes, float(chance.uniform(0, 180)), 0, 360, 255, cv2.FILLED)
    soft = cv2.GaussianBlur(small, (0, 0), float(chance.uniform(0.006, 0.06)) * width)
    dark = float(chance.uniform(0.08, 0.45)) / 255
    field = 1 - dark * cv2.resize(soft, (width_px, height_px), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return field.astype(np.float32)


def shine(width_px: int, height_px: int, at: NDArray[np.float64], chance: np.random.Generator) -> Field:
    """A lamp's reflection near `at`: light added, in grey levels."""
    x = np.arange(width_px, dtype=np.float32)[None, :] - np.float32(at[0])
    y = np.arange(height_px, dtype=np.float32)[:, None] - np.float32(at[1])
    reach_x, reach_y = (float(chance.uniform(0.02, 0.09)) * width_px for _ in range(2))
    spot: Field = np.exp(-((x / reach_x) ** 2 + (y / reach_y) ** 2) / 2) * np.float32(chance.uniform(60, 220))
    return spot.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Lens:
    """The camera's own share. `blur_px` of a picture 1920 wide; `noise` in grey levels; `tint` of the white balance."""

    exposure: float
    tint: tuple[float, float, float]
    blur_px: float
    noise: float
    jpeg_quality: int

    @classmethod
    def by_chance(cls, chance: np.random.Generator) -> "Lens":
        tint = tuple(float(value) for value in chance.uniform(0.93, 1.05, 3))
        return cls(
            float(chance.uniform(0.72, 1.08)),
            (tint[0], tint[1], tint[2]),
            float(chance.uniform(0.5, 2.0)),
            float(chance.uniform(0.8, 4.0)),
            int(chance.integers(72, 96)),
        )


def photograph(scene: Picture, lens: Lens, chance: np.random.Generator) -> Image:
    """The lit scene as the camera gives it: blurred, noisy, out of a JPEG."""
    scene = scene * (np.array(lens.tint, np.float32) * np.float32(lens.exposure))
    blurred = cv2.GaussianBlur(scene, (0, 0), max(0.3, lens.blur_px * scene.shape[1] / 1920))
    noise = np.empty(scene.shape, np.float32)
    cv2.setRNGSeed(int(chance.integers(1 << 31)))
    cv2.randn(noise, np.zeros((3, 1)), np.full((3, 1), lens.noise))
    # A sensor's noise grows with the light that falls on it.
    blurred += noise * (0.6 + 0.4 / 255 * np.asarray(blurred))
    shown = np.clip(blurred, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, lens.jpeg_quality])
    seen = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert seen is not None
    return seen.astype(np.uint8, copy=False)
