"""The pages of the booths: announced, then by offset, as `protocol.pages` says."""

import re
from typing import Protocol

import msgspec
from aiohttp import hdrs, web

from center.errors import DeskError
from center.web.body import read_body, read_message
from center.web.errors import error_reply
from protocol.errors import ErrorCode, ProtocolError
from protocol.pages import CHUNK_BYTES, OFFSET_HEADER, PageAnnounced, PagePart

CHUNK_LIMIT_S = 60.0
"""A chunk of 512 KiB at 10 KB/s, below which a booth is better off to try again later."""

PART = r"/api/booth/pages/{page_id:[A-Za-z0-9_-]{1,40}}/{part:light|full|frame}"
_OFFSET = re.compile(r"[0-9]{1,12}", re.ASCII)
_announcements = msgspec.json.Decoder(PageAnnounced)


class BoothPageDesk(Protocol):
    async def announce_page(self, booth_id: str, page: PageAnnounced) -> bool: ...

    async def page_offset(self, booth_id: str, page_id: str, part: PagePart) -> int: ...

    async def append_page(self, booth_id: str, page_id: str, part: PagePart, offset: int, chunk: bytes) -> int: ...


class Uploaders(Protocol):
    def uploader(self, token: str) -> str | None:
        """The booth whose upload token this is."""
        ...


class BoothPages:
    def __init__(self, desk: BoothPageDesk, uploaders: Uploaders) -> None:
        self._desk = desk
        self._uploaders = uploaders

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/booth/pages", self._announce),
            web.head(PART, self._offset),
            web.patch(PART, self._append),
        ]

    async def _announce(self, request: web.Request) -> web.Response:
        booth_id = self._booth_of(request)
        page = await read_message(request, _announcements)
        new = await self._desk.announce_page(booth_id, page)
        return web.Response(status=201 if new else 200)

    async def _offset(self, request: web.Request) -> web.Response:
        booth_id = self._booth_of(request)
        page_id, part = _named(request)
        return _at(200, await self._desk.page_offset(booth_id, page_id, part))

    async def _append(self, request: web.Request) -> web.Response:
        booth_id = self._booth_of(request)
        page_id, part = _named(request)
        offset = _offset_of(request)
        chunk = await read_body(request, CHUNK_BYTES, CHUNK_LIMIT_S)
        try:
            return _at(204, await self._desk.append_page(booth_id, page_id, part, offset, chunk))
        except DeskError as error:
            if error.code is not ErrorCode.WRONG_OFFSET:
                raise
            reply = error_reply(error)
            reply.headers[OFFSET_HEADER] = str(await self._desk.page_offset(booth_id, page_id, part))
            return reply

    def _booth_of(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        booth_id = self._uploaders.uploader(token.strip()) if scheme.lower() == "bearer" else None
        if booth_id is None:
            raise DeskError(ErrorCode.NOT_LOGGED_IN)
        return booth_id


def _named(request: web.Request) -> tuple[str, PagePart]:
    return request.match_info["page_id"], PagePart(request.match_info["part"])


def _offset_of(request: web.Request) -> int:
    offset = request.headers.get(OFFSET_HEADER, "")
    if _OFFSET.fullmatch(offset) is None:
        raise ProtocolError(ErrorCode.MALFORMED, "a chunk says its Upload-Offset")
    return int(offset)


def _at(status: int, offset: int) -> web.Response:
    return web.Response(status=status, headers={OFFSET_HEADER: str(offset)})
