"""What compares two faces."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score`: 0 (nothing in common) to 100 (the same picture). `alike`: it is at or above the comparer's threshold."""

    score: int
    alike: bool


class Comparer(Protocol):
    @property
    def is_ready(self) -> bool:
        """Whether what it needs is installed."""
        ...

    async def compare(self, photo: bytes, picture: bytes) -> Likeness:
        """How like the face on a card's photo and the one in a picture are; both are JPEGs.

        Raises `DeviceError`: `face_not_found` when one of them shows none, `device_failed`. Cancelling it ends the work
        and leaves nothing. The caller sets the time-out.
        """
        ...
