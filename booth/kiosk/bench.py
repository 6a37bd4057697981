"""`/bench`: what a person's hands do at a booth, for booths whose devices are simulated."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from aiohttp import web

from booth.core.events import VisitAction
from booth.errors import DeviceError
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode, ProtocolError
from protocol.fields import Wording
from protocol.kiosk import BenchCard, BenchCode, BenchPage, BenchView, CodeScanned
from protocol.link import read_json
from protocol.records import CodeShown

MAX_BODY_BYTES = 4096

_codes = msgspec.json.Decoder(CodeScanned)


class HandReader(Protocol):
    """A reader on which cards are laid by program."""

    @property
    def kind(self) -> DeviceKind: ...

    @property
    def laid(self) -> str | None: ...

    def lay(self, card_id: str) -> None: ...

    def lift(self) -> None: ...


class HandDesk(Protocol):
    """A camera under which pages are laid by program."""

    @property
    def laid(self) -> str | None: ...

    @property
    def plugged(self) -> bool: ...

    def lay(self, page_id: str) -> None: ...

    def lift(self) -> None: ...

    def plug(self) -> None: ...

    def unplug(self) -> None: ...


class HandPhone(Protocol):
    """A phone that shows codes by program."""

    async def codes(self) -> list[BenchCode]: ...

    async def fresh(self, person_id: str) -> CodeShown: ...


class Bench:
    """Lays and lifts. `cards` and `pages` are what can be laid: id → its name, by reader for the cards."""

    def __init__(
        self,
        booth_name: Wording,
        readers: Sequence[HandReader],
        desk: HandDesk | None,
        cards: Mapping[DeviceKind, Mapping[str, Wording]],
        pages: Mapping[str, Wording],
        act: Callable[[VisitAction], None],
        phone: HandPhone | None = None,
    ) -> None:
        self._phone = phone
        self._booth_name = booth_name
        self._readers = {reader.kind: reader for reader in readers}
        self._desk = desk
        self._cards = {kind: dict(named) for kind, named in cards.items() if kind in self._readers}
        self._pages = dict(pages) if desk is not None else {}
        self._act = act

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/bench/state", self._state),
            web.post("/bench/card/{card_id}", self._lay_card),
            web.delete("/bench/card", self._lift_card),
            web.post("/bench/page/{page_id}", self._lay_page),
            web.delete("/bench/page", self._lift_page),
            web.post("/bench/code", self._show_code),
            web.post("/bench/code/{code_id:[a-z]{1,20}}", self._show_fresh_code),
            web.post("/bench/camera/{plugged:plugged|unplugged}", self._plug),
        ]

    def view(self, codes: Sequence[BenchCode] = ()) -> BenchView:
        return BenchView(
            booth_name=self._booth_name,
            cards=[
                BenchCard(card_id, name, str(kind))
                for kind, named in self._cards.items()
                for card_id, name in named.items()
            ],
            pages=[BenchPage(page_id, name) for page_id, name in self._pages.items()],
            codes=list(codes),
            laid_card=next((reader.laid for reader in self._readers.values() if reader.laid), None),
            laid_page=self._desk.laid if self._desk is not None else None,
            camera_plugged=self._desk is not None and self._desk.plugged,
        )

    async def _state(self, _request: web.Request) -> web.Response:
        codes = await self._phone.codes() if self._phone is not None else []
        return web.Response(body=msgspec.json.encode(self.view(codes)), content_type="application/json")

    async def _lay_card(self, request: web.Request) -> web.Response:
        card_id = request.match_info["card_id"]
        kind = next((kind for kind, named in self._cards.items() if card_id in named), None)
        if kind is None:
            raise web.HTTPNotFound(text="no such card\n")
        self._lift_all()
        self._readers[kind].lay(card_id)
        return web.Response(status=204)

    async def _lift_card(self, _request: web.Request) -> web.Response:
        self._lift_all()
        return web.Response(status=204)

    async def _lay_page(self, request: web.Request) -> web.Response:
        page_id = request.match_info["page_id"]
        if self._desk is None or page_id not in self._pages:
            raise web.HTTPNotFound(text="no such page\n")
        self._desk.lay(page_id)
        return web.Response(status=204)

    async def _lift_page(self, _request: web.Request) -> web.Response:
        if self._desk is not None:
            self._desk.lift()
        return web.Response(status=204)

    async def _show_code(self, request: web.Request) -> web.Response:
        """The body is `{"code": "…"}`, what the hand scanner would type."""
        body = await request.content.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise ProtocolError(ErrorCode.TOO_LARGE, "a code is at most 512 characters")
        self._act(read_json(_codes, body))
        return web.Response(status=204)

    async def _show_fresh_code(self, request: web.Request) -> web.Response:
        """An invented person's phone shows its code of this minute to the scanner."""
        if self._phone is None:
            raise web.HTTPNotFound(text="no phone lies on this bench\n")
        try:
            shown = await self._phone.fresh(request.match_info["code_id"])
        except DeviceError as error:
            raise web.HTTPBadGateway(text=f"{error}\n") from error
        self._act(CodeScanned(shown.code))
        return web.Response(status=204)

    async def _plug(self, request: web.Request) -> web.Response:
        if self._desk is None:
            raise web.HTTPNotFound(text="the document camera is not simulated\n")
        if request.match_info["plugged"] == "plugged":
            self._desk.plug()
        else:
            self._desk.unplug()
        return web.Response(status=204)

    def _lift_all(self) -> None:
        for reader in self._readers.values():
            reader.lift()
