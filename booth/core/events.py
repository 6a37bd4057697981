"""What the visit machine is told, and what it wants done: plain data, no I/O.

The shell (`booth.process`) turns what happens into an `Event`, hands it to `booth.core.visit.VisitCore.handle` with the
time, and performs the `Effect`s that come back, in order.
"""

from dataclasses import dataclass

from protocol.devices import DeviceKind, DeviceStatus
from protocol.errors import ErrorCode
from protocol.kiosk import (
    CardLostSaid,
    CodeScanned,
    Disputed,
    FaceAgreed,
    FaceDeclined,
    GradeGiven,
    ItemChosen,
    KioskFirstFrame,
    Left,
    RatingSkipped,
    ReceiptRead,
    RecordingAnswered,
    Signed,
    Touched,
    WentBack,
)
from protocol.marks import Remake
from protocol.messages import BoothMessage, CenterMessage
from protocol.records import Card

VisitAction = (
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
    | KioskFirstFrame
)
"""What a page can say about the visit; its media offers go past the core."""


@dataclass(frozen=True, slots=True)
class Acted:
    """The resident did something on a page."""

    action: VisitAction


@dataclass(frozen=True, slots=True)
class CenterSaid:
    """A numbered message of the center, each exactly once and in order."""

    message: CenterMessage


@dataclass(frozen=True, slots=True)
class LinkChanged:
    up: bool


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """A new stream to the center begins.

    What was sent before and not acknowledged is lost; the center says everything afresh.
    """


@dataclass(frozen=True, slots=True)
class Attended:
    """Whether somebody can see a call: a kiosk page is open, or the booth runs by itself (robot, test)."""

    here: bool


@dataclass(frozen=True, slots=True)
class ClerkSeen:
    """The booth process itself decoded a moving picture of the clerk."""


@dataclass(frozen=True, slots=True)
class CardLaid:
    reader: DeviceKind
    insertion: int


@dataclass(frozen=True, slots=True)
class CardLifted:
    reader: DeviceKind
    insertion: int


@dataclass(frozen=True, slots=True, repr=False)
class CardWasRead:
    reader: DeviceKind
    insertion: int
    card: Card
    took_ms: int
    photo: bytes | None = None
    """The card's, as a JPEG."""


@dataclass(frozen=True, slots=True)
class CardNotRead:
    reader: DeviceKind
    insertion: int
    code: ErrorCode


@dataclass(frozen=True, slots=True, repr=False)
class CodeRead:
    """A device of the booth saw a code."""

    device: DeviceKind
    code: str


@dataclass(frozen=True, slots=True)
class FacesCompared:
    command_id: str
    score: int
    alike: bool


@dataclass(frozen=True, slots=True)
class FacesNotCompared:
    command_id: str
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class PageKept:
    """The page of this command is safe in the outbox."""

    command_id: str


@dataclass(frozen=True, slots=True)
class PageHindered:
    """What stands between this command and its page, for the resident to mend; None: nothing does any more."""

    command_id: str
    code: ErrorCode | None


@dataclass(frozen=True, slots=True)
class PageNotTaken:
    command_id: str
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    status: DeviceStatus


@dataclass(frozen=True, slots=True)
class Wiped:
    """The shell holds nothing of the visit any more."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A deadline may have come."""


Event = (
    Acted
    | CenterSaid
    | LinkChanged
    | EpochBegan
    | Attended
    | ClerkSeen
    | CardLaid
    | CardLifted
    | CardWasRead
    | CardNotRead
    | CodeRead
    | FacesCompared
    | FacesNotCompared
    | PageKept
    | PageHindered
    | PageNotTaken
    | DeviceChanged
    | Wiped
    | TimePassed
)


@dataclass(frozen=True, slots=True)
class Send:
    """Send this numbered message to the center."""

    message: BoothMessage


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Forget this request, which the center may not have yet; answered by a refusal, or by its visit after all."""

    request_id: str


@dataclass(frozen=True, slots=True)
class ReadCard:
    """Read the card of this insertion; answered by `CardWasRead` or `CardNotRead`."""

    reader: DeviceKind
    insertion: int


@dataclass(frozen=True, slots=True, repr=False)
class CompareFaces:
    """Compare two JPEGs here; answered by `FacesCompared` or `FacesNotCompared`."""

    command_id: str
    photo: bytes
    picture: bytes


@dataclass(frozen=True, slots=True)
class StopComparing:
    """Nobody wants to know any more; no answer is awaited."""


@dataclass(frozen=True, slots=True)
class TakePage:
    """Take a page when it lies still, and keep it in the outbox; answered by `PageKept` or `PageNotTaken`.

    With `more` a `PageKept` comes for each of any number of pages, until `StopTaking`.
    """

    command_id: str
    affair_id: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class RemakePage:
    """Make a page of this visit again out of its frame; answered by `PageKept` or `PageNotTaken`."""

    command_id: str
    affair_id: str
    remake: Remake


@dataclass(frozen=True, slots=True)
class PressShutter:
    """Take what lies there now, for the command that runs."""

    command_id: str


@dataclass(frozen=True, slots=True)
class WatchDesk:
    """Look at the desk from now on though no page is ordered, and show what is seen; or don't."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class StopTaking:
    """Nobody wants this command's page any more; no answer is awaited."""

    command_id: str


@dataclass(frozen=True, slots=True)
class Wipe:
    """Stop what the devices do and drop everything of the visit.

    Answered by `Wiped`; asked again when the answer stays away.
    """


@dataclass(frozen=True, slots=True)
class WatchCodes:
    """Look for codes from now on, or don't; answered by a `CodeRead` for each."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """`VisitCore.view()` is another one now."""


Effect = (
    Send
    | Withdraw
    | ReadCard
    | TakePage
    | RemakePage
    | PressShutter
    | StopTaking
    | CompareFaces
    | StopComparing
    | WatchDesk
    | WatchCodes
    | Wipe
    | ViewChanged
)
