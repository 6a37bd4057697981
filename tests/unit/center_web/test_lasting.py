"""Work that a cancellation does not tear in two."""

import asyncio

import pytest

from center.web.lasting import to_the_end


async def test_a_cancelled_caller_waits_for_the_work_and_is_cancelled_then() -> None:
    go, begun, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go.wait()
        ended.set()

    caller = asyncio.create_task(to_the_end(work(), "work"))
    await begun.wait()
    for _ in range(2):
        caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()


async def test_the_works_error_is_the_callers() -> None:
    async def work() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await to_the_end(work(), "work")
