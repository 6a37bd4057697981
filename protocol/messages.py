"""The messages between booth and center, one union for each direction.

*Numbered* messages change something and arrive exactly once, in order, over any number of broken
connections (`protocol.stream`). *Fleeting* ones are worth nothing a second later and may be lost.
The center is the authority on tickets, sessions and cases; it tells the booth the whole state of its
visit each time that something changed (`VisitChanged`), so a booth that restarts goes on where it was.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocol.errors import ErrorCode
from protocol.fields import (
    Count,
    FieldId,
    Grade,
    Id,
    ItemId,
    Label,
    Line,
    Message,
    Milliseconds,
    Personal,
    Sdp,
    Sha256,
    Wording,
)
from protocol.marks import Remake
from protocol.pages import FlawKind
from protocol.records import Card, CardPhotoJpeg, FaceScore, Shown
from protocol.states import RecordingConsent, RecordingState, SessionState, SignatureState, TicketState

# --- Parts ---------------------------------------------------------------------------------------


class CommandKind(StrEnum):
    """What a clerk can have the booth do."""

    READ_ID_CARD = "read_id_card"
    READ_SOCIAL_SECURITY_CARD = "read_social_security_card"
    TAKE_PAGE = "take_page"
    REMAKE_PAGE = "remake_page"
    """No hands of the resident are needed: the booth still has the frame."""
    COMPARE_FACE = "compare_face"
    """The card's photo and the live face; the resident is asked first."""


class DeviceKind(StrEnum):
    ID_CARD_READER = "id_card_reader"
    SOCIAL_SECURITY_CARD_READER = "social_security_card_reader"
    DOCUMENT_CAMERA = "document_camera"
    CODE_SCANNER = "code_scanner"
    FACE_COMPARER = "face_comparer"
    """A program, not a device; in the booth because what it sees never leaves it."""


class ConsentPurpose(StrEnum):
    """What a separate consent (单独同意) is for."""

    FACE_LOCAL = "face_local"


class DeviceState(StrEnum):
    ABSENT = "absent"
    READY = "ready"
    BUSY = "busy"
    FAULTED = "faulted"


class DeviceStatus(Message, frozen=True):
    kind: DeviceKind
    state: DeviceState
    code: ErrorCode | None = None


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

# --- From the booth, numbered --------------------------------------------------------------------


class BoothReported(Message, frozen=True, tag="booth_reported"):
    """The booth's devices, at start and whenever one changes."""

    devices: Annotated[list[DeviceStatus], Meta(max_length=20)]


class TicketRequested(Personal, frozen=True, tag="ticket_requested"):
    """The resident chose an item and showed who they are. Refused with `RequestRefused`.

    `device` and `insertion` say where what was shown comes from; a code has no insertion, a lost card neither.
    `photo`: the card's, where the booth has a decoder for it; for the clerk's eye, kept nowhere.
    """

    request_id: Id
    item_id: ItemId
    shown: Shown
    device: DeviceKind | None = None
    insertion: Count | None = None
    photo: CardPhotoJpeg | None = None


class RequestWithdrawn(Message, frozen=True, tag="request_withdrawn"):
    """Stands where a request stood that the center may not have: its code waited too long, or whoever made it left.
    The booth has forgotten what it said. Answered with `RequestRefused` (`withdrawn`).
    """

    request_id: Id


class CallAnswered(Message, frozen=True, tag="call_answered"):
    """The kiosk shows the call; the resident is with the clerk."""

    affair_id: Id


class FirstFrameSeen(Message, frozen=True, tag="first_frame_seen"):
    """The first moving picture of the clerk was painted or decoded, `after_ms` after the booth heard of the call."""

    affair_id: Id
    after_ms: Milliseconds


class CardPresented(Personal, frozen=True, tag="card_presented"):
    """The answer to a command that reads a card. `took_ms` is the reading alone, from select to record. `photo`: see
    `TicketRequested`.
    """

    command_id: Id
    card: Card
    took_ms: Milliseconds
    device: DeviceKind | None = None
    insertion: Count | None = None
    photo: CardPhotoJpeg | None = None


class SeparateConsentSaid(Message, frozen=True, tag="separate_consent_said"):
    """The resident was asked by itself for this one purpose, and said yes or no."""

    affair_id: Id
    purpose: ConsentPurpose
    given: bool


class FaceCompared(Personal, frozen=True, tag="face_compared"):
    """The answer to `compare_face`; see `protocol.records.FaceAdvice`. Pictures and embeddings stay in the booth."""

    command_id: Id
    score: FaceScore
    alike: bool


class CommandHindered(Message, frozen=True, tag="command_hindered"):
    """Something went wrong that the resident can mend (`card_removed`, `card_damaged` …); the booth goes on trying."""

    command_id: Id
    code: ErrorCode


