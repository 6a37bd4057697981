"""What was read on the pages, from and to its table: sealed, and gone with the page."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from center.core.affair import AT_COUNTER
from center.core.suggestions import Read, Reading
from center.store.schema import pages, readings, tickets
from center.store.store import Transaction
from protocol.fields import Personal
from protocol.pages import PageAnnounced
from protocol.reading import Attribute, PageReading, TextLine
from protocol.states import PageState
from protocol.suggestions import SuggestionAnswer


class PageText(Personal, frozen=True):
    """The whole text of a page. Boxes are pixels of the page as it is stored (`width_px` by `height_px`), which stands
    upright after `quarter_turns` clockwise."""

    quarter_turns: int
    width_px: int
    height_px: int
    lines: list[TextLine]


class Unread(NamedTuple):
    affair_id: str
    page_id: str
    sha256: str


_encode = msgspec.json.encode
_reads = msgspec.json.Decoder(Read)
_texts = msgspec.json.Decoder(PageText)
_answers = msgspec.json.Decoder(dict[Attribute, SuggestionAnswer])
_announcements = msgspec.json.Decoder(PageAnnounced)


async def put(tx: Transaction, page_id: str, reading: PageReading, now_ms: int) -> None:
    """Keep what was read; a newer reading replaces the older with the clerk's answers to it."""
    shape = (reading.quarter_turns, reading.width_px, reading.height_px)
    read = Read(reading.kind, *shape, reading.fields)
    text = PageText(*shape, reading.lines)
    await _put(
        tx,
        page_id,
        now_ms,
        failure=None,
        read_sealed=tx.seal.seal(_encode(read), f"readings.read.{page_id}"),
        text_sealed=tx.seal.seal(_encode(text), f"readings.text.{page_id}"),
    )


async def put_failure(tx: Transaction, page_id: str, why: str, now_ms: int) -> None:
    """Remember that the page can't be read, so that nobody tries again."""
    await _put(tx, page_id, now_ms, failure=why, read_sealed=None, text_sealed=None)


async def of_affair(tx: Transaction, affair_id: str) -> dict[str, Reading]:
    """By page id; pages that nobody has tried to read are absent."""
    rows = await tx.rows(
        select(readings.c.page_id, readings.c.read_sealed, readings.c.answers)
        .join(pages, pages.c.page_id == readings.c.page_id)
        .where(pages.c.affair_id == affair_id)
    )
    return {row.page_id: _reading(tx, row) for row in rows}


async def of_page(tx: Transaction, page_id: str) -> Reading | None:
    row = await tx.row(select(readings).where(readings.c.page_id == page_id))
    return _reading(tx, row) if row else None


async def text_of(tx: Transaction, page_id: str) -> PageText | None:
    """The page's text with where each line stands, for a searchable copy; None when the page was not read."""
    row = await tx.row(select(readings.c.text_sealed).where(readings.c.page_id == page_id))
    if row is None or row.text_sealed is None:
        return None
    return _texts.decode(tx.seal.open(row.text_sealed, f"readings.text.{page_id}"))


async def next_unread(tx: Transaction) -> Unread | None:
    """The page to be read next: those of residents at a counter first, then by age. Only pages of open visits."""
    row = await tx.row(
        select(pages.c.affair_id, pages.c.page_id, pages.c.announced)
        .join(tickets, tickets.c.affair_id == pages.c.affair_id)
        .outerjoin(readings, readings.c.page_id == pages.c.page_id)
        .where(tickets.c.visit_open, pages.c.state == PageState.STORED, readings.c.page_id.is_(None))
        .order_by(tickets.c.state.in_(sorted(AT_COUNTER)).desc(), tickets.c.place, pages.c.n)
        .limit(1)
    )
    return Unread(row.affair_id, row.page_id, _announcements.decode(row.announced).sha256) if row else None


async def answer(tx: Transaction, page_id: str, attribute: Attribute, given: SuggestionAnswer) -> None:
    """Keep what the clerk did with a suggestion."""
    reading = await of_page(tx, page_id)
    if reading is not None:
        answers = _encode({**reading.answers, attribute: given}).decode()
        await tx.run(update(readings).where(readings.c.page_id == page_id).values(answers=answers))


def _reading(tx: Transaction, row: Any) -> Reading:
    sealed = row.read_sealed
    read = _reads.decode(tx.seal.open(sealed, f"readings.read.{row.page_id}")) if sealed is not None else None
    return Reading(read, _answers.decode(row.answers))


async def _put(tx: Transaction, page_id: str, now_ms: int, **values: Any) -> None:
    row = {"at_ms": now_ms, "answers": "{}", **values}
    statement = insert(readings).values(page_id=page_id, **row)
    await tx.run(statement.on_conflict_do_update(index_elements=["page_id"], set_=row))
