"""The media offers of one peer at a booth, one after the other; a newer one overtakes those that wait."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from center.media.interface import MediaError
from protocol.errors import ErrorCode
from protocol.media import (
    MediaAnswer,
    MediaClosed,
    MediaFigures,
    MediaOffer,
    MediaRefused,
    NetworkJudged,
    PeerKind,
    TrackOffer,
)
from protocol.messages import CenterFleeting

CONNECT_LIMIT_S = 10.0
"""How long the media plane may take to answer an offer."""


class BoothMedia(Protocol):
    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str: ...

    async def disconnect(self, participant: str) -> None: ...


class ListensToHeartbeats(Protocol):
    """Hears how the media participants fare (`center.heartbeats`)."""

    def heard(self, participant: str, figures: MediaFigures) -> None: ...

    def forget(self, participant: str) -> None: ...

    def network(self, participant: str) -> NetworkJudged: ...


class PeerOffers:
    """Holds at most one wish, the newest: an offer to answer, or a connection to close."""

    def __init__(self, participant: str, media: BoothMedia, reply: Callable[[CenterFleeting], None]) -> None:
        self._participant = participant
        self._media = media
        self._reply = reply
        self._wish: MediaOffer | MediaClosed | None = None
        self._wished = asyncio.Event()

    def put(self, wish: MediaOffer | MediaClosed) -> None:
        """Never blocks. An older wish that was not begun is forgotten: nobody waits for its answer any more."""
        self._wish = wish
        self._wished.set()

    async def run(self) -> None:
        """Fulfil wishes until cancelled. Cancelling leaves no half-made connection behind."""
        while True:
            await self._wished.wait()
            self._wished.clear()
            wish, self._wish = self._wish, None
            match wish:
                case MediaOffer():
                    self._reply(await self._answer(wish))
                case MediaClosed():
                    await self._media.disconnect(self._participant)
                case None:
                    pass

    async def _answer(self, offer: MediaOffer) -> MediaAnswer | MediaRefused:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                sdp = await self._media.connect(self._participant, offer.sdp, offer.tracks)
        except MediaError:
            return MediaRefused(offer.offer_id, ErrorCode.MALFORMED)
        except TimeoutError:
            return MediaRefused(offer.offer_id, ErrorCode.TIMED_OUT)
        return MediaAnswer(offer.offer_id, sdp)


def participant_of(peer: PeerKind, booth_id: str) -> str:
    """The peer's name in the media plane."""
    return f"{peer.value}:{booth_id}"


def peer_of(participant: str) -> tuple[PeerKind, str] | None:
    """The peer and the booth that a participant's name means; None for a clerk."""
    kind, _, booth_id = participant.partition(":")
    return (PeerKind(kind), booth_id) if kind in (PeerKind.BOOTH, PeerKind.KIOSK) else None
