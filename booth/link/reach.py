"""Whether the center can be reached: asked again and again, so that the network's return is known when it comes.

One connection attempt into a cut line waits for TCP's repetitions (after 1, 3, 7 s …) and comes late when the line is
back. Several that overlap don't: one is begun every `EVERY_S`, and the first that gets through ends the waiting.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable

EVERY_S = 0.3
SELDOM_S = 1.0
"""After `PATIENCE_S`: a center that is away for long is asked less often."""
PATIENCE_S = 60.0
ANSWER_S = 3.0
"""Longer than a round trip over a bad 4G line, repetitions included."""


async def connects(host: str, port: int) -> bool:
    """Whether a TCP connection comes to stand within `ANSWER_S`. Cancelling leaves nothing behind."""
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def until_reachable(attempt: Callable[[], Awaitable[bool]]) -> None:
    """Return when an attempt has succeeded. Cancelling ends all attempts."""
    reached = asyncio.Event()

    async def once() -> None:
        if await attempt():
            reached.set()

    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.TaskGroup() as group:
        attempts: set[asyncio.Task[None]] = set()
        while not reached.is_set():
            task = group.create_task(once(), name="reach")
            attempts.add(task)
            task.add_done_callback(attempts.discard)
            try:
                async with asyncio.timeout(EVERY_S if loop.time() - began_s < PATIENCE_S else SELDOM_S):
                    await reached.wait()
            except TimeoutError:
                continue
        for task in attempts:
            task.cancel()


def local_address(host: str, port: int) -> str | None:
    """Which address of this machine packets to `host`, a numeric address, leave from now; None without a way there.
    Sends nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host, port))
            return str(probe.getsockname()[0])
    except OSError:
        return None
