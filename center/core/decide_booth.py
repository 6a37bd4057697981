"""What follows from what a booth says about an affair."""

from msgspec.structs import replace

from center.core.affair import LIVE, Affair, Command, Decision, Entry, EntryKind, Page, Session, Ticket
from center.core.change import Change
from center.core.identity import (
    NotRedeemed,
    Redemption,
    filled,
    first_form,
    identity_of,
    with_identity,
)
from center.core.item import Item
from center.errors import DeskError
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.messages import (
    CallAnswered,
    CardPresented,
    CommandFailed,
    CommandHindered,
    FaceCompared,
    FirstFrameSeen,
    FormDisputed,
    FormSigned,
    PageStored,
    Rated,
    RatingDeclined,
    RecordingConsentSaid,
    SeparateConsentSaid,
    TicketAbandoned,
    TicketRequested,
    VisitWiped,
)
from protocol.pages import PageAnnounced, PagePart
from protocol.records import CardLost, CodeHolder, CodeShown, FaceAdvice, Shown, SocialSecurityCard
from protocol.states import (
    PAGE,
    RECORDING_CONSENT,
    SESSION,
    TICKET,
    CommandEvent,
    CommandState,
    PageEvent,
    PageState,
    RecordingConsent,
    RecordingConsentEvent,
    SessionEvent,
    SessionState,
    SignatureEvent,
    TicketEvent,
    TicketState,
)
from protocol.visit import CommandKind

