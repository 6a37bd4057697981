"""What residents left behind at the center: ids only. Pure.

Somebody may go away while their ticket is on its way, and the center may speak of an affair once more after the booth
wiped it. Neither may ever show on the screen of whoever stands there now.
"""


class Past:
    def __init__(self) -> None:
        self._forsaken: set[str] = set()
        self._over: set[str] = set()

        self._withdrawn: set[str] = set()

    def withdraw(self, request_id: str) -> None:
        """A request whose code expired. The center may have it all the same: while the resident is still there, its
        ticket is theirs.
        """
        self._withdrawn.add(request_id)

    def leave(self, request_id: str | None, affair_id: str | None) -> None:
        """A visit was ended, with requests under way or with an affair."""
        self._forsaken |= self._withdrawn
        self._withdrawn.clear()
        if request_id is not None:
            self._forsaken.add(request_id)
        if affair_id is not None:
            self._over.add(affair_id)

    def refused(self, request_id: str) -> None:
        self._forsaken.discard(request_id)
        self._withdrawn.discard(request_id)

    def got_ticket(self) -> None:
        """One of the resident's own requests did; the others of theirs are refused."""
        self._withdrawn.clear()

    def is_over(self, affair_id: str) -> bool:
        return affair_id in self._over

    def takes(self, affair_id: str) -> bool:
        """Whether a new affair belongs to somebody who left; then it is over from now on.

        The center handles requests in order and a booth has one affair at a time, so the oldest forsaken request is
        the one that got the ticket, and all that came after it were refused.
        """
        if not self._forsaken:
            return False
        self._forsaken.clear()
        self._over.add(affair_id)
        return True

    def closed(self) -> None:
        """The center has no visit for this booth any more."""
        self._over.clear()
