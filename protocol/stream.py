"""A numbered stream of messages that survives broken connections: nothing lost, nothing done twice.

Each side numbers what it sends from 1 within an epoch (one run of the booth process), keeps it until the other
side acknowledges it, and after a reconnection sends again what the other has not received. A receiver takes exactly
the next number; one that it has already is acknowledged again and dropped. This module decides; sockets
and tables are the shells' (`booth.link`, `center.web.link`, `center.store.link`).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from protocol.errors import ErrorCode, ProtocolError

M = TypeVar("M")

MAX_BACKLOG = 2000
"""Unacknowledged messages a sender keeps; a peer that stays away longer starts a new epoch."""


class Sender(Generic[M]):
    """What was sent and not yet acknowledged. `sent` is the last number given."""

    def __init__(self) -> None:
        self.sent = 0
        self._backlog: OrderedDict[int, M] = OrderedDict()

    def put(self, message: M) -> int:
        """Number a message and keep it; raises `ProtocolError(backlog_full)` keeping nothing, when there is no room."""
        if len(self._backlog) >= MAX_BACKLOG:
            raise ProtocolError(ErrorCode.BACKLOG_FULL, "the peer acknowledges nothing")
        self.sent += 1
        self._backlog[self.sent] = message
        return self.sent

    def acknowledged(self, ack: int) -> None:
        """Forget everything up to `ack`; raises `ProtocolError` for a number that was never sent."""
        if ack > self.sent:
            raise ProtocolError(ErrorCode.OUT_OF_ORDER, "an acknowledgement of what was not sent")
        while self._backlog and next(iter(self._backlog)) <= ack:
            self._backlog.popitem(last=False)

    def rewrite(self, rewritten: Callable[[M], M]) -> None:
        """Put something else in the place of what waits, number by number. A peer that has a message already keeps it:
        what has its number is dropped there as known.
        """
        for n, message in self._backlog.items():
            self._backlog[n] = rewritten(message)

    def pending(self) -> list[tuple[int, M]]:
        """What to send again after a reconnection, in order."""
        return list(self._backlog.items())

    def __repr__(self) -> str:
        return f"Sender(sent={self.sent}, pending={len(self._backlog)})"


def is_next(received: int, n: int) -> bool:
    """Whether message `n` is to be handled, when `received` was the last: False for one handled already.

    Raises `ProtocolError` for a gap, which an ordered transport can't make.
    """
    if n > received + 1:
        raise ProtocolError(ErrorCode.OUT_OF_ORDER, "a message number was skipped")
    return n == received + 1
