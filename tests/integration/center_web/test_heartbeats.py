"""How the participants fare: heard over link and feed, told back in one word; and relays, given out over both."""

import aiohttp
import msgspec

from center.web.relays import Relays
from protocol.counter import CenterBeat, CounterBeat
from protocol.link import BoothPassing, CenterPassing
from protocol.media import IceServers, MediaFigures, MediaReport, NetworkGrade, NetworkJudged, PeerKind
from tests.integration.center_web.running import BOOTH, close_code, enrolled, hear, now_ms, running_center, say

BAD = MediaFigures(200, 0, 40, 800, 900, 1)
FINE = MediaFigures(0, 0, 40, 800, 900, 0)
RELAYS = Relays(now_ms, ["turn:relay.example:3478"], "not-told", 600)


async def answer_to(feed: aiohttp.ClientWebSocketResponse, beat: CounterBeat) -> CenterBeat:
    await feed.send_str(msgspec.json.encode(beat).decode())
    return msgspec.json.decode(await feed.receive_str(timeout=5), type=CenterBeat)


async def test_each_side_hears_how_both_fare() -> None:
    async with running_center() as center:
        for participant in (f"booth:{BOOTH}", f"kiosk:{BOOTH}", "clerk:clerk-1"):
            await center.heartbeats.join("a1", participant)
        async with enrolled(center).linked() as link, center.clerk.ws_connect("/api/feed") as feed:
            await feed.receive_str(timeout=5)
            await say(link, BoothPassing(MediaReport(PeerKind.KIOSK, BAD)))
            told = NetworkJudged(booth=NetworkGrade.SLOW, clerk=NetworkGrade.GOOD)
            assert (await hear(link, CenterPassing)).body == told
            assert (await answer_to(feed, CounterBeat(FINE))).network == told


async def test_a_page_that_says_anything_but_beats_is_disconnected() -> None:
    async with running_center() as center, center.clerk.ws_connect("/api/feed") as feed:
        await feed.receive_str(timeout=5)
        await feed.send_str('{"type": "beat", "figures": {"lost_in_permille": 4000}}')
        assert await close_code(feed) == 1008


async def test_relays_are_given_to_booths_and_clerks_and_to_nobody_else() -> None:
    async with running_center(relays=RELAYS) as center:
        async with enrolled(center).linked() as link:
            given = (await hear(link, CenterPassing)).body
            assert isinstance(given, IceServers)
            assert given.servers[0].username.endswith(f":booth:{BOOTH}")
        async with center.clerk.get("/api/ice-servers") as answer:
            given = msgspec.json.decode(await answer.read(), type=IceServers)
            assert given.servers[0].username.endswith(":clerk:clerk-1")
            assert given.valid_s == 600
        async with center.anyone.get("/api/ice-servers") as answer:
            assert answer.status == 401


async def test_without_a_relay_a_clerk_is_told_so_at_once() -> None:
    async with running_center() as center, center.clerk.get("/api/ice-servers") as answer:
        assert msgspec.json.decode(await answer.read(), type=IceServers).servers == []
