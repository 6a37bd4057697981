"""The city's gateway over HTTP: short time-outs, few tries, one key for all of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import msgspec

from center.core.identity import NotRedeemed, Redemption
from center.gateway.wire import MAX_ANSWER_BYTES, PATH, RedeemWanted, read_answer
from protocol.errors import ErrorCode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often: 4 s in all. A resident stands and waits, and so do the booth's next messages."""

    connect_s: float = 0.8
    try_s: float = 1.2
    """One try, from connecting to the last byte."""
    tries: int = 3
    pause_s: float = 0.15


PATIENCE = Patience()


class HttpGateway:
    """A `Gateway`. `key` is our credential there. Made by `open_gateway`."""

    def __init__(self, url: str, key: str, session: aiohttp.ClientSession, patience: Patience) -> None:
        self._patience = patience
        self._url = url.rstrip("/") + PATH
        self._authorization = f"Bearer {key}"
        self._session = session

    def __repr__(self) -> str:
        return f"HttpGateway({self._url!r})"

    async def redeem(self, code: str, key: str) -> Redemption:
        """See `Gateway.redeem`. Neither the code nor an answer's content is ever logged."""
        tries = self._patience.tries
        for n in range(1, tries + 1):
            try:
                redemption = await self._try(code, key)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("gateway: try %d of %d failed: %s", n, tries, type(error).__name__)
            else:
                if redemption is not None:
                    return redemption
            if n < tries:
                await asyncio.sleep(self._patience.pause_s)
        return NotRedeemed(ErrorCode.CODE_UNVERIFIABLE)

    async def _try(self, code: str, key: str) -> Redemption | None:
        headers = {"Authorization": self._authorization, "Idempotency-Key": key, "Content-Type": "application/json"}
        headers["Accept-Encoding"] = "identity"
        body = msgspec.json.encode(RedeemWanted(code))
        # A redirect would carry the code to somebody else.
        async with (
            asyncio.timeout(self._patience.try_s),
            self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            content = await _at_most(answer.content, MAX_ANSWER_BYTES + 1)
            redemption = read_answer(answer.status, content)
            if redemption is None:
                log.warning("gateway: status %d, %d bytes, is no answer", answer.status, len(content))
            return redemption


async def _at_most(content: aiohttp.StreamReader, limit_bytes: int) -> bytes:
    """The body, or its beginning when there is more: a hostile gateway does not fill the memory."""
    body = bytearray()
    while len(body) < limit_bytes and (chunk := await content.read(limit_bytes - len(body))):
        body += chunk
    return bytes(body)


@asynccontextmanager
async def open_gateway(url: str, key: str, patience: Patience = PATIENCE) -> AsyncIterator[HttpGateway]:
    """The gateway at this address; its connections are closed when the context ends."""
    timeout = aiohttp.ClientTimeout(total=patience.try_s, connect=patience.connect_s)
    # No cookies and no proxies from the environment: nothing but what is configured sees a code. Nothing is unpacked,
    # so that the bound on an answer's bytes holds.
    async with aiohttp.ClientSession(
        timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
    ) as session:
        yield HttpGateway(url, key, session, patience)
