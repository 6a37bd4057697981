"""What the counter's page and the center say to each other.

The center pushes a whole `CounterView` over `/api/feed` at each journal position at which something changed for
this clerk; a page that reconnects gets the newest one, so it never has to ask what it missed. What the
clerk does goes as one HTTP request each, answered by 204 or by an `ErrorReply`.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocol.desk import DeskSeen
from protocol.devices import DeviceKind, DeviceStatus
from protocol.errors import ErrorCode
from protocol.fields import (
    BoothId,
    Count,
    FieldId,
    Id,
    Label,
    Line,
    Message,
    Milliseconds,
    Number,
    Personal,
    Sdp,
    Sha256,
    Wording,
)
from protocol.marks import MOST_MARKS, Corners, Mark, Quarters
from protocol.media import MediaFigures, NetworkJudged, TrackOffer
from protocol.pages import Flaw
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
from protocol.suggestions import ReadingState, ReadingView
from protocol.visit import CommandKind, Outcome, Stroke


class IdentitySource(StrEnum):
    """身份核验: by what the resident was identified."""

    ID_CARD = "id_card"
    RESIDENCE_PERMIT = "residence_permit"
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"
    SOCIAL_SECURITY_CARD = "social_security_card"
    SUISHEN_CODE = "suishen_code"
    CLERK_VISUAL = "clerk_visual"
    FACE_LOCAL = "face_local"
    """A comparison in the booth, after separate consent: advice."""


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    PHONE = "phone"
    DATE = "date"
    CHOICE = "choice"


class Choice(Message, frozen=True):
    value: Label
    name: Wording


class FormField(Message, frozen=True):
    """One field of an item's form. `fill_from` names the card's attribute that fills it, e.g. `name`."""

    field_id: FieldId
    label: Wording
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    choices: list[Choice] = field(default_factory=list)
    fill_from: Label | None = None
    default: Line = ""


class MaterialRequirement(Message, frozen=True):
    """材料清单, one line: a material that the item needs."""

    material_id: FieldId
    name: Wording
    required: bool = True
    note: Wording | None = None


class ItemView(Message, frozen=True):
    item_id: str
    version: str
    name: Wording
    guide: list[Wording]
    """What the clerk does, step by step."""
    fields: list[FormField]
    materials: list[MaterialRequirement]


class TicketRow(Message, frozen=True):
    """A waiting, missed or held ticket, in the order in which it will be called."""

    affair_id: Id
    ticket_no: Label
    state: TicketState
    item_name: Wording
    booth_id: BoothId
    booth_name: Wording
    booth_online: bool
    waiting_since_ms: Milliseconds


class BoothRow(Message, frozen=True):
    booth_id: BoothId
    name: Wording
    address: Wording
    online: bool
    devices: list[DeviceStatus]


class IdentityView(Personal, frozen=True):
    """One proof of who the resident is, and where it comes from: the booth, its device, the insertion of the card.

    `photo`: `/api/affairs/{affair_id}/identity/{source}/photo` has the card's, while this run of the center lasts.
    """

    source: IdentitySource
    at_ms: Milliseconds
    card: IdentityRecord | None = None
    booth_id: BoothId | None = None
    device: DeviceKind | None = None
    insertion: Count | None = None
    photo: bool = False


class CommandView(Message, frozen=True):
    command_id: Id
    kind: CommandKind
    state: CommandState
    issued_at_ms: Milliseconds
    material_id: FieldId | None = None
    code: ErrorCode | None = None
    """Why it failed; while it is `issued`, what hinders it."""
    more: bool = False


class PageView(Personal, frozen=True):
    """`/api/pages/{page_id}/light` and `…/full` serve the images, once the state says that they are there."""

    page_id: Id
    state: PageState
    material_id: FieldId | None
    width_px: Count
    height_px: Count
    size_bytes: Number
    received_bytes: Number
    sha256: Sha256
    taken_at_ms: Milliseconds
    flat: bool
    device: Label
    session: Count
    """The session (`n`) in which it was taken; 0 when none was up."""
    previous_sha256: Sha256 | None
    """Of the page that was taken before it in this affair."""
    turn: Quarters = 0
    marks: list[Mark] = field(default_factory=list)
    replaced_by: Id | None = None
    """The page that stands in its place: taken again, or with corners that were adjusted. This one is kept."""
    size: Label | None = None
    seen_dpi: Count = 0
    turned: Count = 0
    upright: bool = False
    """Whether which way up it belongs was certain."""
    flaws: list[Flaw] = field(default_factory=list)
    has_frame: bool = False
    """Whether the untouched frame is stored too (`…/frame`)."""
    corners: Corners | None = None
    """Where the page was found in the frame."""
    reading: ReadingView = ReadingView(ReadingState.UNREAD)


class SignatureView(Personal, frozen=True):
    state: SignatureState
    strokes: list[Stroke] = field(default_factory=list)
    signed_at_ms: Milliseconds | None = None


class RecordingFault(StrEnum):
    """Why a recording stalled or failed; `counter.recording.fault.<fault>` puts it into words."""

    NO_PACKETS = "no_packets"
    DISK_FULL = "disk_full"
    DISK_FAILED = "disk_failed"
    WRITER_SLOW = "writer_slow"
    FORWARDER_LOST = "forwarder_lost"
    NOTHING_RECORDED = "nothing_recorded"


class RecordingView(Message, frozen=True):
    """The affair's newest recording. `since_ms`: when its first packets came; `fault`: while it stalls or failed."""

    state: RecordingState
    since_ms: Milliseconds | None = None
    fault: RecordingFault | None = None


