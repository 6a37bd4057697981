"""Two processes on one store: each thing is done by one of them."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from center.desk import Desk
from center.errors import DeskError
from protocol.counter import ClerkView
from protocol.errors import ErrorCode
from tests.integration.center_store.center import Center, reopened

TAKE = """
import asyncio, sys
from pathlib import Path
from center.errors import DeskError
from tests.integration.center_store.center import reopened

async def main(folder, name, affair_id):
    async with reopened(Path(folder)) as center:
        clerk = await center.clerk(name)
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            await center.desk.take(clerk, affair_id)
            print("taken")
        except DeskError as error:
            print(error.code)

asyncio.run(main(*sys.argv[1:]))
"""


async def take(desk: Desk, clerk: ClerkView, affair_id: str) -> ErrorCode | None:
    try:
        await desk.take(clerk, affair_id)
    except DeskError as error:
        return error.code
    return None


async def test_one_of_two_desks_gets_a_ticket(center: Center, folder: Path) -> None:
    wang, li = await center.clerk("wang"), await center.clerk("li")
    affair_id = await center.ticket()
    async with reopened(folder) as other:
        results = await asyncio.gather(take(center.desk, wang, affair_id), take(other.desk, li, affair_id))
    assert set(results) == {None, ErrorCode.ALREADY_TAKEN}


async def test_one_of_two_processes_gets_a_ticket(center: Center, folder: Path) -> None:
    affair_id = await center.ticket()

    def race() -> list[str]:
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", TAKE, str(folder), name, affair_id],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("wang", "li")
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        return [racer.communicate(timeout=30)[0].strip() for racer in racers]

    assert sorted(await asyncio.to_thread(race)) == ["already_taken", "taken"]


async def test_a_cancelled_write_changes_nothing(center: Center, folder: Path) -> None:
    clerk = await center.clerk()
    affair_id = await center.ticket()
    async with reopened(folder) as other, other.store.write():
        waiting = asyncio.ensure_future(center.desk.take(clerk, affair_id))
        await asyncio.wait([waiting], timeout=0.2)
        assert waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    view = await center.desk.view(clerk)
    assert [row.affair_id for row in view.waiting] == [affair_id]
    await center.desk.take(clerk, affair_id)
