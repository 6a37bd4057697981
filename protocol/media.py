"""Media connections: a room's tracks, offers and answers, how a connection fares, relays. All of it is fleeting."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from protocol.errors import ErrorCode
from protocol.fields import Count, Id, Message, Sdp


class TrackName(StrEnum):
    """The tracks of a room."""

    FACE = "face"
    VOICE = "voice"
    DOCUMENT = "document"
    CLERK_FACE = "clerk_face"
    CLERK_VOICE = "clerk_voice"


class TrackDirection(StrEnum):
    """Seen from the peer that makes the offer."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class TrackOffer(Message, frozen=True):
    """Which track of the room the media section `mid` of an offer carries."""

    mid: Annotated[str, Meta(max_length=16)]
    track: TrackName
    direction: TrackDirection


class PeerKind(StrEnum):
    """Who at the booth offers a media connection: the booth process, or the kiosk's page."""

    BOOTH = "booth"
    KIOSK = "kiosk"


class MediaOffer(Message, frozen=True, tag="media_offer"):
    """A WebRTC offer. The center answers with the same `offer_id`; a new offer replaces the peer's connection."""

    offer_id: Id
    peer: PeerKind
    sdp: Sdp
    tracks: Annotated[list[TrackOffer], Meta(max_length=12)]


class MediaAnswer(Message, frozen=True, tag="media_answer"):
    offer_id: Id
    sdp: Sdp


class MediaRefused(Message, frozen=True, tag="media_refused"):
    offer_id: Id
    code: ErrorCode


class MediaClosed(Message, frozen=True, tag="media_closed"):
    """The peer's media connection is gone; it may offer again."""

    peer: PeerKind


Permille = Annotated[int, Meta(ge=0, le=1000)]
Kbps = Annotated[int, Meta(ge=0, le=10_000_000)]


class MediaFigures(Message, frozen=True):
    """How a media connection fared since the last report, seen from the peer that reports."""

    lost_in_permille: Permille
    """Of the packets that it should have got."""
    lost_out_permille: Permille
    """Of the packets that it sent, as the other side last said."""
    round_trip_ms: Annotated[int, Meta(ge=0, le=60_000)] | None
    received_kbps: Kbps
    sent_kbps: Kbps
    freezes: Count
    """How often a picture stood still for longer than its frames explain."""


class MediaReport(Message, frozen=True, tag="media_report"):
    """About every two seconds, from each media peer at a booth."""

    peer: PeerKind
    figures: MediaFigures


class NetworkGrade(StrEnum):
    """How a participant's network does, in one word; `center.core.network` judges."""

    GOOD = "good"
    SLOW = "slow"
    LOST = "lost"


class NetworkJudged(Message, frozen=True, tag="network_judged"):
    """How the session's two sides fare; for both screens, in words."""

    booth: NetworkGrade
    clerk: NetworkGrade


class IceServer(Message, frozen=True):
    """A TURN server, and what it knows the participant by for a while."""

    urls: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=8)]
    username: Annotated[str, Meta(max_length=200)]
    credential: Annotated[str, Meta(max_length=200)]

    def __repr__(self) -> str:
        return f"IceServer(urls={self.urls!r})"


class IceServers(Message, frozen=True, tag="ice_servers"):
    """The relays that a participant may use from now on, for `valid_s` seconds; newer ones come before that is over."""

    servers: Annotated[list[IceServer], Meta(max_length=4)]
    valid_s: Count
