"""What follows from what a clerk does: one function for each action.

All refuse with `DeskError` or `IllegalTransition`.
"""

from msgspec.structs import replace

from center.core.affair import AT_COUNTER, LIVE, Affair, Command, Decision, EntryKind, Identity
from center.core.change import Change
from center.core.decide_booth import see
from center.core.identity import with_identity
from center.errors import DeskError
from protocol.counter import ClerkView, IdentitySource
from protocol.errors import ErrorCode
from protocol.marks import Remake
from protocol.messages import CommandIssued, CommandWithdrawn, ShutterPressed
from protocol.states import (
    COMMAND,
    CaseEvent,
    CommandState,
    SignatureEvent,
    TicketEvent,
    TicketState,
)
from protocol.visit import CommandKind, Outcome

COMMAND_DEADLINE_S = 60
"""What a booth gives a resident to find a card or a page and lay it down."""

MORE_DEADLINE_S = 600
"""The same for a booklet, page after page."""

HOLD = "hold"
"""How a session names the clerk's hold among what is down."""


def take(affair: Affair, clerk: ClerkView, now_ms: int, *, clerk_busy: bool, booth_online: bool) -> Decision:
    """Call a waiting ticket, or recall a missed one."""
    if affair.ticket.state not in (TicketState.WAITING, TicketState.MISSED):
        raise DeskError(ErrorCode.ALREADY_TAKEN)
    if clerk_busy:
        raise DeskError(ErrorCode.CLERK_BUSY)
    if not booth_online:
        raise DeskError(ErrorCode.BOOTH_OFFLINE)
    change = Change(affair, now_ms)
    if affair.ticket.state is TicketState.WAITING:
        change.ticket(TicketEvent.CALL, clerk=clerk, called_at_ms=now_ms)
        change.note(EntryKind.TICKET_CALLED, counter=clerk.counter, waited_ms=now_ms - affair.ticket.requested_at_ms)
    else:
        change.ticket(TicketEvent.RECALL, clerk=clerk, called_at_ms=now_ms)
        change.note(EntryKind.TICKET_RECALLED, counter=clerk.counter)
    # Not only with the booth's answer, which costs a way there and back and a second transaction: the pictures come on
    # their way meanwhile. A booth that nobody attends shows no face.
    change.join_room()
    return change.decision()


def release(affair: Affair, clerk: ClerkView, now_ms: int) -> Decision:
    """Back to its old place in the queue."""
    change = theirs(affair, clerk, now_ms)
    change.ticket(TicketEvent.RELEASE, clerk=None, called_at_ms=None)
    change.note(EntryKind.TICKET_RELEASED)
    change.end_session()
    return change.decision()


def miss(affair: Affair, clerk: ClerkView, now_ms: int) -> Decision:
    change = theirs(affair, clerk, now_ms)
    missed(change, by="clerk")
    return change.decision()


def missed(change: Change, *, by: str) -> None:
    """Nobody came to the booth. Any clerk may recall the ticket."""
    change.ticket(TicketEvent.MISS, clerk=None, called_at_ms=None)
    change.note(EntryKind.TICKET_MISSED, by=by)
    change.end_session()


def hold(affair: Affair, clerk: ClerkView, now_ms: int) -> Decision:
    """Put the affair aside. Its session waits like one whose connection is gone."""
    change = theirs(affair, clerk, now_ms)
    held(change, by="clerk")
    return change.decision()


def held(change: Change, *, by: str) -> None:
    change.ticket(TicketEvent.HOLD)
    change.note(EntryKind.TICKET_HELD, by=by)
    change.withdraw_commands()
    change.interrupt_session(HOLD)
    change.close_room()


def resume(affair: Affair, clerk: ClerkView, now_ms: int, *, clerk_busy: bool) -> Decision:
    change = theirs(affair, clerk, now_ms)
    if clerk_busy:
        raise DeskError(ErrorCode.CLERK_BUSY)
    change.ticket(TicketEvent.RESUME)
    change.note(EntryKind.TICKET_RESUMED)
    change.restore_session(HOLD)
    change.join_room()
    return change.decision()


