"""The media offers of one peer: one at a time, the newest first."""

import asyncio
from collections.abc import Sequence

import pytest

from center.web.offers import PeerOffers, participant_of, peer_of
from protocol.media import MediaAnswer, MediaClosed, MediaOffer, PeerKind, TrackOffer
from protocol.messages import CenterFleeting


class SlowMedia:
    """Answers when it is told to; says what it is doing."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go = asyncio.Semaphore(0)
        self.cancelled = False

    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str:
        self.begun.put_nowait(sdp)
        try:
            await self.go.acquire()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return f"answer to {sdp}"

    async def disconnect(self, participant: str) -> None:
        self.begun.put_nowait(f"disconnect {participant}")


def offer(name: str) -> MediaOffer:
    return MediaOffer(name, PeerKind.KIOSK, name, [])


async def test_the_newest_wish_overtakes_those_that_wait() -> None:
    media, replies = SlowMedia(), asyncio.Queue[CenterFleeting]()
    offers = PeerOffers("kiosk:sample-01", media, replies.put_nowait)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(offers.run(), name="offers")
        offers.put(offer("a"))
        assert await media.begun.get() == "a"
        offers.put(offer("b"))
        offers.put(MediaClosed(PeerKind.KIOSK))
        media.go.release()
        assert await replies.get() == MediaAnswer("a", "answer to a")
        assert await media.begun.get() == "disconnect kiosk:sample-01"
        offers.put(offer("c"))
        assert await media.begun.get() == "c"
        task.cancel()
    assert media.cancelled
    assert replies.empty()


@pytest.mark.parametrize("peer", list(PeerKind))
def test_a_participants_name_is_read_back(peer: PeerKind) -> None:
    assert peer_of(participant_of(peer, "sample-01")) == (peer, "sample-01")


@pytest.mark.parametrize("name", ["clerk:clerk-1", "", "Booth:sample-01"])
def test_others_are_no_peers_of_a_booth(name: str) -> None:
    assert peer_of(name) is None
