"""The papers that can be laid on the simulated desk, drawn with invented data at true size.

Nobody in them exists: names, numbers and addresses are made up. Drawing is in millimetres on the paper
(`Sheet`), so that a form reads like its model; the camera (`desk.py`) knows nothing of what a paper shows.
"""

import math
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from booth.devices.camera.interface import Image
from booth.errors import ConfigError
from protocol.fields import Wording

PX_PER_MM = 10.0
"""Papers are drawn at 254 dpi: finer than the simulated camera sees them, and quick enough to draw when laid."""

INK = (38, 38, 42)
PEN = (24, 44, 140)
SEAL = (196, 40, 44)


@dataclass(frozen=True, slots=True)
class Fonts:
    """Where the regular and the bold face are: path and index in the collection."""

    regular: tuple[str, int]
    bold: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Paper:
    """A drawn paper: `image` BGR; `cover` `(height, width) uint8`, 255 where there is paper (cards: round corners)."""

    image: Image
    cover: NDArray[np.uint8]
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class BenchPageRecord:
    """One paper that a person can lay on the simulated desk."""

    page_id: str
    name: Wording
    width_mm: float
    height_mm: float
    draw: Callable[["Sheet"], None]
    corner_mm: float = 0.0
    """Radius of its round corners."""


def find_fonts() -> Fonts:
    """The system's Chinese font; raises `ConfigError`, which names the package to install, when there is none."""
    folder = Path("/usr/share/fonts/opentype/noto")
    regular, bold = folder / "NotoSansCJK-Regular.ttc", folder / "NotoSansCJK-Bold.ttc"
    if regular.is_file() and bold.is_file():
        return Fonts((str(regular), 2), (str(bold), 2))  # 2: the collection's simplified Chinese face
    found = _ask_fontconfig("sans:lang=zh-cn:weight=80"), _ask_fontconfig("sans:lang=zh-cn:weight=200")
    if found[0] is None or found[1] is None:
        raise ConfigError("the simulated desk needs a Chinese font: install the package fonts-noto-cjk")
    return Fonts(found[0], found[1])


def _ask_fontconfig(pattern: str) -> tuple[str, int] | None:
    """What fontconfig has for the pattern, if it can write Chinese: it always answers with some font."""
    command = ["fc-match", "--format=%{file}\t%{index}\t%{lang}", pattern]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    file, index, languages = [*answer.split("\t"), "", ""][:3]
    # The upper half of a variable font's index names its instance, which Pillow doesn't take.
    return (file, int(index) & 0xFFFF) if "zh-cn" in languages.split("|") else None


def draw_paper(record: BenchPageRecord, fonts: Fonts) -> Paper:
    """Draw one paper; the same record gives the same picture. Takes up to a quarter of a second."""
    sheet = Sheet(record.width_mm, record.height_mm, fonts)
    record.draw(sheet)
    rgb = np.asarray(sheet.picture, dtype=np.uint8)
    cover = Pillow.new("L", sheet.picture.size, 0)
    right, bottom = cover.width - 1, cover.height - 1
    ImageDraw.Draw(cover).rounded_rectangle((0, 0, right, bottom), record.corner_mm * PX_PER_MM, fill=255)
    image: Image = np.ascontiguousarray(rgb[:, :, ::-1])
    return Paper(image, np.asarray(cover, dtype=np.uint8), record.width_mm, record.height_mm)


