"""Real time for sources that could run faster."""

import asyncio

LATE_S = 1.0
"""Who is later than this doesn't catch up (a suspended machine, a debugger) but goes on from now."""


class Pace:
    """A stopwatch in the event loop's time, started by its first use."""

    def __init__(self) -> None:
        self._start_s: float | None = None

    def now_s(self) -> float:
        """Seconds since the first use."""
        now_s = asyncio.get_running_loop().time()
        if self._start_s is None:
            self._start_s = now_s
        return now_s - self._start_s

    async def until(self, at_s: float) -> None:
        """Sleep until `at_s` seconds since the first use."""
        wait_s = at_s - self.now_s()
        if wait_s < -LATE_S and self._start_s is not None:
            self._start_s -= wait_s
        await asyncio.sleep(max(0.0, wait_s))
