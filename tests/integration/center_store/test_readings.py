"""Reading at the desk: which page is read, what is kept of it, and that nothing depends on a reader being there."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pikepdf
import pytest
from PIL import Image
from sqlalchemy import delete, select

from center.errors import DeskError
from center.reader import ReaderGone, ReaderMissing
from center.store import readings
from center.store.schema import journal, pages
from center.store.schema import readings as readings_table
from protocol.counter import ClerkView, PageView
from protocol.pages import PagePart
from protocol.reading import (
    Attribute,
    Doubt,
    FieldRead,
    PageKind,
    PageRead,
    PageReading,
    PageUnreadable,
    TextBox,
    TextLine,
    Unreadable,
)
from protocol.suggestions import ReadingState, SuggestionAnswer
from protocol.visit import CommandKind
from tests.integration.center_store.center import Center, Outside, reopened
from tests.integration.center_store.test_affair import JPEG, page
from tests.unit.center.samples import ID_CARD

NUMBER, ANOTHER_NAME = ID_CARD.number, "林小梅"
READING = PageReading(
    kind=PageKind.ID_CARD_FRONT,
    quarter_turns=2,
    width_px=1011,
    height_px=638,
    fields=[
        FieldRead(Attribute.NAME, ANOTHER_NAME, TextBox(10, 20, 90, 50), [Doubt.READINGS_DIFFER]),
        FieldRead(Attribute.NUMBER, NUMBER, TextBox(300, 500, 900, 550)),
        FieldRead(Attribute.ETHNICITY, "汉", TextBox(1, 2, 3, 4)),
    ],
    lines=[TextLine(TextBox(10, 20, 90, 50), "姓名" + ANOTHER_NAME, 99)],
)

Answer = Callable[[], Awaitable[PageRead | PageUnreadable]]


class FakeReader:
    """Answers with what the test says, one after another; then it reads every page alike."""

    def __init__(self, *answers: PageRead | PageUnreadable | Exception) -> None:
        self._answers = list(answers)
        self.images: list[bytes] = []

    async def read(self, image: bytes) -> PageRead | PageUnreadable:
        self.images.append(image)
        answer = self._answers.pop(0) if self._answers else PageRead(1, READING, 12)
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def reading_center(folder: Path, reader: FakeReader | None) -> AsyncIterator[Center]:
    """A center that reads pages, with a linked booth."""
    async with reopened(folder, Outside(), reader=reader) as center:
        await center.link()
        center.desk._readings._first_wait_s = center.desk._readings._wait_s = 0.001
        task = asyncio.create_task(center.desk.read_pages())
        try:
            yield center
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def lay(center: Center, clerk: ClerkView) -> str:
    """An affair with one page, stored in full."""
    affair_id = await center.serve(clerk)
    command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
    await center.desk.announce_page("b-01", page(affair_id, command_id))
    await center.desk.append_page("b-01", "p1", PagePart.FULL, 0, JPEG)
    return affair_id


async def viewed(center: Center, clerk: ClerkView, state: ReadingState) -> PageView:
    """The page, once its reading has come to this state."""
    async with asyncio.timeout(20):
        while True:
            affair = (await center.desk.view(clerk)).affair
            assert affair is not None
            if affair.pages[0].reading.state is state:
                return affair.pages[0]
            await asyncio.sleep(0.01)


async def kinds(center: Center) -> list[str]:
    async with center.store.read() as tx:
        return [row.kind for row in await tx.rows(select(journal.c.kind).order_by(journal.c.position))]


async def test_what_is_read_on_a_page_is_offered_to_its_clerk_and_kept_sealed(folder: Path) -> None:
    reader = FakeReader()
    async with reading_center(folder, reader) as center:
        clerk = await center.clerk()
        await lay(center, clerk)
        shown = (await viewed(center, clerk, ReadingState.READ)).reading
        async with center.store.read() as tx:
            text = await readings.text_of(tx, "p1")
            assert await readings.text_of(tx, "p2") is None
            payloads = [row.payload for row in await tx.rows(select(journal.c.payload))]
    assert reader.images == [JPEG]
    assert (shown.kind, shown.quarter_turns) == (PageKind.ID_CARD_FRONT, 2)
    name, number, ethnicity = shown.suggestions
    assert (name.field_id, name.value, name.doubts) == ("applicant_name", ANOTHER_NAME, [Doubt.READINGS_DIFFER])
    assert name.differs_from_card, "the chip says another name"
    assert (number.field_id, number.differs_from_card, ethnicity.field_id) == ("applicant_number", False, None)
    assert text is not None and (text.lines, text.width_px, text.quarter_turns) == (READING.lines, 1011, 2)
    assert not any(ANOTHER_NAME in payload or NUMBER in payload for payload in payloads)
    assert ANOTHER_NAME.encode() not in (folder / "center.sqlite").read_bytes()
    assert ANOTHER_NAME not in repr((shown, READING, text, number))


async def test_a_clerks_answer_to_a_suggestion_is_on_record(folder: Path) -> None:
    async with reading_center(folder, FakeReader()) as center:
        clerk = await center.clerk()
        affair_id = await lay(center, clerk)
        await viewed(center, clerk, ReadingState.READ)
        answers = {Attribute.NAME: SuggestionAnswer.IGNORED, Attribute.NUMBER: SuggestionAnswer.TAKEN}
        for attribute, answer in answers.items():
            await center.desk.answer_suggestion(clerk, affair_id, "p1", attribute, answer)
        shown = (await viewed(center, clerk, ReadingState.READ)).reading
        assert [each.answer for each in shown.suggestions] == [SuggestionAnswer.IGNORED, SuggestionAnswer.TAKEN, None]
        assert [kind for kind in await kinds(center) if kind.startswith("suggestion")] == [
            "suggestion_ignored",
            "suggestion_taken",
        ]
        with pytest.raises(DeskError, match="page_unknown"):
            await center.desk.answer_suggestion(clerk, affair_id, "p2", Attribute.NAME, SuggestionAnswer.TAKEN)


async def test_without_a_reader_everything_else_works_and_the_page_says_so(folder: Path) -> None:
    for reader in (None, FakeReader(ReaderMissing("rapidocr"))):
        async with reading_center(folder, reader) as center:
            clerk = await center.clerk()
            if reader is None:
                await lay(center, clerk)
            page = await viewed(center, clerk, ReadingState.UNREAD)
            assert page.reading.suggestions == []


async def test_a_reader_that_dies_is_tried_again_and_a_page_that_kills_it_is_given_up(folder: Path) -> None:
    reader = FakeReader(ReaderGone("died"))
    async with reading_center(folder, reader) as center:
        clerk = await center.clerk()
        await lay(center, clerk)
        await viewed(center, clerk, ReadingState.READ)
        assert len(reader.images) == 2
        async with center.store.write() as tx:
            await tx.run(delete(readings_table))
        reader._answers += [ReaderGone("died"), ReaderGone("died")]
        center.desk._readings.look()
        await viewed(center, clerk, ReadingState.UNREAD)
        assert len(reader.images) == 4 and "page_unread" in await kinds(center)


async def test_a_page_that_is_no_picture_is_not_tried_again(folder: Path) -> None:
    reader = FakeReader(PageUnreadable(1, Unreadable.NOT_AN_IMAGE))
    async with reading_center(folder, reader) as center:
        clerk = await center.clerk()
        await lay(center, clerk)
        await viewed(center, clerk, ReadingState.UNREAD)
        center.desk._readings.look()
        async with center.store.read() as tx:
            assert await readings.next_unread(tx) is None


async def test_what_was_read_is_forgotten_with_its_page(folder: Path) -> None:
    async with reading_center(folder, FakeReader()) as center:
        clerk = await center.clerk()
        await lay(center, clerk)
        await viewed(center, clerk, ReadingState.READ)
        async with center.store.write() as tx:
            await tx.run(delete(pages))
        async with center.store.read() as tx:
            assert await tx.rows(select(readings_table)) == []


def test_a_reading_goes_over_the_wire_unchanged() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(READING), type=PageReading) == READING


async def test_what_was_read_can_be_found_in_the_exported_pdf(folder: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1011, 638)).save(picture, "JPEG")
    async with reading_center(folder, FakeReader()) as center:
        clerk = await center.clerk()
        affair_id = await center.serve(clerk)
        command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
        await center.desk.announce_page("b-01", page(affair_id, command_id, data=picture.getvalue()))
        await center.desk.append_page("b-01", "p1", PagePart.FULL, 0, picture.getvalue())
        await viewed(center, clerk, ReadingState.READ)
        with pikepdf.open(io.BytesIO(await center.desk.pages_pdf(clerk, affair_id, None))) as pdf:
            meanings = pdf.pages[0].obj.Resources.Font.Read.ToUnicode.read_bytes().decode()
    for character in "姓名" + ANOTHER_NAME:
        assert f"<{character.encode('utf-16-be').hex().upper()}>" in meanings
