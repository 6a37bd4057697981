"""One affair's call: answered once each time that the clerk calls, seen once until it breaks. Pure."""

from protocol.states import SessionState, TicketState
from protocol.visit import Visit


class Call:
    """Follows the snapshots of one affair; `wipe` the visit by making a new one."""

    def __init__(self) -> None:
        self._ticket: TicketState | None = None
        self._heard_at_ms = 0
        self._answered = False
        self._seen = False

    def follow(self, visit: Visit, now_ms: int) -> None:
        called_now = visit.ticket_state is TicketState.CALLED and self._ticket is not TicketState.CALLED
        if self._ticket is None or called_now:
            self._heard_at_ms = now_ms
        if called_now or visit.ticket_state in (TicketState.WAITING, TicketState.MISSED):
            self._answered = self._seen = False
        if visit.session_state is SessionState.INTERRUPTED:
            self._seen = False
        self._ticket = visit.ticket_state

    def answer(self) -> bool:
        """Whether to answer now; True once for each call."""
        if self._ticket is not TicketState.CALLED or self._answered:
            return False
        self._answered = True
        return True

    def see(self) -> bool:
        """Whether the clerk's picture is news; True once until the session breaks or the ticket is called again."""
        if self._seen:
            return False
        self._seen = True
        return True

    def since_ms(self, now_ms: int) -> int:
        """How long ago the booth heard of the call."""
        return max(0, now_ms - self._heard_at_ms)
