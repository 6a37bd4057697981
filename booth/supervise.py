"""The one place where the booth tries again.

What it keeps alive fails in three ways: it is lost (`CenterLost`; soon again), it is refused (`CenterRefused`; a
person must do something first, so seldom again), or it has a bug (the traceback is logged, and it is tried again).
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine

from booth.errors import CenterLost, CenterRefused

log = logging.getLogger(__name__)

FIRST_S = 0.5
MOST_S = 15.0
REFUSED_S = 60.0
"""After a refusal that only a person can mend."""

Sleep = Callable[[float], Awaitable[object]]


class BackOff:
    """Waits that double from `FIRST_S` to `most_s`, each drawn from [0, that]: full jitter, so that
    many booths don't come back at the same moment after the center restarts."""

    def __init__(self, draw: Callable[[float, float], float] = random.uniform, most_s: float = MOST_S) -> None:
        self._draw = draw
        self._most_s = most_s
        self._ceiling_s = FIRST_S

    def worked(self) -> None:
        """The next wait is a short one again."""
        self._ceiling_s = FIRST_S

    def next_s(self) -> float:
        wait_s = self._draw(0.0, self._ceiling_s)
        self._ceiling_s = min(self._most_s, self._ceiling_s * 2)
        return wait_s


async def keep(
    name: str,
    attempt: Callable[[Callable[[], None]], Coroutine[object, object, None]],
    *,
    back_off: BackOff | None = None,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Run `attempt(worked)` again and again, until cancelled. It calls `worked()` when it stands; ending is a loss."""
    back_off = back_off or BackOff()
    while True:
        wait_s: float | None = None
        try:
            await _once(name, attempt(back_off.worked))
        except CenterLost as loss:
            log.info("%s: %s", name, loss)
        except CenterRefused as refusal:
            wait_s = REFUSED_S
            log.error("%s: refused by the center with %r; tried again in %d s", name, str(refusal.code), wait_s)
        except Exception:
            log.exception("%s: failed", name)
        await sleep(back_off.next_s() if wait_s is None else wait_s)


async def _once(name: str, attempt: Coroutine[object, object, None]) -> None:
    """Await the attempt in a task of its own: a task group in it that fails while it is cancelled raises its failure
    alone (until Python 3.13), and the supervisor would go on instead of stopping."""
    task = asyncio.create_task(attempt, name=name)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise
    task.result()
