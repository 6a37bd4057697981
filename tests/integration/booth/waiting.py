"""Waiting for what changes without announcing it."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(true: Callable[[], bool], within_s: float = 10.0) -> None:
    """Return as soon as it is true; `TimeoutError` when it never is."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - the other side has no event for it
            await asyncio.sleep(0.005)


async def until_it_is(expected: object, ask: Callable[[], Awaitable[object]], within_s: float = 10.0) -> None:
    """The same for what must be awaited."""
    async with asyncio.timeout(within_s):
        while await ask() != expected:  # noqa: ASYNC110 - the other side has no event for it
            await asyncio.sleep(0.005)
