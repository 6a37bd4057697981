"""What flows between the ends inside the forwarder: packets in the clear, from one source to any sink.

A subscriber's connection is a sink, and so is the recorder. Everything here happens within one step of the event loop,
so a sink must be quick: what takes longer it puts into a queue of its own, bounded, and comes back to.
"""

from typing import Protocol


class Packet:
    """One media packet of a source as it came: decrypted, and out of its retransmission if it came in one.

    Nobody changes it once a sink has it, so it may be kept. `data` is the whole RTP packet, and its payload is
    `data[start:end]`. `sequence_number` and `timestamp` are the source's own, and begin anew when `ssrc` changes.
    """

    __slots__ = (
        "audio_level",
        "data",
        "end",
        "marker",
        "payload_type",
        "sequence_number",
        "ssrc",
        "start",
        "timestamp",
    )

    def __init__(
        self,
        data: bytes,
        start: int,
        end: int,
        payload_type: int,
        marker: int,
        sequence_number: int,
        timestamp: int,
        ssrc: int,
        audio_level: int = -1,
    ) -> None:
        self.data = data
        self.start = start
        self.end = end
        self.payload_type = payload_type
        self.marker = marker
        """1 at the end of a picture."""
        self.sequence_number = sequence_number
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.audio_level = audio_level
        """RFC 6464's byte: the top bit says that somebody speaks, the rest is the level in -dBov; -1 where there is
        none."""

    @property
    def payload(self) -> bytes:
        return self.data[self.start : self.end]

    def __repr__(self) -> str:
        return f"Packet(ssrc={self.ssrc}, number={self.sequence_number}, {self.end - self.start} bytes)"


class PacketSink(Protocol):
    """Takes the packets of a source from `PacketSource.add` until `PacketSource.remove`. Must not raise."""

    def take(self, packet: Packet, now_s: float) -> None:
        """One packet, in the order of arrival: late and twice is possible. `now_s` is monotonic."""
        ...

    def tell_clock(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        """The publisher's sender report: its wall clock said `ntp` (32.32 s) when its media's clock said `timestamp`.

        One publisher's tracks have one wall clock: this is what keeps lips and voice together.
        """
        ...

    def room_bps(self, now_s: float) -> int | None:
        """How much of this track the sink can take; None for whatever comes."""
        ...


class PacketSource(Protocol):
    """A published track."""

    @property
    def kind(self) -> str:
        """`audio` or `video`."""
        ...

    def add(self, sink: PacketSink) -> None:
        """Hand each packet to this sink too. Who adds one that needs a keyframe asks for it."""
        ...

    def remove(self, sink: PacketSink) -> None:
        """Nothing reaches the sink after this. Harmless when it isn't there."""
        ...

    def recall(self, ssrc: int, sequence_number: int) -> Packet | None:
        """A packet that passed a moment ago; None when it is not kept any more."""
        ...

    def request_keyframe(self, now_s: float) -> None:
        """Ask the publisher for a keyframe. Requests are gathered; asking often is harmless. Nothing for audio."""
        ...


class Subscription(Protocol):
    """One subscribed track of a participant: what the plane attaches to whichever source the room has for it."""

    @property
    def source(self) -> PacketSource | None: ...

    def attach(self, source: PacketSource | None) -> None:
        """Take packets from this source from now on, and from no other; None for silence. The one who calls it asks the
        source for a keyframe."""
        ...
