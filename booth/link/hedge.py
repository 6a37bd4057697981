"""One request, asked a second time when the line has gone silent: two connections seldom lose their packets at once.

A lost packet at a connection's beginning or end is noticed by a time-out alone, which doubles with each packet that is
lost after it: seconds, on a line that carries everything else. What is asked must be the same when it is done twice.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


async def hedged(ask: Callable[[], Coroutine[Any, Any, T]], silence: Callable[[], Coroutine[Any, Any, object]]) -> T:
    """What `ask` answers first: asked once, and once more, beside it, when `silence` returns before the answer.

    Raises only when nobody is left who could answer: what the last one raised. The slower one is cancelled, and
    cancelling this cancels both; either way none is left when it ends, and what was asked may have been done.
    """
    asking = asyncio.create_task(ask(), name="asking")
    waiting = asyncio.create_task(silence(), name="waiting for silence")
    tasks = {asking, waiting}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        waiting.result()  # a fault of its own is no silence
        log.info("the line is silent: asked a second time")
        again = asyncio.create_task(ask(), name="asking again")
        tasks.add(again)
        return await _first_answer({asking, again})
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_answer(asked: set[asyncio.Task[T]]) -> T:
    while True:
        done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        answered = [task for task in done if task.exception() is None]
        if answered or not asked:
            return (answered or list(done))[0].result()
