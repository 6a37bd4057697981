"""The upload tokens: what a booth's page uploads carry, while its link is up and a while after."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

GRACE_S = 600.0
"""How long uploads may go on after the link dropped."""


@dataclass(slots=True)
class _Issued:
    token: str
    ends_at_s: float | None

    def __repr__(self) -> str:
        return f"_Issued(ends_at_s={self.ends_at_s})"


class UploadTokens:
    """One token a booth: the one of its newest connection."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: monotonic seconds."""
        self._clock = clock
        self._issued: dict[str, _Issued] = {}

    def issue(self, booth_id: str) -> str:
        """A new token, valid until `GRACE_S` after `dropped`; the booth's older one ends."""
        token = secrets.token_urlsafe(32)
        self._issued[booth_id] = _Issued(token, None)
        return token

    def dropped(self, booth_id: str) -> None:
        """The booth's link is down: its token lives `GRACE_S` longer."""
        issued = self._issued.get(booth_id)
        if issued is not None and issued.ends_at_s is None:
            issued.ends_at_s = self._clock() + GRACE_S

    def booth_of(self, token: str) -> str | None:
        """The booth whose token this is. Compares with all of them, each in constant time."""
        offered = token.encode("utf-8", "surrogateescape")
        found: str | None = None
        for booth_id, issued in self._issued.items():
            if hmac.compare_digest(issued.token.encode(), offered):
                found = booth_id if issued.ends_at_s is None or self._clock() < issued.ends_at_s else None
        return found
