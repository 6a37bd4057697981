"""What was read on a page, as the counter's page shows it, and what the clerk does with it."""

from enum import StrEnum

from msgspec import field

from protocol.fields import Count, FieldId, Line, Message, Personal
from protocol.reading import Attribute, Doubt, PageKind, TextBox


class ReadingState(StrEnum):
    """What became of reading a page. `unread`: it can't be read, or nobody is there who could."""

    PENDING = "pending"
    READ = "read"
    UNREAD = "unread"


class SuggestionAnswer(StrEnum):
    TAKEN = "taken"
    IGNORED = "ignored"


class Suggestion(Personal, frozen=True):
    """A value that was read on a page, beside where it stands; the clerk takes it into the form, or does not.

    `field_id`: the form's field that it fits. Without doubts it is certain; with them it must be compared by eye.
    """

    attribute: Attribute
    value: Line
    box: TextBox
    doubts: list[Doubt]
    field_id: FieldId | None
    differs_from_card: bool
    """A card that the booth's reader took from the chip says otherwise."""
    answer: SuggestionAnswer | None = None


class ReadingView(Personal, frozen=True):
    """`quarter_turns`: so often must the page be turned clockwise by 90 degrees to stand upright."""

    state: ReadingState
    kind: PageKind | None = None
    quarter_turns: Count = 0
    suggestions: list[Suggestion] = field(default_factory=list)


class SuggestionAnswered(Message, frozen=True):
    """`POST /api/affairs/{affair_id}/pages/{page_id}/suggestions`: what the clerk did with one. The form itself is
    changed by `FormChanged` alone."""

    attribute: Attribute
    answer: SuggestionAnswer
