"""What follows when nobody does anything: every live state has a deadline."""

from center.core.affair import LIVE, Affair, Command, Decision, EntryKind
from center.core.change import Change
from center.core.decide_clerk import deadline_s, held, missed
from protocol.errors import ErrorCode
from protocol.messages import CommandWithdrawn
from protocol.states import CommandState, TicketEvent, TicketState

CALLED_MS = 90_000
"""A resident who does not come to the booth within 90 s of the call is missed."""

CONNECTING_MS = 15_000
"""After 15 s without a picture the affair is served all the same: the voices and the devices may do."""

ANSWER_MS = 20_000
"""Past the booth's own deadline, for its answer to come over a poor link."""

MISSED_MS = 15 * 60_000
"""A missed resident may come back for 15 minutes; then the booth is free for the next."""

RATING_MS = 120_000
"""Outcome and rating stay on the booth's screen for two minutes at most."""

STATE_MS = 12 * 3_600_000
"""No ticket stays longer in one state than a working day."""

OFFLINE_MS = 30 * 60_000
"""How long a booth may be away before its tickets stop waiting for it."""

_IN_STATE_MS = {
    TicketState.WAITING: STATE_MS,
    TicketState.CALLED: CALLED_MS,
    TicketState.CONNECTING: CONNECTING_MS,
    TicketState.SERVING: STATE_MS,
    TicketState.HELD: STATE_MS,
    TicketState.MISSED: MISSED_MS,
}


def deadline_ms(affair: Affair) -> int | None:
    """Unix time at which `expire` has something to do, or None for an affair that is over."""
    ticket = affair.ticket
    if ticket.state not in LIVE:
        return ticket.state_since_ms + RATING_MS if affair.visit_open else None
    commands = [_command_ends_ms(each) for each in affair.commands if each.state is CommandState.ISSUED]
    return min([ticket.state_since_ms + _IN_STATE_MS[ticket.state], *commands])


def expire(affair: Affair, now_ms: int) -> Decision:
    """Let the deadlines act that have passed; nothing when none has."""
    change = Change(affair, now_ms)
    for command in affair.commands:
        if command.state is CommandState.ISSUED and _command_ends_ms(command) <= now_ms:
            change.fail_command(command, ErrorCode.TIMED_OUT)
            # A booth that comes back later must not begin with it.
            change.tell(CommandWithdrawn(command_id=command.command_id))
    ticket = affair.ticket
    if ticket.state not in LIVE:
        if affair.visit_open and ticket.state_since_ms + RATING_MS <= now_ms:
            _close_visit(change)
    elif ticket.state_since_ms + _IN_STATE_MS[ticket.state] <= now_ms:
        _leave_state(change)
    return change.decision()


def booth_gone(affair: Affair, now_ms: int) -> Decision:
    """The booth has been away for half an hour. Who waited has left; what was being served is kept on hold, because
    a lost link must not end a case."""
    change = Change(affair, now_ms)
    match affair.ticket.state:
        case TicketState.WAITING | TicketState.CALLED | TicketState.CONNECTING | TicketState.MISSED:
            change.abandon("booth_offline")
        case TicketState.SERVING:
            held(change, by="booth_offline")
        case TicketState.HELD | TicketState.FINISHED | TicketState.ABANDONED | TicketState.TRANSFERRED:
            pass
    return change.decision()


def _command_ends_ms(command: Command) -> int:
    return command.issued_at_ms + deadline_s(command) * 1000 + ANSWER_MS


def _leave_state(change: Change) -> None:
    match change.affair.ticket.state:
        case TicketState.CALLED:
            missed(change, by="time")
        case TicketState.CONNECTING:
            change.ticket(TicketEvent.SEE)
            change.note(EntryKind.PICTURE_LATE, after_ms=CONNECTING_MS)
        case TicketState.WAITING | TicketState.SERVING | TicketState.HELD | TicketState.MISSED:
            change.abandon("time")
        case TicketState.FINISHED | TicketState.ABANDONED | TicketState.TRANSFERRED:
            pass


def _close_visit(change: Change) -> None:
    if change.affair.ticket.state is TicketState.FINISHED and change.affair.case.grade is None:
        change.note(EntryKind.UNRATED)
    change.set(visit_open=False)
    change.note(EntryKind.VISIT_CLOSED, why="time")
