"""The booth's media leg against a real plane: it comes back by itself, and leaves nothing when it is stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from aiortc import MediaStreamTrack

from booth.errors import CenterLost, CenterRefused
from booth.media.leg import MediaLeg
from booth.media.sources import SyntheticVoice
from center.media.plane import ForwardingPlane
from protocol.errors import ErrorCode
from protocol.media import TrackName, TrackOffer
from tests.integration.media.peers import GRACE_S, GREEN, RED, ColourFace, Viewer, connect

FACE, VOICE = TrackName.FACE, TrackName.VOICE

QUIET_S = 0.5
"""A connection that was made in vain is followed by another one much sooner."""


class Booth:
    """A leg whose exchange goes straight to a plane, after the failures that a test asks for."""

    def __init__(self, plane: ForwardingPlane, *failures: Exception) -> None:
        self.offers = 0
        self.in_exchange: Callable[[], object] = lambda: None
        self.published: list[MediaStreamTrack] = []
        self.changes: asyncio.Queue[bool] = asyncio.Queue()
        self._plane = plane
        self._failures = list(failures)
        self.leg = MediaLeg(
            make_publish=self._publish, subscribe=[], exchange=self._exchange, on_change=self.changes.put_nowait
        )

    async def next_change(self) -> bool:
        async with asyncio.timeout(GRACE_S):
            return await self.changes.get()

    def _publish(self) -> dict[TrackName, MediaStreamTrack]:
        tracks: dict[TrackName, MediaStreamTrack] = {FACE: ColourFace(RED), VOICE: SyntheticVoice()}
        self.published += tracks.values()
        return tracks

    async def _exchange(self, sdp: str, tracks: list[TrackOffer]) -> str:
        self.offers += 1
        self.in_exchange()
        if self._failures:
            raise self._failures.pop(0)
        return await self._plane.connect("booth:a", sdp, tracks)


@asynccontextmanager
async def running(run: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(), name="leg")
        yield
        task.cancel()


async def test_the_leg_connects_and_its_sources_end_with_it(plane: ForwardingPlane) -> None:
    booth = Booth(plane)
    async with running(booth.leg.run):
        assert await booth.next_change() is True
        assert booth.leg.connection is not None
    assert booth.leg.connection is None
    assert await booth.next_change() is False
    assert {track.readyState for track in booth.published} == {"ended"}


async def test_the_leg_tries_again_when_the_center_is_away_or_says_no(plane: ForwardingPlane) -> None:
    booth = Booth(plane, CenterLost(), CenterRefused(ErrorCode.MALFORMED))
    async with running(booth.leg.run):
        assert await booth.next_change() is True
    assert booth.offers == 3


async def test_the_leg_comes_back_when_the_center_drops_it(plane: ForwardingPlane) -> None:
    booth = Booth(plane)
    async with running(booth.leg.run):
        assert await booth.next_change() is True
        await plane.disconnect("booth:a")
        assert await booth.next_change() is False
        assert await booth.next_change() is True
        clerk = Viewer([FACE])
        async with clerk.connection:
            await connect(plane, "clerk:one", clerk.connection)
            await plane.join("a", "booth:a")
            await plane.join("a", "clerk:one")
            await clerk.until(lambda: len(clerk.seen) >= 3)


async def test_remaking_replaces_a_connection_that_stands(plane: ForwardingPlane) -> None:
    booth = Booth(plane)
    async with running(booth.leg.run):
        assert await booth.next_change() is True
        booth.leg.remake()
        assert await booth.next_change() is False
        assert await booth.next_change() is True
    assert booth.offers == 2


async def test_a_late_word_of_the_connection_before_makes_no_other_one(plane: ForwardingPlane) -> None:
    """On a long line the center says that the former one is closed while the next is being made."""
    booth = Booth(plane)
    async with running(booth.leg.run):
        assert await booth.next_change() is True
        booth.in_exchange = booth.leg.lost
        booth.leg.remake()
        assert await booth.next_change() is False
        assert await booth.next_change() is True
        await asyncio.sleep(QUIET_S)
        assert booth.changes.empty()
        booth.leg.lost()  # This is of the one that stands.
        assert await booth.next_change() is False
        assert await booth.next_change() is True
    assert booth.offers == 3


async def test_remaking_cuts_a_long_wait_short(plane: ForwardingPlane) -> None:
    booth = Booth(plane, *[CenterLost() for _ in range(30)])
    async with running(booth.leg.run):
        async with asyncio.timeout(GRACE_S):
            while booth.offers < 31:
                booth.leg.remake()
                await asyncio.sleep(0)
        assert await booth.next_change() is True


async def test_a_robot_sees_and_counts_what_it_subscribed_to(plane: ForwardingPlane) -> None:
    booth = Viewer([TrackName.CLERK_FACE], {FACE: ColourFace(RED)})
    clerk = Viewer([FACE, VOICE], {TrackName.CLERK_FACE: ColourFace(GREEN)})
    async with booth.connection, clerk.connection:
        await connect(plane, "booth:a", booth.connection)
        await connect(plane, "clerk:one", clerk.connection)
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        await booth.until(lambda: len(booth.seen) >= 3)
        await clerk.until(lambda: len(clerk.seen) >= 3)
    assert (set(booth.seen), set(clerk.seen)) == ({GREEN}, {RED})
    assert clerk.connection.frames_received[FACE] >= 3
    assert clerk.connection.frames_received[VOICE] == 0
