"""What every document camera can do. Drivers stand beside this file; one contract suite holds for all of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from protocol.devices import DeviceStatus

Image = NDArray[np.uint8]
"""`(height, width, 3) uint8 BGR`, unless a docstring says otherwise."""


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One picture at the camera's full resolution. `at_s` is `time.monotonic()` when it was grabbed."""

    image: Image
    at_s: float
    number: int


class Camera(Protocol):
    """An async context manager: entering starts the one thread that grabs, leaving stops it. Leaving twice is harmless.

    A camera that is unplugged becomes `absent`, is opened again by itself, and goes on.
    """

    @property
    def status(self) -> DeviceStatus: ...

    @property
    def name(self) -> str:
        """For evidence and logs, e.g. `v4l2:/dev/video0`."""
        ...

    @property
    def latest(self) -> Frame | None:
        """The newest frame, or None when there is none younger than two seconds."""
        ...

    def frames(self) -> AsyncIterator[Frame]:
        """The newest frame each time that there is one. Many consumers; a slow one misses frames and delays none."""
        ...

    def changes(self) -> AsyncIterator[DeviceStatus]:
        """Each change of `status` from now on. One consumer; at most 100 wait, then the oldest go."""
        ...

    async def capture(self) -> Frame:
        """The first sharp frame grabbed after this call, at full resolution.

        Raises `DeviceError`: `camera_absent`, `camera_frozen` (the same picture for two seconds). The caller sets the
        time-out.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
