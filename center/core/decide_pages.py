"""What a clerk does with pages that are there: file, order, turn and mark them. The images stay as they are.

All refuse with `DeskError`.
"""

from msgspec.structs import replace

from center.core.affair import Affair, Decision, EntryKind, Page
from center.core.change import Change
from center.core.decide_clerk import theirs
from center.errors import DeskError
from protocol.counter import ClerkView
from protocol.errors import ErrorCode
from protocol.marks import Mark
from protocol.reading import Attribute
from protocol.suggestions import SuggestionAnswer


def file_page(affair: Affair, clerk: ClerkView, now_ms: int, *, page_id: str, material_id: str | None) -> Decision:
    """Say to which material a page belongs."""
    change, page = _of_clerk(affair, clerk, now_ms, page_id)
    if material_id is not None and affair.item.material(material_id) is None:
        raise DeskError(ErrorCode.MALFORMED)
    change.put_page(replace(page, material_id=material_id))
    change.note(EntryKind.PAGE_FILED, page_id=page_id, material_id=material_id)
    return change.decision()


def move_page(affair: Affair, clerk: ClerkView, now_ms: int, *, page_id: str, before: str | None) -> Decision:
    """Put a page before another one, or last."""
    change, page = _of_clerk(affair, clerk, now_ms, page_id)
    others = [each for each in affair.pages if each is not page]
    place = len(others)
    if before is not None:
        place = next((n for n, each in enumerate(others) if each.announced.page_id == before), -1)
    if place < 0:
        raise DeskError(ErrorCode.PAGE_UNKNOWN)
    pages = (*others[:place], page, *others[place:])
    if pages != affair.pages:
        change.set(pages=pages)
        change.note(EntryKind.PAGE_MOVED, page_id=page_id, before=before)
    return change.decision()


def turn_page(affair: Affair, clerk: ClerkView, now_ms: int, *, page_id: str, quarters: int) -> Decision:
    """Show a page turned by so many quarters, clockwise, from how it was taken."""
    change, page = _of_clerk(affair, clerk, now_ms, page_id)
    if page.turn != quarters:
        change.put_page(replace(page, turn=quarters))
        change.note(EntryKind.PAGE_TURNED, page_id=page_id, quarters=quarters)
    return change.decision()


def mark_page(affair: Affair, clerk: ClerkView, now_ms: int, *, page_id: str, marks: tuple[Mark, ...]) -> Decision:
    """Replace the marks that lie over a page."""
    change, page = _of_clerk(affair, clerk, now_ms, page_id)
    if not all(mark.is_whole for mark in marks):
        raise DeskError(ErrorCode.MALFORMED)
    if page.marks != marks:
        change.put_page(replace(page, marks=marks))
        change.note(EntryKind.PAGE_MARKED, page_id=page_id, marks=len(marks))
    return change.decision()


def answer_suggestion(
    affair: Affair, clerk: ClerkView, now_ms: int, *, page_id: str, attribute: Attribute, answer: SuggestionAnswer
) -> Decision:
    """Put on record what the clerk did with something that was read on a page."""
    change, _ = _of_clerk(affair, clerk, now_ms, page_id)
    taken = answer is SuggestionAnswer.TAKEN
    kind = EntryKind.SUGGESTION_TAKEN if taken else EntryKind.SUGGESTION_IGNORED
    change.note(kind, page_id=page_id, attribute=attribute)
    return change.decision()


def _of_clerk(affair: Affair, clerk: ClerkView, now_ms: int, page_id: str) -> tuple[Change, Page]:
    change = theirs(affair, clerk, now_ms)
    page = affair.page(page_id)
    if page is None:
        raise DeskError(ErrorCode.PAGE_UNKNOWN)
    return change, page
