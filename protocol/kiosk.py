"""What the kiosk's page and the booth process say to each other, on loopback.

The booth sends a whole `KioskView` whenever something changed; the page draws it and sends `KioskAction`s.
The page holds no state of the visit, so reloading it, or opening it on two screens, loses nothing.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, field

from protocol.desk import DeskSeen
from protocol.devices import DeviceStatus
from protocol.errors import ErrorCode
from protocol.fields import Count, Grade, Id, ItemId, Message, Milliseconds, Personal, Sdp, Sha256, Wording
from protocol.link import read_json
from protocol.media import IceServers, MediaFigures, NetworkJudged, TrackOffer
from protocol.states import VisitState
from protocol.visit import ItemSummary, Stroke, Visit


class Activity(StrEnum):
    """What the booth's devices are doing just now, for the hint beside the picture."""

    IDLE = "idle"
    LAY_ID_CARD = "lay_id_card"
    LAY_SOCIAL_SECURITY_CARD = "lay_social_security_card"
    READING_CARD = "reading_card"
    LAY_PAGE = "lay_page"
    TAKING_PAGE = "taking_page"
    ASK_FACE = "ask_face"
    """May the card's photo be compared with the face? Answered by `FaceAgreed` or `FaceDeclined`."""
    COMPARING_FACE = "comparing_face"


class KioskView(Personal, frozen=True, tag="view"):
    """Everything that the kiosk shows."""

    state: VisitState
    link_up: bool
    """False while the booth can't reach the center: the kiosk says so, and goes on by itself."""
    booth_name: Wording
    center_name: Wording
    items: list[ItemSummary]
    devices: list[DeviceStatus]
    activity: Activity
    item_id: ItemId | None = None
    """The item chosen."""
    requesting: bool = False
    """True from the card until the ticket is there."""
    visit: Visit | None = None
    problem: ErrorCode | None = None
    """What went wrong last, in the resident's words (`kiosk.problem.<code>`); cleared by the next action."""
    leaves_at_ms: Milliseconds | None = None
    """Unix time at which this state ends by itself; the page counts down the last 15 seconds."""
    preview: bool = False
    """Whether `/preview.mjpg` shows the document camera."""


class KioskAnswer(Message, frozen=True, tag="media_answer"):
    offer_id: Id
    sdp: Sdp


class KioskOfferFailed(Message, frozen=True, tag="media_refused"):
    """Offer again a little later."""

    offer_id: Id
    code: ErrorCode | None = None
    """Why the center refused; None when it could not be reached."""


class KioskMediaClosed(Message, frozen=True, tag="media_closed"):
    """The media connection that stands is gone at the center's side. While none stands this is of the one before."""


KioskEvent = KioskView | KioskAnswer | KioskOfferFailed | KioskMediaClosed | DeskSeen | NetworkJudged | IceServers


class Touched(Message, frozen=True, tag="touched"):
    """Any touch of the welcome screen."""


class ItemChosen(Message, frozen=True, tag="item_chosen"):
    item_id: ItemId


class WentBack(Message, frozen=True, tag="went_back"):
    pass


class CardLostSaid(Message, frozen=True, tag="card_lost_said"):
    """The resident says that they have no card with them."""


class CodeScanned(Personal, frozen=True, tag="code_scanned"):
    """From a hand scanner that types like a keyboard."""

    code: Annotated[str, Meta(min_length=1, max_length=512)]


class FaceAgreed(Personal, frozen=True, tag="face_agreed"):
    """The resident consents; `picture` is a JPEG of their face, taken now, which the booth forgets when it compared."""

    picture: Annotated[bytes, Meta(max_length=170_000)]


class FaceDeclined(Message, frozen=True, tag="face_declined"):
    pass


class Signed(Personal, frozen=True, tag="signed"):
    form_sha256: Sha256
    strokes: Annotated[list[Stroke], Meta(min_length=1, max_length=60)]


class Disputed(Message, frozen=True, tag="disputed"):
    pass


class ReceiptRead(Message, frozen=True, tag="receipt_read"):
    pass


class GradeGiven(Message, frozen=True, tag="grade_given"):
    grade: Grade


class RatingSkipped(Message, frozen=True, tag="rating_skipped"):
    pass


class RecordingAnswered(Message, frozen=True, tag="recording_answered"):
    """What the resident touched under the notice that sound and picture are recorded."""

    agreed: bool


class Left(Message, frozen=True, tag="left"):
    """The resident ends the visit."""


class KioskOffer(Message, frozen=True, tag="media_offer"):
    offer_id: Id
    sdp: Sdp
    tracks: Annotated[list[TrackOffer], Meta(max_length=12)]


class KioskFirstFrame(Message, frozen=True, tag="first_frame"):
    """The clerk's picture moves on the screen, `after_ms` after the view said `called`."""

    affair_id: Id
    after_ms: Count


class KioskMediaReport(Message, frozen=True, tag="media_report"):
    """How the page's media connection fares, about every two seconds."""

    figures: MediaFigures


KioskAction = (
    Touched
    | ItemChosen
    | WentBack
    | CardLostSaid
    | CodeScanned
    | FaceAgreed
    | FaceDeclined
    | Signed
    | Disputed
    | ReceiptRead
    | GradeGiven
    | RatingSkipped
    | RecordingAnswered
    | Left
    | KioskOffer
    | KioskFirstFrame
    | KioskMediaReport
)

_actions: msgspec.json.Decoder[KioskAction] = msgspec.json.Decoder(KioskAction)


_events: msgspec.json.Decoder[KioskEvent] = msgspec.json.Decoder(KioskEvent)


def read_kiosk_event(data: str | bytes) -> KioskEvent:
    """What the booth sent to its page; raises `ProtocolError` and nothing else."""
    return read_json(_events, data)


def read_kiosk_action(data: str | bytes) -> KioskAction:
    """What the page sent; raises `ProtocolError` and nothing else."""
    return read_json(_actions, data)


# --- The device bench (simulated devices only) ---------------------------------------------------


class BenchCard(Message, frozen=True):
    """An invented card that a person can lay on a simulated reader."""

    card_id: Id
    name: Wording
    reader: str


class BenchPage(Message, frozen=True):
    page_id: Id
    name: Wording


class BenchCode(Message, frozen=True):
    """An invented person whose phone can show a fresh code."""

    code_id: Id
    name: Wording


class BenchView(Message, frozen=True):
    """`GET /bench/state`: what can be laid, and what lies there now."""

    booth_name: Wording
    cards: list[BenchCard]
    pages: list[BenchPage]
    codes: list[BenchCode] = field(default_factory=list)
    laid_card: Id | None = None
    laid_page: Id | None = None
    camera_plugged: bool = True
