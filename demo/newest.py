"""The newest view that somebody was shown, and waiting for one in which something can be seen."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Newest(Generic[V]):
    """Holds the newest view only, as a page does."""

    def __init__(self) -> None:
        self._view: V | None = None
        self._changed = asyncio.Condition()

    async def show(self, view: V) -> None:
        async with self._changed:
            self._view = view
            self._changed.notify_all()

    async def until(self, seen: Callable[[V], bool]) -> V:
        """The first view of which `seen` is true, the present one included. The caller sets the time-out."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._view is not None and seen(self._view))
            assert self._view is not None
            return self._view
