"""Pages bound into one PDF: the images byte for byte as they are stored, marks as annotations, read text invisible.

Turns are the PDF's own (`/Rotate`), so no image is made anew (img2pdf embeds a JPEG as it is). Pure: bytes in, bytes
out; takes some milliseconds a page, so not for the event loop's thread.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import img2pdf
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from protocol.marks import FULL_SCALE, Mark, MarkKind

DPI = 300
"""The pages' resolution (`booth.documents`); it gives a page of the PDF the size of the paper."""
POINTS_PER_INCH = 72

_RED = (0.88, 0.2, 0.17)
_LINE_WIDTH = 1.5
_PRINTED = 4
"""The annotation flag Print (ISO 32000-1, 12.5.3)."""
_INVISIBLE = 3
"""The text rendering mode that neither fills nor strokes (ISO 32000-1, 9.3.6): to be found and copied, not seen."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadLine:
    """A line of text that was read on a page, and its box there: left, upper, right, lower in ten-thousandths."""

    text: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """One page to be bound. `turn`: quarter turns, clockwise, by which it is shown."""

    image: bytes
    turn: int = 0
    marks: Sequence[Mark] = ()
    lines: Sequence[ReadLine] = ()


def bind(sheets: Sequence[Sheet], title: str) -> bytes:
    """One PDF of these pages, in this order. Raises `ValueError` when there are none or an image is none."""
    if not sheets:
        raise ValueError("there are no pages")
    try:
        plain = img2pdf.convert(
            [sheet.image for sheet in sheets],
            layout_fun=img2pdf.get_fixed_dpi_layout_fun((DPI, DPI)),
            rotation=img2pdf.Rotation.ifvalid,
        )
    except (img2pdf.ImageOpenError, img2pdf.AlphaChannelError, OSError) as error:
        raise ValueError(f"an image can't be bound ({type(error).__name__})") from error
    with Pdf.open(io.BytesIO(plain)) as pdf:
        pdf.docinfo[Name.Title] = String(title)
        font = _InvisibleFont()
        written = [_text_layer(page, sheet.lines, font) for page, sheet in zip(pdf.pages, sheets, strict=True)]
        face = pdf.make_indirect(font.made(pdf)) if any(written) else None
        for page, sheet, text in zip(pdf.pages, sheets, written, strict=True):
            page.obj.Rotate = sheet.turn * 90
            if text and face is not None:
                page.add_resource(face, Name.Font, Name.Read)
                page.contents_add(text)
            if sheet.marks:
                page.obj.Annots = Array([pdf.make_indirect(_annotation(pdf, page, mark)) for mark in sheet.marks])
        bound = io.BytesIO()
        pdf.save(bound, deterministic_id=True)
    return bound.getvalue()


def _size(page: pikepdf.Page) -> tuple[float, float]:
    left, lower, right, upper = (float(value) for value in page.mediabox)
    return right - left, upper - lower


def _annotation(pdf: Pdf, page: pikepdf.Page, mark: Mark) -> Dictionary:
    """A mark where it was made; lines with a picture of themselves, so that every viewer shows them alike."""
    width, height = _size(page)
    places = [value / FULL_SCALE for value in mark.points]
    points = [(x * width, height - y * height) for x, y in zip(places[::2], places[1::2], strict=True)]
    annotation = Dictionary(Type=Name.Annot, C=Array(_RED), F=_PRINTED)
    if mark.kind is MarkKind.NOTE:
        x, y = points[0]
        annotation.Subtype, annotation.Rect = Name.Text, Array([x, y - 20, x + 20, y])
        annotation.Contents, annotation.Open = String(mark.text), True
        return annotation
    across, down = [x for x, _ in points], [y for _, y in points]
    left, lower, right, upper = min(across), min(down), max(across), max(down)
    if mark.kind is MarkKind.BOX:
        annotation.Subtype = Name.Square
        drawn = f"{left:.2f} {lower:.2f} {right - left:.2f} {upper - lower:.2f} re S"
    else:
        annotation.Subtype = Name.Ink
        annotation.InkList = Array([Array([value for point in points for value in point])])
        drawn = " ".join(f"{x:.2f} {y:.2f} {'l' if n else 'm'}" for n, (x, y) in enumerate(points)) + " S"
    colour = " ".join(f"{part:.2f}" for part in _RED)
    look = Stream(pdf, f"{colour} RG {_LINE_WIDTH} w 1 J 1 j {drawn}".encode())
    look.Type, look.Subtype = Name.XObject, Name.Form
    annotation.Rect = look.BBox = Array([left - 2, lower - 2, right + 2, upper + 2])
    annotation.BS, annotation.AP = Dictionary(W=_LINE_WIDTH), Dictionary(N=look)
    return annotation


def _text_layer(page: pikepdf.Page, lines: Sequence[ReadLine], font: "_InvisibleFont") -> bytes:
    """The content stream that writes each line into its box, as wide as the box is."""
    width, height = _size(page)
    parts: list[str] = []
    for line in lines:
        left, upper, right, lower = (value / FULL_SCALE for value in line.box)
        tall, wide = (lower - upper) * height, (right - left) * width
        if not line.text or tall <= 0 or wide <= 0:
            continue
        stretch = 100 * wide / (len(line.text) * tall)
        at = f"1 0 0 1 {left * width:.2f} {height - lower * height:.2f} Tm"
        parts.append(f"/Read {tall:.2f} Tf {stretch:.1f} Tz {at} <{font.encoded(line.text)}> Tj")
    return f"q BT {_INVISIBLE} Tr {' '.join(parts)} ET Q".encode() if parts else b""


class _InvisibleFont:
    """A font without glyphs: codes by which a viewer finds and copies text, every character one em wide.

    Not embedded, which PDF allows where nothing of it is drawn; `/ToUnicode` alone says what the codes mean.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def encoded(self, text: str) -> str:
        return "".join(f"{self._codes.setdefault(character, len(self._codes) + 1):04X}" for character in text)

    def made(self, pdf: Pdf) -> Dictionary:
        inner = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.Invisible,
            CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
            DW=1000,
            CIDToGIDMap=Name.Identity,
            FontDescriptor=Dictionary(
                Type=Name.FontDescriptor,
                FontName=Name.Invisible,
                Flags=4,
                FontBBox=Array([0, 0, 1000, 1000]),
                ItalicAngle=0,
                Ascent=1000,
                Descent=0,
                CapHeight=1000,
                StemV=80,
            ),
        )
        return Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name.Invisible,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(inner)]),
            ToUnicode=pdf.make_indirect(Stream(pdf, self._to_unicode().encode())),
        )

    def _to_unicode(self) -> str:
        """The CMap from our codes to UTF-16 (ISO 32000-1, 9.10.3); at most 100 to a block."""
        pairs = [
            f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>" for character, code in self._codes.items()
        ]
        blocks = [pairs[n : n + 100] for n in range(0, len(pairs), 100)]
        body = "\n".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
            f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
        )
