"""Clerks' log-ins: the cookie, and whose request this is."""

import re
from typing import Protocol

import msgspec
from aiohttp import web

from center.errors import DeskError
from center.web.body import done, json_reply, read_message
from protocol.counter import ClerkView, LogIn
from protocol.errors import ErrorCode

COOKIE = "bangban_login"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
"""What does not look so is no token of ours, and is not looked up."""

_log_ins = msgspec.json.Decoder(LogIn)


class LogInDesk(Protocol):
    async def log_in(self, name: str, password: str, remote: str) -> str: ...

    async def log_out(self, token: str) -> None: ...

    async def clerk_of(self, token: str) -> ClerkView | None: ...


class LogInFeed(Protocol):
    def logged_out(self, token: str) -> None: ...


class LogInMedia(Protocol):
    async def disconnect(self, participant: str) -> None: ...


def clerk_participant(clerk: ClerkView) -> str:
    """The clerk's name in the media plane."""
    return f"clerk:{clerk.clerk_id}"


def token_of(request: web.Request) -> str:
    """The token in the cookie; raises `not_logged_in` when there is none."""
    token = _cookie_of(request)
    if token is None:
        raise DeskError(ErrorCode.NOT_LOGGED_IN)
    return token


class LogIns:
    """`POST /api/login`, `POST /api/logout`, `GET /api/me`. `secure`: whether the center is reached over HTTPS."""

    def __init__(self, desk: LogInDesk, feed: LogInFeed, media: LogInMedia, *, secure: bool) -> None:
        self._desk = desk
        self._feed = feed
        self._media = media
        self._secure = secure

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/login", self._log_in),
            web.post("/api/logout", self._log_out),
            web.get("/api/me", self._me),
        ]

    async def clerk_of(self, request: web.Request) -> ClerkView:
        """The clerk whose request this is; raises `not_logged_in`."""
        clerk = await self._desk.clerk_of(token_of(request))
        if clerk is None:
            raise DeskError(ErrorCode.NOT_LOGGED_IN)
        return clerk

    async def _log_in(self, request: web.Request) -> web.Response:
        wanted = await read_message(request, _log_ins)
        token = await self._desk.log_in(wanted.name, wanted.password, request.remote or "")
        reply = done()
        reply.set_cookie(COOKIE, token, path="/", httponly=True, samesite="Strict", secure=self._secure)
        return reply

    async def _log_out(self, request: web.Request) -> web.Response:
        """Ends the log-in, its feeds and the clerk's camera. Logging out twice is harmless."""
        token = _cookie_of(request)
        if token is not None:
            clerk = await self._desk.clerk_of(token)
            await self._desk.log_out(token)
            self._feed.logged_out(token)
            if clerk is not None:
                await self._media.disconnect(clerk_participant(clerk))
        reply = done()
        reply.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=self._secure)
        return reply

    async def _me(self, request: web.Request) -> web.Response:
        return json_reply(await self.clerk_of(request))


def _cookie_of(request: web.Request) -> str | None:
    token = request.cookies.get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None
