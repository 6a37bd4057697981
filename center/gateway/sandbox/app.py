"""The sandbox's HTTP: the gateway's own path, and beside it what a phone and a tester's hand do."""

import asyncio
import hmac
from collections.abc import Callable
from enum import StrEnum

import msgspec
from aiohttp import web

from center.gateway.sandbox.codes import PEOPLE, Codes, KeyReused
from center.gateway.wire import MAX_ANSWER_BYTES, PATH, RedeemWanted
from protocol.fields import Id, Message, Personal, Wording

LATE_S = 30.0
"""How late a slow answer is: later than anybody waits."""

_wanted = msgspec.json.Decoder(RedeemWanted)


class Behaviour(StrEnum):
    """How the gateway answers. `slow` and `cut` redeem, but whoever asked does not hear of it."""

    NORMAL = "normal"
    SLOW = "slow"
    CUT = "cut"
    DOWN = "down"
    GARBAGE = "garbage"
    HUGE = "huge"


class CodeIssued(Personal, frozen=True):
    """`POST /sandbox/codes/{person_id}`: a fresh code, as a phone shows it."""

    code: str


class SandboxPerson(Message, frozen=True):
    """One of `GET /sandbox/people`."""

    person_id: Id
    name: Wording


class Sandbox:
    """One sandbox. `key` is what the center must know; `behaviour` holds for the next `times` requests, or for good."""

    def __init__(self, key: str, now_ms: Callable[[], int]) -> None:
        self._key = key
        self._now_ms = now_ms
        self.codes = Codes()
        self.behaviour = Behaviour.NORMAL
        self.times: int | None = None
        self.asked = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=4096)
        app.add_routes(
            [
                web.post(PATH, self._redeem),
                web.get("/sandbox/people", self._people),
                web.post("/sandbox/codes/{person_id:[a-z]{1,20}}", self._issue),
                web.put("/sandbox/behaviour/{name:[a-z]{1,20}}", self._behave),
                web.get("/health", self._health),
            ]
        )
        return app

    async def _redeem(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        key = request.headers.get("Idempotency-Key", "")
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {self._key}".encode()):
            return web.Response(status=401)
        if not 16 <= len(key) <= 128:
            return web.Response(status=400)
        behaviour = self._next()
        if behaviour is Behaviour.DOWN:
            return web.Response(status=503)
        try:
            wanted = _wanted.decode(await request.read())
            answer = self.codes.redeem(wanted.code, key, self._now_ms())
        except msgspec.MsgspecError:
            return web.Response(status=400)
        except KeyReused:
            return web.Response(status=409)
        match behaviour:
            case Behaviour.SLOW:
                await asyncio.sleep(LATE_S)
            case Behaviour.CUT:
                if request.transport is not None:
                    request.transport.abort()
            case Behaviour.GARBAGE:
                return web.Response(body=b'{"result":"redeemed","name":7', content_type="application/json")
            case Behaviour.HUGE:
                return web.Response(body=b" " * (MAX_ANSWER_BYTES * 100), content_type="application/json")
            case Behaviour.NORMAL:
                pass
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    def _next(self) -> Behaviour:
        behaviour = self.behaviour
        if self.times is not None:
            self.times -= 1
            if self.times <= 0:
                self.behaviour, self.times = Behaviour.NORMAL, None
        return behaviour

    async def _people(self, _request: web.Request) -> web.Response:
        people = [SandboxPerson(person.person_id, person.wording) for person in PEOPLE.values()]
        return web.Response(body=msgspec.json.encode(people), content_type="application/json")

    async def _issue(self, request: web.Request) -> web.Response:
        try:
            code = self.codes.issue(request.match_info["person_id"], self._now_ms())
        except KeyError:
            raise web.HTTPNotFound from None
        return web.Response(body=msgspec.json.encode(CodeIssued(code)), content_type="application/json")

    async def _behave(self, request: web.Request) -> web.Response:
        times = request.query.get("times")
        try:
            self.behaviour = Behaviour(request.match_info["name"])
            self.times = int(times) if times is not None else None
        except ValueError:
            raise web.HTTPBadRequest from None
        return web.Response(status=204)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(body=b'{"status": "ok"}', content_type="application/json")
