"""`POST /api/media`: a counter page's media connection."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec
from aiohttp import web

from center.web.body import json_reply, read_message
from center.web.log_in import LogIns, clerk_participant
from protocol.counter import ClerkAnswer, ClerkOffer
from protocol.media import TrackOffer

CONNECT_LIMIT_S = 10.0
"""How long the media plane may take to answer an offer."""

_offers = msgspec.json.Decoder(ClerkOffer)


class Connects(Protocol):
    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str: ...


class ClerkMedia:
    def __init__(self, media: Connects, log_ins: LogIns) -> None:
        self._media = media
        self._log_ins = log_ins

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/media", self._connect)]

    async def _connect(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        offer = await read_message(request, _offers)
        async with asyncio.timeout(CONNECT_LIMIT_S):
            answer = await self._media.connect(clerk_participant(clerk), offer.sdp, offer.tracks)
        return json_reply(ClerkAnswer(answer))
