"""The link: who gets in, and what happens to a connection afterwards."""

import asyncio
import json

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from center.web.connection import LinkLimits
from protocol.desk import Region, RegionWanted
from protocol.errors import ErrorCode, ProtocolError
from protocol.fields import Wording
from protocol.link import MAX_FRAME_BYTES, Ack, BoothNumbered, BoothPassing, CenterPassing, Hello, Proof, Refused
from protocol.media import MediaAnswer, MediaClosed, MediaOffer, MediaRefused, PeerKind
from protocol.messages import BoothReported, CatalogueOffered, PageStored, Ping, Pong
from protocol.visit import ItemSummary
from tests.integration.center_web.running import (
    BOOTH,
    Center,
    HandBooth,
    LinkRefused,
    close_code,
    enrolled,
    hear,
    in_the_end,
    next_frame,
    running_center,
    say,
    transport_of,
)

CATALOGUE = CatalogueOffered(Wording("示例事务中心", "Sample centre"), [])
REPORT = BoothReported([])
RESIDENT = "林晓梅"
LONG = Wording("长" * 400, "l" * 400)


async def refused(socket: aiohttp.ClientWebSocketResponse) -> ErrorCode:
    """The code of the refusal; messages that were on their way before it are skipped."""
    while not isinstance(frame := await next_frame(socket), Refused):
        pass
    return frame.code


# --- The handshake ---


async def test_a_booth_with_its_key_is_welcomed(center: Center) -> None:
    booth = enrolled(center)
    async with booth.socket() as socket:
        welcome = await booth.shake_hands(socket)
        assert welcome.received == 0
        assert center.links.linked() == [BOOTH]
        assert center.links.uploader(welcome.upload_token) == BOOTH
    assert center.desk.called("link_up") == [(BOOTH, "epoch-1", 0)]


async def test_a_stranger_is_refused(center: Center) -> None:
    booth = HandBooth(center.anyone)
    async with booth.socket() as socket:
        with pytest.raises(LinkRefused) as end:
            await booth.hello(socket)
        assert end.value.code is ErrorCode.UNKNOWN_BOOTH
        assert await close_code(socket) == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_another_booths_key_is_refused(center: Center) -> None:
    booth = enrolled(center)
    booth.key = Ed25519PrivateKey.generate()
    async with booth.socket() as socket:
        with pytest.raises(LinkRefused) as end:
            await booth.shake_hands(socket)
    assert end.value.code is ErrorCode.BAD_PROOF
    assert center.desk.called("link_up") == []


async def test_the_signature_of_an_older_connection_is_refused(center: Center) -> None:
    booth = enrolled(center)
    async with booth.socket() as socket:
        signature = booth.sign(await booth.hello(socket))
        await booth.prove(socket, signature)
    async with booth.socket() as socket:
        await booth.hello(socket)
        with pytest.raises(LinkRefused) as end:
            await booth.prove(socket, signature)
    assert end.value.code is ErrorCode.BAD_PROOF


async def test_another_version_is_refused(center: Center) -> None:
    booth = enrolled(center)
    async with booth.socket() as socket:
        with pytest.raises(LinkRefused) as end:
            await booth.hello(socket, version=99)
    assert end.value.code is ErrorCode.PROTOCOL_VERSION


async def test_a_binary_frame_is_refused(center: Center) -> None:
    async with enrolled(center).socket() as socket:
        await socket.send_bytes(b"{}")
        assert await refused(socket) is ErrorCode.MALFORMED


async def test_a_frame_before_the_handshake_is_refused(center: Center) -> None:
    async with enrolled(center).socket() as socket:
        await say(socket, Ack(1))
        assert await refused(socket) is ErrorCode.MALFORMED


async def test_an_oversized_frame_closes_the_socket(center: Center) -> None:
    async with enrolled(center).socket() as socket:
        await socket.send_str(" " * (MAX_FRAME_BYTES + 10))
        assert await close_code(socket) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_silent_stranger_is_shown_out() -> None:
    async with running_center(LinkLimits(handshake_s=0.05)) as center, enrolled(center).socket() as socket:
        assert await refused(socket) is ErrorCode.TIMED_OUT


