"""Who is in which room, and whose packets of a track go to whom. Pure: it knows names, not connections."""

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.media import TrackDirection, TrackName, TrackOffer


@dataclass(frozen=True, slots=True)
class Sink:
    """One subscription: the section of a participant that carries a track to it."""

    participant: str
    track: TrackName


Routes = dict[Sink, str | None]
"""For each subscription the participant whose track it carries; None when nobody publishes it there."""


@dataclass(frozen=True, slots=True)
class _Carries:
    publishes: frozenset[TrackName]
    subscribes: frozenset[TrackName]


class Rooms:
    """Membership belongs to names and outlives connections; a route needs both ends connected.

    Each change returns the routes that may be different now; applying them again is harmless.
    """

    def __init__(self) -> None:
        self._room_of: dict[str, str] = {}
        self._connected: dict[str, _Carries] = {}

    def join(self, room: str, participant: str) -> Routes:
        """Put a participant into a room, and so out of the one that it was in."""
        former = self._room_of.get(participant)
        self._room_of[participant] = room
        return self._routes({participant, *self._members(former), *self._members(room)})

    def close(self, room: str) -> Routes:
        """Put everybody out of a room. A room that isn't there is closed already."""
        members = self._members(room)
        for participant in members:
            del self._room_of[participant]
        return self._routes(members)

    def forget(self, participant: str) -> None:
        """Put one who only subscribes out of its room, and out of mind."""
        self._connected.pop(participant, None)
        self._room_of.pop(participant, None)

    def connected(self, participant: str, tracks: Iterable[TrackOffer]) -> Routes:
        """A participant's connection carries packets from now on."""
        offers = list(tracks)
        self._connected[participant] = _Carries(
            publishes=frozenset(o.track for o in offers if o.direction is TrackDirection.PUBLISH),
            subscribes=frozenset(o.track for o in offers if o.direction is TrackDirection.SUBSCRIBE),
        )
        return self._routes({participant, *self._members(self._room_of.get(participant))})

    def disconnected(self, participant: str) -> Routes:
        """A participant's connection is gone; it stays a member."""
        self._connected.pop(participant, None)
        return self._routes(self._members(self._room_of.get(participant)))

    def _members(self, room: str | None) -> set[str]:
        return {participant for participant, inside in self._room_of.items() if inside == room} if room else set()

    def _routes(self, participants: Iterable[str]) -> Routes:
        return {
            Sink(participant, track): self._source(participant, track)
            for participant in sorted(participants)
            if participant in self._connected
            for track in sorted(self._connected[participant].subscribes)
        }

    def _source(self, subscriber: str, track: TrackName) -> str | None:
        publishers = [
            member
            for member in self._members(self._room_of.get(subscriber))
            if member != subscriber and member in self._connected and track in self._connected[member].publishes
        ]
        return min(publishers, key=_precedence, default=None)


def _precedence(participant: str) -> tuple[bool, str]:
    """A kiosk's page goes before the booth process: it has the better face and voice (echo cancellation)."""
    return not participant.startswith("kiosk:"), participant
