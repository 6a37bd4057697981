"""What a clerk does with an affair's pages, one request each."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec
from aiohttp import hdrs, web

from center.web.affairs import AFFAIR
from center.web.body import done, json_reply, read_message
from center.web.errors import Handler
from center.web.log_in import LogIns
from protocol.counter import ClerkView, PageAdjusted, PageFiled, PageMarked, PageMoved, PageTurned
from protocol.desk import Region, RegionWanted
from protocol.fields import Message
from protocol.marks import Mark
from protocol.messages import CenterFleeting
from protocol.reading import Attribute
from protocol.suggestions import SuggestionAnswer, SuggestionAnswered
from protocol.visit import CommandKind

PAGE = AFFAIR + r"/pages/{page_id:[A-Za-z0-9_-]{1,40}}"

_M = TypeVar("_M", bound=Message)
_adjustments = msgspec.json.Decoder(PageAdjusted)
_regions = msgspec.json.Decoder(Region)


class AffairPageDesk(Protocol):
    async def order(
        self,
        clerk: ClerkView,
        affair_id: str,
        kind: CommandKind,
        material_id: str | None = None,
        *,
        replaces: str | None = None,
        corners: list[int] | None = None,
        more: bool = False,
    ) -> str: ...

    async def booth_served(self, clerk: ClerkView, affair_id: str) -> str: ...

    async def pages_pdf(self, clerk: ClerkView, affair_id: str, material_id: str | None) -> bytes: ...

    async def file_page(self, clerk: ClerkView, affair_id: str, page_id: str, material_id: str | None) -> None: ...

    async def move_page(self, clerk: ClerkView, affair_id: str, page_id: str, before: str | None) -> None: ...

    async def turn_page(self, clerk: ClerkView, affair_id: str, page_id: str, quarters: int) -> None: ...

    async def mark_page(self, clerk: ClerkView, affair_id: str, page_id: str, marks: list[Mark]) -> None: ...

    async def answer_suggestion(
        self, clerk: ClerkView, affair_id: str, page_id: str, attribute: Attribute, answer: SuggestionAnswer
    ) -> None: ...


class Booths(Protocol):
    def pass_on(self, booth_id: str, message: CenterFleeting) -> None: ...


class AffairPages:
    def __init__(self, desk: AffairPageDesk, booths: Booths, log_ins: LogIns) -> None:
        self._desk = desk
        self._booths = booths
        self._log_ins = log_ins

    def routes(self) -> list[web.RouteDef]:
        desk = self._desk
        return [
            web.post(
                f"{PAGE}/material", self._of(PageFiled, lambda c, a, p, b: desk.file_page(c, a, p, b.material_id))
            ),
            web.post(f"{PAGE}/place", self._of(PageMoved, lambda c, a, p, b: desk.move_page(c, a, p, b.before))),
            web.post(f"{PAGE}/turn", self._of(PageTurned, lambda c, a, p, b: desk.turn_page(c, a, p, b.quarters))),
            web.put(f"{PAGE}/marks", self._of(PageMarked, lambda c, a, p, b: desk.mark_page(c, a, p, b.marks))),
            web.post(f"{PAGE}/corners", self._adjust),
            web.get(f"{AFFAIR}/pages.pdf", self._pdf),
            web.post(f"{AFFAIR}/region", self._look),
            web.post(
                f"{PAGE}/suggestions",
                self._of(SuggestionAnswered, lambda c, a, p, b: desk.answer_suggestion(c, a, p, b.attribute, b.answer)),
            ),
        ]

    def _of(self, kind: type[_M], action: "Action[_M]") -> Handler:
        """A handler that reads a body of this kind and acts on the page, answered by 204."""
        decoder = msgspec.json.Decoder(kind)

        async def act(request: web.Request) -> web.StreamResponse:
            clerk = await self._log_ins.clerk_of(request)
            body = await read_message(request, decoder)
            await action(clerk, request.match_info["affair_id"], request.match_info["page_id"], body)
            return done()

        return act

    async def _adjust(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        adjusted = await read_message(request, _adjustments)
        names = request.match_info
        command_id = await self._desk.order(
            clerk,
            names["affair_id"],
            CommandKind.REMAKE_PAGE,
            replaces=names["page_id"],
            corners=adjusted.corners,
        )
        return json_reply({"command_id": command_id})

    async def _look(self, request: web.Request) -> web.Response:
        """Which part of the desk the clerk wants to see. Nothing is written down: it is gone with the next look."""
        clerk = await self._log_ins.clerk_of(request)
        region = await read_message(request, _regions)
        booth_id = await self._desk.booth_served(clerk, request.match_info["affair_id"])
        self._booths.pass_on(booth_id, RegionWanted(region))
        return done()

    async def _pdf(self, request: web.Request) -> web.Response:
        """Offered as a download, and kept by no cache: it holds the resident's papers."""
        clerk = await self._log_ins.clerk_of(request)
        data = await self._desk.pages_pdf(clerk, request.match_info["affair_id"], request.query.get("material"))
        headers = {
            hdrs.CACHE_CONTROL: "private, no-store",
            hdrs.CONTENT_DISPOSITION: 'attachment; filename="pages.pdf"',
        }
        return web.Response(body=data, content_type="application/pdf", headers=headers)


Action = Callable[[ClerkView, str, str, _M], Awaitable[None]]
"""Who, which affair, which page, and what is wanted."""
