"""What every source of codes can do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from protocol.devices import DeviceKind, DeviceStatus

SHORTEST, LONGEST = 6, 512
"""Characters of a code that is told (`protocol.records.CodeShown`); half a code is no code."""


@dataclass(frozen=True, slots=True, repr=False)
class CodeSeen:
    """A code was shown. It is the only copy."""

    code: str


CodeEvent = CodeSeen | DeviceStatus


class CodeReader(Protocol):
    """An async context manager round the one thread that reads. Leaving twice is harmless."""

    @property
    def kind(self) -> DeviceKind:
        """The device that an identity will name as its origin."""
        ...

    def want(self, wanted: bool) -> None:
        """Look for codes from now on, or don't. What is shown while nobody wants it is dropped, not kept for later."""
        ...

    def wipe(self) -> None:
        """The visit is over: what it showed never speaks for the next."""
        ...

    def events(self) -> AsyncIterator[CodeEvent]:
        """Codes as they are shown, and changes of status. One consumer; a code that nobody takes is dropped."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def is_code(text: str) -> bool:
    return SHORTEST <= len(text) <= LONGEST and text.isprintable()
