"""Pages on their way to a center that breaks off."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from booth.link.line import UploadLine, UrgentLine
from booth.link.outbox import Outbox
from booth.link.uploader import Uploader
from booth.supervise import BackOff, keep
from protocol.errors import ErrorCode
from protocol.pages import CHUNK_BYTES, PagePart
from tests.integration.booth.center import FakeCenter, fake_center, refusal
from tests.integration.booth.pages import page
from tests.integration.booth.waiting import eventually, until_it_is
from tests.support.cable import Cable


def soon(_low: float, high: float) -> float:
    return min(high, 0.01)


@asynccontextmanager
async def uploading(
    center: FakeCenter, outbox: Outbox, hurrying: Callable[[bool], None] = lambda _hurrying: None
) -> AsyncIterator[Uploader]:
    async with aiohttp.ClientSession() as session:
        uploader = Uploader(outbox, center.url, None, session, hurrying=hurrying)
        task = asyncio.create_task(keep("uploads", uploader.run, back_off=BackOff(soon)))
        try:
            yield uploader
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def once(name: str, answer: Callable[[], web.StreamResponse]) -> Callable[[str], web.StreamResponse | None]:
    """Answer the first request of this name so; let all others pass."""
    left = [True]

    def break_off(request: str) -> web.StreamResponse | None:
        if request == name and left:
            left.clear()
            return answer()
        return None

    return break_off


def hang_up() -> web.StreamResponse:
    raise ConnectionResetError


async def test_every_light_part_goes_before_any_full_one(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        for name in ("p-1", "p-2"):
            await outbox.put(*page(name))
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
            await eventually(lambda: not list((tmp_path / "pages").iterdir()))
        assert center.whole("p-1")
        assert center.whole("p-2")
        patches = [request for request in center.requests if request.startswith("PATCH")]
        assert [request.split()[1] for request in patches[:2]] == ["light", "light"]
        assert [request.split()[3] for request in patches[2:]] == ["p-1"] * 3 + ["p-2"] * 3


async def test_a_new_page_is_shown_before_an_older_one_is_sent_whole(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1", 6 * CHUNK_BYTES))
        second_is_put = center.holds["PATCH full 0 p-1"] = asyncio.Event()
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await center.until(lambda: "PATCH full 0 p-1" in center.requests)
            await outbox.put(*page("p-2"))
            uploader.wake()
            second_is_put.set()
            await until_it_is([], outbox.waiting)
        patches = [request for request in center.requests if request.startswith("PATCH")]
        assert patches[:3] == ["PATCH light 0 p-1", "PATCH full 0 p-1", "PATCH light 0 p-2"]


@pytest.mark.parametrize("name", ["POST", "PATCH light 0", "HEAD full", "PATCH full 0", f"PATCH full {CHUNK_BYTES}"])
async def test_an_upload_broken_off_goes_on_from_the_centers_offset(tmp_path: Path, name: str) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        center.break_off = once(name, hang_up)
        await outbox.put(*page("p-1"))
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")
        sent = [request for request in center.requests if request == f"PATCH full {CHUNK_BYTES} p-1"]
        assert len(sent) == (2 if name.endswith(str(CHUNK_BYTES)) else 1), "nothing is sent twice that had arrived"


async def test_a_connection_that_dies_in_the_middle_of_a_chunk_is_resumed(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        announced, light, full = page("p-1")
        await outbox.put(announced, light, full)

        def half(request: str) -> web.StreamResponse | None:
            if request == "PATCH full 0" and not center.pages["p-1"].parts[PagePart.FULL]:
                center.pages["p-1"].parts[PagePart.FULL] = full[:100_000]  # what of the chunk reached the disk
                raise ConnectionResetError
            return None

        center.break_off = half
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")
        assert "PATCH full 100000 p-1" in center.requests


async def test_a_restarted_booth_sends_what_it_finds(tmp_path: Path) -> None:
    async with fake_center() as center:
        async with Outbox(tmp_path) as outbox:
            await outbox.put(*page("p-1"))
            async with uploading(center, outbox) as uploader:
                uploader.authorise(center.token)
                await center.until(lambda: any("PATCH full 0" in request for request in center.requests))
        async with Outbox(tmp_path) as outbox, uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")


async def test_a_wrong_hash_starts_the_part_again(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1"))

        def damage(request: str) -> web.StreamResponse | None:
            if request == f"PATCH full {CHUNK_BYTES}" and "damaged" not in center.requests:
                center.requests.append("damaged")
                part = center.pages["p-1"].parts[PagePart.FULL]
                center.pages["p-1"].parts[PagePart.FULL] = bytes([part[0] ^ 1]) + part[1:]
            return None

        center.break_off = damage
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")
        assert center.requests.count("PATCH full 0 p-1") == 2


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("POST", 404, ErrorCode.PAGE_UNKNOWN),
        ("PATCH light 0", 422, ErrorCode.NOT_AN_IMAGE),
        ("PATCH full 0", 404, ErrorCode.PAGE_UNKNOWN),
        ("HEAD full", 404, ErrorCode.PAGE_UNKNOWN),
    ],
)
async def test_a_page_refused_for_good_is_kept_aside_and_the_next_one_sent(
    tmp_path: Path, name: str, status: int, code: ErrorCode
) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        center.break_off = once(name, lambda: refusal(status, code))
        await outbox.put(*page("p-1"))
        await outbox.put(*page("p-2"))
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
            assert await outbox.aside() == {"p-1": str(code)}
        assert center.whole("p-2")


@pytest.mark.parametrize("status", [500, 503, 507])
async def test_a_center_in_trouble_is_asked_again(tmp_path: Path, status: int) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        center.break_off = once("PATCH full 0", lambda: refusal(status, ErrorCode.DISK_FULL))
        await outbox.put(*page("p-1"))
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")


async def test_a_token_that_is_not_good_any_more_waits_for_the_next_welcome(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1"))
        async with uploading(center, outbox) as uploader:
            uploader.authorise("old")
            await eventually(lambda: center.requests == ["POST"])
            uploader.wake()
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
        assert center.requests.count("POST") == 2


async def test_what_the_center_says_is_stored_is_forgotten_without_being_sent(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1"))
        async with uploading(center, outbox) as uploader:
            uploader.stored("p-1")
            await until_it_is([], outbox.waiting)
            await eventually(lambda: not list((tmp_path / "pages").iterdir()))
        assert center.requests == []


async def test_a_page_that_can_not_be_read_any_more_does_not_block_the_next_one(tmp_path: Path) -> None:
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1"))
        await outbox.put(*page("p-2"))
        (tmp_path / "pages" / "p-1.full").write_bytes(b"damaged")
        async with uploading(center, outbox) as uploader:
            uploader.authorise(center.token)
            await until_it_is([], outbox.waiting)
            assert list(await outbox.aside()) == ["p-1"]
        assert center.whole("p-2")


async def test_a_full_page_is_paced_over_a_line_that_tells_its_round_trips(tmp_path: Path) -> None:
    line = UploadLine()
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1", 3 * CHUNK_BYTES))
        async with aiohttp.ClientSession(connector=line.connector()) as session:
            assert line.round_trips_s() is None
            uploader = Uploader(outbox, center.url, None, session, line.round_trips_s)
            uploader.authorise(center.token)
            task = asyncio.create_task(keep("uploads", uploader.run, back_off=BackOff(soon)))
            await until_it_is([], outbox.waiting)
            trips = line.round_trips_s()
            task.cancel()
        assert center.whole("p-1")
        assert trips is not None and 0 < trips[1] <= trips[0] < 1


async def test_a_new_page_is_shown_in_the_middle_of_an_older_ones_chunk(tmp_path: Path) -> None:
    line = UploadLine()
    async with fake_center() as center, Outbox(tmp_path) as outbox, aiohttp.ClientSession() as urgent:
        await outbox.put(*page("p-1", 3 * CHUNK_BYTES))
        async with aiohttp.ClientSession(connector=line.connector()) as session:
            looks, under_way = iter(range(1_000_000)), asyncio.Event()

            def round_trips_s() -> tuple[float, float] | None:
                # A line so full that a chunk takes seconds, and a page that comes during the first one.
                if next(looks) == 4:
                    under_way.set()
                return (0.4, 0.01)

            uploader = Uploader(outbox, center.url, None, session, round_trips_s, urgent)
            uploader.authorise(center.token)
            task = asyncio.create_task(keep("uploads", uploader.run, back_off=BackOff(soon)))
            async with asyncio.timeout(20):
                await under_way.wait()
                await outbox.put(*page("p-2"))
                uploader.wake()
                await eventually(lambda: "PATCH light 0 p-2" in center.requests)
            assert not any(request.startswith("PATCH full") for request in center.requests), "that is still under way"
            task.cancel()


async def test_a_new_page_is_shown_while_the_line_holds_an_older_ones_chunk_up(tmp_path: Path) -> None:
    async with (
        fake_center() as center,
        Outbox(tmp_path) as outbox,
        aiohttp.ClientSession() as session,
        aiohttp.ClientSession() as urgent,
    ):
        held_up = center.holds["PATCH full 0 p-1"] = asyncio.Event()
        await outbox.put(*page("p-1", 3 * CHUNK_BYTES))
        uploader = Uploader(outbox, center.url, None, session, urgent=urgent)
        uploader.authorise(center.token)
        task = asyncio.create_task(keep("uploads", uploader.run, back_off=BackOff(soon)))
        await eventually(lambda: "PATCH full 0 p-1" in center.requests)
        await outbox.put(*page("p-2"))
        uploader.wake()
        await eventually(lambda: "PATCH light 0 p-2" in center.requests)
        assert not center.whole("p-1")
        held_up.set()
        await eventually(lambda: all(one in center.pages and center.whole(one) for one in ("p-1", "p-2")))
        assert center.requests.count("PATCH full 0 p-1") == 1, "nothing was broken off for it"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("refused", [False, True])
async def test_it_tells_while_a_light_part_is_on_its_way_and_of_nothing_else(tmp_path: Path, refused: bool) -> None:
    told: list[tuple[bool, int]] = []
    async with fake_center() as center, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1", 3 * CHUNK_BYTES))
        if refused:
            center.break_off = once("PATCH light 0", hang_up)
        async with uploading(
            center, outbox, lambda hurrying: told.append((hurrying, len(center.requests)))
        ) as uploader:
            uploader.authorise(center.token)
            await eventually(lambda: "p-1" in center.pages and center.whole("p-1"))
        assert [hurrying for hurrying, _ in told] == [True, False] * (1 + refused)
        between = [center.requests[since:until] for (_, since), (_, until) in zip(told[::2], told[1::2], strict=True)]
        assert all("PATCH light 0 p-1" in requests for requests in between)
        assert not any("full" in request for requests in between for request in requests)


@asynccontextmanager
async def showing_over(cable: Cable, center: FakeCenter, outbox: Outbox) -> AsyncIterator[Uploader]:
    """The light parts go over the cable, on which a connection is silent as soon as it is stuck; all else does not."""
    async with (
        aiohttp.ClientSession() as session,
        aiohttp.ClientSession(connector=UrgentLine().connector()) as urgent,
    ):
        address = URL(f"http://127.0.0.1:{cable.port}")
        uploader = Uploader(outbox, address, None, session, urgent=urgent, silence=cable.stuck.wait)
        uploader.authorise(center.token)
        task = asyncio.create_task(keep("uploads", uploader.run, back_off=BackOff(soon)))
        try:
            yield uploader
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


ANNOUNCEMENT_BYTES = 2_000
"""More than the request that announces a page has, and with the light part far less than both."""


@pytest.mark.parametrize(
    ("up_bytes", "down_bytes"),
    [(0, math.inf), (ANNOUNCEMENT_BYTES, math.inf), (math.inf, 0), (math.inf, 200)],
    ids=["accepted and no more", "in the middle of the light part", "no answer at all", "no answer to the light part"],
)
async def test_a_page_whose_connection_is_stuck_is_shown_over_another(
    tmp_path: Path, up_bytes: float, down_bytes: float
) -> None:
    async with fake_center() as center, Cable(center.url.port or 0) as cable, Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1"))
        cable.stick(up_bytes, down_bytes)
        async with showing_over(cable, center, outbox):
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")
        assert center.requests.count("PATCH light 0 p-1") == 1, "the center keeps what came first"


async def test_a_page_that_is_acknowledged_over_the_first_connection_gives_up_the_second(tmp_path: Path) -> None:
    async with fake_center() as center, Cable(center.url.port or 0) as cable, Outbox(tmp_path) as outbox:
        held_up = center.holds["PATCH light 0 p-1"] = asyncio.Event()
        await outbox.put(*page("p-1"))
        async with showing_over(cable, center, outbox):
            await center.until(lambda: "PATCH light 0 p-1" in center.requests)
            cable.stick(0)
            cable.stuck.set()  # silent, though all is well
            await eventually(lambda: cable.connections > 1)
            held_up.set()
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")


@asynccontextmanager
async def both_stuck(center: FakeCenter, folder: Path) -> AsyncIterator[tuple[Cable, Outbox]]:
    """A page is on its way over two connections, both of which are stuck; the uploader stops at the end."""
    async with Cable(center.url.port or 0) as cable, Outbox(folder) as outbox:
        await outbox.put(*page("p-1"))
        cable.stick(0)
        cable.stick(0)
        async with showing_over(cable, center, outbox):
            await eventually(lambda: cable.stuck_connections == 2)
            yield cable, outbox


async def test_a_page_both_of_whose_connections_break_is_tried_again(tmp_path: Path) -> None:
    async with fake_center() as center:
        async with both_stuck(center, tmp_path) as (cable, outbox):
            assert center.requests == []
            cable.hang_up_stuck()
            await until_it_is([], outbox.waiting)
        assert center.whole("p-1")


async def test_an_uploader_that_is_stopped_leaves_neither_of_two_requests_behind(tmp_path: Path) -> None:
    async with fake_center() as center:
        async with both_stuck(center, tmp_path):
            pass
        left = {task.get_name() for task in asyncio.all_tasks()}
        assert not left & {"asking", "asking again", "waiting for silence"}


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("POST", 404, ErrorCode.PAGE_UNKNOWN), ("PATCH light 0", 422, ErrorCode.NOT_AN_IMAGE)],
)
async def test_a_refusal_is_an_answer_while_the_first_connection_is_stuck(
    tmp_path: Path, name: str, status: int, code: ErrorCode
) -> None:
    async with fake_center() as center, Cable(center.url.port or 0) as cable, Outbox(tmp_path) as outbox:
        center.break_off = once(name, lambda: refusal(status, code))
        await outbox.put(*page("p-1"))
        cable.stick(0)
        async with showing_over(cable, center, outbox):
            await until_it_is([], outbox.waiting)
            assert await outbox.aside() == {"p-1": str(code)}


async def test_a_booth_killed_at_fifty_random_moments_delivers_every_page(tmp_path: Path) -> None:
    pages, kills = 25, 50
    async with fake_center() as center:
        arguments = [str(tmp_path), str(center.url), center.token, str(pages), str(kills), "20261125"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.booth.killed", *arguments, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0
        killed = [line for line in printed.decode().split() if line != "ended"]
        assert len(killed) >= kills // 2, "most of the children must die at work"
        assert sorted(center.pages) == sorted(f"p-{number}" for number in range(pages))
        assert all(center.whole(page_id) for page_id in center.pages)
    assert not list((tmp_path / "outbox" / "pages").iterdir())
