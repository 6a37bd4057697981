"""Made streams: packets as a publisher sends them, with clocks of its own. Nothing in them can be decoded."""

from dataclasses import dataclass

from center.media.flow import Packet, PacketSink
from center.media.recording.clock import NTP_UNIX_S
from center.media.recording.order import Arrived
from center.media.recording.recorder import Recorder
from center.media.recording.segments import VIDEO
from protocol.media import TrackName

KEYFRAME_HEAD = bytes([0x10, 0, 0, 0x9D, 0x01, 0x2A])
MTU = 1100


def vp8_frame(number: int, *, keyframe: bool, size_px: tuple[int, int] = (640, 480), length: int = 2500) -> bytes:
    """A frame that begins as VP8's do and says its number."""
    sides = size_px[0].to_bytes(2, "little") + size_px[1].to_bytes(2, "little")
    head = KEYFRAME_HEAD + sides if keyframe else bytes([0x11, 0, 0])
    return (head + number.to_bytes(4, "big")).ljust(length, b"v")


def vp8_packets(frame: bytes, timestamp: int, arrived_s: float = 0.0) -> list[Arrived]:
    """The frame in packets, with a picture id of 15 bits as Chromium sends it."""
    pieces = [frame[at : at + MTU] for at in range(0, len(frame), MTU)]
    packets = []
    for n, piece in enumerate(pieces):
        descriptor = bytes([0x80 | (0x10 if n == 0 else 0), 0x80, 0x80, 0x07])
        packets.append(Arrived(timestamp, n == len(pieces) - 1, descriptor + piece, arrived_s, 0))
    return packets


@dataclass(frozen=True, slots=True)
class Oscillator:
    """A clock that starts at `start` and runs `ppm` parts in a million fast."""

    rate_hz: int
    start: int
    ppm: float = 0.0

    def at(self, true_s: float) -> int:
        return self.start + round(true_s * self.rate_hz * (1 + self.ppm / 1e6)) & 0xFFFFFFFF


def ntp(unix_s: float) -> int:
    return int((unix_s + NTP_UNIX_S) * 2**32)


class Source:
    """A published track in the place of the forwarder's: hands on what the test sends, counts what is asked of it."""

    def __init__(self, kind: str, ssrc: int = 7) -> None:
        self._kind, self._ssrc = kind, ssrc
        self.sinks: list[PacketSink] = []
        self.keyframes_wanted = 0
        self._number = 0xFFF0
        self._frame = 0

    @property
    def kind(self) -> str:
        return self._kind

    def add(self, sink: PacketSink) -> None:
        self.sinks.append(sink)

    def remove(self, sink: PacketSink) -> None:
        self.sinks.remove(sink)

    def request_keyframe(self, now_s: float) -> None:
        self.keyframes_wanted += 1

    def recall(self, ssrc: int, sequence_number: int) -> Packet | None:
        raise NotImplementedError

    def video(self, timestamp: int, now_s: float, mark: int, length: int = 2500) -> None:
        """A frame, with a keyframe for each time that one was asked for."""
        key, self.keyframes_wanted = self._frame == 0 or self.keyframes_wanted > 0, 0
        self._frame += 1
        for packet in vp8_packets(vp8_frame(mark, keyframe=key, length=length), timestamp):
            self._send(packet.payload, packet.marker, timestamp, now_s)

    def sound(self, timestamp: int, now_s: float, payload: bytes) -> None:
        self._send(payload, False, timestamp, now_s)

    def report(self, ntp_time: int, timestamp: int, now_s: float) -> None:
        for sink in self.sinks:
            sink.tell_clock(self._ssrc, ntp_time, timestamp, now_s)

    def _send(self, payload: bytes, marker: bool, timestamp: int, now_s: float) -> None:
        packet = Packet(payload, 0, len(payload), 96, int(marker), self._number & 0xFFFF, timestamp, self._ssrc)
        self._number += 1
        for sink in self.sinks:
            sink.take(packet, now_s)


def attach_all(recorder: Recorder) -> dict[TrackName, Source]:
    """A source for every track of a recording."""
    sources = {track: Source("video" if track in VIDEO else "audio") for track in recorder.taps}
    for track, tap in recorder.taps.items():
        tap.attach(sources[track])
    return sources