def order(
    affair: Affair,
    clerk: ClerkView,
    now_ms: int,
    *,
    command_id: str,
    kind: CommandKind,
    material_id: str | None,
    booth_online: bool,
    replaces: str | None = None,
    corners: list[int] | None = None,
    more: bool = False,
) -> Decision:
    """Have the booth do something. Each kind of command has a device of its own, which does one thing at a time.

    A page that replaces another one is filed where that one is. `corners` go with `remake_page`, which needs no device.
    """
    change = _in_session(affair, clerk, now_ms)
    former = affair.page(replaces) if replaces is not None else None
    if replaces is not None and (former is None or former.replaced_by is not None):
        raise DeskError(ErrorCode.PAGE_UNKNOWN)
    if (kind is CommandKind.REMAKE_PAGE) != (corners is not None) or (corners is not None and replaces is None):
        raise DeskError(ErrorCode.MALFORMED)
    if former is not None:
        material_id = former.material_id
    if material_id is not None and affair.item.material(material_id) is None:
        raise DeskError(ErrorCode.MALFORMED)
    if more and kind is not CommandKind.TAKE_PAGE:
        raise DeskError(ErrorCode.MALFORMED)
    if not booth_online:
        raise DeskError(ErrorCode.BOOTH_OFFLINE)
    if any(each.kind is kind and each.state is CommandState.ISSUED for each in affair.commands):
        raise DeskError(ErrorCode.DEVICE_BUSY)
    command = Command(
        command_id,
        kind,
        COMMAND.initial,
        issued_at_ms=now_ms,
        material_id=material_id,
        replaces=replaces,
        more=more,
    )
    change.put_command(command)
    change.note(
        EntryKind.COMMAND_ISSUED, command_id=command_id, command=kind, material_id=material_id, replaces=replaces
    )
    change.tell(
        CommandIssued(
            command_id=command_id,
            affair_id=affair.affair_id,
            kind=kind,
            deadline_s=deadline_s(command),
            remake=Remake(replaces, corners) if replaces is not None and corners is not None else None,
            more=more,
        )
    )
    return change.decision()


def deadline_s(command: Command) -> int:
    """How long the booth tries."""
    return MORE_DEADLINE_S if command.more else COMMAND_DEADLINE_S


def press_shutter(affair: Affair, clerk: ClerkView, now_ms: int, *, command_id: str) -> Decision:
    """Have the booth take what lies there now, for a command that waits for a page."""
    change = _in_session(affair, clerk, now_ms)
    command = affair.command(command_id)
    if command is None or command.kind is not CommandKind.TAKE_PAGE or command.state is not CommandState.ISSUED:
        raise DeskError(ErrorCode.ILLEGAL_TRANSITION)
    change.note(EntryKind.SHUTTER_PRESSED, command_id=command_id)
    change.tell(ShutterPressed(command_id=command_id))
    return change.decision()


def see_identity(affair: Affair, clerk: ClerkView, now_ms: int) -> Decision:
    """The clerk compared the resident with what they know of them and vouches for it (`clerk_visual`)."""
    change = _in_session(affair, clerk, now_ms)
    identity = Identity(IdentitySource.CLERK_VISUAL, now_ms, booth_id=affair.ticket.booth_id)
    change.set(identities=with_identity(affair, identity))
    change.note(EntryKind.IDENTITY_SEEN, source=identity.source)
    return change.decision()


def withdraw(affair: Affair, clerk: ClerkView, now_ms: int, *, command_id: str) -> Decision:
    change = theirs(affair, clerk, now_ms)
    command = affair.command(command_id)
    if command is None:
        raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
    change.end_command(command)
    change.tell(CommandWithdrawn(command_id=command_id))
    return change.decision()


def change_form(affair: Affair, clerk: ClerkView, now_ms: int, *, revision: int, values: dict[str, str]) -> Decision:
    """Replace the form's values; what was asked or signed before falls."""
    change = _in_session(affair, clerk, now_ms)
    if revision != affair.case.revision:
        raise DeskError(ErrorCode.STALE_REVISION)
    fields = {field.field_id: field for field in affair.item.fields}
    for field_id, value in values.items():
        choices = [choice.value for choice in fields[field_id].choices] if field_id in fields else None
        if choices is None or (choices and value and value not in choices):
            raise DeskError(ErrorCode.MALFORMED)
    change.put_form({field_id: values.get(field_id, "") for field_id in fields})
    return change.decision()


