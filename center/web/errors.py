"""The one place where an error becomes an HTTP status with an `ErrorReply`, or a WebSocket's close code."""

import logging
import traceback
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import WSCloseCode, hdrs, web

from center.errors import DeskError
from center.media.interface import MediaError
from protocol.counter import ErrorReply
from protocol.errors import ErrorCode, IllegalTransition, ProtocolError

LOG = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS = {
    ErrorCode.MALFORMED: 400,
    ErrorCode.OUT_OF_ORDER: 400,
    ErrorCode.NOT_LOGGED_IN: 401,
    ErrorCode.WRONG_PASSWORD: 401,
    ErrorCode.BAD_CODE: 403,
    ErrorCode.BAD_PROOF: 403,
    ErrorCode.NOT_YOURS: 403,
    ErrorCode.UNKNOWN_BOOTH: 403,
    ErrorCode.AFFAIR_UNKNOWN: 404,
    ErrorCode.ITEM_UNKNOWN: 404,
    ErrorCode.PAGE_UNKNOWN: 404,
    ErrorCode.TIMED_OUT: 408,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.NOT_AN_IMAGE: 422,
    ErrorCode.WRONG_HASH: 422,
    ErrorCode.PROTOCOL_VERSION: 426,
    ErrorCode.TOO_MANY_ATTEMPTS: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.DISK_FULL: 507,
}
_OTHER_STATUS = 409
"""Every other refusal is about the state of things just now: somebody else was quicker, something is still missing."""

_CLOSE_CODE = {
    ErrorCode.TOO_LARGE: WSCloseCode.MESSAGE_TOO_BIG,
    ErrorCode.INTERNAL: WSCloseCode.INTERNAL_ERROR,
    ErrorCode.BACKLOG_FULL: WSCloseCode.TRY_AGAIN_LATER,
}


class ForeignPage(ProtocolError):
    """A browser acts on behalf of another site's page. Answered by 403."""

    def __init__(self, rule: str) -> None:
        super().__init__(ErrorCode.MALFORMED, rule)


def code_of(error: Exception) -> ErrorCode:
    """The code that a peer is told; `internal` for whatever is not one of our own refusals."""
    match error:
        case DeskError() | ProtocolError():
            return error.code
        case IllegalTransition():
            return ErrorCode.ILLEGAL_TRANSITION
        case MediaError():
            return ErrorCode.MALFORMED
        case TimeoutError():
            return ErrorCode.TIMED_OUT
        case _:
            return ErrorCode.INTERNAL


def status_of(error: Exception) -> int:
    return 403 if isinstance(error, ForeignPage) else _STATUS.get(code_of(error), _OTHER_STATUS)


def close_code_of(code: ErrorCode) -> int:
    return _CLOSE_CODE.get(code, WSCloseCode.POLICY_VIOLATION)


def error_reply(error: Exception) -> web.Response:
    return _reply(status_of(error), code_of(error))


def log_fault(error: BaseException, where: str) -> None:
    """Log an unexpected exception: its type and its stack, but not its text, since a library's text may quote data."""
    LOG.error("fault in %s: %s", where, "\n".join(_outline(error)))


def route_of(request: web.Request) -> str:
    """The route's pattern, for logs: it names no affair and no page."""
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource is not None else '(no route)'}"


@web.middleware
async def errors_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error under `/api` with an `ErrorReply`; log what is our own fault."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if not request.path.startswith("/api"):
            raise
        return _translated(error)
    except (DeskError, ProtocolError, IllegalTransition, MediaError, TimeoutError) as error:
        LOG.info("refused %s: %s", route_of(request), code_of(error))
        return error_reply(error)
    except Exception as error:
        log_fault(error, route_of(request))
        return error_reply(error)


def _translated(error: web.HTTPException) -> web.Response:
    """aiohttp's own refusals (no such route, not a WebSocket) as an `ErrorReply` of the same status."""
    code = ErrorCode.TOO_LARGE if error.status == 413 else ErrorCode.MALFORMED
    reply = _reply(error.status, code)
    if hdrs.ALLOW in error.headers:
        reply.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    return reply


def _reply(status: int, code: ErrorCode) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(ErrorReply(code)), content_type="application/json")


def _outline(error: BaseException, depth: int = 0) -> list[str]:
    """Type and stack of the error, its cause and its parts."""
    lines = [f"{'  ' * depth}{type(error).__qualname__}"]
    lines += [line.rstrip("\n") for line in traceback.format_tb(error.__traceback__)]
    parts = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    below = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for inner in [*parts, *([below] if below is not None else [])]:
        if depth < 8:
            lines += _outline(inner, depth + 1)
    return lines
