"""Puts one page into an outbox again and again, each time in a child that kills itself with SIGKILL one step later.

`python -m tests.integration.booth.dying FOLDER PAGE_ID` puts into FOLDER/1, FOLDER/2 … and prints for each child its
wait status and whether `put` had returned; the last one gets through and exits with 0.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from booth.link.outbox import Outbox
from tests.integration.booth.pages import page


class Fuse:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def burn(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def round(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, with a step before and a step after it."""

        def dying(*args: Any, **named: Any) -> Any:
            self.burn()
            result = call(*args, **named)
            self.burn()
            return result

        return dying


async def put(folder: Path, page_id: str, steps: int) -> None:
    announced, light, full = page(page_id, 50_000, 2_000)
    async with Outbox(folder) as outbox:
        fuse = Fuse(steps)
        os.fsync = fuse.round(os.fsync)
        event.listen(Pool, "checkout", fuse.burn)
        event.listen(Pool, "checkin", fuse.burn)
        await outbox.put(announced, light, full)
        folder.with_suffix(".put").touch()
        fuse.burn()


def main(folder: Path, page_id: str) -> None:
    status, step = 1, 0
    while status != 0:
        step += 1
        child = os.fork()
        if child == 0:
            asyncio.run(put(folder / str(step), page_id, step))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        print(status, (folder / f"{step}.put").exists())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
