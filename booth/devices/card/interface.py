"""What every card reader can do. Drivers stand beside this file; one contract suite holds for all of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from booth.devices.card.photo import CardPhoto
from protocol.devices import DeviceKind, DeviceStatus
from protocol.records import Card


@dataclass(frozen=True, slots=True)
class CardInserted:
    """A card lies on the reader. `insertion` counts up from 1 and is never used again by this reader object."""

    insertion: int


@dataclass(frozen=True, slots=True)
class CardRemoved:
    insertion: int


@dataclass(frozen=True, slots=True)
class ReaderChanged:
    """The reader itself came, went or failed."""

    status: DeviceStatus


CardEvent = CardInserted | CardRemoved | ReaderChanged


@dataclass(frozen=True, slots=True, repr=False)
class CardRead:
    """A record, the insertion that it was read in, and how long the reading took (select to record, ms).

    `photo` is None unless a decoder is installed; it stays in the booth.
    """

    card: Card
    insertion: int
    took_ms: int
    photo: CardPhoto | None = None


@dataclass(frozen=True, slots=True)
class ReaderTested:
    """What a reader says of itself in a self-test; no card's data.

    `name`: where it is or what it is called. `module_id`: the SAM_V module's, with SDT. `atr`: of the card that lies
    there, with PC/SC.
    """

    name: str
    module_id: str | None = None
    atr: str | None = None


class CardReader(Protocol):
    """An async context manager: entering starts the one thread, leaving stops it. Leaving twice is harmless."""

    @property
    def kind(self) -> DeviceKind: ...

    @property
    def status(self) -> DeviceStatus: ...

    @property
    def inserted(self) -> int | None:
        """The insertion that lies on the reader now; None when it is empty or the reader is away."""
        ...

    def events(self) -> AsyncIterator[CardEvent]:
        """Insertions, removals and changes of the reader from now on, in order.

        One consumer; at most 100 wait, then the oldest go.
        """
        ...

    async def read(self, insertion: int) -> CardRead:
        """Read the card of this insertion.

        Raises `DeviceError`: `card_removed` when that card does not lie there any more, `card_damaged` when it answers
        nonsense, `card_unsupported`, `reader_absent`, `device_failed`. Cancelling it leaves the reader usable; the
        caller sets the time-out.
        """
        ...

    def forget(self) -> None:
        """The visit is over: what was read is kept nowhere from now on."""
        ...

    async def test(self) -> ReaderTested:
        """Have the reader test itself. Raises `DeviceError` (`reader_absent`, `device_failed`).

        Cancelling it leaves the reader usable; the caller sets the time-out.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
