"""What a clerk does with tickets and affairs, one request each."""

from typing import Protocol

import msgspec
from aiohttp import hdrs, web

from center.web.body import done, json_reply, read_message
from center.web.errors import Handler
from center.web.log_in import LogIns
from protocol.counter import ClerkFirstFrame, ClerkView, CommandWanted, FinishWanted, FormChanged, IdentitySource
from protocol.visit import CommandKind, Outcome

_commands = msgspec.json.Decoder(CommandWanted)
_forms = msgspec.json.Decoder(FormChanged)
_endings = msgspec.json.Decoder(FinishWanted)
_first_frames = msgspec.json.Decoder(ClerkFirstFrame)

AFFAIR = r"/api/affairs/{affair_id:[A-Za-z0-9_-]{1,40}}"


class AffairDesk(Protocol):
    async def take(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def call_next(self, clerk: ClerkView) -> str: ...

    async def release(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def miss(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def hold(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def resume(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def see_identity(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def card_photo(self, clerk: ClerkView, affair_id: str, source: IdentitySource) -> bytes: ...

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

    async def press_shutter(self, clerk: ClerkView, affair_id: str, command_id: str) -> None: ...

    async def withdraw_command(self, clerk: ClerkView, affair_id: str, command_id: str) -> None: ...

    async def change_form(self, clerk: ClerkView, affair_id: str, revision: int, values: dict[str, str]) -> None: ...

    async def ask_signature(self, clerk: ClerkView, affair_id: str) -> None: ...

    async def finish(self, clerk: ClerkView, affair_id: str, outcome: Outcome, message: str) -> None: ...

    async def clerk_saw(self, clerk: ClerkView, affair_id: str, after_ms: int) -> None: ...


class PlainAction(Protocol):
    """An action of the desk that needs to know who and which affair, nothing more."""

    async def __call__(self, clerk: ClerkView, affair_id: str) -> None: ...


class Affairs:
    def __init__(self, desk: AffairDesk, log_ins: LogIns) -> None:
        self._desk = desk
        self._log_ins = log_ins

    def routes(self) -> list[web.RouteDef]:
        desk = self._desk
        return [
            web.post("/api/next", self._next),
            web.post(f"{AFFAIR}/take", self._plain(desk.take)),
            web.post(f"{AFFAIR}/release", self._plain(desk.release)),
            web.post(f"{AFFAIR}/miss", self._plain(desk.miss)),
            web.post(f"{AFFAIR}/hold", self._plain(desk.hold)),
            web.post(f"{AFFAIR}/resume", self._plain(desk.resume)),
            web.post(f"{AFFAIR}/signature", self._plain(desk.ask_signature)),
            web.post(f"{AFFAIR}/identity/visual", self._plain(desk.see_identity)),
            web.get(AFFAIR + f"/identity/{{source:{'|'.join(IdentitySource)}}}/photo", self._card_photo),
            web.post(f"{AFFAIR}/commands", self._order),
            web.delete(AFFAIR + r"/commands/{command_id:[A-Za-z0-9_-]{1,40}}", self._withdraw_command),
            web.post(AFFAIR + r"/commands/{command_id:[A-Za-z0-9_-]{1,40}}/shutter", self._press_shutter),
            web.put(f"{AFFAIR}/form", self._change_form),
            web.post(f"{AFFAIR}/finish", self._finish),
            web.post(f"{AFFAIR}/first-frame", self._first_frame),
        ]

    def _plain(self, action: PlainAction) -> Handler:
        async def act(request: web.Request) -> web.StreamResponse:
            clerk = await self._log_ins.clerk_of(request)
            await action(clerk, request.match_info["affair_id"])
            return done()

        return act

    async def _card_photo(self, request: web.Request) -> web.Response:
        """`no-store`: a counter's browser keeps no resident's photo."""
        clerk = await self._log_ins.clerk_of(request)
        names = request.match_info
        photo = await self._desk.card_photo(clerk, names["affair_id"], IdentitySource(names["source"]))
        return web.Response(body=photo, content_type="image/jpeg", headers={hdrs.CACHE_CONTROL: "private, no-store"})

    async def _next(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        return json_reply({"affair_id": await self._desk.call_next(clerk)})

    async def _order(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        wanted = await read_message(request, _commands)
        command_id = await self._desk.order(
            clerk,
            request.match_info["affair_id"],
            wanted.kind,
            wanted.material_id,
            replaces=wanted.replaces,
            more=wanted.more,
        )
        return json_reply({"command_id": command_id})

    async def _press_shutter(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        names = request.match_info
        await self._desk.press_shutter(clerk, names["affair_id"], names["command_id"])
        return done()

    async def _withdraw_command(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        names = request.match_info
        await self._desk.withdraw_command(clerk, names["affair_id"], names["command_id"])
        return done()

    async def _change_form(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        form = await read_message(request, _forms)
        await self._desk.change_form(clerk, request.match_info["affair_id"], form.revision, form.values)
        return done()

    async def _finish(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        ending = await read_message(request, _endings)
        await self._desk.finish(clerk, request.match_info["affair_id"], ending.outcome, ending.message)
        return done()

    async def _first_frame(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        seen = await read_message(request, _first_frames)
        await self._desk.clerk_saw(clerk, request.match_info["affair_id"], seen.after_ms)
        return done()
