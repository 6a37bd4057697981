"""The messages between booth and center, one union for each direction.

*Numbered* messages change something and arrive exactly once, in order, over any number of broken
connections (`protocol.stream`). *Fleeting* ones are worth nothing a second later and may be lost.
The center is the authority on tickets, sessions and cases; it tells the booth the whole state of its
visit each time that something changed (`VisitChanged`), so a booth that restarts goes on where it was.
"""

from typing import Annotated

from msgspec import Meta

from protocol.desk import DeskSeen, RegionWanted
from protocol.devices import DeviceKind, DeviceStatus
from protocol.errors import ErrorCode
from protocol.fields import Count, Grade, Id, ItemId, Message, Milliseconds, Personal, Sha256, Wording
from protocol.marks import Remake
from protocol.media import IceServers, MediaAnswer, MediaClosed, MediaOffer, MediaRefused, MediaReport, NetworkJudged
from protocol.records import Card, CardPhotoJpeg, FaceScore, Shown
from protocol.visit import CommandKind, ConsentPurpose, ItemSummary, Stroke, Visit

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

# --- Fleeting; more of them are in `media` and `desk` -----------------------------------------------


class Ping(Message, frozen=True, tag="ping"):
    """A heartbeat. Each side sends one a second and takes the link for dead after four seconds of silence."""

    sent_ms: Milliseconds


class Pong(Message, frozen=True, tag="pong"):
    sent_ms: Milliseconds


BoothFleeting = MediaOffer | MediaClosed | MediaReport | Ping | Pong | DeskSeen
CenterFleeting = MediaAnswer | MediaRefused | MediaClosed | RegionWanted | NetworkJudged | IceServers | Ping | Pong
