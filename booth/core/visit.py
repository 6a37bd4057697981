"""The visit at one booth: what the kiosk shows, and what follows from all that happens. Pure.

    welcome → choose → identify → wait → serve ⇄ sign
       ▲          └───────┴────────┴──────┤ finished
       └── wipe ◀── rate ◀── receipt ◀────┘

Up to the ticket the booth decides by itself (`protocol.states.VISIT`); from the ticket to the end of the affair it
follows the center's snapshots; receipt, rating and wiping are its own again. Every state but `welcome` ends by a
deadline or waits for the center. A snapshot may stand for several steps at once (a booth that was restarted, a link
that was down): `booth.core.route` finds the events that lead there, and each of them goes through the table.

What must never happen is that one resident meets another's data. So a card that lay on a reader when a visit was
wiped is not read until it was lifted, and a ticket that arrives for somebody who left is given back, not shown.
"""

from collections.abc import Callable, Iterable

from booth.core.call import Call
from booth.core.cards import READERS, Cards
from booth.core.events import (
    Acted,
    Attended,
    CardLaid,
    CardLifted,
    CardNotRead,
    CardWasRead,
    CenterSaid,
    ClerkSeen,
    CodeRead,
    DeviceChanged,
    Effect,
    EpochBegan,
    Event,
    FacesCompared,
    FacesNotCompared,
    LinkChanged,
    PageHindered,
    PageKept,
    PageNotTaken,
    ReadCard,
    Send,
    TimePassed,
    ViewChanged,
    VisitAction,
    WatchCodes,
    WatchDesk,
    Wipe,
    Wiped,
    Withdraw,
)
from booth.core.faces import Faces
from booth.core.orders import Orders
from booth.core.past import Past
from booth.core.request import TicketRequest
from booth.core.route import route, state_of
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.fields import Wording
from protocol.kiosk import (
    Activity,
    CardLostSaid,
    CodeScanned,
    Disputed,
    FaceAgreed,
    FaceDeclined,
    GradeGiven,
    ItemChosen,
    KioskFirstFrame,
    KioskView,
    Left,
    RatingSkipped,
    ReceiptRead,
    RecordingAnswered,
    Signed,
    Touched,
    WentBack,
)
from protocol.messages import (
    BoothMessage,
    BoothReported,
    CallAnswered,
    CatalogueOffered,
    CenterMessage,
    CommandFailed,
    CommandIssued,
    CommandWithdrawn,
    FirstFrameSeen,
    FormDisputed,
    FormSigned,
    PageStored,
    Rated,
    RatingDeclined,
    RecordingConsentSaid,
    RequestRefused,
    ShutterPressed,
    TicketAbandoned,
    TicketRequested,
    VisitChanged,
    VisitWiped,
)
from protocol.records import CardLost, CodeShown, Shown
from protocol.states import VISIT, TicketState, VisitEvent, VisitState
from protocol.visit import CommandKind, Visit

RECEIPT_MS = 60_000
"""An old person reads the outcome, and perhaps writes the number down; any touch gives as long again."""
RATE_MS = 60_000
WIPE_MS = 5_000
"""Wiping is asked for again after this long; the booth never says that it wiped before it did."""

_OPTIONAL = (DeviceKind.CODE_SCANNER, DeviceKind.FACE_COMPARER)
_WITH_CENTER = (VisitState.WAIT, VisitState.SERVE, VisitState.SIGN)
_ENDING = (VisitState.RECEIPT, VisitState.RATE, VisitState.WIPE)