async def test_only_so_many_strangers_at_a_time() -> None:
    async with running_center(LinkLimits(unproven=1)) as center:
        booth = enrolled(center)
        async with booth.socket() as first:
            await booth.hello(first)
            async with center.anyone.get("/api/booth/link") as reply:
                assert reply.status == 429
                assert await reply.json() == {"code": "too_many_attempts"}
        async with booth.linked(), booth.socket():
            pass  # neither a linked booth nor one that left is counted


async def test_a_request_that_is_no_websocket_is_an_error_reply(center: Center) -> None:
    async with center.anyone.get("/api/booth/link") as reply:
        assert reply.status == 400
        assert await reply.json() == {"code": "malformed"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.text(max_size=200) | st.dictionaries(st.text(max_size=8), st.integers(), max_size=4).map(json.dumps))
async def test_garbage_is_refused_and_never_an_internal_error(center: Center, garbage: str) -> None:
    async with enrolled(center).socket() as socket:
        await socket.send_str(garbage)
        assert await refused(socket) is ErrorCode.MALFORMED


# --- The stream ---


async def test_a_message_is_handled_then_acknowledged(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothNumbered(1, 0, REPORT))
        assert (await hear(socket, Ack)).ack == 1
        assert center.desk.called("booth_message") == [(BOOTH, 1, REPORT)]