class CommandFailed(Message, frozen=True, tag="command_failed"):
    command_id: Id
    code: ErrorCode


class FormSigned(Personal, frozen=True, tag="form_signed"):
    affair_id: Id
    form_sha256: Sha256
    strokes: Annotated[list[Stroke], Meta(min_length=1, max_length=60)]


class FormDisputed(Message, frozen=True, tag="form_disputed"):
    """The resident touched "something is wrong"; the clerk and they talk it over."""

    affair_id: Id


class Rated(Message, frozen=True, tag="rated"):
    affair_id: Id
    grade: Grade


class RatingDeclined(Message, frozen=True, tag="rating_declined"):
    """No rating was given. The affair stays unrated; nothing is defaulted."""

    affair_id: Id


class RecordingConsentSaid(Message, frozen=True, tag="recording_consent_said"):
    """The resident was told that sound and picture are recorded, and agrees or not. Saying it twice is harmless."""

    affair_id: Id
    agreed: bool


class TicketAbandoned(Message, frozen=True, tag="ticket_abandoned"):
    """The resident left the queue, or the affair."""

    affair_id: Id


class VisitWiped(Message, frozen=True, tag="visit_wiped"):
    """The booth holds nothing of this resident any more."""

    affair_id: Id


BoothMessage = (
    BoothReported
    | TicketRequested
    | RequestWithdrawn
    | CallAnswered
    | FirstFrameSeen
    | CardPresented
    | SeparateConsentSaid
    | FaceCompared
    | CommandHindered
    | CommandFailed
    | FormSigned
    | FormDisputed
    | Rated
    | RatingDeclined
    | RecordingConsentSaid
    | TicketAbandoned
    | VisitWiped
)

# --- From the center, numbered -------------------------------------------------------------------


class CatalogueOffered(Message, frozen=True, tag="catalogue_offered"):
    center_name: Wording
    items: Annotated[list[ItemSummary], Meta(max_length=200)]


class VisitChanged(Personal, frozen=True, tag="visit_changed"):
    """The visit at this booth; None when there is none."""

    visit: Visit | None


class RequestRefused(Message, frozen=True, tag="request_refused"):
    request_id: Id
    code: ErrorCode


class CommandIssued(Message, frozen=True, tag="command_issued"):
    command_id: Id
    affair_id: Id
    kind: CommandKind
    deadline_s: Count
    """The booth fails the command with `timed_out` when it is not done after this many seconds."""
    remake: Remake | None = None
    """For `remake_page`."""
    more: bool = False
    """`take_page` only: take one page after another, each once, until the command is withdrawn."""


class CommandWithdrawn(Message, frozen=True, tag="command_withdrawn"):
    command_id: Id


class ShutterPressed(Message, frozen=True, tag="shutter_pressed"):
    """The clerk wants what lies there now, for the `take_page` command that runs: no check is asked."""

    command_id: Id


class PageStored(Message, frozen=True, tag="page_stored"):
    """The page, with its frame if it has one, is on the center's disk and in its journal; the booth may forget it."""

    page_id: Id


CenterMessage = (
    CatalogueOffered | VisitChanged | RequestRefused | CommandIssued | CommandWithdrawn | ShutterPressed | PageStored
)

# --- Fleeting, both ways -------------------------------------------------------------------------


class TrackName(StrEnum):
    """The tracks of a room."""

    FACE = "face"
    VOICE = "voice"
    DOCUMENT = "document"
    CLERK_FACE = "clerk_face"
    CLERK_VOICE = "clerk_voice"


class TrackDirection(StrEnum):
    """Seen from the peer that makes the offer."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class TrackOffer(Message, frozen=True):
    """Which track of the room the media section `mid` of an offer carries."""

    mid: Annotated[str, Meta(max_length=16)]
    track: TrackName
    direction: TrackDirection


FULL_SPAN = 10_000
"""A region is counted in ten-thousandths of the frame's width and height."""
LEAST_SPAN = 1_000
"""Ten times enlarged; a camera of 4000 pixels then gives 400."""


class Region(Message, frozen=True):
    """The part of the document camera's frame that its live picture shows: `span` of both width and height."""

    x: Annotated[int, Meta(ge=0, le=FULL_SPAN - LEAST_SPAN)] = 0
    y: Annotated[int, Meta(ge=0, le=FULL_SPAN - LEAST_SPAN)] = 0
    span: Annotated[int, Meta(ge=LEAST_SPAN, le=FULL_SPAN)] = FULL_SPAN


class RegionWanted(Message, frozen=True, tag="region_wanted"):
    """The clerk looks closer: show this region of the desk, at the camera's own sharpness.

    It holds until another is wanted, or the visit ends.
    """

    region: Region


