"""The photos of the cards that residents laid, for the eye of the clerk who serves them: in memory, never on disk.

What a booth sends is shown in a clerk's browser, so it must look like what it says it is. A center that is started
again has none; the clerk has the card read once more when it matters.
"""

from collections import OrderedDict

from protocol.counter import IdentitySource

MOST = 64
"""Affairs whose photos are kept; more than counters are served at once, so the oldest is one that nobody ended."""
JPEG = b"\xff\xd8\xff"


class CardPhotos:
    """By affair and kind of card. `repr` says how many, nothing more."""

    def __init__(self) -> None:
        self._photos: OrderedDict[str, dict[IdentitySource, bytes]] = OrderedDict()

    def __repr__(self) -> str:
        return f"CardPhotos({len(self._photos)} affairs)"

    def put(self, affair_id: str, source: IdentitySource, jpeg: bytes) -> None:
        """Keep a photo in place of an older one of the same kind of card. What is no JPEG is dropped."""
        if jpeg.startswith(JPEG):
            self._photos.setdefault(affair_id, {})[source] = jpeg
            self._photos.move_to_end(affair_id)
        while len(self._photos) > MOST:
            self._photos.popitem(last=False)

    def get(self, affair_id: str, source: IdentitySource) -> bytes | None:
        return self._photos.get(affair_id, {}).get(source)

    def kept(self, affair_id: str) -> frozenset[IdentitySource]:
        """Of which cards there are photos."""
        return frozenset(self._photos.get(affair_id, ()))

    def drop(self, affair_id: str) -> None:
        """The affair is over. Harmless when there is none."""
        self._photos.pop(affair_id, None)
