"""Why the center said no, over HTTP."""

import aiohttp
import msgspec

from protocol.counter import ErrorReply
from protocol.errors import ErrorCode

MAX_REPLY_BYTES = 4096


async def refusal_of(response: aiohttp.ClientResponse) -> ErrorCode:
    """The code of an error's body; `internal` when there is none that we know."""
    body = await response.content.read(MAX_REPLY_BYTES)
    try:
        return msgspec.json.decode(body, type=ErrorReply).code
    except (msgspec.MsgspecError, UnicodeError):
        return ErrorCode.INTERNAL
