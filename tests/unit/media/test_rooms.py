"""Who gets whose packets."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from center.media.rooms import Rooms, Sink
from protocol.media import TrackDirection, TrackName, TrackOffer

FACE = TrackName.FACE
PEOPLE = ("booth:a", "booth:b", "kiosk:a", "clerk:x", "clerk:y")
ROOMS = ("one", "two")


def publishes(*tracks: TrackName) -> list[TrackOffer]:
    return [TrackOffer(mid=str(n), track=track, direction=TrackDirection.PUBLISH) for n, track in enumerate(tracks)]


def subscribes(*tracks: TrackName) -> list[TrackOffer]:
    return [TrackOffer(mid=f"s{n}", track=track, direction=TrackDirection.SUBSCRIBE) for n, track in enumerate(tracks)]


def test_a_subscriber_gets_the_tracks_of_its_room() -> None:
    rooms = Rooms()
    rooms.connected("booth:a", publishes(FACE, TrackName.DOCUMENT))
    rooms.connected("clerk:x", subscribes(FACE, TrackName.VOICE))
    rooms.join("one", "booth:a")
    assert rooms.join("one", "clerk:x") == {
        Sink("clerk:x", FACE): "booth:a",
        Sink("clerk:x", TrackName.VOICE): None,
    }
    assert rooms.close("one") == {Sink("clerk:x", FACE): None, Sink("clerk:x", TrackName.VOICE): None}
    assert rooms.close("one") == {}


def test_a_kiosk_goes_before_a_booth_while_it_is_connected() -> None:
    rooms = Rooms()
    rooms.connected("clerk:x", subscribes(FACE))
    rooms.connected("booth:a", publishes(FACE))
    for participant in ("clerk:x", "booth:a", "kiosk:a"):
        rooms.join("one", participant)
    assert rooms.connected("kiosk:a", publishes(FACE))[Sink("clerk:x", FACE)] == "kiosk:a"
    assert rooms.disconnected("kiosk:a")[Sink("clerk:x", FACE)] == "booth:a"
    assert rooms.disconnected("booth:a")[Sink("clerk:x", FACE)] is None


def test_membership_outlives_a_connection() -> None:
    rooms = Rooms()
    rooms.connected("clerk:x", subscribes(FACE))
    rooms.join("one", "clerk:x")
    rooms.join("one", "booth:a")
    assert rooms.connected("booth:a", publishes(FACE)) == {Sink("clerk:x", FACE): "booth:a"}
    rooms.disconnected("clerk:x")
    assert rooms.connected("clerk:x", subscribes(FACE)) == {Sink("clerk:x", FACE): "booth:a"}


def test_nobody_gets_their_own_picture() -> None:
    rooms = Rooms()
    rooms.connected("clerk:x", publishes(FACE) + subscribes(FACE))
    assert rooms.join("one", "clerk:x") == {Sink("clerk:x", FACE): None}


class Traffic(RuleBasedStateMachine):
    """Applies the returned routes as the plane does, and compares with what is right."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms = Rooms()
        self.inside: dict[str, str] = {}
        self.carries: dict[str, set[str]] = {}
        self.routes: dict[str, str | None] = {}

    def apply(self, routes: dict[Sink, str | None]) -> None:
        self.routes.update({sink.participant: source for sink, source in routes.items()})

    @rule(room=st.sampled_from(ROOMS), who=st.sampled_from(PEOPLE))
    def join(self, room: str, who: str) -> None:
        self.inside[who] = room
        self.apply(self.rooms.join(room, who))

    @rule(room=st.sampled_from(ROOMS))
    def close(self, room: str) -> None:
        self.inside = {who: inside for who, inside in self.inside.items() if inside != room}
        self.apply(self.rooms.close(room))

    @rule(who=st.sampled_from(PEOPLE), publish=st.booleans(), subscribe=st.booleans())
    def connect(self, who: str, publish: bool, subscribe: bool) -> None:
        self.disconnect(who)
        self.carries[who] = {name for name, is_so in (("publish", publish), ("subscribe", subscribe)) if is_so}
        offers = (publishes(FACE) if publish else []) + (subscribes(FACE) if subscribe else [])
        self.apply(self.rooms.connected(who, offers))

    @rule(who=st.sampled_from(PEOPLE))
    def disconnect(self, who: str) -> None:
        self.carries.pop(who, None)
        self.apply(self.rooms.disconnected(who))
        self.routes.pop(who, None)

    @invariant()
    def everybody_gets_what_is_in_their_room(self) -> None:
        for who, carried in self.carries.items():
            if "subscribe" not in carried:
                continue
            room = self.inside.get(who)
            sources = {
                other
                for other, theirs in self.carries.items()
                if other != who and "publish" in theirs and room is not None and self.inside.get(other) == room
            }
            source = self.routes.get(who)
            assert (source in sources) if sources else (source is None)
            assert source == "kiosk:a" or "kiosk:a" not in sources


TestTraffic = Traffic.TestCase
