"""`python -m center.media FD`: the forwarder. The center starts it (`process/client.py`); nobody else needs to.

It ends when the center closes the socket, which it does by dying too. Signals for the whole group are the center's
business.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable

from center.media.process.service import serve


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Their lines would quote SDP, which is personal, and addresses.
    for library in ("aioice", "aiortc", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(socket.socket(fileno=int(sys.argv[1]))))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
