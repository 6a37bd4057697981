"""Bodies of requests and replies: read with a limit and decoded into a type, or refused."""

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import web

from protocol.errors import ErrorCode, ProtocolError
from protocol.link import read_json

MAX_JSON_BYTES = 256 * 1024
"""An SDP of 60,000 characters or a form of 60 long lines fits, escaped as a browser escapes it."""
JSON_LIMIT_S = 20.0
"""How long a JSON body may take to arrive; on the worst line measured (4G, 20 KB/s) the largest takes 13 s."""

M = TypeVar("M")


async def read_body(request: web.Request, limit_bytes: int, limit_s: float) -> bytes:
    """The whole body. Raises `ProtocolError`: `too_large` as soon as that is known, `malformed` when it breaks off,
    `timed_out` when it comes too slowly."""
    if (request.content_length or 0) > limit_bytes:
        raise ProtocolError(ErrorCode.TOO_LARGE, f"a body is at most {limit_bytes} bytes here")
    body = bytearray()
    try:
        async with asyncio.timeout(limit_s):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > limit_bytes:
                    raise ProtocolError(ErrorCode.TOO_LARGE, f"a body is at most {limit_bytes} bytes here")
    except TimeoutError:
        raise ProtocolError(ErrorCode.TIMED_OUT, f"a body arrives within {limit_s:.0f} s") from None
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ProtocolError(ErrorCode.MALFORMED, "the body broke off") from error
    return bytes(body)


async def read_message(request: web.Request, decoder: "msgspec.json.Decoder[M]") -> M:
    """The body as a message of the protocol; raises `ProtocolError` for anything else."""
    return read_json(decoder, await read_body(request, MAX_JSON_BYTES, JSON_LIMIT_S))


def json_reply(content: object, status: int = 200) -> web.Response:
    """A reply of JSON, from a message of the protocol or a plain dict of them."""
    return web.Response(status=status, body=msgspec.json.encode(content), content_type="application/json")


def done() -> web.Response:
    return web.Response(status=204)
