"""The affair: one resident's matter, from the ticket to the rating, as the center knows it.

The aggregate is immutable; `center.core.change` makes the next one. `Decision` is what every decision of the core comes
to: the affair after it, the journal's entries, the messages for its booth, and what happens to its room.
"""

import hashlib
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import field

from center.core.item import Item
from protocol.counter import ClerkView, FieldKind, FormField, IdentitySource, RecordingFault
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.fields import Message, Personal
from protocol.marks import Mark
from protocol.messages import CenterMessage
from protocol.pages import PageAnnounced
from protocol.records import IdentityRecord
from protocol.states import (
    CaseState,
    CommandState,
    PageState,
    RecordingConsent,
    RecordingState,
    SessionState,
    SignatureState,
    TicketState,
)
from protocol.visit import CommandKind, FormLine, FormShown, Outcome

AT_COUNTER = frozenset({TicketState.CALLED, TicketState.CONNECTING, TicketState.SERVING})
"""The states in which a ticket occupies its clerk."""

LIVE = AT_COUNTER | {TicketState.WAITING, TicketState.MISSED, TicketState.HELD}
"""The states in which a ticket occupies its booth."""


class EntryKind(StrEnum):
    """What the journal says happened; `timeline.<kind>` in the message catalogue puts those of an affair into words."""

    TICKET_REQUESTED = "ticket_requested"
    TICKET_CALLED = "ticket_called"
    TICKET_RECALLED = "ticket_recalled"
    TICKET_RELEASED = "ticket_released"
    TICKET_MISSED = "ticket_missed"
    TICKET_HELD = "ticket_held"
    TICKET_RESUMED = "ticket_resumed"
    TICKET_ABANDONED = "ticket_abandoned"
    CALL_ANSWERED = "call_answered"
    PICTURE_SEEN = "picture_seen"
    PICTURE_LATE = "picture_late"
    SESSION_INTERRUPTED = "session_interrupted"
    SESSION_RESTORED = "session_restored"
    SESSION_ENDED = "session_ended"
    IDENTITY_PRESENTED = "identity_presented"
    IDENTITY_SEEN = "identity_seen"
    SEPARATE_CONSENT_GIVEN = "separate_consent_given"
    SEPARATE_CONSENT_REFUSED = "separate_consent_refused"
    FACE_COMPARED = "face_compared"
    COMMAND_ISSUED = "command_issued"
    COMMAND_HINDERED = "command_hindered"
    COMMAND_DONE = "command_done"
    COMMAND_FAILED = "command_failed"
    SHUTTER_PRESSED = "shutter_pressed"
    COMMAND_WITHDRAWN = "command_withdrawn"
    PAGE_ANNOUNCED = "page_announced"
    PAGE_LIGHT_STORED = "page_light_stored"
    PAGE_STORED = "page_stored"
    PAGE_FRAME_STORED = "page_frame_stored"
    PAGE_FILED = "page_filed"
    PAGE_MOVED = "page_moved"
    PAGE_TURNED = "page_turned"
    PAGE_MARKED = "page_marked"
    PAGE_REPLACED = "page_replaced"
    PAGES_EXPORTED = "pages_exported"
    PAGE_READ = "page_read"
    PAGE_UNREAD = "page_unread"
    SUGGESTION_TAKEN = "suggestion_taken"
    SUGGESTION_IGNORED = "suggestion_ignored"
    FORM_CHANGED = "form_changed"
    SIGNATURE_ASKED = "signature_asked"
    FORM_SIGNED = "form_signed"
    FORM_DISPUTED = "form_disputed"
    CASE_RECEIVED = "case_received"
    CASE_ACCEPTED = "case_accepted"
    CASE_REFUSED = "case_refused"
    CASE_WITHDRAWN = "case_withdrawn"
    AFFAIR_FINISHED = "affair_finished"
    RATED = "rated"
    RATING_DECLINED = "rating_declined"
    UNRATED = "unrated"
    VISIT_CLOSED = "visit_closed"
    RECORDING_AGREED = "recording_agreed"
    RECORDING_REFUSED = "recording_refused"
    RECORDING_REQUESTED = "recording_requested"
    RECORDING_BEGUN = "recording_begun"
    RECORDING_SEGMENT = "recording_segment"
    RECORDING_STALLED = "recording_stalled"
    RECORDING_RECOVERED = "recording_recovered"
    RECORDING_SEALED = "recording_sealed"
    RECORDING_FAILED = "recording_failed"
    RECORDING_EXPORTED = "recording_exported"
    RECORDING_DELETED = "recording_deleted"
    MESSAGE_REFUSED = "message_refused"

    REQUEST_REFUSED = "request_refused"
    CODE_REDEEMED = "code_redeemed"
    ENROLMENT_ISSUED = "enrolment_issued"
    BOOTH_ENROLLED = "booth_enrolled"
    BOOTH_LINKED = "booth_linked"
    BOOTH_UNLINKED = "booth_unlinked"
    BOOTH_REPORTED = "booth_reported"
    CLERK_ADDED = "clerk_added"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOG_IN_FAILED = "log_in_failed"


