"""Asked once, and once more when the line is silent."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from booth.errors import CenterLost
from booth.link.hedge import hedged


class Asked:
    """Each asking waits for a future of its own, and knows whether it was cancelled."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[str]] = []
        self.cancelled: list[int] = []
        self.silent = asyncio.Event()

    async def ask(self) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        number = len(self.answers)
        try:
            return await answer
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise

    async def silence(self) -> None:
        await self.silent.wait()

    async def until_asked(self, times: int) -> None:
        while len(self.answers) < times:  # noqa: ASYNC110 - a turn of the loop each
            await asyncio.sleep(0)


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    yield Asked()
    left = {task.get_name() for task in asyncio.all_tasks()}
    assert not left & {"asking", "asking again", "waiting for silence"}, "no task is left behind"


async def hedging(asked: Asked, times: int) -> asyncio.Task[str]:
    """A request under way that has been asked so often."""
    task = asyncio.create_task(hedged(asked.ask, asked.silence))
    await asked.until_asked(1)
    if times > 1:
        asked.silent.set()
        await asked.until_asked(2)
    return task


async def test_what_is_answered_in_time_is_asked_once(asked: Asked) -> None:
    task = await hedging(asked, 1)
    asked.answers[0].set_result("first")
    assert await task == "first"
    assert len(asked.answers) == 1


async def test_what_is_lost_before_the_silence_is_lost_at_once(asked: Asked) -> None:
    task = await hedging(asked, 1)
    asked.answers[0].set_exception(CenterLost("first"))
    with pytest.raises(CenterLost, match="first"):
        await task
    assert len(asked.answers) == 1


@pytest.mark.parametrize(("quicker", "slower"), [(0, 2), (1, 1)])
async def test_the_quicker_answer_counts_and_the_slower_is_cancelled(asked: Asked, quicker: int, slower: int) -> None:
    task = await hedging(asked, 2)
    asked.answers[quicker].set_result("answered")
    assert await task == "answered"
    assert asked.cancelled == [slower]
    assert len(asked.answers) == 2, "a silence that lasts asks no third time"


@pytest.mark.parametrize("lost", [0, 1])
async def test_the_loss_of_one_is_no_failure_while_the_other_lives(asked: Asked, lost: int) -> None:
    task = await hedging(asked, 2)
    asked.answers[lost].set_exception(CenterLost("lost"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    asked.answers[1 - lost].set_result("answered")
    assert await task == "answered"


@pytest.mark.parametrize("lost", [0, 1])
async def test_an_answer_counts_that_comes_together_with_the_others_loss(asked: Asked, lost: int) -> None:
    task = await hedging(asked, 2)
    asked.answers[lost].set_exception(CenterLost("lost"))
    asked.answers[1 - lost].set_result("answered")
    assert await task == "answered"


async def test_it_fails_when_both_are_lost(asked: Asked) -> None:
    task = await hedging(asked, 2)
    asked.answers[1].set_exception(CenterLost("second"))
    await asyncio.sleep(0)
    asked.answers[0].set_exception(CenterLost("first"))
    with pytest.raises(CenterLost):
        await task


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelling_it_cancels_all_that_was_asked(asked: Asked, times: int) -> None:
    task = await hedging(asked, times)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(asked.cancelled) == list(range(1, times + 1))


async def test_a_silence_that_fails_is_a_fault_and_not_a_silence(asked: Asked) -> None:
    async def fail() -> None:
        raise ValueError("no line")

    with pytest.raises(ValueError, match="no line"):
        await hedged(asked.ask, fail)
    assert asked.cancelled == [1]
