"""A request for a ticket that the center has not answered yet. Pure."""

from dataclasses import dataclass
from typing import Self

from protocol.records import CodeShown, Shown

CODE_MS = 10_000
"""How long a code waits for the center's answer: two redemptions at the gateway's slowest. Then it is forgotten."""


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """`code_ends_at_ms` (Unix time): when the code that was shown is forgotten; None where none was."""

    request_id: str
    code_ends_at_ms: int | None

    @classmethod
    def of(cls, request_id: str, shown: Shown, now_ms: int) -> Self:
        return cls(request_id, now_ms + CODE_MS if isinstance(shown, CodeShown) else None)

    def code_expired(self, now_ms: int) -> bool:
        return self.code_ends_at_ms is not None and self.code_ends_at_ms <= now_ms