AffairMessage = (
    CallAnswered
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
"""The messages of a booth that are about an affair that exists."""

CommandMessage = CardPresented | FaceCompared | CommandHindered | CommandFailed
"""Those that name a command rather than the affair."""

LINK = "link"
"""How a session names the booth's link among what is down."""


def open_affair(
    request: TicketRequested,
    item: Item | None,
    *,
    affair_id: str,
    booth_id: str,
    place: int,
    number: str,
    now_ms: int,
    redemption: Redemption | None = None,
    records: bool = False,
) -> Decision:
    """A new affair in the queue. A card, or whom a code was redeemed for, fills the form; who has neither is checked by
    the clerk's eye (`clerk_visual`). A code by itself proves nothing, and it is not kept. `records`: the center records
    sessions, so the resident is asked."""
    if item is None:
        raise DeskError(ErrorCode.ITEM_UNKNOWN)
    shown: Shown | CodeHolder = request.shown
    if isinstance(shown, CodeShown):
        match redemption:
            case CodeHolder():
                shown = redemption
            case NotRedeemed(code=code):
                raise DeskError(code)
            case None:
                raise DeskError(ErrorCode.CODE_UNVERIFIABLE)
    ticket = Ticket(
        ticket_no=number,
        request_id=request.request_id,
        booth_id=booth_id,
        place=place,
        state=TICKET.initial,
        state_since_ms=now_ms,
        requested_at_ms=now_ms,
    )
    consent = RECORDING_CONSENT.initial
    if records:
        consent = RECORDING_CONSENT.next(consent, RecordingConsentEvent.ASK)
    affair = Affair(affair_id=affair_id, item=item, ticket=ticket, recording_consent=consent)
    form = first_form(item)
    entry = Entry(
        EntryKind.TICKET_REQUESTED,
        {"ticket_no": number, "booth_id": booth_id, "item_id": item.item_id, "version": item.version},
    )
    if isinstance(shown, CardLost):
        return Decision(replace(affair, case=replace(affair.case, form=form)), (entry,))
    identity = identity_of(shown, now_ms, booth_id, request.device, request.insertion)
    affair = replace(
        affair, case=replace(affair.case, form=filled(item, form, shown)), identities=with_identity(affair, identity)
    )
    return Decision(affair, (entry, Entry(EntryKind.IDENTITY_PRESENTED, {"source": identity.source})))


def hear(affair: Affair, message: AffairMessage, now_ms: int) -> Decision:
    """What follows from a booth's message. Refuses with `DeskError` or `IllegalTransition`."""
    change = Change(affair, now_ms)
    match message:
        case CallAnswered():
            _answer(change)
        case FirstFrameSeen(after_ms=after_ms):
            see(change, booth_after_ms=after_ms)
        case CardPresented():
            _card(change, message)
        case SeparateConsentSaid(purpose=purpose, given=given):
            kind = EntryKind.SEPARATE_CONSENT_GIVEN if given else EntryKind.SEPARATE_CONSENT_REFUSED
            change.note(kind, purpose=purpose)
        case FaceCompared():
            _faces(change, message)
        case CommandHindered(command_id=command_id, code=code):
            if command := _open_command(change, command_id):
                change.put_command(replace(command, code=code))
                change.note(EntryKind.COMMAND_HINDERED, command_id=command_id, code=code)
        case CommandFailed(command_id=command_id, code=code):
            if command := _open_command(change, command_id):
                change.fail_command(command, code)
        case FormSigned():
            _sign(change, message)
        case FormDisputed():
            change.signature(SignatureEvent.DISPUTE)
            change.note(EntryKind.FORM_DISPUTED, revision=affair.case.revision)
        case Rated(grade=grade):
            _rate(change, grade)
        case RatingDeclined():
            _rate(change, None)
        case RecordingConsentSaid(agreed=agreed):
            _consent(change, agreed)
        case TicketAbandoned():
            change.abandon("resident")
        case VisitWiped():
            _wiped(change)
    return change.decision()


def see(change: Change, *, booth_after_ms: int | None = None, clerk_after_ms: int | None = None) -> None:
    """One side sees the other's picture move: the affair is being served. The first measurement of each side counts."""
    session = change.affair.session
    if session is None or session.state is SessionState.ENDED or change.affair.ticket.state is TicketState.HELD:
        raise DeskError(ErrorCode.ILLEGAL_TRANSITION)
    # A picture proves that the media participants are back; the link is another connection.
    down = tuple(each for each in session.down if each == LINK)
    first = replace(
        session,
        down=down,
        booth_saw_after_ms=booth_after_ms if session.booth_saw_after_ms is None else session.booth_saw_after_ms,
        clerk_saw_after_ms=clerk_after_ms if session.clerk_saw_after_ms is None else session.clerk_saw_after_ms,
    )
    change.set(session=first)
    if not down and SESSION.allows(session.state, SessionEvent.SEE):
        change.session(SessionEvent.SEE)
        if session.down:
            change.note(EntryKind.SESSION_RESTORED, n=session.n, by="picture")
    if TICKET.allows(change.affair.ticket.state, TicketEvent.SEE):
        change.ticket(TicketEvent.SEE)
    if booth_after_ms is not None and session.booth_saw_after_ms is None:
        change.note(EntryKind.PICTURE_SEEN, n=session.n, by="booth", after_ms=booth_after_ms)
    if clerk_after_ms is not None and session.clerk_saw_after_ms is None:
        change.note(EntryKind.PICTURE_SEEN, n=session.n, by="clerk", after_ms=clerk_after_ms)


def announce(affair: Affair, page: PageAnnounced, now_ms: int) -> Decision:
    """A page of one of the affair's commands was taken; the command is done with it.

    A page whose command failed or was withdrawn meanwhile is kept all the same: the booth has it, and so the evidence
    is whole.
    """
    command = affair.command(page.command_id)
    if command is None or command.kind not in (CommandKind.TAKE_PAGE, CommandKind.REMAKE_PAGE):
        raise DeskError(ErrorCode.PAGE_UNKNOWN)
    change = Change(affair, now_ms)
    _put_announced(change, page, command)
    if command.state is CommandState.ISSUED and not command.more:
        change.command(command, CommandEvent.FINISH)
        change.note(EntryKind.COMMAND_DONE, command_id=command.command_id)
    return change.decision()


def _put_announced(change: Change, page: PageAnnounced, command: Command) -> None:
    """Add the page with its evidence: when, where, by which device, in which session, after which page.

    It comes last, or into the place of the page that its command replaces; that one is kept behind it.
    """
    affair = change.affair
    session = affair.session.n if affair.session is not None else 0
    newest = max(affair.pages, key=lambda each: each.taken_n, default=None)
    previous = newest.announced.sha256 if newest is not None else None
    former = affair.page(command.replaces) if command.replaces is not None else None
    added = Page(
        announced=page,
        state=PAGE.initial,
        taken_n=newest.taken_n + 1 if newest is not None else 1,
        material_id=former.material_id if former is not None else command.material_id,
        session=session,
        previous_sha256=previous,
    )
    change.note(
        EntryKind.PAGE_ANNOUNCED,
        page_id=page.page_id,
        sha256=page.sha256,
        light_sha256=page.light_sha256,
        size_bytes=page.size_bytes,
        flat=page.flat,
        taken_at_ms=page.taken_at_ms,
        booth_id=affair.ticket.booth_id,
        device=page.device,
        session=session,
        previous_sha256=previous,
    )
    if former is None or former.replaced_by is not None:
        change.set(pages=(*affair.pages, added))
        return
    place = affair.pages.index(former)
    behind = replace(former, replaced_by=page.page_id)
    change.set(pages=(*affair.pages[:place], added, behind, *affair.pages[place + 1 :]))
    change.note(EntryKind.PAGE_REPLACED, page_id=former.announced.page_id, by=page.page_id)


def store_page(affair: Affair, page_id: str, part: PagePart, now_ms: int) -> Decision:
    """A part of a page is whole on the center's disk."""
    page = affair.page(page_id)
    if page is None:
        raise DeskError(ErrorCode.PAGE_UNKNOWN)
    change, announced = Change(affair, now_ms), page.announced
    match part:
        case PagePart.LIGHT:
            if PAGE.allows(page.state, PageEvent.STORE_LIGHT):
                change.page(page, PageEvent.STORE_LIGHT, has_light=True)
            else:
                change.put_page(replace(page, has_light=True))
            change.note(EntryKind.PAGE_LIGHT_STORED, page_id=page_id, sha256=announced.light_sha256)
        case PagePart.FULL:
            change.page(page, PageEvent.STORE_FULL)
            change.note(EntryKind.PAGE_STORED, page_id=page_id, sha256=announced.sha256)
        case PagePart.FRAME:
            change.put_page(replace(page, has_frame=True))
            change.note(EntryKind.PAGE_FRAME_STORED, page_id=page_id, sha256=announced.frame_sha256)
    present = change.affair.page(page_id)
    if part is not PagePart.LIGHT and present is not None and is_whole(present):
        change.tell(PageStored(page_id=page_id))
    return change.decision()


def is_stored(page: Page, part: PagePart) -> bool:
    match part:
        case PagePart.LIGHT:
            return page.has_light
        case PagePart.FULL:
            return page.state is PageState.STORED
        case PagePart.FRAME:
            return page.has_frame


def is_whole(page: Page) -> bool:
    """Whether everything is stored that the booth must keep until then."""
    return page.state is PageState.STORED and (page.has_frame or page.announced.frame_sha256 is None)


def link_lost(affair: Affair, now_ms: int) -> Decision:
    change = Change(affair, now_ms)
    change.interrupt_session(LINK)
    return change.decision()


def link_back(affair: Affair, now_ms: int, *, restarted: bool) -> Decision:
    """The booth is linked again. A booth process that restarted forgot its commands: they fail."""
    change = Change(affair, now_ms)
    change.restore_session(LINK)
    for command in affair.commands:
        if restarted and command.state is CommandState.ISSUED:
            change.fail_command(command, ErrorCode.BOOTH_RESTARTED)
    return change.decision()


def _answer(change: Change) -> None:
    change.ticket(TicketEvent.ANSWER)
    before = change.affair.session
    session = Session(n=before.n + 1 if before else 1, state=SESSION.initial, answered_at_ms=change.now_ms)
    change.set(session=session)
    change.note(EntryKind.CALL_ANSWERED, n=session.n)


def _open_command(change: Change, command_id: str) -> Command | None:
    """The command, while an answer to it counts.

    An answer that comes after the command timed out or was withdrawn is dropped: nobody waits for it, and what a card
    says is not kept unasked.
    """
    command = change.affair.command(command_id)
    if command is None:
        raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
    return command if command.state is CommandState.ISSUED else None


def _card(change: Change, message: CardPresented) -> None:
    command = _open_command(change, message.command_id)
    if command is None:
        return
    is_social = isinstance(message.card, SocialSecurityCard)
    if command.kind is not (CommandKind.READ_SOCIAL_SECURITY_CARD if is_social else CommandKind.READ_ID_CARD):
        raise DeskError(ErrorCode.CARD_UNSUPPORTED)
    booth_id = change.affair.ticket.booth_id
    identity = identity_of(message.card, change.now_ms, booth_id, message.device, message.insertion)
    change.command(command, CommandEvent.FINISH)
    change.set(identities=with_identity(change.affair, identity))
    change.note(EntryKind.COMMAND_DONE, command_id=command.command_id)
    change.note(EntryKind.IDENTITY_PRESENTED, source=identity.source, took_ms=message.took_ms)
    change.put_form(filled(change.affair.item, change.affair.case.form, message.card))


def _faces(change: Change, message: FaceCompared) -> None:
    """Advice beside the proofs; it fills in nothing and decides nothing."""
    command = _open_command(change, message.command_id)
    if command is None:
        return
    if command.kind is not CommandKind.COMPARE_FACE:
        raise DeskError(ErrorCode.MALFORMED)
    advice = FaceAdvice(message.score, message.alike)
    identity = identity_of(advice, change.now_ms, change.affair.ticket.booth_id, DeviceKind.FACE_COMPARER, None)
    change.command(command, CommandEvent.FINISH)
    change.set(identities=with_identity(change.affair, identity))
    change.note(EntryKind.COMMAND_DONE, command_id=command.command_id)
    change.note(EntryKind.FACE_COMPARED, score=message.score, alike=message.alike)


def _sign(change: Change, message: FormSigned) -> None:
    shown = change.affair.form_shown()
    if message.form_sha256 != shown.form_sha256:
        # The form changed while the resident signed; they are shown the new one when the clerk asks again.
        raise DeskError(ErrorCode.STALE_REVISION)
    change.signature(
        SignatureEvent.SIGN,
        form_sha256=shown.form_sha256,
        strokes=tuple(message.strokes),
        signed_at_ms=change.now_ms,
    )
    change.note(EntryKind.FORM_SIGNED, revision=shown.revision, form_sha256=shown.form_sha256)


def _rate(change: Change, grade: int | None) -> None:
    """One service, one rating. One that was given while the link was away counts, even after the visit was closed."""
    affair = change.affair
    if affair.ticket.state is not TicketState.FINISHED or affair.case.grade is not None:
        raise DeskError(ErrorCode.ILLEGAL_TRANSITION)
    if grade is None:
        change.note(EntryKind.RATING_DECLINED)
    else:
        change.set(case=replace(affair.case, grade=grade))
        change.note(EntryKind.RATED, grade=grade)


def _consent(change: Change, agreed: bool) -> None:
    """The newest answer counts. Refusing ends nothing, but for an item that must be recorded."""
    affair = change.affair
    if affair.ticket.state not in LIVE:
        raise DeskError(ErrorCode.ILLEGAL_TRANSITION)
    if affair.recording_consent is (RecordingConsent.GIVEN if agreed else RecordingConsent.REFUSED):
        return
    change.consent(RecordingConsentEvent.GIVE if agreed else RecordingConsentEvent.REFUSE)
    change.note(EntryKind.RECORDING_AGREED if agreed else EntryKind.RECORDING_REFUSED)
    if not agreed and affair.item.must_record:
        change.abandon("recording_refused")


def _wiped(change: Change) -> None:
    """The booth shows this visit no more. One that was not over counts as abandoned."""
    if change.affair.ticket.state in LIVE:
        change.abandon("wiped")
    elif change.affair.visit_open:
        change.set(visit_open=False)
        change.note(EntryKind.VISIT_CLOSED, why="wiped")
