"""The real reader: its process, its libraries, its limits; and how the center bears with one that is ill."""

import io
import re
import struct
import sys
import textwrap
import zlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image as Pillow

from booth.documents.page import make_page
from booth.documents.sizes import measure_size
from center.reader import COMMAND, ReaderGone, ReaderMissing, ReaderProcess
from protocol.reading import Attribute, PageKind, PageRead, PageReading, PageUnreadable, Unreadable
from rigs.card_pictures import SEEN_WIDTH_MM, Conditions, draw_card, see
from rigs.invented import Person, invent
from rigs.paper_pages import pages

CLEAN = Conditions(
    turn_deg=3.0,
    tilt_deg=6.0,
    pan_deg=-3.0,
    blur_px=0.5,
    smear_px=0.0,
    noise=2.0,
    gradient=0.2,
    brightness=0.95,
    glare=0.0,
    mat=(74, 66, 58),
)
NO_NETWORK = """\
import socket, sys
def refuse(*_):
    raise AssertionError("the reader wants the network")
socket.socket.connect = socket.getaddrinfo = refuse
import runpy
runpy.run_module("reading", run_name="__main__")
"""


@pytest.fixture(scope="module")
def person() -> Person:
    return invent(7)


@pytest.fixture(scope="module")
def card(person: Person) -> bytes:
    measure = partial(measure_size, view_width_mm=SEEN_WIDTH_MM)
    return make_page(see(draw_card(person, 7), CLEAN, 7), measure=measure).full_jpeg


async def reading_of(reader: ReaderProcess, image: bytes) -> PageReading:
    answer = await reader.read(image)
    assert isinstance(answer, PageRead)
    return answer.reading


@pytest.mark.timeout(300)
async def test_the_real_reader_reads_cards_and_a_form_and_refuses_what_is_hostile(person: Person, card: bytes) -> None:
    async with ReaderProcess([sys.executable, "-c", NO_NETWORK]) as reader:
        await the_card_is_read(await reading_of(reader, card), person, 0)
        with Pillow.open(io.BytesIO(card)) as picture:
            lying = picture.transpose(Pillow.Transpose.ROTATE_90)
        await the_card_is_read(await reading_of(reader, jpeg(lying)), person, 1)
        form = next(data for name, _, data in pages() if name == "application_form")
        reading = await reading_of(reader, form)
        assert reading.kind is PageKind.FORM
        assert {each.attribute: each.value for each in reading.fields}[Attribute.NUMBER] == "319999195803120028"
        for hostile, why in hostile_images(card):
            assert await reader.read(hostile) == PageUnreadable(reader._n, why)
        await the_card_is_read(await reading_of(reader, card), person, 0)
        assert reader._process is not None
        it_stays_within_its_limits(reader._process.pid)


def it_stays_within_its_limits(pid: int) -> None:
    """Under 1 GB of memory, no pool of threads, no file of its own to write to."""
    status = Path(f"/proc/{pid}/status").read_text()
    assert int(status.split("VmHWM:")[1].split()[0]) < 1_000_000, "kB"
    assert int(status.split("Threads:")[1].split()[0]) <= 4
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max file size +0 +0 ", limits) and re.search(r"Max core file size +0 +0 ", limits)


async def the_card_is_read(reading: PageReading, person: Person, turns: int) -> None:
    fields = {each.attribute: each for each in reading.fields}
    assert (reading.kind, reading.quarter_turns) == (PageKind.ID_CARD_FRONT, turns)
    assert (fields[Attribute.NAME].value, fields[Attribute.NUMBER].value) == (person.name, person.number)
    assert fields[Attribute.NUMBER].doubts == []
    box = fields[Attribute.NUMBER].box
    assert 0 <= box.left < box.right <= reading.width_px and 0 <= box.top < box.bottom <= reading.height_px
    assert (box.right - box.left > box.bottom - box.top) is (turns == 0), "the box is of the page as it is stored"
    assert any(person.number in line.text for line in reading.lines)


def hostile_images(card: bytes) -> list[tuple[bytes, Unreadable]]:
    return [
        (b"", Unreadable.NOT_AN_IMAGE),
        (b"%PDF-1.7 not a picture", Unreadable.NOT_AN_IMAGE),
        (card[: len(card) // 2], Unreadable.NOT_AN_IMAGE),
        (bomb(60_000, 60_000), Unreadable.TOO_LARGE),
        (bomb(8_000, 8_000), Unreadable.TOO_LARGE),
    ]


def bomb(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that claims to be so large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg(picture: Pillow.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=92)
    return data.getvalue()


# --- A reader that is ill ---

ILL = """\
import sys, time
from protocol.reading import *
head = sys.stdin.buffer.read
def say(answer):
    sys.stdout.buffer.write(frame(answer)); sys.stdout.buffer.flush()
def request():
    return request_of(head(LENGTH.unpack(head(4))[0]))
"""


@pytest.fixture
async def ill(request: pytest.FixtureRequest) -> AsyncIterator[ReaderProcess]:
    code = ILL + textwrap.dedent(request.param)
    async with ReaderProcess([sys.executable, "-c", code], starts_within_s=30, reads_within_s=1) as reader:
        yield reader


@pytest.mark.parametrize(
    "ill",
    [
        "say(ReaderReady()); request(); sys.exit(1)",
        "say(ReaderReady()); request(); time.sleep(60)",
        "say(ReaderReady()); request(); say(PageUnreadable(7, Unreadable.FAILED))",
        "say(ReaderReady()); request(); sys.stdout.buffer.write(b'\\xff' * 9000)",
        "say(ReaderReady()); request(); sys.stdout.buffer.write(LENGTH.pack(3) + b'\\xc1no')",
        "sys.exit(0)",
        "say(PageUnreadable(1, Unreadable.FAILED))",
    ],
    ids=["dies", "hangs", "answers another", "babbles", "is no message", "never starts", "answers unasked"],
    indirect=True,
)
async def test_an_ill_reader_is_ended(ill: ReaderProcess) -> None:
    with pytest.raises(ReaderGone):
        await ill.read(b"a page")
    assert ill._process is None


@pytest.mark.parametrize(
    "ill",
    ["say(ReaderReady()); n = request().n; say(PageUnreadable(n, Unreadable.FAILED))"],
    ids=["once"],
    indirect=True,
)
async def test_the_page_after_a_dead_reader_starts_a_new_one(ill: ReaderProcess) -> None:
    assert isinstance(await ill.read(b"a page"), PageUnreadable)
    with pytest.raises(ReaderGone):
        await ill.read(b"it has ended by now")
    assert isinstance(await ill.read(b"a page"), PageUnreadable)


async def test_a_machine_without_the_libraries_says_which_one_is_missing() -> None:
    absent = (
        "import sys; sys.modules['rapidocr'] = None; import runpy; runpy.run_module('reading', run_name='__main__')"
    )
    async with ReaderProcess([sys.executable, "-c", absent]) as reader:
        with pytest.raises(ReaderMissing, match="rapidocr"):
            await reader.read(b"a page")


def test_the_center_starts_the_reader_that_is_shipped() -> None:
    assert (sys.executable, "-m", "reading") == COMMAND
