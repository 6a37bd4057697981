"""Which state of the visit a snapshot of the center stands for, and which events of the table lead there. Pure."""

from collections import deque

from protocol.states import VISIT, SignatureState, TicketState, VisitEvent, VisitState
from protocol.visit import Visit

_FOLLOWING = (
    VisitEvent.TOUCH,
    VisitEvent.CHOOSE,
    VisitEvent.QUEUE,
    VisitEvent.CALL,
    VisitEvent.REQUEUE,
    VisitEvent.ASK_SIGNATURE,
    VisitEvent.SIGNED,
    VisitEvent.FINISH,
)
"""The events by which the booth follows the center."""


def route(state: VisitState, target: VisitState) -> list[VisitEvent] | None:
    """The shortest way from one state to another by events of the center's doing; None when the table has none."""
    ways: deque[tuple[VisitState, list[VisitEvent]]] = deque([(state, [])])
    seen = {state}
    while ways:
        here, events = ways.popleft()
        if here is target:
            return events
        for event in _FOLLOWING:
            if VISIT.allows(here, event) and (there := VISIT.next(here, event)) not in seen:
                seen.add(there)
                ways.append((there, [*events, event]))
    return None


def state_of(visit: Visit) -> VisitState:
    """What the kiosk shows for a snapshot."""
    match visit.ticket_state:
        case TicketState.WAITING | TicketState.MISSED | TicketState.TRANSFERRED:
            return VisitState.WAIT
        case TicketState.CALLED | TicketState.CONNECTING | TicketState.SERVING | TicketState.HELD:
            return VisitState.SIGN if visit.signature is SignatureState.ASKED else VisitState.SERVE
        case TicketState.FINISHED:
            return VisitState.RECEIPT
        case TicketState.ABANDONED:
            return VisitState.WIPE