class Ticket(Message, frozen=True):
    """`place` orders the queue and never changes, so a released or recalled ticket stands where it stood."""

    ticket_no: str
    request_id: str
    booth_id: str
    place: int
    state: TicketState
    state_since_ms: int
    requested_at_ms: int
    called_at_ms: int | None = None
    clerk: ClerkView | None = None


class Session(Message, frozen=True):
    """The `n`-th time that booth and counter are joined for this affair. `down` names what hinders it just now:
    `link`, `hold`, or a media participant."""

    n: int
    state: SessionState
    answered_at_ms: int
    booth_saw_after_ms: int | None = None
    clerk_saw_after_ms: int | None = None
    down: tuple[str, ...] = ()


class Command(Message, frozen=True):
    """`code`: why it failed; while it is `issued`, what hinders it. `more`: pages one after another."""

    command_id: str
    kind: CommandKind
    state: CommandState
    issued_at_ms: int
    material_id: str | None = None
    code: ErrorCode | None = None
    replaces: str | None = None
    """The page in whose place this command's page comes."""
    more: bool = False


class Page(Personal, frozen=True):
    """The light version may come after the full one, and the frame does, so they are not part of the page's state.

    `session` is the session's `n`, 0 when none was up. Turn and marks are the clerk's, over an image that stays as it
    is; `replaced_by` names the page that stands in this one's place, which is kept as evidence and counts no more.
    """

    announced: PageAnnounced
    state: PageState
    taken_n: int = 1
    """Counts the affair's pages in the order in which they were taken, whatever order the clerk gives them."""
    material_id: str | None = None
    has_light: bool = False
    session: int = 0
    previous_sha256: str | None = None
    turn: int = 0
    marks: tuple[Mark, ...] = ()
    replaced_by: str | None = None
    has_frame: bool = False


class Identity(Personal, frozen=True):
    """Who the resident is, with its provenance: by what, when, at which booth's device, of which insertion.

    `device` and `insertion` are None where there is none: the clerk's eye, a code, a booth that does not say.
    """

    source: IdentitySource
    at_ms: int
    card: IdentityRecord | None = None
    booth_id: str | None = None
    device: DeviceKind | None = None
    insertion: int | None = None


class Recording(Message, frozen=True):
    """The `n`-th recording of the affair: a session's, or its part between two holds.

    `ended_at_ms`: when nothing more was to be recorded; it is `sealed` once the last of it is on the disk.
    """

    recording_id: str
    n: int
    state: RecordingState
    requested_at_ms: int
    began_at_ms: int | None = None
    ended_at_ms: int | None = None
    fault: RecordingFault | None = None


class Signature(Personal, frozen=True):
    state: SignatureState = SignatureState.NONE
    form_sha256: str | None = None
    strokes: tuple[list[int], ...] = ()
    signed_at_ms: int | None = None


