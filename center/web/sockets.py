"""WebSockets as the center uses them: text frames with limits, and an end that always comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import WSCloseCode, WSMsgType, web

from center.errors import DeskError
from center.web.errors import close_code_of, code_of, log_fault
from protocol.errors import ErrorCode, ProtocolError

FAREWELL_S = 1.0
"""How long the other side has to take the last words and answer the closing of the socket."""


class SocketGone(Exception):
    """The other side closed the socket or vanished. Nothing is left to be said."""


async def receive_text(socket: web.WebSocketResponse, limit_s: float | None = None) -> str:
    """The next text frame. Raises `ProtocolError` for any other frame, `TimeoutError` after `limit_s` without one,
    `SocketGone` at the end. Cancelling loses nothing."""
    frame = await socket.receive(timeout=limit_s)
    match frame.type:
        case WSMsgType.TEXT:
            return str(frame.data)
        case WSMsgType.BINARY:
            raise ProtocolError(ErrorCode.MALFORMED, "frames are text")
        case _:
            raise SocketGone


async def send_text(socket: web.WebSocketResponse, text: str, limit_s: float) -> None:
    """Send one frame. Raises `TimeoutError` when the peer takes nothing for `limit_s`, `SocketGone` when it is gone."""
    try:
        async with asyncio.timeout(limit_s):
            await socket.send_str(text)
    except ConnectionError:
        raise SocketGone from None


@asynccontextmanager
async def ended_well(
    request: web.Request,
    socket: web.WebSocketResponse,
    where: str,
    farewell: Callable[[ErrorCode], Awaitable[None]] | None = None,
) -> AsyncIterator[None]:
    """Close the socket at the end of the block, whatever ended it; an error becomes its code, said by `farewell` first.

    This is where WebSockets' errors end: the answer has begun, so the middleware could not reply any more.
    """
    reason: ErrorCode | None = None
    try:
        yield
    except SocketGone:
        pass
    except (DeskError, ProtocolError, TimeoutError) as error:
        reason = code_of(error)
    except Exception as error:
        log_fault(error, where)
        reason = ErrorCode.INTERNAL
    finally:
        await _part(request, socket, reason, farewell)


async def _part(
    request: web.Request,
    socket: web.WebSocketResponse,
    reason: ErrorCode | None,
    farewell: Callable[[ErrorCode], Awaitable[None]] | None,
) -> None:
    """Say the last words and close; a peer that does not take them is cut off."""
    try:
        async with asyncio.timeout(2 * FAREWELL_S):
            if reason is not None and farewell is not None:
                await farewell(reason)
            await socket.close(code=WSCloseCode.OK if reason is None else close_code_of(reason))
    except (TimeoutError, SocketGone):
        pass
    except asyncio.CancelledError:
        # In aiohttp, once a send that waits for a full buffer was cancelled, each later one raises this at once.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
    finally:
        if socket.close_code in (None, WSCloseCode.ABNORMAL_CLOSURE) and request.transport is not None:
            request.transport.abort()  # a mere close would wait for a peer that reads nothing to read all
