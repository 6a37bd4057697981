"""Sends the outbox's pages to the center, by offset, resuming: the light pictures first, then the full ones, then the
frames that were kept as evidence.

The center's own offset decides, always: nothing is remembered here that a restart would lose. Light parts go at once,
over a connection of their own and in the middle of what is under way, and over a second one when the first falls silent
(`booth.link.hedge`); full ones at the pace that voice and picture leave over (`booth.link.pace`).
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import msgspec
from aiohttp import hdrs
from yarl import URL

from booth.errors import CenterLost
from booth.link.hedge import hedged
from booth.link.outbox import Outbox, PageGone
from booth.link.pace import PIECE_BYTES, PagePace
from booth.link.refusal import refusal_of
from protocol.errors import ErrorCode
from protocol.pages import CHUNK_BYTES, OFFSET_HEADER, PageAnnounced, PagePart

log = logging.getLogger(__name__)

REQUEST_S = 60.0
"""One request: a chunk of 512 KiB takes 42 s at 100 kbit/s, the slowest 4G worth having."""
CHUNK_S = 1.0
"""A paced chunk is what the line takes about so long for: so often the clerk's progress bar moves. Each costs a round
trip in which nothing is sent."""

LEAST_CHUNK_BYTES = 32 * 1024
MAX_WRONG_HASHES = 3
"""A page whose bytes arrive wrong this often is damaged here, not on the way."""

FOR_GOOD = frozenset(
    {
        ErrorCode.PAGE_UNKNOWN,
        ErrorCode.AFFAIR_UNKNOWN,
        ErrorCode.NOT_AN_IMAGE,
        ErrorCode.TOO_LARGE,
        ErrorCode.MALFORMED,
        ErrorCode.NOT_YOURS,
    }
)
"""Refusals that the same page would meet each time."""


class _Refused(Exception):
    """The center doesn't take this page."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(str(code))
        self.code = code


class _Answer(NamedTuple):
    """`offset`: the center's, after the request; 0 with a `refusal`."""

    status: int
    offset: int
    refusal: ErrorCode | None = None


