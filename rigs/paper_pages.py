"""Other papers as pages that the booth would send: at 300 dpi, as JPEG, in even light."""

from collections.abc import Iterator

import cv2

from booth.devices.camera.desk_pages import PX_PER_MM, BenchPageRecord, Sheet, draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.interface import Image
from protocol.fields import Wording
from protocol.reading import PageKind

PX_PER_MM_300_DPI = 300 / 25.4
QUALITY = 92

KINDS = {
    "id_card": PageKind.ID_CARD_FRONT,
    "booklet_cover": PageKind.MEDICAL_BOOKLET,
    "application_form": PageKind.FORM,
    "household_page": PageKind.HOUSEHOLD_REGISTER,
}

_SENTENCE = "为方便居民就近办理社区事务，各受理点统一提供收件、核对、告知和查询服务，办理时限自收件之日起计算；"


def pages() -> Iterator[tuple[str, PageKind, bytes]]:
    """Name, true kind and JPEG of each: the simulated desk's papers, both cards that it lacks, a page full of print."""
    fonts = find_fonts()
    for record in BENCH_PAGES:
        if record.page_id in KINDS:
            yield record.page_id, KINDS[record.page_id], as_jpeg(draw_paper(record, fonts).image)
    for name, kind, size_mm, draw in (
        ("id_card_back", PageKind.ID_CARD_BACK, (85.6, 54.0), _id_card_back),
        ("social_security_card", PageKind.SOCIAL_SECURITY_CARD, (85.6, 54.0), _social_security_card),
        ("full_a4", PageKind.OTHER, (210.0, 297.0), _full_page),
    ):
        record = BenchPageRecord(name, Wording("", ""), *size_mm, draw)
        yield name, kind, as_jpeg(draw_paper(record, fonts).image)


def as_jpeg(drawn: Image) -> bytes:
    """A drawn paper as a page of 300 dpi."""
    factor = PX_PER_MM_300_DPI / PX_PER_MM
    page = cv2.GaussianBlur(cv2.resize(drawn, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), (0, 0), 0.7)
    return cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _id_card_back(sheet: Sheet) -> None:
    sheet.fill((226, 236, 240))
    sheet.waves((206, 170, 186, 110), 1.5, 1.4)
    sheet.text(50, 12, "中华人民共和国", 5.2, bold=True, anchor="mm", spacing_mm=1.2)
    sheet.text(50, 22, "居民身份证", 8.0, bold=True, anchor="mm", spacing_mm=1.6)
    sheet.text(20, 39, "签发机关", 2.9)
    sheet.text(34, 38.8, "上海市公安局虚构分局", 3.2)
    sheet.text(20, 45, "有效期限", 2.9)
    sheet.text(34, 44.8, "2019.04.08-2039.04.08", 3.2)


def _social_security_card(sheet: Sheet) -> None:
    sheet.fill((214, 230, 226))
    sheet.text(43, 7, "中华人民共和国社会保障卡", 4.4, bold=True, anchor="mm", spacing_mm=0.3)
    sheet.portrait(6, 16, 18, 23)
    for row, (label, value) in enumerate(
        (
            ("姓名", "林晓梅"),
            ("社会保障号码", "319999195803120028"),
            ("社会保障卡卡号", "X00000027"),
            ("发卡日期", "2021年6月"),
        )
    ):
        sheet.text(28, 17 + row * 7, label, 2.9)
        sheet.text(52, 16.8 + row * 7, value, 3.3)


def _full_page(sheet: Sheet) -> None:
    """10.5 point (3.7 mm), 44 lines of 45 characters."""
    text = _SENTENCE * 45
    for row in range(44):
        start = row * 45 % len(_SENTENCE)
        sheet.text(21, 22 + row * 5.8, text[start : start + 45], 3.7)