class PeerKind(StrEnum):
    """Who at the booth offers a media connection: the booth process, or the kiosk's page."""

    BOOTH = "booth"
    KIOSK = "kiosk"


class MediaOffer(Message, frozen=True, tag="media_offer"):
    """A WebRTC offer. The center answers with the same `offer_id`; a new offer replaces the peer's connection."""

    offer_id: Id
    peer: PeerKind
    sdp: Sdp
    tracks: Annotated[list[TrackOffer], Meta(max_length=12)]


class MediaAnswer(Message, frozen=True, tag="media_answer"):
    offer_id: Id
    sdp: Sdp


class MediaRefused(Message, frozen=True, tag="media_refused"):
    offer_id: Id
    code: ErrorCode


class MediaClosed(Message, frozen=True, tag="media_closed"):
    """The peer's media connection is gone; it may offer again."""

    peer: PeerKind


Permille = Annotated[int, Meta(ge=0, le=1000)]
Kbps = Annotated[int, Meta(ge=0, le=10_000_000)]


class MediaFigures(Message, frozen=True):
    """How a media connection fared since the last report, seen from the peer that reports."""

    lost_in_permille: Permille
    """Of the packets that it should have got."""
    lost_out_permille: Permille
    """Of the packets that it sent, as the other side last said."""
    round_trip_ms: Annotated[int, Meta(ge=0, le=60_000)] | None
    received_kbps: Kbps
    sent_kbps: Kbps
    freezes: Count
    """How often a picture stood still for longer than its frames explain."""


class MediaReport(Message, frozen=True, tag="media_report"):
    """About every two seconds, from each media peer at a booth."""

    peer: PeerKind
    figures: MediaFigures


class NetworkGrade(StrEnum):
    """How a participant's network does, in one word; `center.core.network` judges."""

    GOOD = "good"
    SLOW = "slow"
    LOST = "lost"


class NetworkJudged(Message, frozen=True, tag="network_judged"):
    """How the session's two sides fare; for both screens, in words."""

    booth: NetworkGrade
    clerk: NetworkGrade


class IceServer(Message, frozen=True):
    """A TURN server, and what it knows the participant by for a while."""

    urls: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=8)]
    username: Annotated[str, Meta(max_length=200)]
    credential: Annotated[str, Meta(max_length=200)]

    def __repr__(self) -> str:
        return f"IceServer(urls={self.urls!r})"


class IceServers(Message, frozen=True, tag="ice_servers"):
    """The relays that a participant may use from now on, for `valid_s` seconds; newer ones come before that is over."""

    servers: Annotated[list[IceServer], Meta(max_length=4)]
    valid_s: Count


class Ping(Message, frozen=True, tag="ping"):
    """A heartbeat. Each side sends one a second and takes the link for dead after four seconds of silence."""

    sent_ms: Milliseconds


class Pong(Message, frozen=True, tag="pong"):
    sent_ms: Milliseconds


class DeskState(StrEnum):
    """What the document camera sees, as a person is told it."""

    EMPTY = "empty"
    MOVING = "moving"
    """Something lies there and is being moved."""
    STILL = "still"
    """It lies still: hold on, it is about to be taken."""
    TAKEN = "taken"
    """What lies there was taken already: turn the page, or take it away."""
    DOUBT = "doubt"
    """It lies still, but its outline is not certain: the clerk decides."""
    FLAWED = "flawed"
    """It was looked at and has a flaw: lay it again."""
    BLIND = "blind"
    """The camera does not see: `trouble` says why."""


class Outline(Message, frozen=True):
    """Corners as parts of the frame's width and height: x, y clockwise from the upper left."""

    corners: Annotated[list[Annotated[float, Meta(ge=-1, le=2)]], Meta(min_length=8, max_length=8)]


class DeskSeen(Message, frozen=True, tag="desk_seen"):
    """What the document camera sees now; each one replaces the one before. `aspect` is the frame's width over height.

    `wanted`: a page is ordered just now, `more`: one after another. `taken` counts the pages of that order, `shots` all
    that the booth has taken: when it grows, the shutter is heard.
    """

    state: DeskState
    aspect: Annotated[float, Meta(gt=0, le=10)]
    outlines: Annotated[list[Outline], Meta(max_length=8)] = field(default_factory=list)
    wanted: bool = False
    more: bool = False
    taken: Count = 0
    shots: Count = 0
    flaw: FlawKind | None = None
    trouble: ErrorCode | None = None


BoothFleeting = MediaOffer | MediaClosed | MediaReport | Ping | Pong | DeskSeen
CenterFleeting = MediaAnswer | MediaRefused | MediaClosed | RegionWanted | NetworkJudged | IceServers | Ping | Pong