class TimelineRow(Message, frozen=True):
    """One journal entry of the affair, as the clerk sees it: `timeline.<kind>` in the message catalogue."""

    at_ms: Milliseconds
    kind: Label


class AffairView(Personal, frozen=True):
    """Everything about the affair that the clerk is doing."""

    affair_id: Id
    ticket_no: Label
    ticket_state: TicketState
    session_state: SessionState | None
    case_state: CaseState
    case_no: Label | None
    booth: BoothRow
    item: ItemView
    called_at_ms: Milliseconds | None
    booth_first_frame_ms: Count | None
    """From the booth's hearing of the call to the clerk's first moving picture there."""
    identities: list[IdentityView]
    commands: list[CommandView]
    pages: list[PageView]
    form: dict[str, str]
    form_revision: Count
    missing_fields: list[FieldId]
    missing_materials: list[FieldId]
    signature: SignatureView
    outcome: Outcome | None
    timeline: list[TimelineRow]
    recording_consent: RecordingConsent = RecordingConsent.NONE
    recording: RecordingView | None = None


class ClerkView(Message, frozen=True):
    clerk_id: Id
    name: Label
    role: Label
    counter: Label


class CounterView(Personal, frozen=True, tag="view"):
    """Everything that the counter's page shows; `position` is the journal position that it stands for."""

    position: Number
    center_name: Wording
    clerk: ClerkView
    waiting: list[TicketRow]
    missed: list[TicketRow]
    booths: list[BoothRow]
    affair: AffairView | None
    finished_today: Count


class CounterBeat(Message, frozen=True, tag="beat"):
    """A page's sign of life on its feed, once a second; sometimes with how its media connection fares."""

    figures: MediaFigures | None = None


class CenterBeat(Message, frozen=True, tag="beat"):
    """The feed's answer to each beat, between the views: the center lives, and the session's networks do so."""

    network: NetworkJudged


CounterEvent = CounterView | DeskSeen | CenterBeat
"""What comes on the feed: views, and between them answers to beats, and what the affair's document camera sees."""


class ErrorReply(Message, frozen=True):
    """The body of every 4xx and 5xx answer under `/api`."""

    code: ErrorCode


class LogIn(Personal, frozen=True):
    """`POST /api/login`"""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


class CommandWanted(Message, frozen=True):
    """`POST /api/affairs/{affair_id}/commands`; a page may say for which material it is, and which page it replaces."""

    kind: CommandKind
    material_id: FieldId | None = None
    replaces: Id | None = None
    more: bool = False
    """`take_page`: one page after another, until the clerk withdraws the command."""


class FormChanged(Personal, frozen=True):
    """`PUT /api/affairs/{affair_id}/form`; refused with `stale_revision` unless `revision` is the newest one."""

    revision: Count
    values: Annotated[dict[FieldId, Line], Meta(max_length=60)]


class PageFiled(Message, frozen=True):
    """`POST /api/affairs/{affair_id}/pages/{page_id}/material`: which material the page belongs to."""

    material_id: FieldId | None


class PageMoved(Message, frozen=True):
    """`POST …/pages/{page_id}/place`: the page comes before another one, or last."""

    before: Id | None


class PageTurned(Message, frozen=True):
    """`POST …/pages/{page_id}/turn`: how it is shown, in quarter turns from how it was taken."""

    quarters: Quarters


class PageMarked(Personal, frozen=True):
    """`PUT …/pages/{page_id}/marks`: all marks of the page."""

    marks: Annotated[list[Mark], Meta(max_length=MOST_MARKS)]


class PageAdjusted(Message, frozen=True):
    """`POST …/pages/{page_id}/corners`: where the page's corners are in its frame; answered by `{"command_id"}`."""

    corners: Corners


class FinishWanted(Personal, frozen=True):
    """`POST /api/affairs/{affair_id}/finish`"""

    outcome: Outcome
    message: Line = ""


class ClerkOffer(Message, frozen=True):
    """`POST /api/media`, answered by `ClerkAnswer`; a new offer of the same clerk replaces the older connection."""

    sdp: Sdp
    tracks: Annotated[list[TrackOffer], Meta(max_length=12)]


class ClerkAnswer(Message, frozen=True):
    sdp: Sdp


class ClerkFirstFrame(Message, frozen=True):
    """`POST /api/affairs/{affair_id}/first-frame`: the resident's picture moves, `after_ms` after "take"."""

    after_ms: Count
