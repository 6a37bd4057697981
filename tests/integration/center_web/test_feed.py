"""The counters' feed: the newest view soon, never an older one, and no more than a page can take."""

import asyncio
from typing import Any

import aiohttp
import pytest
from yarl import URL

from center.web.feed import CounterFeed
from protocol.fields import Wording
from tests.integration.center_web.fake_desk import TOKEN
from tests.integration.center_web.running import Center, close_code, in_the_end, running_center, transport_of


async def next_view(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    view: dict[str, Any] = await socket.receive_json(timeout=5)
    return view


def change(center: Center) -> None:
    """One more affair was finished."""
    center.desk.position += 1
    center.desk.finished_today += 1
    center.counters.changed()


async def test_a_page_gets_a_view_at_once_and_after_each_change(center: Center) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        assert (await next_view(socket))["position"] == 1
        for position in (2, 3):
            change(center)
            view = await next_view(socket)
            assert (view["position"], view["finished_today"]) == (position, position - 1)
            assert view["clerk"]["counter"] == "3"


async def test_every_page_gets_the_change(center: Center) -> None:
    async with center.clerk.ws_connect("/api/feed") as one, center.clerk.ws_connect("/api/feed") as two:
        await next_view(one)
        await next_view(two)
        change(center)
        assert [(await next_view(socket))["position"] for socket in (one, two)] == [2, 2]


async def test_a_hundred_changes_in_one_moment_are_one_view(center: Center) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        for _ in range(100):
            change(center)
        assert (await next_view(socket))["position"] == 101
        change(center)
        assert (await next_view(socket))["position"] == 102
        assert center.desk.views_read <= 4


async def test_nothing_is_read_while_nothing_changes() -> None:
    async with (
        running_center(counters=CounterFeed(spacing_s=0.0)) as center,
        center.clerk.ws_connect("/api/feed") as socket,
    ):
        await next_view(socket)
        change(center)
        await next_view(socket)
        for _ in range(50):
            await asyncio.sleep(0)
        assert center.desk.views_read == 2


async def test_views_keep_their_distance() -> None:
    async with (
        running_center(counters=CounterFeed(spacing_s=0.1)) as center,
        center.clerk.ws_connect("/api/feed") as socket,
    ):
        began_s = asyncio.get_running_loop().time()
        for _ in range(3):
            await next_view(socket)
            change(center)
        assert asyncio.get_running_loop().time() - began_s >= 0.19


async def test_a_change_during_the_reading_of_a_view_makes_another_one(center: Center) -> None:
    desk = center.desk
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        real_note = desk._note

        async def change_after_reading(*call: object) -> None:
            desk._note = real_note  # type: ignore[method-assign]
            change(center)
            await real_note(*call)

        desk._note = change_after_reading  # type: ignore[method-assign]
        change(center)
        assert [(await next_view(socket))["position"] for _ in range(2)] == [2, 3]


async def test_a_change_that_does_not_show_at_this_counter_sends_nothing(center: Center) -> None:
    desk = center.desk
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        desk.position = 2
        center.counters.changed()
        await desk.until(lambda: (2,) in desk.called("view"))
        change(center)
        assert (await next_view(socket))["position"] == 3


async def test_an_older_snapshot_is_never_shown(center: Center) -> None:
    desk = center.desk
    desk.position = 5
    async with center.clerk.ws_connect("/api/feed") as socket:
        assert (await next_view(socket))["position"] == 5
        desk.position, desk.finished_today = 4, 7
        center.counters.changed()
        await desk.until(lambda: (4,) in desk.called("view"))
        desk.position = 6
        assert (await next_view(socket))["position"] == 6


async def test_a_log_out_ends_the_feed(center: Center) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        async with center.clerk.post("/api/logout"):
            pass
        assert await close_code(socket) == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_log_in_that_ran_out_ends_the_feed() -> None:
    counters = CounterFeed(spacing_s=0.001, recheck_s=0.02)
    async with running_center(counters=counters) as center, center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        center.desk.log_ins.clear()
        assert await close_code(socket) == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_page_that_reads_nothing_is_cut_off() -> None:
    counters = CounterFeed(spacing_s=0.0, send_limit_s=0.1)
    async with running_center(counters=counters) as center, center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        center.desk.center_name = Wording("长" * 300_000, "")
        transport_of(socket).pause_reading()

        def cut_off() -> bool:
            change(center)
            return repr(center.counters) == "CounterFeed(pages=0)"

        await in_the_end(cut_off)
        server = center.runner.server
        assert server is not None
        await in_the_end(lambda: not server.connections)
        transport_of(socket).abort()


async def test_nobody_gets_no_feed(center: Center) -> None:
    async with center.anyone.get("/api/feed") as reply:
        assert reply.status == 401
        assert await reply.json() == {"code": "not_logged_in"}


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://[", "http://127.0.0.1:1"])
async def test_another_origins_page_gets_no_feed(center: Center, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await center.clerk.ws_connect("/api/feed", origin=origin)
    assert refused.value.status == 403


async def test_our_own_page_gets_its_feed(center: Center) -> None:
    origin = str(URL(center.url).origin())
    async with center.clerk.ws_connect("/api/feed", origin=origin) as socket:
        assert (await next_view(socket))["position"] == 1


@pytest.mark.parametrize("said", ["hello", b"bytes", "x" * 5000])
async def test_a_page_that_talks_is_disconnected(center: Center, said: str | bytes) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        await (socket.send_str(said) if isinstance(said, str) else socket.send_bytes(said))
        assert await close_code(socket) in (
            aiohttp.WSCloseCode.POLICY_VIOLATION,
            aiohttp.WSCloseCode.MESSAGE_TOO_BIG,
        )


async def test_a_fault_of_the_desk_closes_the_feed(center: Center, caplog: pytest.LogCaptureFixture) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        center.desk.refusal = RuntimeError("a fault")
        center.counters.changed()
        assert await close_code(socket) == aiohttp.WSCloseCode.INTERNAL_ERROR
    assert "fault in feed" in caplog.text


async def test_a_page_that_leaves_leaves_nothing_behind(center: Center) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
    await in_the_end(lambda: repr(center.counters) == "CounterFeed(pages=0)" and not feed_tasks())
    center.counters.changed()


async def test_a_cancelled_feed_leaves_nothing_behind(center: Center) -> None:
    async with center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        transport_of(socket).abort()  # the server cancels the handler
        await in_the_end(lambda: repr(center.counters) == "CounterFeed(pages=0)" and not feed_tasks())


async def test_shutting_down_ends_the_feeds() -> None:
    async with running_center() as center, center.clerk.ws_connect("/api/feed") as socket:
        await next_view(socket)
        await asyncio.gather(center.runner.cleanup(), close_code(socket))
        assert not feed_tasks()
        assert TOKEN in center.desk.log_ins


def feed_tasks() -> list["asyncio.Task[Any]"]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("feed ")]
