"""`GET /api/ice-servers`, and what booths are told over their links: the relays, with credentials that end."""

from collections.abc import Callable, Sequence

from aiohttp import web

from center.core.relay import ice_servers
from center.web.body import json_reply
from center.web.log_in import LogIns, clerk_participant
from protocol.media import IceServers

NONE_S = 3600
"""How long a page believes that there is no relay."""


class Relays:
    """Gives out credentials. Without URLs there are no relays, and nobody waits for any."""

    def __init__(
        self, now_ms: Callable[[], int], urls: Sequence[str] = (), secret: str = "", lifetime_s: int = NONE_S
    ) -> None:
        self._now_ms = now_ms
        self._urls = tuple(urls)
        self._secret = secret
        self._lifetime_s = lifetime_s

    def __repr__(self) -> str:
        return f"Relays(urls={list(self._urls)!r})"

    def __bool__(self) -> bool:
        return bool(self._urls)

    def of(self, participant: str) -> IceServers:
        if not self._urls:
            return IceServers([], NONE_S)
        return ice_servers(self._urls, self._secret, participant, self._now_ms(), self._lifetime_s)


class RelayRoute:
    def __init__(self, relays: Relays, log_ins: LogIns) -> None:
        self._relays = relays
        self._log_ins = log_ins

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/ice-servers", self._give)]

    async def _give(self, request: web.Request) -> web.Response:
        clerk = await self._log_ins.clerk_of(request)
        return json_reply(self._relays.of(clerk_participant(clerk)))