def ask_signature(affair: Affair, clerk: ClerkView, now_ms: int) -> Decision:
    """Show the whole form to the resident for signing."""
    change = _in_session(affair, clerk, now_ms)
    _ensure_complete(affair)
    change.signature(SignatureEvent.ASK, form_sha256=None, strokes=(), signed_at_ms=None)
    shown = affair.form_shown()
    change.note(EntryKind.SIGNATURE_ASKED, revision=shown.revision, form_sha256=shown.form_sha256)
    return change.decision()


def finish(
    affair: Affair, clerk: ClerkView, now_ms: int, *, outcome: Outcome, message: str, case_no: str | None
) -> Decision:
    """End the affair. A case that is accepted or refused was received, and bears `case_no` on the resident's paper."""
    change = theirs(affair, clerk, now_ms)
    text = message.strip() or None
    change.ticket(TicketEvent.FINISH)
    match outcome:
        case Outcome.ACCEPTED:
            _ensure_complete(affair)
            if not affair.is_signed():
                raise DeskError(ErrorCode.NOT_SIGNED)
            _receive(change, case_no)
            change.case(CaseEvent.ACCEPT)
            change.note(
                EntryKind.CASE_ACCEPTED,
                case_no=case_no,
                form_sha256=affair.case.signature.form_sha256,
                pages=[page.announced.sha256 for page in affair.standing_pages() if page.material_id is not None],
            )
        case Outcome.REFUSED:
            if text is None:
                raise DeskError(ErrorCode.FORM_INCOMPLETE)
            _receive(change, case_no)
            change.case(CaseEvent.REFUSE)
            change.note(EntryKind.CASE_REFUSED, case_no=case_no)
        case Outcome.WITHDRAWN:
            change.case(CaseEvent.WITHDRAW)
            change.note(EntryKind.CASE_WITHDRAWN)
    change.set(case=replace(change.affair.case, outcome=outcome, message=text))
    change.note(EntryKind.AFFAIR_FINISHED, outcome=outcome)
    change.end_session()
    return change.decision()


def saw(affair: Affair, clerk: ClerkView, now_ms: int, *, after_ms: int) -> Decision:
    """The resident's picture moves at the counter."""
    change = theirs(affair, clerk, now_ms)
    see(change, clerk_after_ms=after_ms)
    return change.decision()


def theirs(affair: Affair, clerk: ClerkView, now_ms: int) -> Change:
    """A change by the clerk whose affair it is, while it lives; anybody else is refused."""
    _ensure_theirs(affair, clerk)
    return Change(affair, now_ms)


def ensure_in_session(affair: Affair, clerk: ClerkView) -> None:
    """For what the clerk does together with the resident."""
    _ensure_theirs(affair, clerk)
    if affair.ticket.state not in AT_COUNTER - {TicketState.CALLED}:
        raise DeskError(ErrorCode.ILLEGAL_TRANSITION)


def _in_session(affair: Affair, clerk: ClerkView, now_ms: int) -> Change:
    ensure_in_session(affair, clerk)
    return Change(affair, now_ms)


def _ensure_theirs(affair: Affair, clerk: ClerkView) -> None:
    ticket = affair.ticket
    if ticket.clerk is None or ticket.clerk.clerk_id != clerk.clerk_id:
        raise DeskError(ErrorCode.NOT_YOURS)
    if ticket.state not in LIVE:
        raise DeskError(ErrorCode.ILLEGAL_TRANSITION)


def _ensure_complete(affair: Affair) -> None:
    if affair.missing_fields():
        raise DeskError(ErrorCode.FORM_INCOMPLETE)
    if affair.missing_materials():
        raise DeskError(ErrorCode.MATERIAL_MISSING)


def _receive(change: Change, case_no: str | None) -> None:
    change.case(CaseEvent.RECEIVE, case_no=case_no)
    change.note(EntryKind.CASE_RECEIVED, case_no=case_no)
