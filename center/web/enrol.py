"""`POST /api/enrol`: a booth trades a one-time code for a registration of its public key."""

from typing import Protocol

import msgspec
from aiohttp import web

from center.web.body import done, read_message
from protocol.link import Enrolment

_enrolments = msgspec.json.Decoder(Enrolment)


class EnrolDesk(Protocol):
    async def enrol(self, code: str, booth_id: str, public_key: bytes) -> None: ...


class Enrolments:
    def __init__(self, desk: EnrolDesk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/enrol", self._enrol)]

    async def _enrol(self, request: web.Request) -> web.Response:
        wanted = await read_message(request, _enrolments)
        await self._desk.enrol(wanted.code, wanted.booth_id, wanted.public_key)
        return done()