class Case(Personal, frozen=True):
    state: CaseState = CaseState.DRAFT
    case_no: str | None = None
    form: dict[str, str] = field(default_factory=dict)
    revision: int = 0
    signature: Signature = Signature()
    outcome: Outcome | None = None
    message: str | None = None
    grade: int | None = None


class Affair(Personal, frozen=True):
    """`visit_open`: the booth still shows this visit."""

    affair_id: str
    item: Item
    ticket: Ticket
    session: Session | None = None
    case: Case = Case()
    commands: tuple[Command, ...] = ()
    pages: tuple[Page, ...] = ()
    identities: tuple[Identity, ...] = ()
    visit_open: bool = True
    recording_consent: RecordingConsent = RecordingConsent.NONE
    recordings: tuple[Recording, ...] = ()

    @property
    def participants(self) -> tuple[str, ...]:
        """Who takes part in this affair's room (`center.media.interface`)."""
        booth_id, clerk = self.ticket.booth_id, self.ticket.clerk
        return (f"booth:{booth_id}", f"kiosk:{booth_id}", *((f"clerk:{clerk.clerk_id}",) if clerk else ()))

    def command(self, command_id: str) -> Command | None:
        return next((each for each in self.commands if each.command_id == command_id), None)

    def page(self, page_id: str) -> Page | None:
        return next((each for each in self.pages if each.announced.page_id == page_id), None)

    def recording(self, recording_id: str) -> Recording | None:
        return next((each for each in self.recordings if each.recording_id == recording_id), None)

    def missing_fields(self) -> list[str]:
        """The required fields that hold nothing, in the form's order."""
        form = self.case.form
        return [f.field_id for f in self.item.fields if f.required and not form.get(f.field_id, "").strip()]

    def missing_materials(self) -> list[str]:
        """The required materials without a page that is stored in full and filed under them."""
        there = {page.material_id for page in self.standing_pages() if page.state is PageState.STORED}
        return [m.material_id for m in self.item.materials if m.required and m.material_id not in there]

    def standing_pages(self) -> list[Page]:
        """The pages that no other one replaces, in the clerk's order."""
        return [page for page in self.pages if page.replaced_by is None]

    def form_shown(self) -> FormShown:
        """The newest form as the resident reads and signs it."""
        form = self.case.form
        lines = [
            FormLine(field_id=f.field_id, label=f.label, value=_in_words(f, form.get(f.field_id, "")))
            for f in self.item.fields
        ]
        content = (self.affair_id, self.item.item_id, self.item.version, self.case.revision, lines)
        digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
        return FormShown(revision=self.case.revision, form_sha256=digest, lines=lines)

    def is_signed(self) -> bool:
        """Whether the resident signed exactly the newest form."""
        signature = self.case.signature
        return signature.state is SignatureState.SIGNED and signature.form_sha256 == self.form_shown().form_sha256


def _in_words(field: FormField, value: str) -> str:
    """What a resident reads for a value: a choice's name rather than its code."""
    if field.kind is FieldKind.CHOICE:
        return next((choice.name.zh for choice in field.choices if choice.value == value), value)
    return value


class Entry(Message, frozen=True):
    """One journal entry to be. Its payload: ids, codes, hashes and durations, never names, numbers or form values."""

    kind: EntryKind
    payload: dict[str, Any] = field(default_factory=dict)


class Join(Message, frozen=True):
    """Bring the affair's participants together in its room."""

    room: str
    participants: tuple[str, ...]


class Close(Message, frozen=True):
    room: str


class StartRecording(Message, frozen=True):
    recording_id: str
    room: str


class StopRecording(Message, frozen=True):
    recording_id: str


RoomEffect = Join | Close | StartRecording | StopRecording


class Decision(Personal, frozen=True):
    affair: Affair
    entries: tuple[Entry, ...] = ()
    messages: tuple[CenterMessage, ...] = ()
    rooms: tuple[RoomEffect, ...] = ()
