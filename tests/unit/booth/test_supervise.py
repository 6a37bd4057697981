"""Trying again."""

import asyncio
from collections.abc import Callable

import pytest

from booth.errors import CenterLost, CenterRefused
from booth.supervise import FIRST_S, MOST_S, REFUSED_S, BackOff, keep
from protocol.errors import ErrorCode


class Enough(BaseException):
    """Ends a supervision from within a test."""


def at_most(_low: float, high: float) -> float:
    return high


async def supervise(outcomes: list[Exception | None], *, works: bool = False) -> list[float]:
    """The waits after each outcome."""
    waits: list[float] = []

    async def attempt(worked: Callable[[], None]) -> None:
        if not outcomes:
            raise Enough
        if works:
            worked()
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with pytest.raises(Enough):
        await keep("test", attempt, back_off=BackOff(at_most), sleep=sleep)
    return waits


async def test_waits_double_up_to_the_longest() -> None:
    waits = await supervise([CenterLost("gone")] * 8)
    assert waits == [0.5, 1, 2, 4, 8, 15, 15, 15]
    assert (waits[0], waits[-1]) == (FIRST_S, MOST_S)


async def test_waits_are_short_again_after_it_worked() -> None:
    assert await supervise([CenterLost("gone")] * 3, works=True) == [0.5, 0.5, 0.5]


async def test_waits_are_drawn_anew_each_time() -> None:
    waits = [BackOff().next_s() for _ in range(50)]
    assert len(set(waits)) > 40
    assert all(0 <= wait <= FIRST_S for wait in waits)


async def test_a_refusal_is_tried_again_seldom_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert await supervise([CenterRefused(ErrorCode.UNKNOWN_BOOTH)]) == [REFUSED_S]
    assert "unknown_booth" in caplog.text


async def test_a_bug_is_logged_with_its_traceback_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    assert await supervise([ZeroDivisionError("a bug"), None]) == [0.5, 1]
    assert "Traceback" in caplog.text


async def test_cancelling_ends_it() -> None:
    began = asyncio.Event()

    async def attempt(_worked: Callable[[], None]) -> None:
        began.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(keep("test", attempt))
    await asyncio.wait_for(began.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_stop_is_obeyed_when_the_attempt_fails_at_the_same_moment() -> None:
    begun = asyncio.Event()

    async def attempt(_worked: Callable[[], None]) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise CenterLost("at the same moment") from None

    supervised = asyncio.create_task(keep("test", attempt))
    await begun.wait()
    supervised.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([supervised])
    assert supervised.cancelled()
