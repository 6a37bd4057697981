"""Pages bound into a PDF: images untouched, marks beside them, text that can be found."""

import io
import re

import pikepdf
import pytest
from PIL import Image

from center.binder import DPI, ReadLine, Sheet, bind
from protocol.marks import Mark, MarkKind


def jpeg(width: int = 2480, height: int = 3508) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), (240, 238, 230)).save(data, "JPEG")
    return data.getvalue()


def bound(*sheets: Sheet) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(bind(sheets, "SQ-20261122-0001")))


def test_the_stored_image_is_in_the_pdf_byte_for_byte_and_as_large_as_the_paper() -> None:
    image = jpeg()
    with bound(Sheet(image), Sheet(jpeg(1011, 638))) as pdf:
        assert len(pdf.pages) == 2
        (drawn,) = pdf.pages[0].get_images().values()
        assert drawn.read_raw_bytes() == image
        assert [float(side) for side in pdf.pages[0].mediabox] == pytest.approx(
            [0, 0, 2480 / DPI * 72, 3508 / DPI * 72]
        )
        assert str(pdf.docinfo["/Title"]) == "SQ-20261122-0001"


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_turn_is_the_pdfs_own(turn: int) -> None:
    with bound(Sheet(jpeg(200, 100), turn)) as pdf:
        assert int(pdf.pages[0].obj.Rotate) == 90 * turn


def test_marks_are_annotations_at_their_places_and_the_page_stays_as_it_is() -> None:
    marks = [
        Mark(MarkKind.BOX, [1000, 2000, 5000, 4000]),
        Mark(MarkKind.PEN, [0, 0, 5000, 5000, 10000, 10000]),
        Mark(MarkKind.NOTE, [5000, 5000], "缺单位公章"),
    ]
    with bound(Sheet(jpeg(1000, 1000)), Sheet(jpeg(1000, 1000), marks=marks)) as pdf:
        side = 1000 / DPI * 72
        box, pen, note = pdf.pages[1].obj.Annots
        assert [str(each.Subtype) for each in (box, pen, note)] == ["/Square", "/Ink", "/Text"]
        assert [float(v) for v in box.Rect] == pytest.approx(
            [0.1 * side - 2, 0.6 * side - 2, 0.5 * side + 2, 0.8 * side + 2]
        )
        assert [float(v) for v in pen.InkList[0]] == pytest.approx([0, side, side / 2, side / 2, side, 0], abs=0.01)
        assert str(note.Contents) == "缺单位公章"
        assert pdf.pages[0].obj.Contents.read_bytes() == pdf.pages[1].obj.Contents.read_bytes()


def test_what_was_read_can_be_found_and_is_not_drawn() -> None:
    line = ReadLine("姓名 测试甲𠮷", (1000, 1000, 6000, 1500))
    with bound(Sheet(jpeg(1000, 1000), lines=[line]), Sheet(jpeg(1000, 1000))) as pdf:
        page = pdf.pages[0]
        content = b" ".join(part.read_bytes() for part in page.obj.Contents)
        (codes,) = re.findall(rb"<([0-9A-F]+)> Tj", content)
        cmap = page.obj.Resources.Font.Read.ToUnicode.read_bytes().decode()
        meaning = {
            code: bytes.fromhex(text).decode("utf-16-be") for code, text in re.findall(r"<(\w{4})> <(\w{4,8})>\n", cmap)
        }
        read = "".join(meaning[codes[n : n + 4].decode()] for n in range(0, len(codes), 4))
        assert read == line.text
        assert b" 3 Tr " in content
        assert "/Font" not in pdf.pages[1].obj.get("/Resources", {})


@pytest.mark.parametrize("image", [b"", b"no image", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_image_is_refused(image: bytes) -> None:
    with pytest.raises(ValueError, match="can't be bound"):
        bind([Sheet(image)], "")


def test_no_pages_make_no_pdf() -> None:
    with pytest.raises(ValueError, match="no pages"):
        bind([], "")
