"""Work that a cancellation must not tear in two."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def to_the_end(work: Coroutine[Any, Any, None], name: str) -> None:
    """Await `work` to its end even if the caller is cancelled meanwhile; the cancellation is raised after it.

    The task never outlives this call. `work` must be short and bounded, since it delays the stopping of the caller.
    """
    task = asyncio.create_task(work, name=name)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