async def test_a_repeated_message_is_acknowledged_again_and_handled_once(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        for _ in range(2):
            await say(socket, BoothNumbered(1, 0, REPORT))
            assert (await hear(socket, Ack)).ack == 1
        assert len(center.desk.called("booth_message")) == 1


async def test_a_gap_ends_the_link(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothNumbered(2, 0, REPORT))
        assert await refused(socket) is ErrorCode.OUT_OF_ORDER


async def test_an_acknowledgement_reaches_the_desk_once(center: Center) -> None:
    booth = enrolled(center)
    async with booth.linked() as socket:
        center.desk.send(BOOTH, CATALOGUE)
        await booth.receive(socket, 1)
        await say(socket, Ack(1))
        await say(socket, BoothNumbered(1, 1, REPORT))
        await hear(socket, Ack)
        assert center.desk.called("booth_acknowledged") == [(BOOTH, 1)]


async def test_a_second_handshake_on_a_link_is_refused(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, Hello(BOOTH, 1, "test"))
        assert await refused(socket) is ErrorCode.MALFORMED


async def test_what_was_not_acknowledged_comes_again_after_a_dropped_connection(center: Center) -> None:
    booth = enrolled(center)
    async with booth.linked() as socket:
        center.desk.send(BOOTH, CATALOGUE)
        center.desk.send(BOOTH, PageStored("page-1"))
        await booth.receive(socket, 1)
    await center.desk.until(lambda: bool(center.desk.called("link_down")))
    center.desk.send(BOOTH, PageStored("page-2"))

    async with booth.linked() as socket:
        frames = await booth.receive(socket, 2)
        center.desk.send(BOOTH, PageStored("page-3"))
        frames += await booth.receive(socket, 1)
    assert [(frame.n, frame.body) for frame in frames] == [
        (2, PageStored("page-1")),
        (3, PageStored("page-2")),
        (4, PageStored("page-3")),
    ]


@pytest.mark.parametrize("posted", [[3], [1, 2, 3], [2, 3], [3, 3]])
async def test_what_is_committed_while_the_link_comes_up_comes_once_and_in_order(
    center: Center, posted: list[int]
) -> None:
    """The desk read the pending messages 1 and 2, then 3 is committed and posted; late posts of 1 and 2 come along."""
    booth, desk = enrolled(center), center.desk

    def meanwhile() -> None:
        desk.commit(BOOTH, PageStored("page-3"))
        for n in posted:
            center.links.send(BOOTH, n, PageStored(f"page-{n}"))

    async with booth.linked():
        pass
    await desk.until(lambda: bool(desk.called("link_down")))
    desk.commit(BOOTH, PageStored("page-1"))
    desk.commit(BOOTH, PageStored("page-2"))
    desk.on_link_up = meanwhile
    async with booth.linked() as socket:
        desk.send(BOOTH, PageStored("page-4"))
        frames = await booth.receive(socket, 4)
    assert [(frame.n, frame.body) for frame in frames] == [(n, PageStored(f"page-{n}")) for n in (1, 2, 3, 4)]


async def test_a_post_that_overtook_another_makes_the_booth_resume(center: Center) -> None:
    booth = enrolled(center)
    async with booth.linked() as socket:
        center.desk.commit(BOOTH, PageStored("page-1"))
        center.desk.send(BOOTH, PageStored("page-2"))
        assert await refused(socket) is ErrorCode.OUT_OF_ORDER
    async with booth.linked() as socket:
        assert [frame.n for frame in await booth.receive(socket, 2)] == [1, 2]


async def test_a_post_for_a_booth_that_is_away_is_dropped_here(center: Center) -> None:
    center.links.send("sample-77", 1, CATALOGUE)
    assert center.links.linked() == []


async def test_a_burst_beyond_the_queue_ends_the_connection_and_the_booth_resumes() -> None:
    async with running_center(LinkLimits(queue=8)) as center:
        booth = enrolled(center)
        async with booth.linked() as socket:
            for n in range(1, 20):  # without a turn of the loop in between, as in one burst of transactions
                center.desk.send(BOOTH, PageStored(f"page-{n}"))
            assert await refused(socket) is ErrorCode.BACKLOG_FULL
            assert await close_code(socket) == aiohttp.WSCloseCode.TRY_AGAIN_LATER
        async with booth.linked() as socket:
            assert [frame.n for frame in await booth.receive(socket, 19)] == list(range(1, 20))


async def test_a_booth_that_reads_nothing_is_cut_off() -> None:
    items = [ItemSummary(f"item_{n}", LONG, LONG, 10, [LONG]) for n in range(40)]
    large = CatalogueOffered(LONG, items)
    async with running_center(LinkLimits(queue=8, silence_s=60)) as center, enrolled(center).linked() as socket:
        transport = transport_of(socket)
        transport.pause_reading()
        while center.links.linked():
            center.desk.send(BOOTH, large)
            await asyncio.sleep(0)
        assert center.desk.called("link_down") == [(BOOTH,)]
        server = center.runner.server
        assert server is not None
        await in_the_end(lambda: not server.connections)
        transport.abort()


async def test_a_queue_that_overflows_while_the_link_comes_up_ends_it() -> None:
    async with running_center(LinkLimits(queue=2)) as center:

        def burst() -> None:
            for _ in range(4):
                center.desk.send(BOOTH, CATALOGUE)

        center.desk.on_link_up = burst
        booth = enrolled(center)
        async with booth.socket() as socket:
            with pytest.raises(LinkRefused) as end:
                await booth.shake_hands(socket)
    assert end.value.code is ErrorCode.BACKLOG_FULL


# --- Life and death ---


async def test_the_center_pings_and_answers_pings(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothPassing(Ping(123)))
        frames = [await next_frame(socket) for _ in range(2)]
    assert CenterPassing(Pong(123)) in frames
    assert any(isinstance(frame, CenterPassing) and isinstance(frame.body, Ping) for frame in frames)


async def test_a_silent_booth_is_taken_for_dead() -> None:
    async with running_center(LinkLimits(silence_s=0.1)) as center, enrolled(center).linked() as socket:
        assert await refused(socket) is ErrorCode.TIMED_OUT
        await in_the_end(lambda: center.links.linked() == [])
        assert center.desk.called("link_down") == [(BOOTH,)]


async def test_a_newer_connection_replaces_the_older_one_and_the_link_stays_up(center: Center) -> None:
    booth = enrolled(center)
    async with booth.linked() as older:
        async with booth.linked() as newer:
            assert await refused(older) is ErrorCode.REPLACED
            center.desk.send(BOOTH, CATALOGUE)
            assert [frame.n for frame in await booth.receive(newer, 1)] == [1]
            assert center.links.linked() == [BOOTH]
            assert center.desk.called("link_down") == []
        await center.desk.until(lambda: bool(center.desk.called("link_down")))


async def test_a_booth_that_did_not_prove_itself_replaces_nobody(center: Center) -> None:
    booth = enrolled(center)
    async with booth.linked() as socket:
        thief = HandBooth(center.anyone)
        async with thief.socket() as other:
            with pytest.raises(LinkRefused):
                await thief.shake_hands(other)
        await say(socket, BoothPassing(Ping(1)))
        assert center.links.linked() == [BOOTH]
        assert center.desk.called("link_down") == []


async def test_the_desk_hears_of_down_and_up_in_their_order(center: Center) -> None:
    """A booth that is back before its old connection's end was noted."""
    desk, booth = center.desk, enrolled(center)
    desk.link_down_may_end.clear()
    async with booth.linked():
        pass
    await desk.until(lambda: bool(desk.called("link_down_begins")))
    async with booth.socket() as socket:
        welcome = asyncio.create_task(booth.shake_hands(socket))
        await booth_proved(desk.keys, welcome)
        desk.link_down_may_end.set()
        await welcome
    order = [call[0] for call in desk.calls if call[0] in ("link_up", "link_down")]
    assert order[:3] == ["link_up", "link_down", "link_up"]


async def booth_proved(keys: dict[str, bytes], welcome: "asyncio.Task[object]") -> None:
    """A few turns of the loop, in which a welcome would have come if nothing held it back."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert keys
    assert not welcome.done()


async def test_a_vanished_client_cancels_the_link_and_the_desk_hears_of_it(center: Center) -> None:
    """The handler is cancelled in the middle of noting the link's end; the note is finished all the same."""
    desk, booth = center.desk, enrolled(center)
    desk.link_down_may_end.clear()
    async with booth.linked() as socket:
        transport_of(socket).abort()
        await desk.until(lambda: bool(desk.called("link_down_begins")))
        desk.link_down_may_end.set()
        await desk.until(lambda: bool(desk.called("link_down")))
    assert center.links.linked() == []


async def test_a_link_that_is_cancelled_while_its_end_is_noted_is_noted_all_the_same(center: Center) -> None:
    desk, handlers = center.desk, list[asyncio.Task[object]]()

    def remember() -> None:
        handler = asyncio.current_task()
        assert handler is not None
        handlers.append(handler)

    desk.on_link_up = remember
    desk.link_down_may_end.clear()
    async with enrolled(center).linked():
        pass
    await desk.until(lambda: bool(desk.called("link_down_begins")))
    handlers[0].cancel()
    await asyncio.sleep(0)
    assert not handlers[0].done()
    desk.link_down_may_end.set()
    await asyncio.wait(handlers, timeout=5)
    assert handlers[0].done()
    assert desk.called("link_down") == [(BOOTH,)]


async def test_a_link_that_the_desk_refused_never_went_down(center: Center) -> None:
    def refuse() -> None:
        raise ProtocolError(ErrorCode.BACKLOG_FULL, "away for too long")

    center.desk.on_link_up = refuse
    booth = enrolled(center)
    async with booth.socket() as socket:
        with pytest.raises(LinkRefused) as end:
            await booth.shake_hands(socket)
    assert end.value.code is ErrorCode.BACKLOG_FULL
    await in_the_end(lambda: center.links.linked() == [])
    assert center.desk.called("link_down_begins") == []


async def test_a_message_that_was_begun_is_handled_to_its_end(center: Center) -> None:
    """The link ends while the desk commits: what the message brought about for others still has to be sent."""
    desk, booth = center.desk, enrolled(center)
    desk.message_may_end.clear()
    async with booth.linked() as older:
        await say(older, BoothNumbered(1, 0, REPORT))
        await desk.until(lambda: bool(desk.called("booth_message_begins")))
        async with booth.socket() as newer:
            welcome = asyncio.create_task(booth.shake_hands(newer))
            await booth_proved(desk.keys, welcome)
            desk.message_may_end.set()
            assert (await welcome).received == 1
    assert desk.called("booth_message") == [(BOOTH, 1, REPORT)]


async def test_shutting_down_ends_the_links() -> None:
    async with running_center() as center:
        async with enrolled(center).linked() as socket:
            await asyncio.gather(center.runner.cleanup(), close_code(socket))
        assert center.desk.called("link_down") == [(BOOTH,)]


async def test_a_fault_of_the_desk_closes_the_link_and_is_logged_without_its_text(
    center: Center, caplog: pytest.LogCaptureFixture
) -> None:
    def fault() -> None:
        raise RuntimeError(RESIDENT)

    center.desk.on_link_up = fault
    booth = enrolled(center)
    async with booth.socket() as socket:
        with pytest.raises(LinkRefused) as end:
            await booth.shake_hands(socket)
    assert end.value.code is ErrorCode.INTERNAL
    assert "RuntimeError" in caplog.text
    assert "fake_desk.py" in caplog.text
    assert RESIDENT not in caplog.text


# --- Media offers ---


async def test_each_peers_offer_is_answered(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothPassing(MediaOffer("offer-1", PeerKind.BOOTH, "sdp one", [])))
        assert (await hear(socket, CenterPassing)).body == MediaAnswer("offer-1", "answer to sdp one")
        await say(socket, BoothPassing(MediaOffer("offer-2", PeerKind.KIOSK, "sdp two", [])))
        assert (await hear(socket, CenterPassing)).body == MediaAnswer("offer-2", "answer to sdp two")
    assert center.media.connected == [f"booth:{BOOTH}", f"kiosk:{BOOTH}"]


async def test_an_offer_that_can_not_be_used_is_refused_and_the_link_goes_on(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothPassing(MediaOffer("offer-1", PeerKind.BOOTH, "bad", [])))
        assert (await hear(socket, CenterPassing)).body == MediaRefused("offer-1", ErrorCode.MALFORMED)
        await say(socket, BoothNumbered(1, 0, REPORT))
        assert (await hear(socket, Ack)).ack == 1


async def test_a_waiting_offer_hinders_no_message_and_a_newer_one_overtakes_the_next(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        for offer_id, sdp in (("offer-1", "hold"), ("offer-2", "never looked at"), ("offer-3", "newest")):
            await say(socket, BoothPassing(MediaOffer(offer_id, PeerKind.BOOTH, sdp, [])))
            await center.media.holding.wait()
        await say(socket, BoothNumbered(1, 0, REPORT))
        assert (await hear(socket, Ack)).ack == 1
        center.media.go.set()
        assert (await hear(socket, CenterPassing)).body == MediaAnswer("offer-1", "answer to hold")
        assert (await hear(socket, CenterPassing)).body == MediaAnswer("offer-3", "answer to newest")


async def test_a_link_that_ends_while_an_offer_waits_leaves_no_task(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothPassing(MediaOffer("offer-1", PeerKind.BOOTH, "hold", [])))
        await center.media.holding.wait()
    await center.desk.until(lambda: bool(center.desk.called("link_down")))
    await in_the_end(lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith("link ")])
    assert center.media.connected == []


async def test_a_closed_peer_is_disconnected(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        await say(socket, BoothPassing(MediaClosed(PeerKind.KIOSK)))
        async with asyncio.timeout(5):
            assert await center.media.disconnected.get() == f"kiosk:{BOOTH}"


async def test_the_booth_hears_that_its_media_went_down(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        for participant in ("clerk:clerk-1", "kiosk:sample-99", f"kiosk:{BOOTH}"):
            center.links.media_down(participant)
        assert (await hear(socket, CenterPassing)).body == MediaClosed(PeerKind.KIOSK)


async def test_the_booth_hears_where_the_clerk_looks_closer(center: Center) -> None:
    async with enrolled(center).linked() as socket:
        region = {"x": 2500, "y": 1000, "span": 5000}
        async with center.clerk.post("/api/affairs/affair-1/region", json=region) as reply:
            assert reply.status == 204
        assert (await hear(socket, CenterPassing)).body == RegionWanted(Region(2500, 1000, 5000))
        async with center.clerk.post("/api/affairs/affair-1/region", json={**region, "span": 1}) as reply:
            assert reply.status == 400


async def test_a_proof_without_a_challenge_is_refused(center: Center) -> None:
    async with enrolled(center).socket() as socket:
        await say(socket, Proof(b"x" * 64, "epoch-1", 0))
        assert await refused(socket) is ErrorCode.MALFORMED
