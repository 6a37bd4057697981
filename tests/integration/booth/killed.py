"""Puts pages into an outbox and uploads them, in children that are killed with SIGKILL at random moments.

`python -m tests.integration.booth.killed FOLDER URL TOKEN PAGES KILLS SEED` prints for each child after how many
milliseconds it was killed, or that it had ended before; a last child gets through and ends with the outbox empty. How
long a child may live goes by how long the first one takes for a page, so that most die at work on a slow machine too.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
from yarl import URL

from booth.link.line import UploadLine
from booth.link.outbox import Outbox
from booth.link.uploader import Uploader
from booth.supervise import BackOff, keep
from tests.integration.booth.pages import page
from tests.integration.booth.waiting import until_it_is

LONGEST = 1.5
"""How long a child may live at most, in times of what one takes to begin and to deliver a page."""
FULL_BYTES = 560_000
"""More than one chunk, so that kills fall between chunks too."""


async def work(folder: Path, url: URL, token: str, pages: int) -> None:
    """What a booth does: keep pages one after another, and send what is kept; ends when all are sent."""
    line = UploadLine()
    async with Outbox(folder / "outbox") as outbox, aiohttp.ClientSession(connector=line.connector()) as session:
        uploader = Uploader(outbox, url, None, session)  # not paced: a busy machine's round trips say nothing here
        uploader.authorise(token)
        uploads = asyncio.create_task(keep("uploads", uploader.run, back_off=BackOff(lambda low, high: 0.01)))
        for number in range(pages):
            kept = folder / f"p-{number}.kept"
            if not kept.exists():
                with contextlib.suppress(FileExistsError):  # kept, and killed before that was noted here
                    await outbox.put(*page(f"p-{number}", FULL_BYTES))
                kept.touch()
                uploader.wake()
        await until_it_is([], outbox.waiting, within_s=60.0)
        uploads.cancel()


def child(run: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        run()
        os._exit(0)
    return pid


def main(folder: Path, url: str, token: str, pages: int, kills: int, seed: int) -> int:
    chance = random.Random(seed)

    def run(count: int = pages) -> None:
        asyncio.run(work(folder, URL(url), token, count))

    begun = time.monotonic()
    os.waitpid(child(lambda: run(1)), 0)
    longest_s = LONGEST * (time.monotonic() - begun)
    for _ in range(kills):
        pid = child(run)
        after_s = chance.uniform(0, longest_s)
        time.sleep(after_s)
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended == 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        print("ended" if ended else f"{after_s * 1000:.0f}")
    return os.waitstatus_to_exitcode(os.waitpid(child(run), 0)[1])


if __name__ == "__main__":
    there, to, key, *numbers = sys.argv[1:]
    sys.exit(main(Path(there), to, key, *(int(number) for number in numbers)))