class VisitCore:
    """One booth's visit after another. `handle` is the only way in, `view` the only way out beside the effects.

    `fitted` are the devices that the booth has by configuration; `new_id` makes an unguessable id.
    """

    def __init__(
        self,
        booth_name: Wording,
        fitted: Iterable[DeviceKind],
        *,
        idle_s: int = 60,
        new_id: Callable[[], str],
    ) -> None:
        self._booth_name = booth_name
        self._fitted = frozenset(fitted)
        self._idle_ms = idle_s * 1000
        self._new_id = new_id
        # Of the booth
        self._link_up = False
        self._attended = False
        self._center_name = Wording(zh="", en="")
        self._catalogue: CatalogueOffered | None = None
        # A booth does without these, so only one that should be there is missed.
        self._devices = {
            kind: DeviceStatus(kind, DeviceState.ABSENT)
            for kind in DeviceKind
            if kind not in _OPTIONAL or kind in self._fitted
        }
        self._cards = Cards()
        self._orders = Orders(self._cards, self._fitted)
        self._faces = Faces(DeviceKind.FACE_COMPARER in self._fitted)
        # Of the visit
        self._state = VISIT.initial
        self._ends_at_ms: int | None = None
        self._item_id: str | None = None
        self._request: TicketRequest | None = None
        self._visit: Visit | None = None
        self._next: Visit | None = None
        self._problem: ErrorCode | None = None
        self._call = Call()
        self._signed_sha256: str | None = None
        self._wiping: str | None = None
        self._past = Past()
        self._watching = self._looking = False
        self._shown = self.view()

    def __repr__(self) -> str:
        return f"VisitCore(state={self._state!r})"

    @property
    def state(self) -> VisitState:
        return self._state

    def view(self) -> KioskView:
        """Everything that the pages show now."""
        camera = self._devices[DeviceKind.DOCUMENT_CAMERA].state
        reading = self._state is VisitState.IDENTIFY and self._cards.any_reading
        return KioskView(
            state=self._state,
            link_up=self._link_up,
            booth_name=self._booth_name,
            center_name=self._center_name,
            items=list(self._catalogue.items) if self._catalogue else [],
            devices=list(self._devices.values()),
            activity=Activity.READING_CARD if reading else self._faces.activity() or self._orders.activity(),
            item_id=self._item_id,
            requesting=self._request is not None,
            visit=self._visit,
            problem=self._problem or self._orders.problem(),
            leaves_at_ms=None if self._state is VisitState.WIPE else self._ends_at_ms,
            preview=camera in (DeviceState.READY, DeviceState.BUSY),
        )

    def deadline_ms(self) -> int | None:
        """When `TimePassed` is due next (Unix time, ms); None when nothing is awaited."""
        code_ends_at_ms = self._request.code_ends_at_ms if self._request else None
        moments = (self._ends_at_ms, code_ends_at_ms, self._orders.deadline_ms(), self._faces.deadline_ms())
        return min((moment for moment in moments if moment is not None), default=None)

    def handle(self, event: Event, now_ms: int) -> list[Effect]:
        """What follows from `event`; never raises, whatever comes in whatever state."""
        effects = self._handle(event, now_ms)
        wanted = self._state is VisitState.IDENTIFY and self._request is None
        if wanted != self._watching:
            self._watching = wanted
            effects.append(WatchCodes(wanted))
        with_clerk = self._state is VisitState.SERVE
        if with_clerk != self._looking:
            self._looking = with_clerk
            effects.append(WatchDesk(with_clerk))
        view = self.view()
        if view != self._shown:
            self._shown = view
            effects.append(ViewChanged())
        return effects

    def _handle(self, event: Event, now_ms: int) -> list[Effect]:
        match event:
            case Acted(action):
                return self._act(action, now_ms)
            case CenterSaid(message):
                return self._center_said(message, now_ms)
            case LinkChanged(up):
                self._link_up = up
                return []
            case EpochBegan():
                return self._begin_epoch()
            case Attended(here):
                self._attended = here
                return self._answer()
            case ClerkSeen():
                return self._see(self._call.since_ms(now_ms))
            case CardLaid() | CardLifted() | CardWasRead() | CardNotRead():
                return self._card_event(event, now_ms)
            case CodeRead(device, code):
                return self._code_read(device, code, now_ms)
            case FacesCompared(command_id, score, alike):
                return self._faces.compared(command_id, score, alike)
            case FacesNotCompared(command_id, code):
                return self._faces.failed(command_id, code)
            case PageKept(command_id):
                self._orders.page_kept(command_id)
                return []
            case PageHindered(command_id, code):
                return self._orders.page_hindered(command_id, code)
            case PageNotTaken(command_id, code):
                return self._orders.page_failed(command_id, code, now_ms)
            case DeviceChanged(status):
                return self._device_changed(status)
            case Wiped():
                return self._wiped(now_ms)
            case TimePassed():
                return self._time_passed(now_ms)

    # --- The resident ---

    def _act(self, action: VisitAction, now_ms: int) -> list[Effect]:
        if isinstance(action, KioskFirstFrame):
            return self._see(action.after_ms) if self._visit and self._visit.affair_id == action.affair_id else []
        self._problem = None
        if (stay_ms := self._stay_ms()) is not None:
            self._ends_at_ms = now_ms + stay_ms
        match self._state, action:
            case VisitState.WELCOME, Touched():
                return self._go(VisitEvent.TOUCH, now_ms)
            case VisitState.CHOOSE, ItemChosen(item_id):
                return self._choose(item_id, now_ms)
            case VisitState.IDENTIFY, WentBack() if self._request is None:
                self._item_id = None
                return self._go(VisitEvent.BACK, now_ms)
            case VisitState.CHOOSE, WentBack():
                return self._go(VisitEvent.LEAVE, now_ms)
            case VisitState.IDENTIFY, CardLostSaid():
                return self._ask_for_ticket(CardLost(), now_ms)
            case VisitState.IDENTIFY, CodeScanned(code):
                return self._ask_for_ticket(CodeShown(code), now_ms, DeviceKind.CODE_SCANNER)
            case VisitState.SERVE | VisitState.SIGN, FaceAgreed(picture):
                return self._faces.agree(picture)
            case VisitState.SERVE | VisitState.SIGN, FaceDeclined():
                return self._faces.decline()
            case VisitState.SIGN, Signed() | Disputed():
                return self._signature(action)
            case VisitState.RECEIPT, ReceiptRead():
                return self._go(VisitEvent.READ_RECEIPT, now_ms)
            case VisitState.RATE, GradeGiven(grade):
                return [*self._of_affair(lambda affair: Rated(affair, grade)), *self._go(VisitEvent.RATED, now_ms)]
            case VisitState.RATE, RatingSkipped():
                return self._leave(now_ms)
            case VisitState.WAIT | VisitState.SERVE | VisitState.SIGN, RecordingAnswered(agreed):
                return self._of_affair(lambda affair: RecordingConsentSaid(affair, agreed))
            case _, Left():
                return self._leave(now_ms)
            case _:
                return []  # a touch that came too late for what it was meant for

    def _choose(self, item_id: str, now_ms: int) -> list[Effect]:
        if self._catalogue is None or all(item.item_id != item_id for item in self._catalogue.items):
            self._problem = ErrorCode.ITEM_UNKNOWN
            return []
        self._item_id = item_id
        return [*self._go(VisitEvent.CHOOSE, now_ms), *self._read_to_identify()]

    def _ask_for_ticket(
        self,
        shown: Shown,
        now_ms: int,
        device: DeviceKind | None = None,
        insertion: int | None = None,
        photo: bytes | None = None,
    ) -> list[Effect]:
        if self._request is not None or self._item_id is None:
            return []
        self._request = TicketRequest.of(self._new_id(), shown, now_ms)
        self._ends_at_ms = now_ms + self._idle_ms
        return [Send(TicketRequested(self._request.request_id, self._item_id, shown, device, insertion, photo))]

    def _signature(self, action: Signed | Disputed) -> list[Effect]:
        match action:
            case Disputed():
                return self._of_affair(FormDisputed)
            case Signed(sha256, strokes):
                if self._visit is None or self._visit.form is None or self._visit.form.form_sha256 != sha256:
                    self._problem = ErrorCode.STALE_REVISION
                    return []
                if self._signed_sha256 == sha256:
                    return []  # the second of two touches
                self._signed_sha256 = sha256
                return self._of_affair(lambda affair: FormSigned(affair, sha256, strokes))

    def _leave(self, now_ms: int) -> list[Effect]:
        if not VISIT.allows(self._state, VisitEvent.LEAVE):
            return []
        said: list[Effect] = []
        if self._state in _WITH_CENTER:
            said = self._of_affair(TicketAbandoned)
        elif self._state in (VisitState.RECEIPT, VisitState.RATE):
            said = self._of_affair(RatingDeclined)
        return [*said, *self._go(VisitEvent.LEAVE, now_ms)]

    # --- The center ---

    def _center_said(
        self,
        message: CenterMessage,
        now_ms: int,
    ) -> list[Effect]:
        match message:
            case CatalogueOffered(center_name):
                self._catalogue, self._center_name = message, center_name
                return []
            case VisitChanged(visit):
                return self._follow(visit, now_ms)
            case RequestRefused(request_id, code):
                return self._refused(request_id, code, now_ms)
            case CommandIssued(command_id, affair_id):
                if self._state not in _WITH_CENTER or self._visit is None or self._visit.affair_id != affair_id:
                    return [Send(CommandFailed(command_id, ErrorCode.AFFAIR_UNKNOWN))]
                if message.kind is CommandKind.COMPARE_FACE:
                    return self._faces.issue(message, now_ms)
                return self._orders.issue(message, now_ms)
            case CommandWithdrawn(command_id):
                return [*self._orders.withdraw(command_id), *self._faces.withdraw(command_id)]
            case ShutterPressed(command_id):
                return self._orders.press_shutter(command_id)
            case PageStored():
                return []  # the outbox's business

    def _refused(self, request_id: str, code: ErrorCode, now_ms: int) -> list[Effect]:
        self._past.refused(request_id)
        if self._request is not None and request_id == self._request.request_id:
            self._request = None
            self._problem = code
            self._ends_at_ms = now_ms + self._idle_ms
        return []

    def _follow(self, visit: Visit | None, now_ms: int) -> list[Effect]:
        if visit is None:
            self._next = None
            self._past.closed()
            return self._go(VisitEvent.LEAVE, now_ms) if self._state in _WITH_CENTER else []
        if self._past.is_over(visit.affair_id):
            return []
        another = self._visit is None or self._visit.affair_id != visit.affair_id
        if another and self._past.takes(visit.affair_id):
            return [Send(TicketAbandoned(visit.affair_id))]
        if self._state is VisitState.WIPE or (another and self._visit is not None):
            self._next = visit
            return [] if self._state is VisitState.WIPE else self._go(VisitEvent.LEAVE, now_ms)
        return self._restore(visit, now_ms)

    def _restore(self, visit: Visit, now_ms: int) -> list[Effect]:
        """Take up the snapshot: walk through the table from where the booth is to what the center says."""
        self._call.follow(visit, now_ms)
        self._visit, self._item_id, self._request = visit, visit.item_id, None
        self._past.got_ticket()
        if self._state in _ENDING:
            return self._go(VisitEvent.RATED, now_ms) if self._state is VisitState.RATE and visit.rated else []
        if visit.ticket_state is TicketState.ABANDONED:
            return self._end_restored(now_ms)
        effects: list[Effect] = []
        for event in route(self._state, state_of(visit)) or ():
            effects += self._go(event, now_ms)
        if visit.rated and self._state is VisitState.RECEIPT:
            return [*effects, *self._go(VisitEvent.LEAVE, now_ms)]
        return [*effects, *self._answer()]

    def _end_restored(self, now_ms: int) -> list[Effect]:
        if self._state is VisitState.WELCOME:
            self._visit = self._item_id = None
            return []
        return self._go(VisitEvent.LEAVE, now_ms)

    def _begin_epoch(self) -> list[Effect]:
        self._past = Past()
        if self._request is not None:
            self._request, self._problem = None, ErrorCode.INTERNAL
        self._orders.wipe()
        self._faces.drop()
        return [Send(BoothReported(list(self._devices.values())))]

    def _answer(self) -> list[Effect]:
        """Say once for each call that the resident sees it."""
        answer = self._attended and self._state in _WITH_CENTER and self._call.answer()
        return self._of_affair(CallAnswered) if answer else []

    def _see(self, after_ms: int) -> list[Effect]:
        """The clerk's picture moves; said once, until the session was interrupted or the ticket called again."""
        seen = self._state in (VisitState.SERVE, VisitState.SIGN) and self._call.see()
        return self._of_affair(lambda affair: FirstFrameSeen(affair, after_ms)) if seen else []

    # --- Devices ---

    def _card_event(self, event: CardLaid | CardLifted | CardWasRead | CardNotRead, now_ms: int) -> list[Effect]:
        if self._state is VisitState.IDENTIFY and not isinstance(event, CardLifted):
            self._ends_at_ms = now_ms + self._idle_ms
        match event:
            case CardLaid(reader, insertion):
                self._cards.lay(reader, insertion)
                return self._read(reader)
            case CardLifted(reader, insertion):
                self._cards.lift(reader, insertion)
                return []
            case CardWasRead(reader, insertion, card, took_ms, photo):
                if not self._cards.end(reader, insertion):
                    return []
                self._faces.keep(photo)
                if self._orders.wants_card(reader):
                    self._problem = None
                    return self._orders.card_read(reader, insertion, card, took_ms, photo)
                identifies = self._state is VisitState.IDENTIFY
                return self._ask_for_ticket(card, now_ms, reader, insertion, photo) if identifies else []
            case CardNotRead(reader, insertion, code):
                if not self._cards.end(reader, insertion):
                    return []
                self._cards.fail(reader, insertion)
                effects = self._orders.card_failed(reader, code, now_ms)
                if self._state is VisitState.IDENTIFY:
                    self._problem = code
                # A card may have been laid anew while the old one was still being read
                return [*effects, *self._read(reader)]

    def _code_read(self, device: DeviceKind, code: str, now_ms: int) -> list[Effect]:
        """A code counts only while the resident is asked who they are; any other is not even looked at."""
        if self._state is not VisitState.IDENTIFY or self._request is not None:
            return []
        self._problem = None
        return self._ask_for_ticket(CodeShown(code), now_ms, device)

    def _read(self, reader: DeviceKind) -> list[Effect]:
        if self._orders.wants_card(reader):
            effects = self._orders.card_laid(reader)
        elif self._state is VisitState.IDENTIFY and self._request is None:
            effects = self._begin_reading(reader)
        else:
            return []
        if effects:
            self._problem = None
        return effects

    def _begin_reading(self, reader: DeviceKind) -> list[Effect]:
        insertion = self._cards.readable(reader)
        if insertion is None:
            return []
        self._cards.begin(reader, insertion)
        return [ReadCard(reader, insertion)]

    def _read_to_identify(self) -> list[Effect]:
        """A card that was laid before the page asked for it counts too."""
        return [effect for reader in READERS for effect in self._begin_reading(reader)]

    def _device_changed(self, status: DeviceStatus) -> list[Effect]:
        if self._devices.get(status.kind) == status:
            return []
        self._devices[status.kind] = status
        return [Send(BoothReported(list(self._devices.values())))]

    # --- Time and states ---

    def _time_passed(self, now_ms: int) -> list[Effect]:
        effects = [
            *self._expire_code(now_ms),
            *self._orders.time_passed(now_ms),
            *self._faces.time_passed(now_ms),
        ]
        if self._ends_at_ms is None or self._ends_at_ms > now_ms:
            return effects
        match self._state:
            case VisitState.CHOOSE | VisitState.IDENTIFY | VisitState.RATE:
                return effects + self._leave(now_ms)
            case VisitState.RECEIPT:
                return effects + self._go(VisitEvent.READ_RECEIPT, now_ms)
            case VisitState.WIPE:
                self._ends_at_ms = now_ms + WIPE_MS
                return [*effects, Wipe()]
            case VisitState.WELCOME | VisitState.WAIT | VisitState.SERVE | VisitState.SIGN:
                return effects

    def _expire_code(self, now_ms: int) -> list[Effect]:
        """A code that nobody answered for is forgotten, and the resident is asked to show it again."""
        request = self._request
        if request is None or not request.code_expired(now_ms):
            return []
        self._request = None
        self._problem = ErrorCode.CODE_UNANSWERED
        self._ends_at_ms = now_ms + self._idle_ms
        self._past.withdraw(request.request_id)
        return [Withdraw(request.request_id)]

    def _go(self, event: VisitEvent, now_ms: int) -> list[Effect]:
        """The only writer of `_state`: one step through the table, with what entering the new state brings."""
        self._state = VISIT.next(self._state, event)
        stay_ms = self._stay_ms()
        self._ends_at_ms = None if stay_ms is None else now_ms + stay_ms
        self._signed_sha256 = None
        if self._state is VisitState.RECEIPT:
            self._orders.wipe()
            self._faces.drop()
            self._problem = None
        return self._begin_wipe(now_ms) if self._state is VisitState.WIPE else []

    def _stay_ms(self) -> int | None:
        """How long the state lasts without a touch; None where it waits for the center or for the wiping."""
        match self._state:
            case VisitState.CHOOSE | VisitState.IDENTIFY:
                return self._idle_ms
            case VisitState.RECEIPT:
                return RECEIPT_MS
            case VisitState.RATE:
                return RATE_MS
            case VisitState.WELCOME | VisitState.WAIT | VisitState.SERVE | VisitState.SIGN | VisitState.WIPE:
                return None

    def _begin_wipe(self, now_ms: int) -> list[Effect]:
        # The id alone stays, to be said when the wiping is done
        self._wiping = self._visit.affair_id if self._visit else None
        self._past.leave(self._request.request_id if self._request else None, self._wiping)
        self._orders.wipe()
        self._faces.wipe()
        self._cards.wipe()
        self._call = Call()
        self._visit = self._item_id = self._request = self._problem = None
        self._ends_at_ms = now_ms + WIPE_MS
        return [Wipe()]

    def _wiped(self, now_ms: int) -> list[Effect]:
        if self._state is not VisitState.WIPE:
            return []
        said: list[Effect] = [Send(VisitWiped(self._wiping))] if self._wiping else []
        self._wiping = None
        effects = [*said, *self._go(VisitEvent.WIPED, now_ms)]
        visit, self._next = self._next, None
        return [*effects, *self._restore(visit, now_ms)] if visit else effects

    def _of_affair(self, say: Callable[[str], BoothMessage]) -> list[Effect]:
        return [Send(say(self._visit.affair_id))] if self._visit else []