class Uploader:
    """Empties the outbox while the link is up; `run` is kept up by the supervisor."""

    def __init__(
        self,
        outbox: Outbox,
        address: URL,
        trusted: ssl.SSLContext | None,
        session: aiohttp.ClientSession,
        round_trips_s: Callable[[], tuple[float, float] | None] = lambda: None,
        urgent: aiohttp.ClientSession | None = None,
        hurrying: Callable[[bool], None] = lambda _hurrying: None,
        silence: Callable[[], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        """`round_trips_s`: now and the least of the session's line; without any, pages are not paced. `urgent`: the
        light parts' session; without it they wait for the chunk that is under way. `hurrying` is told whether a page's
        light part is on its way. `silence` returns when the urgent session's center has been silent for so long that
        what is on its way is sent a second time; without it everything is sent once."""
        self._hurrying = hurrying
        self._round_trips_s = round_trips_s
        self._pace = PagePace()
        self._outbox = outbox
        self._address = address / "api/booth/pages"
        self._trusted = trusted
        self._session = session
        self._urgent = urgent or session
        self._silence = silence
        self._token: str | None = None
        self._wake = asyncio.Event()
        self._showing = asyncio.Lock()
        self._shown: set[str] = set()
        self._full: set[str] = set()
        self._stored: set[str] = set()
        self._wrong: dict[str, int] = {}

    def authorise(self, token: str) -> None:
        """The link is up: uploads carry this token from now on."""
        self._token = token
        self._wake.set()

    def wake(self) -> None:
        """A page was put into the outbox."""
        self._wake.set()

    def stored(self, page_id: str) -> None:
        """The center has the page (`PageStored`): it is forgotten at the next opportunity."""
        self._stored.add(page_id)
        self._wake.set()

    async def run(self, worked: Callable[[], None]) -> None:
        """Send what is there, then wait for more. Raises `CenterLost`; cancelling it loses nothing."""
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._forget_stored()
            while self._token is not None:
                self._wake.clear()
                await self._forget_stored()
                pages = await self._outbox.waiting()
                if not pages:
                    break
                await self._send_next(pages)
                worked()

    async def _send_next(self, pages: list[PageAnnounced]) -> None:
        """The next light part, else the oldest full one, else the oldest frame, until something more urgent comes."""
        unseen = next((page for page in pages if page.page_id not in self._shown), None)
        if unseen is not None:
            await self._show(unseen)
            return
        page = next((page for page in pages if page.page_id not in self._full), pages[0])
        async with self._setting_aside(page):
            if page.page_id not in self._full:
                if await self._send_unhurried(page, PagePart.FULL):
                    self._full.add(page.page_id)
                    await self._whole(page, page.frame_sha256 is None)
            else:
                await self._whole(page, await self._send_unhurried(page, PagePart.FRAME))

    async def _show(self, page: PageAnnounced) -> None:
        """Announce the page and send its light part."""
        self._hurrying(True)
        try:
            async with self._setting_aside(page):
                new = await self._announce(page)
                await self._send_part(page, PagePart.LIGHT, 0 if new else None)
                self._shown.add(page.page_id)
        finally:
            self._hurrying(False)

    async def _send_unhurried(self, page: PageAnnounced, part: PagePart) -> bool:
        """Send the part, and beside it show every page that comes meanwhile, however the line holds this one up."""
        if self._urgent is self._session:
            return await self._send_part(page, part)
        sending = asyncio.create_task(self._send_part(page, part))
        showing = asyncio.create_task(self._show_new_pages())
        try:
            await asyncio.wait((sending, showing), return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                showing.result()  # it ends by an error alone
            async with self._showing:  # what is being shown is shown to its end
                showing.cancel()
            return await sending
        finally:
            sending.cancel()
            showing.cancel()
            await asyncio.gather(sending, showing, return_exceptions=True)

    async def _show_new_pages(self) -> None:
        while True:
            await self._wake.wait()
            async with self._showing:
                self._wake.clear()
                for page in await self._outbox.waiting():
                    if page.page_id not in self._shown:
                        await self._show(page)

    @contextlib.asynccontextmanager
    async def _setting_aside(self, page: PageAnnounced) -> AsyncIterator[None]:
        """A page that is refused for good, or can't be read, is in nobody's way."""
        try:
            yield
        except _Refused as refusal:
            log.error("page %s is kept aside: the center refused it with %r", page.page_id, str(refusal.code))
            await self._outbox.set_aside(page.page_id, refusal.code)
        except PageGone:
            if any(page.page_id == left.page_id for left in await self._outbox.waiting()):
                log.exception("page %s is kept aside: it can't be read", page.page_id)
                await self._outbox.set_aside(page.page_id, ErrorCode.INTERNAL)

    async def _whole(self, page: PageAnnounced, whole: bool) -> None:
        if whole:
            self._stored.add(page.page_id)
            await self._forget_stored()

    async def _forget_stored(self) -> None:
        for page_id in list(self._stored):
            await self._outbox.forget(page_id)
            self._stored.discard(page_id)
            self._shown.discard(page_id)
            self._full.discard(page_id)
            self._wrong.pop(page_id, None)

    async def _announce(self, page: PageAnnounced) -> bool:
        """Whether the center did not know the page before."""
        body = msgspec.json.encode(page)
        answer = await self._request("POST", self._address, page, body, {"Content-Type": "application/json"})
        return answer.status == HTTPStatus.CREATED

    async def _send_part(self, page: PageAnnounced, part: PagePart, offset: int | None = None) -> bool:
        """Send the part from the center's offset on; False when it stopped early because a new page came, which there
        is no other connection for."""
        data = await self._outbox.read(page.page_id, part)
        url = self._address / page.page_id / part
        if offset is None:
            offset = (await self._request("HEAD", url, page)).offset
        while offset < len(data):
            if part is not PagePart.LIGHT and self._urgent is self._session and self._wake.is_set():
                return False
            chunk = data[offset : offset + (CHUNK_BYTES if part is PagePart.LIGHT else self._chunk_bytes())]
            body = chunk if part is PagePart.LIGHT else self._paced(chunk)
            headers = {OFFSET_HEADER: str(offset), hdrs.CONTENT_LENGTH: str(len(chunk))}
            answered = (await self._request("PATCH", url, page, body, headers)).offset
            if answered == offset:
                raise CenterLost("an upload makes no progress")
            offset = answered
        return True

    def _chunk_bytes(self) -> int:
        if self._round_trips_s() is None:
            return CHUNK_BYTES
        return min(CHUNK_BYTES, max(LEAST_CHUNK_BYTES, int(self._pace.rate_bps / 8 * CHUNK_S)))

    async def _paced(self, chunk: bytes) -> AsyncIterator[bytes]:
        """The chunk in pieces, each when its time has come."""
        clock = asyncio.get_running_loop().time
        for start in range(0, len(chunk), PIECE_BYTES):
            piece = chunk[start : start + PIECE_BYTES]
            if (trips := self._round_trips_s()) is not None:
                if self._pace.look_is_due(clock()):
                    self._pace.look(*trips, clock())
                if (wait_s := self._pace.wait_s(len(piece), clock())) > 0:
                    await asyncio.sleep(wait_s)
            yield piece

    async def _request(
        self,
        method: str,
        url: URL,
        page: PageAnnounced,
        body: bytes | AsyncIterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> _Answer:
        """What the center answered. Raises `_Refused` or `CenterLost`."""
        token = self._token
        hurried = method == "POST" or url.name == PagePart.LIGHT
        session = self._urgent if hurried else self._session
        bearer = {**(headers or {}), "Authorization": f"Bearer {token}", "X-Bangban": "1"}
        ask = partial(self._ask, session, method, url, body, bearer)
        answer = await (hedged(ask, self._silence) if hurried and self._silence is not None else ask())
        if answer.refusal is not None:
            if answer.status == 401 and self._token == token:
                self._token = None  # the next Welcome brings another
            self._fail(answer.status, answer.refusal, page)
        return answer

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        body: bytes | AsyncIterator[bytes] | None,
        headers: dict[str, str],
    ) -> _Answer:
        """The center's answer, a refusal too. Raises `CenterLost` when there is none. Cancelling it closes its
        connection."""
        try:
            async with session.request(
                method,
                url,
                data=body,
                headers=headers,
                ssl=self._trusted or True,
                timeout=aiohttp.ClientTimeout(total=REQUEST_S),
                allow_redirects=False,
            ) as response:
                if response.status < 300 or (response.status == 409 and OFFSET_HEADER in response.headers):
                    return _Answer(response.status, _offset_of(response))
                if method == "HEAD":  # has no body to say why
                    code = ErrorCode.PAGE_UNKNOWN if response.status == 404 else ErrorCode.INTERNAL
                else:
                    code = await refusal_of(response)
                return _Answer(response.status, 0, code)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CenterLost(f"an upload broke off ({type(error).__name__})") from error

    def _fail(self, status: int, code: ErrorCode, page: PageAnnounced) -> None:
        """Raise what a refusal means; return when the part simply starts again at 0."""
        if code in FOR_GOOD and 400 <= status < 500:
            raise _Refused(code)
        if code is not ErrorCode.WRONG_HASH:
            raise CenterLost(f"the center answered an upload with {status} {code}")
        self._wrong[page.page_id] = self._wrong.get(page.page_id, 0) + 1
        if self._wrong[page.page_id] >= MAX_WRONG_HASHES:
            raise _Refused(code)
        log.warning("page %s arrived wrong and starts again", page.page_id)


def _offset_of(response: aiohttp.ClientResponse) -> int:
    text = response.headers.get(OFFSET_HEADER, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise CenterLost("the center's upload offset is no number")
    return int(text)
