"""The clerk's wish to have a card's photo compared with the live face: asked for, consented to, done here. Pure.

    issue ─▶ asked ── agree ──▶ comparing ── compared / not ──▶ over
               └── decline, deadline, withdrawn, wiped ──▶ over

Nothing is compared without the resident's separate consent (单独同意), which they give or refuse each time; the answer
goes on record. The picture that comes with the consent stays in the booth, and the center hears a score.
"""

from dataclasses import dataclass

from booth.core.events import CompareFaces, Effect, Send, StopComparing
from protocol.errors import ErrorCode
from protocol.kiosk import Activity
from protocol.messages import CommandFailed, CommandIssued, FaceCompared, SeparateConsentSaid
from protocol.visit import ConsentPurpose


@dataclass(slots=True)
class _Wish:
    command_id: str
    affair_id: str
    ends_at_ms: int
    comparing: bool = False


class Faces:
    """At most one comparison at a time. `fitted`: whether the booth has a comparer."""

    def __init__(self, fitted: bool) -> None:
        self._fitted = fitted
        self._photo: bytes | None = None
        self._wish: _Wish | None = None

    def __repr__(self) -> str:
        return f"Faces(fitted={self._fitted}, comparing={self._wish is not None})"

    def keep(self, photo: bytes | None) -> None:
        """The photo of the card that was read last; one without a photo leaves the older one."""
        self._photo = photo or self._photo

    def issue(self, command: CommandIssued, now_ms: int) -> list[Effect]:
        refusal = None
        if not self._fitted:
            refusal = ErrorCode.COMPARER_ABSENT
        elif self._wish is not None:
            refusal = ErrorCode.DEVICE_BUSY
        elif self._photo is None:
            refusal = ErrorCode.PHOTO_ABSENT
        if refusal is not None:
            return [Send(CommandFailed(command.command_id, refusal))]
        self._wish = _Wish(command.command_id, command.affair_id, now_ms + command.deadline_s * 1000)
        return []

    def agree(self, picture: bytes) -> list[Effect]:
        """The resident consents, and this is their face; without a wish it was a touch that came too late."""
        wish, photo = self._wish, self._photo
        if wish is None or wish.comparing or photo is None:
            return []
        wish.comparing = True
        consent = SeparateConsentSaid(wish.affair_id, ConsentPurpose.FACE_LOCAL, given=True)
        return [Send(consent), CompareFaces(wish.command_id, photo, picture)]

    def decline(self) -> list[Effect]:
        wish = self._wish
        if wish is None or wish.comparing:
            return []
        self._wish = None
        consent = SeparateConsentSaid(wish.affair_id, ConsentPurpose.FACE_LOCAL, given=False)
        return [Send(consent), Send(CommandFailed(wish.command_id, ErrorCode.CONSENT_DECLINED))]

    def compared(self, command_id: str, score: int, alike: bool) -> list[Effect]:
        return [Send(FaceCompared(command_id, score, alike))] if self._ends(command_id) else []

    def failed(self, command_id: str, code: ErrorCode) -> list[Effect]:
        return [Send(CommandFailed(command_id, code))] if self._ends(command_id) else []

    def withdraw(self, command_id: str) -> list[Effect]:
        comparing = self._wish is not None and self._wish.comparing
        return [StopComparing()] if self._ends(command_id) and comparing else []

    def time_passed(self, now_ms: int) -> list[Effect]:
        wish = self._wish
        if wish is None or wish.ends_at_ms > now_ms:
            return []
        return [*self.withdraw(wish.command_id), Send(CommandFailed(wish.command_id, ErrorCode.TIMED_OUT))]

    def deadline_ms(self) -> int | None:
        return None if self._wish is None else self._wish.ends_at_ms

    def activity(self) -> Activity | None:
        """What the resident is asked, or waits for; None when it is nothing of this."""
        if self._wish is None:
            return None
        return Activity.COMPARING_FACE if self._wish.comparing else Activity.ASK_FACE

    def drop(self) -> None:
        """Forget the wish: the center does, too."""
        self._wish = None

    def wipe(self) -> None:
        """The visit is over."""
        self._wish = self._photo = None

    def _ends(self, command_id: str) -> bool:
        if self._wish is None or self._wish.command_id != command_id:
            return False
        self._wish = None
        return True
