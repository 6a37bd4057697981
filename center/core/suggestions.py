"""What was read on a page, as an offer to the clerk: which field of the form each value could go into."""

from collections.abc import Mapping, Sequence

from center.core.affair import LIVE, Affair, Identity, Page
from center.core.item import Item
from protocol.counter import FieldKind, FormField
from protocol.fields import Message, Personal
from protocol.reading import Attribute, FieldRead, PageKind
from protocol.states import PageState
from protocol.suggestions import ReadingState, ReadingView, Suggestion, SuggestionAnswer


class Read(Personal, frozen=True):
    """What a page shows, without its whole text: small enough for every view."""

    kind: PageKind
    quarter_turns: int
    width_px: int
    height_px: int
    fields: list[FieldRead]


class Reading(Message, frozen=True):
    """What came of reading a page; `read` is None when it could not be read. `answers`: what the clerk did with it."""

    read: Read | None
    answers: dict[Attribute, SuggestionAnswer]


_COMPARED = {
    Attribute.NAME: "name",
    Attribute.NUMBER: "number",
    Attribute.BIRTH_DATE: "birth_date",
    Attribute.SEX: "sex",
}
"""What is compared with a card that the booth's reader took from the chip."""


def reading_view(affair: Affair, page: Page, reading: Reading | None, reader_there: bool) -> ReadingView:
    """`reader_there`: somebody reads pages, as far as is known."""
    if reading is None:
        awaited = reader_there and affair.ticket.state in LIVE and page.state is PageState.STORED
        return ReadingView(ReadingState.PENDING if awaited else ReadingState.UNREAD)
    read = reading.read
    if read is None:
        return ReadingView(ReadingState.UNREAD)
    offers = suggestions(affair, read.fields, reading.answers)
    return ReadingView(ReadingState.READ, read.kind, read.quarter_turns, offers)


def suggestions(
    affair: Affair, fields: Sequence[FieldRead], answers: Mapping[Attribute, SuggestionAnswer]
) -> list[Suggestion]:
    return [
        Suggestion(
            attribute=each.attribute,
            value=each.value,
            box=each.box,
            doubts=each.doubts,
            field_id=field_for(affair.item, each),
            differs_from_card=_differs(affair.identities, each),
            answer=answers.get(each.attribute),
        )
        for each in fields
    ]


def field_for(item: Item, read: FieldRead) -> str | None:
    """The form's field that the value fits; None when the form doesn't ask for it."""
    return next((field.field_id for field in item.fields if _takes(field, read)), None)


def _takes(field: FormField, read: FieldRead) -> bool:
    if read.attribute is Attribute.PHONE:
        return field.kind is FieldKind.PHONE
    if field.fill_from != read.attribute:
        return False
    return field.kind is not FieldKind.CHOICE or read.value in [choice.value for choice in field.choices]


def _differs(identities: Sequence[Identity], read: FieldRead) -> bool:
    """Whether a card that was read electronically says something else."""
    name = _COMPARED.get(read.attribute)
    values = [getattr(each.card, name, None) for each in identities if each.card is not None] if name else []
    return any(value is not None and str(value) != read.value for value in values)
