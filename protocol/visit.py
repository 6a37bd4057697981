"""The visit at one booth as the center knows it and the kiosk shows it: ticket, what is asked, form, outcome."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocol.fields import Count, FieldId, Id, ItemId, Label, Line, Message, Personal, Sha256, Wording
from protocol.states import RecordingConsent, RecordingState, SessionState, SignatureState, TicketState


class CommandKind(StrEnum):
    """What a clerk can have the booth do."""

    READ_ID_CARD = "read_id_card"
    READ_SOCIAL_SECURITY_CARD = "read_social_security_card"
    TAKE_PAGE = "take_page"
    REMAKE_PAGE = "remake_page"
    """No hands of the resident are needed: the booth still has the frame."""
    COMPARE_FACE = "compare_face"
    """The card's photo and the live face; the resident is asked first."""


class ConsentPurpose(StrEnum):
    """What a separate consent (单独同意) is for."""

    FACE_LOCAL = "face_local"


class ItemSummary(Message, frozen=True):
    """A service item (事项) as the kiosk offers it."""

    item_id: ItemId
    name: Wording
    summary: Wording
    minutes: Count
    """How long it usually takes, in minutes, for the tile on the kiosk."""
    bring: Annotated[list[Wording], Meta(max_length=20)]
    """What the resident should have with them."""


class FormLine(Personal, frozen=True):
    """One line of the form that the resident reads before signing."""

    field_id: FieldId
    label: Wording
    value: Line


class FormShown(Personal, frozen=True):
    """The form as the resident sees it. `form_sha256` names exactly this content; a signature carries it back."""

    revision: Count
    form_sha256: Sha256
    lines: Annotated[list[FormLine], Meta(max_length=60)]


class Ask(Message, frozen=True):
    """What the clerk is asking the resident to do just now: a command that waits for their hands."""

    command_id: Id
    kind: CommandKind
    material: Wording | None = None


class Outcome(StrEnum):
    """How an affair ended at the counter."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Visit(Personal, frozen=True):
    """The whole state of the visit at one booth, as the center knows it."""

    affair_id: Id
    ticket_no: Label
    item_id: ItemId
    item_name: Wording
    ticket_state: TicketState
    ahead: Count
    """How many tickets stand before this one."""
    session_state: SessionState | None = None
    clerk_name: Label | None = None
    counter: Label | None = None
    asks: Annotated[list[Ask], Meta(max_length=20)] = field(default_factory=list)
    form: FormShown | None = None
    signature: SignatureState = SignatureState.NONE
    pages: Count = 0
    outcome: Outcome | None = None
    case_no: Label | None = None
    message: Line | None = None
    """What the clerk wrote to the resident at the end, e.g. what is missing."""
    rated: bool = False
    recording_consent: RecordingConsent = RecordingConsent.NONE
    """`asked`: the kiosk tells the resident what is recorded, and takes the answer."""
    recording: RecordingState | None = None
    must_record: bool = False
    """The item can't be done from afar without a recording; who refuses it is told where else to go."""


Stroke = Annotated[list[Annotated[int, Meta(ge=0, le=4096)]], Meta(min_length=2, max_length=1000)]
"""One stroke of a signature: x0, y0, x1, y1 … in a box of 1000 by 400."""
