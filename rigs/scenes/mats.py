"""What a booth's desk is covered with: four mats, each drawn anew from its chance. BGR, unlit, `float32` 0 to 255."""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""`(height, width, 3) float32` BGR."""


class MatKind(StrEnum):
    GREEN = "green"
    FELT = "felt"
    WOOD = "wood"
    WHITE = "white"


def draw_mat(kind: MatKind, width_px: int, height_px: int, chance: np.random.Generator) -> Picture:
    match kind:
        case MatKind.GREEN:
            return _green(width_px, height_px, chance)
        case MatKind.FELT:
            return _felt(width_px, height_px, chance)
        case MatKind.WOOD:
            return _wood(width_px, height_px, chance)
        case MatKind.WHITE:
            return _white(width_px, height_px, chance)


def grain(
    width_px: int, height_px: int, cell_px: tuple[float, float], chance: np.random.Generator
) -> NDArray[np.float32]:
    """Smooth chance, `(height, width)`, deviation about 1; `cell_px` is how far it hangs together across and down."""
    cells = max(2, round(width_px / cell_px[0])), max(2, round(height_px / cell_px[1]))
    rough = chance.standard_normal((cells[1], cells[0]), dtype=np.float32)
    return cv2.resize(rough, (width_px, height_px), interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)


def _filled(colour: tuple[float, float, float], texture: NDArray[np.float32]) -> Picture:
    filled: Picture = texture[:, :, None] + np.array(colour, dtype=np.float32)
    return filled


def _green(width_px: int, height_px: int, chance: np.random.Generator) -> Picture:
    """A cutting mat: dark green with a pale grid of 10 mm or none."""
    colour = (62 + chance.uniform(-10, 14), 78 + chance.uniform(-12, 16), 30 + chance.uniform(-8, 14))
    mat = _filled(
        colour, 1.6 * grain(width_px, height_px, (40, 40), chance) + grain(width_px, height_px, (2, 2), chance)
    )
    if chance.random() < 0.6:
        step = width_px / 44
        shift_x, shift_y = chance.uniform(0, step, 2)
        paler = float(chance.uniform(12, 45))
        for x in np.arange(shift_x, width_px, step):
            cv2.line(mat, (round(x), 0), (round(x), height_px), tuple(c + paler for c in colour), 1, cv2.LINE_AA)
        for y in np.arange(shift_y, height_px, step):
            cv2.line(mat, (0, round(y)), (width_px, round(y)), tuple(c + paler for c in colour), 1, cv2.LINE_AA)
    return mat


def _felt(width_px: int, height_px: int, chance: np.random.Generator) -> Picture:
    """Grey felt: short fibres in every direction."""
    level = float(chance.uniform(95, 150))
    fibres = sum(
        (grain(width_px, height_px, cell, chance) for cell in ((7, 2), (2, 7), (3, 3), (60, 60))),
        np.zeros((height_px, width_px), np.float32),
    )
    return _filled((level, level * chance.uniform(0.98, 1.02), level * chance.uniform(0.96, 1.02)), 3.0 * fibres)


def _wood(width_px: int, height_px: int, chance: np.random.Generator) -> Picture:
    """Laminated wood: grain along one direction, sometimes a joint between two boards."""
    along = (width_px / 3, 3.0) if chance.random() < 0.7 else (3.0, height_px / 3)
    base = chance.uniform(0.75, 1.1)
    texture = 5.0 * grain(width_px, height_px, along, chance)
    texture += 7.0 * grain(
        width_px, height_px, (along[0], along[1] * 6) if along[1] < along[0] else (along[0] * 6, along[1]), chance
    )
    texture += 1.5 * grain(width_px, height_px, (2, 2), chance)
    wood = _filled((98 * base, 140 * base, 180 * base), texture)
    if chance.random() < 0.3:
        y = round(float(chance.uniform(0.1, 0.9)) * height_px)
        cv2.line(
            wood,
            (0, y),
            (width_px, y + round(float(chance.uniform(-4, 4)))),
            (60, 84, 110),
            max(1, width_px // 640),
            cv2.LINE_AA,
        )
    return wood


def _white(width_px: int, height_px: int, chance: np.random.Generator) -> Picture:
    """A white table top: nearly as light as paper, a little warmer or colder, with specks and faint clouds."""
    level = float(chance.uniform(226, 244))
    tint = chance.uniform(-4, 4, 2)
    texture = 1.2 * grain(width_px, height_px, (90, 90), chance) + 0.8 * grain(width_px, height_px, (2, 2), chance)
    return _filled((level + tint[0], level, level + tint[1]), texture)
