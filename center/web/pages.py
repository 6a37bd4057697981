"""`GET /api/pages/{page_id}/light`, `…/full` and `…/frame`: the images, for the clerk whose affair it is."""

from typing import Protocol

from aiohttp import ETag, hdrs, web

from center.desk import PageBytes
from center.web.log_in import LogIns
from protocol.pages import PagePart


class PageDesk(Protocol):
    async def page_bytes(self, clerk_id: str, page_id: str, part: PagePart) -> PageBytes: ...


class Pages:
    def __init__(self, desk: PageDesk, log_ins: LogIns) -> None:
        self._desk = desk
        self._log_ins = log_ins

    def routes(self) -> list[web.RouteDef]:
        return [web.get(r"/api/pages/{page_id:[A-Za-z0-9_-]{1,40}}/{part:light|full|frame}", self._image)]

    async def _image(self, request: web.Request) -> web.Response:
        """`no-store`, since a counter's browser must not keep residents' papers; 304 serves a page that holds the
        picture in memory and asks whether it is still the one."""
        clerk = await self._log_ins.clerk_of(request)
        names = request.match_info
        image = await self._desk.page_bytes(clerk.clerk_id, names["page_id"], PagePart(names["part"]))
        tag = ETag(image.sha256)
        if any(known.value in (image.sha256, "*") for known in request.if_none_match or ()):
            reply = web.Response(status=304)
        else:
            reply = web.Response(body=image.data, content_type=image.content_type)
        reply.etag = tag
        reply.headers[hdrs.CACHE_CONTROL] = "private, no-store"
        return reply
