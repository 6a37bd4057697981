"""Pictures of invented people's ID cards as the booth's camera sees them: print, pose, light, blur, noise.

A picture is the part around the card of what a camera of 13 megapixels sees of a mat 440 mm wide. Whoever wants the
page gives it to `booth.documents.page.make_page` with `SEEN_WIDTH_MM`, as the booth does with the width of its view.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from booth.devices.camera.desk_pages import BenchPageRecord, Fonts, Paper, Sheet, draw_paper, find_fonts
from booth.devices.camera.desk_scene import FOCAL_RATIO, VIEW_WIDTH_MM, Corners
from booth.devices.camera.interface import Image
from protocol.fields import Wording
from protocol.records import Sex
from rigs.invented import Person

CAMERA_WIDTH_PX = 4160
FRAME_PX = (1280, 960)
SEEN_WIDTH_MM = VIEW_WIDTH_MM * FRAME_PX[0] / CAMERA_WIDTH_PX
"""How wide the part is: what `make_page` must be told to make a card of a card's size."""
LABEL = (58, 110, 168)
INK = (30, 30, 34)

_NOTO = Path("/usr/share/fonts/opentype/noto")
_FACES = (("NotoSansCJK-Regular.ttc", 2), ("NotoSansCJK-Regular.ttc", 2), ("NotoSerifCJK-Regular.ttc", 2))
_NUMBER_FACES = (
    (_NOTO / "NotoSansCJK-Bold.ttc", 2),
    (Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"), 0),
    (Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"), 0),
    (_NOTO / "NotoSansCJK-Regular.ttc", 7),
)
"""The last one is the collection's Mono SC. GA 461 prints the number in OCR-B, which Debian's free part lacks."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a card lies and is seen. Lengths of blur in pixels, noise in grey levels."""

    turn_deg: float
    tilt_deg: float
    pan_deg: float
    blur_px: float
    smear_px: float
    noise: float
    gradient: float
    brightness: float
    glare: float
    mat: tuple[int, int, int]


def conditions(seed: int) -> Conditions:
    """Those of a booth: mostly good, some bad."""
    chance = np.random.default_rng((20261125, seed))
    quarter = float(chance.choice((0, 0, 0, 0, 0, 0, 0, 90, 180, 270)))
    return Conditions(
        turn_deg=quarter + float(chance.normal(0, 4)),
        tilt_deg=float(chance.uniform(-12, 12)),
        pan_deg=float(chance.uniform(-8, 8)),
        blur_px=float(chance.uniform(0.3, 1.3)),
        smear_px=float(chance.choice((0, 0, 0, 2, 3.5))),
        noise=float(chance.uniform(1, 6)),
        gradient=float(chance.uniform(0.05, 0.5)),
        brightness=float(chance.uniform(0.55, 1.05)),
        glare=float(chance.choice((0, 0, 0, 0.4, 0.8))),
        mat=((74, 66, 58), (70, 92, 40), (40, 40, 40), (96, 130, 168))[int(chance.integers(4))],
    )


def draw_card(person: Person, seed: int = 0) -> Paper:
    """居民身份证, the side with the portrait (GA 461: 85.6 × 54 mm), in one of several faces."""
    face, index = _FACES[seed % len(_FACES)]
    base = find_fonts()
    regular = (str(_NOTO / face), index) if (_NOTO / face).is_file() else base.regular
    numbers = [(str(path), at) for path, at in _NUMBER_FACES if path.is_file()] or [base.bold]
    fonts = Fonts(regular, numbers[seed % len(numbers)])
    record = BenchPageRecord("card", Wording("", ""), 85.6, 54.0, lambda sheet: _front(sheet, person), corner_mm=3.18)
    return draw_paper(record, fonts)


def see(paper: Paper, how: Conditions, seed: int) -> Image:
    """What the camera sees of the paper, `(height, width, 3) uint8` BGR."""
    chance = np.random.default_rng((1125, seed))
    width, height = FRAME_PX
    corners = _corners(paper, how)
    frame = _mat(how, chance)
    density = float(np.linalg.norm(corners[1] - corners[0])) / paper.image.shape[1]
    size = (max(8, round(paper.image.shape[1] * density)), max(8, round(paper.image.shape[0] * density)))
    small = cv2.resize(paper.image, size, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(paper.cover, size, interpolation=cv2.INTER_AREA)
    source = np.array([(0, 0), (size[0], 0), size, (0, size[1])], dtype=np.float32) - np.float32(0.5)
    warp = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    seen = cv2.warpPerspective(small, warp, (width, height), flags=cv2.INTER_CUBIC).astype(np.float32)
    alpha = (
        cv2.warpPerspective(cover, warp, (width, height), flags=cv2.INTER_LINEAR).astype(np.float32)[:, :, None] / 255
    )
    frame += (seen - frame) * alpha
    frame *= _light(how, chance)
    if how.glare:
        _shine(frame, how, chance, corners)
    blurred = cv2.GaussianBlur(frame, (0, 0), how.blur_px)
    if how.smear_px:
        blurred = _smeared(blurred, how.smear_px, float(chance.uniform(0, np.pi)))
    noisy = blurred + chance.standard_normal(blurred.shape, dtype=np.float32) * np.float32(how.noise)
    picture: Image = np.clip(noisy, 0, 255).astype(np.uint8)
    return picture


def _front(sheet: Sheet, person: Person) -> None:
    sheet.fill((226, 236, 240))
    sheet.waves((206, 170, 186, 110), 1.5, 1.4)
    sheet.waves((120, 170, 206, 110), 2.2, 2.3)
    for y_mm, label in ((5.6, "姓 名"), (12.8, "性 别"), (19.8, "出 生"), (27.2, "住 址")):
        sheet.text(5, y_mm, label, 2.7, LABEL)
    sheet.text(15, 5.0, person.name, 3.9 if len(person.name) < 8 else 3.2, INK)
    sheet.text(15, 12.4, "男" if person.sex is Sex.MALE else "女", 3.2, INK)
    sheet.text(25, 12.8, "民 族", 2.7, LABEL)
    sheet.text(34.5, 12.4, person.ethnicity, 3.2, INK)
    born = person.birth_date
    for x_mm, figure, label_x_mm, label in (
        (15, born.year, 23.2, "年"),
        (27.4, born.month, 31.2, "月"),
        (35, born.day, 40.2, "日"),
    ):
        sheet.text(x_mm, 19.4, str(figure), 3.2, INK)
        sheet.text(label_x_mm, 19.8, label, 2.7, LABEL)
    for row in range(0, len(person.address), 11):
        sheet.text(15, 26.8 + 4.4 * (row // 11), person.address[row : row + 11], 3.2, INK)
    sheet.text(5, 45.6, "公民身份号码", 2.7, LABEL)
    sheet.text(29, 44.6, person.number, 4.0, INK, bold=True, spacing_mm=0.35)
    sheet.portrait(57.5, 7.5, 23, 29)


def _corners(paper: Paper, how: Conditions) -> Corners:
    """Where the paper's corners are in the frame, through the booth's camera straight above the card's middle."""
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    turn = np.radians(how.turn_deg)
    rotation = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    on_mat = (square * (paper.width_mm / 2, paper.height_mm / 2)) @ rotation.T
    attitude, _ = cv2.Rodrigues(np.radians(np.array([how.tilt_deg, how.pan_deg, 0.0])))
    seen = np.column_stack((on_mat, np.zeros(4))) @ np.asarray(attitude).T
    focal_px = FOCAL_RATIO * CAMERA_WIDTH_PX
    depth = seen[:, 2:] + focal_px * VIEW_WIDTH_MM / CAMERA_WIDTH_PX
    corners: Corners = seen[:, :2] * focal_px / depth + np.array(FRAME_PX) / 2
    return corners


def _mat(how: Conditions, chance: np.random.Generator) -> np.ndarray:
    width, height = FRAME_PX
    grain = cv2.resize(chance.standard_normal((height // 3, width // 3), dtype=np.float32), (width, height))
    return grain[:, :, None] * np.float32(4) + np.array(how.mat, dtype=np.float32)


def _light(how: Conditions, chance: np.random.Generator) -> np.ndarray:
    width, height = FRAME_PX
    direction = float(chance.uniform(0, 2 * np.pi))
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    along = x * np.float32(np.cos(direction)) + y * np.float32(np.sin(direction))
    return (how.brightness * (1 - how.gradient * (0.5 + along)))[:, :, None].astype(np.float32)


def _shine(frame: np.ndarray, how: Conditions, chance: np.random.Generator, corners: Corners) -> None:
    """A lamp's reflection on the card's film, somewhere on it."""
    width, height = FRAME_PX
    low, high = corners.min(axis=0), corners.max(axis=0)
    centre = chance.uniform(low, high)
    reach = float(chance.uniform(25, 70))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    spot = np.exp(-(((x - centre[0]) / (2 * reach)) ** 2 + ((y - centre[1]) / reach) ** 2))
    frame += (255 - frame) * (np.float32(how.glare) * spot)[:, :, None].astype(np.float32)


def _smeared(frame: np.ndarray, length_px: float, angle: float) -> np.ndarray:
    """Moved by so much while the shutter was open."""
    reach = int(np.ceil(length_px / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
    for at in np.linspace(-length_px / 2, length_px / 2, 15):
        kernel[round(reach + at * np.sin(angle)), round(reach + at * np.cos(angle))] += 1
    return cv2.filter2D(frame, -1, kernel / kernel.sum())
