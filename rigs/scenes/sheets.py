"""Seven kinds of document as flat pictures: the bench's four, and a social security card, a receipt and a photo
page."""

from functools import cache

import numpy as np

from booth.devices.camera.desk_pages import BenchPageRecord, Paper, Sheet, draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from protocol.fields import Wording


def _social_card(sheet: Sheet) -> None:
    """社会保障卡, the side with the chip (GB/T 14916: 85.6 × 54 mm)."""
    sheet.fill((214, 226, 236))
    sheet.waves((150, 190, 220, 120), 1.7, 1.1)
    sheet.box(0, 0, sheet.width_mm, 11, fill=(40, 116, 176), edge=None)
    sheet.text(42, 5.5, "中华人民共和国社会保障卡", 4.6, (250, 250, 250), bold=True, anchor="mm", spacing_mm=0.5)
    sheet.box(8, 19, 12, 9.5, fill=(214, 178, 96), edge=(140, 110, 60), edge_mm=0.2)
    for y_mm, text in (
        (15, "姓名  林晓梅"),
        (21, "社会保障号码"),
        (26, "319999195803120028"),
        (32, "发卡日期  2016年3月"),
    ):
        sheet.text(26, y_mm, text, 3.2)
    sheet.portrait(63, 15, 18, 22)
    sheet.text(8, 44, "6259 9900 0310 6627", 4.4, bold=True, spacing_mm=0.3)


def _receipt(sheet: Sheet) -> None:
    """A hospital's narrow receipt."""
    sheet.fill((250, 249, 246))
    sheet.text(sheet.width_mm / 2, 10, "门诊收费票据", 5.2, bold=True, anchor="mm")
    sheet.text(6, 18, "样例街道社区卫生服务中心", 3.4)
    for row in range(16):
        y_mm = 27 + row * 6.5
        sheet.text(6, y_mm, ("挂号费", "西药费", "检查费", "化验费", "治疗费")[row % 5], 3.4)
        sheet.text(sheet.width_mm - 6, y_mm, f"{(row * 37) % 90 + 3}.{(row * 7) % 10}0", 3.4, anchor="ra")
    sheet.line(5, 133, sheet.width_mm - 5, 133, width_mm=0.3)
    sheet.text(6, 136, "合计", 4.2, bold=True)
    sheet.text(sheet.width_mm - 6, 136, "612.40", 4.2, bold=True, anchor="ra")
    sheet.seal(sheet.width_mm / 2 + 10, 152, 11, "样例收费专用章")


def _photo_page(sheet: Sheet) -> None:
    """A photograph, printed on glossy paper with a thin white border: dark nearly to its edge."""
    width, height = sheet.width_mm, sheet.height_mm
    for row in range(36):
        shade = row / 35
        y_mm = 4 + row * (height - 8) / 36
        colour = round(120 - 70 * shade), round(150 - 60 * shade), round(190 - 130 * shade)
        sheet.box(4, y_mm, width - 8, (height - 8) / 36 + 0.1, fill=colour, edge=None)
    sheet.oval(width * 0.62, height * 0.12, 16, 16, (238, 214, 150))
    for place in range(7):
        left = 4 + place * (width - 34) / 6
        sheet.oval(left, height * (0.62 + 0.05 * (place % 3)), 26, height * 0.3, (40 + 8 * place, 74, 48))
    sheet.box(4, height * 0.86, width - 8, height * 0.14 - 4, fill=(52, 60, 44), edge=None)


SHEETS: tuple[BenchPageRecord, ...] = (
    *BENCH_PAGES,
    BenchPageRecord(
        "social_card", Wording("社会保障卡", "Social security card"), 85.6, 54.0, _social_card, corner_mm=3.18
    ),
    BenchPageRecord("receipt", Wording("收费票据", "Receipt"), 80.0, 170.0, _receipt),
    BenchPageRecord("photo_page", Wording("照片", "Photograph"), 152.0, 102.0, _photo_page),
)


@cache
def sheet(place: int) -> Paper:
    """The sheet at this place of `SHEETS`, drawn once a process."""
    return draw_paper(SHEETS[place], find_fonts())


@cache
def blank(width_mm: int, height_mm: int) -> Paper:
    """A sheet with nothing on it, as it lies under others."""
    size = height_mm * 4, width_mm * 4
    return Paper(np.full((*size, 3), 250, np.uint8), np.full(size, 255, np.uint8), width_mm, height_mm)