class Sheet:
    """A paper to draw on, in millimetres from its upper left corner; colours are RGB."""

    def __init__(self, width_mm: float, height_mm: float, fonts: Fonts) -> None:
        self.width_mm, self.height_mm = width_mm, height_mm
        size = round(width_mm * PX_PER_MM), round(height_mm * PX_PER_MM)
        self.picture = Pillow.new("RGB", size, (252, 252, 249))
        self._draw = ImageDraw.Draw(self.picture, "RGBA")
        self._fonts = fonts
        self._sizes: dict[tuple[bool, float], ImageFont.FreeTypeFont] = {}

    def fill(self, colour: tuple[int, int, int]) -> None:
        self._draw.rectangle((0, 0, *self.picture.size), fill=colour)

    def text(
        self,
        x_mm: float,
        y_mm: float,
        text: str,
        size_mm: float,
        colour: tuple[int, ...] = INK,
        bold: bool = False,
        anchor: str = "la",
        spacing_mm: float = 0.0,
    ) -> None:
        """Write one line; `size_mm` is the em, `anchor` is Pillow's."""
        font = self._font(bold, size_mm)
        if not spacing_mm:
            self._draw.text((x_mm * PX_PER_MM, y_mm * PX_PER_MM), text, fill=colour, font=font, anchor=anchor)
            return
        if anchor[0] == "m":
            x_mm -= (font.getlength(text) / PX_PER_MM + spacing_mm * (len(text) - 1)) / 2
        for letter in text:
            at = x_mm * PX_PER_MM, y_mm * PX_PER_MM
            self._draw.text(at, letter, fill=colour, font=font, anchor="l" + anchor[1])
            x_mm += font.getlength(letter) / PX_PER_MM + spacing_mm

    def line(self, *points_mm: float, width_mm: float = 0.3, colour: tuple[int, ...] = INK) -> None:
        points = [value * PX_PER_MM for value in points_mm]
        self._draw.line(points, fill=colour, width=max(1, round(width_mm * PX_PER_MM)), joint="curve")

    def box(
        self,
        x_mm: float,
        y_mm: float,
        width_mm: float,
        height_mm: float,
        fill: tuple[int, ...] | None = None,
        edge: tuple[int, ...] | None = INK,
        edge_mm: float = 0.3,
    ) -> None:
        corners = [value * PX_PER_MM for value in (x_mm, y_mm, x_mm + width_mm, y_mm + height_mm)]
        self._draw.rectangle(corners, fill=fill, outline=edge, width=max(1, round(edge_mm * PX_PER_MM)) if edge else 0)

    def oval(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, fill: tuple[int, ...]) -> None:
        self._draw.ellipse([v * PX_PER_MM for v in (x_mm, y_mm, x_mm + width_mm, y_mm + height_mm)], fill=fill)

    def ring(self, x_mm: float, y_mm: float, radius_mm: float, width_mm: float, colour: tuple[int, ...]) -> None:
        corners = [v * PX_PER_MM for v in (x_mm - radius_mm, y_mm - radius_mm, x_mm + radius_mm, y_mm + radius_mm)]
        self._draw.ellipse(corners, outline=colour, width=round(width_mm * PX_PER_MM))

    def table(self, x_mm: float, y_mm: float, rows: list[list[tuple[float, str, bool]]], row_mm: float) -> None:
        """A ruled table; a cell is its width in mm, its text, and whether that was filled in with a pen."""
        for row in rows:
            left = x_mm
            for width, content, by_pen in row:
                self.box(left, y_mm, width, row_mm)
                middle = y_mm + row_mm / 2
                if by_pen:
                    self.text(left + 2, middle, content, 4.2, PEN, anchor="lm")
                else:
                    self.text(left + width / 2, middle, content, 3.7, anchor="mm")
                left += width
            y_mm += row_mm

    def seal(self, x_mm: float, y_mm: float, radius_mm: float, rim: str) -> None:
        """A round red seal with a star and its text along the upper rim."""
        self.ring(x_mm, y_mm, radius_mm, 0.9, (*SEAL, 190))
        star = []
        for corner in range(10):
            reach = radius_mm * (0.34 if corner % 2 == 0 else 0.14)
            angle = math.pi * (corner / 5 - 0.5)
            star += [(x_mm + reach * math.cos(angle)) * PX_PER_MM, (y_mm + reach * math.sin(angle)) * PX_PER_MM]
        self._draw.polygon(star, fill=(*SEAL, 190))
        for place, letter in enumerate(rim):
            angle = math.radians(-205 + 230 * place / max(1, len(rim) - 1))
            reach = radius_mm * 0.76
            at = x_mm + reach * math.cos(angle), y_mm + reach * math.sin(angle)
            self.text(*at, letter, radius_mm * 0.3, (*SEAL, 200), anchor="mm")

    def portrait(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float) -> None:
        """A head and shoulders, of nobody."""
        self.box(x_mm, y_mm, width_mm, height_mm, fill=(236, 240, 244), edge=None)
        head = width_mm * 0.42
        centre = x_mm + width_mm / 2
        self.oval(centre - head * 0.95, y_mm + height_mm * 0.68, head * 1.9, height_mm * 0.62, (62, 70, 92))
        self.box(x_mm, y_mm + height_mm, width_mm, height_mm * 0.32, fill=None, edge=None)
        self.oval(centre - head / 2, y_mm + height_mm * 0.2, head, head * 1.35, (214, 178, 152))
        self.oval(centre - head * 0.54, y_mm + height_mm * 0.15, head * 1.08, head * 0.62, (40, 36, 36))

    def waves(self, colour: tuple[int, ...], step_mm: float, height_mm: float) -> None:
        """A fine wavy ground, as printed on cards against copying."""
        x_mm = np.arange(0.0, self.width_mm + 1.0, 1.0)
        for row in np.arange(-height_mm, self.height_mm + height_mm, step_mm):
            y_mm = row + height_mm * np.sin(x_mm / 6.0 + row * 0.21)
            self.line(*np.column_stack((x_mm, y_mm)).ravel().tolist(), width_mm=0.1, colour=colour)

    def _font(self, bold: bool, size_mm: float) -> ImageFont.FreeTypeFont:
        key = (bold, size_mm)
        if key not in self._sizes:
            path, index = self._fonts.bold if bold else self._fonts.regular
            self._sizes[key] = ImageFont.truetype(path, round(size_mm * PX_PER_MM), index=index)
        return self._sizes[key]
