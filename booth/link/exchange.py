"""Media offers on their way to the center, and the answers that come back."""

import asyncio
from collections.abc import Callable, Sequence

from booth.errors import CenterLost, CenterRefused
from protocol.media import MediaAnswer, MediaOffer, MediaRefused, PeerKind, TrackOffer
from protocol.messages import BoothFleeting

ANSWER_S = 5.0


class Exchange:
    """Pairs each offer with its answer, for the booth process and the kiosk's page alike."""

    def __init__(self, tell: Callable[[BoothFleeting], bool], new_id: Callable[[], str]) -> None:
        self._tell = tell
        self._new_id = new_id
        self._awaited: dict[str, asyncio.Future[str]] = {}

    async def offer(self, peer: PeerKind, sdp: str, tracks: Sequence[TrackOffer]) -> str:
        """The center's SDP answer. Raises `CenterLost` (link down, or no answer within 5 s) or `CenterRefused`.

        Cancelling it forgets the offer; an answer that comes later is dropped.
        """
        offer_id = self._new_id()
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._awaited[offer_id] = answer
        try:
            if not self._tell(MediaOffer(offer_id, peer, sdp, list(tracks))):
                raise CenterLost("the link is down")
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError as error:
            raise CenterLost("no answer to a media offer") from error
        finally:
            del self._awaited[offer_id]

    def answered(self, message: MediaAnswer | MediaRefused) -> None:
        future = self._awaited.get(message.offer_id)
        if future is None or future.done():
            return
        match message:
            case MediaAnswer(_, sdp):
                future.set_result(sdp)
            case MediaRefused(_, code):
                future.set_exception(CenterRefused(code))

    def lost(self) -> None:
        """The link went down: nothing that was offered over it will be answered."""
        for future in self._awaited.values():
            if not future.done():
                future.set_exception(CenterLost("the link went down"))
