"""How each track is encoded: what it favours when there is little room, and how its pictures shrink."""

import random
from dataclasses import dataclass

import av
from aiortc.codecs.base import Encoder
from aiortc.codecs.opus import OpusEncoder

from booth.media.vpx import CLOCK_HZ, Manner, Vpx
from protocol.media import TrackName

PACKET_BYTES = 1200
"""Of payload. With all headers, TURN's too, it fits the 1280 bytes that every IPv6 link carries."""
VOICE_BPS = 32_000
"""Mono, with a copy of each frame in the next packet as long as losses are expected."""
EXPECTED_LOSS_PERCENT = 15
SHORTEST_HOLD_S = 8.0
"""A picture grows back at the earliest after this, and each change of size is a keyframe."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How one published video track goes out."""

    target_bps: int
    keyframes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of picture on the wire."""

    start_bps: int
    """To begin with, doubled with each report that few packets were lost: what a narrow line survives."""
    least_bps: int
    most_bps: int
    bits_per_pixel: float
    """Of each picture; a track with less room than that takes is better shown smaller."""
    fps: float | None
    """What `bits_per_pixel` is counted with, where it is not the track's own."""
    manner: Manner

    def needed_bps(self, width: int, height: int, fps: float) -> float:
        return self.bits_per_pixel * width * height * (self.fps or fps)


FACE = Profile(150_000, 60_000, 1_500_000, 0.03, None, Manner(56, 0, 300, 4))
"""Motion: coarser, then smaller, before it drops a frame. The bits are estimated by eye, at 30 frames a second."""
DOCUMENT = Profile(
    100_000,
    40_000,
    1_500_000,
    0.5,
    1 / 6,
    Manner(quantizer_max=40, drop_below_percent=60, keyframe_percent=900, noise_sensitivity=0),
)
"""Sharpness: a page that can be read a second later is worth more than one that moves. It drops frames, and shrinks
only where a whole new picture (about half a bit a pixel) would take longer than 6 s."""

LONGEST_PERIOD = CLOCK_HZ // 4
"""A longer pause between two pictures is a rest, and says nothing of the pace after it."""

GROW_MARGIN = 1.4
SIZES = ((1, 1), (2, 3), (1, 2), (1, 3), (1, 4))
START_S = 6.0
"""So long a track may grow at any time; later a change of size waits for `SHORTEST_HOLD_S`."""
RAMP_LOSS = 0.08
"""A line of which 5 % is lost is no narrow one."""
KEYFRAME_REST = 0.7
"""Of what the last keyframe takes on its track's bitrate, a little more than the pacer needs for it: so long the next
one waits, else nothing but keyframes is sent on a narrow line. Who joins a call on a good one waits 0.2 s at most."""
LONGEST_REST_S = 4.0


def profile_of(track: TrackName) -> Profile:
    return DOCUMENT if track is TrackName.DOCUMENT else FACE


class SizeLadder:
    """Which share of its own size a picture is sent in. Pure."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._rung: int | None = None
        self._start_s = 0.0
        self._changed_s = 0.0

    def size(self, width: int, height: int, fps: float, bps: int, now_s: float) -> tuple[int, int]:
        """Even numbers. It shrinks at once, and grows a while after the last change when there is room to spare."""
        whole_bps = self._profile.needed_bps(width, height, fps)
        fitting, roomy = _rung(whole_bps, bps), _rung(whole_bps * GROW_MARGIN, bps)
        if self._rung is None:
            self._rung, self._start_s = fitting, now_s
        rested = now_s - self._changed_s >= SHORTEST_HOLD_S or now_s - self._start_s < START_S
        if fitting > self._rung or (roomy < self._rung and rested):
            self._rung, self._changed_s = (fitting if fitting > self._rung else roomy), now_s
        numerator, denominator = SIZES[self._rung]
        return width * numerator // denominator & ~1, height * numerator // denominator & ~1


def _rung(whole_bps: float, bps: int) -> int:
    """The largest size that the bitrate suffices for."""
    fitting = (at for at, (above, below) in enumerate(SIZES) if whole_bps * (above / below) ** 2 <= bps)
    return next(fitting, len(SIZES) - 1)


class Ramp:
    """The way from the start to the full bitrate. Pure. Once there, feedback alone decides."""

    def __init__(self, profile: Profile) -> None:
        self.bps = profile.start_bps
        self._profile = profile

    def on_report(self, fraction_lost: float) -> None:
        if self.bps >= self._profile.most_bps:
            return
        if fraction_lost < RAMP_LOSS:
            self.bps = min(2 * self.bps, self._profile.most_bps)
        elif fraction_lost > 2 * RAMP_LOSS:
            self.bps = max(self._profile.least_bps, int(self.bps * (1 - fraction_lost)))


class PictureEncoder(Encoder):
    """VP8 in the place of aiortc's: a new bitrate is taken up in place, and no keyframe follows from it.

    `encode` runs in a thread, one call at a time; the bitrate is set from the event loop.
    """

    def __init__(self, profile: Profile) -> None:
        self.keyframes = 0
        self._profile = profile
        self._bps = profile.most_bps
        """What feedback allows; see `target_bitrate`."""
        self._ramp = Ramp(profile)
        self._rest_until_pts = 0
        self._wanted = False
        """A keyframe; it comes when the last one had time to arrive."""
        self._vpx: Vpx | None = None
        self._at: tuple[int, int, int] = (0, 0, 0)
        """Size and bitrate that the encoder has now."""
        self._ladder = SizeLadder(profile)
        self._picture_id = random.getrandbits(15)
        self._last_pts: int | None = None
        self._period = CLOCK_HZ / 15

    @property
    def sending(self) -> Sending:
        return Sending(self.target_bitrate, self.keyframes, self._at[0], self._at[1])

    @property
    def target_bitrate(self) -> int:
        """Bits per second. aiortc sets it when feedback says so; in the first seconds it is less."""
        return min(self._bps, self._ramp.bps)

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._bps = max(self._profile.least_bps, min(bps, self._profile.most_bps))

    def on_report(self, fraction_lost: float) -> None:
        """The other side says what was lost of this track since its last report, 0 to 1."""
        self._ramp.on_report(fraction_lost)

    def encode(self, frame: object, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """Packets' payloads (none when the picture was dropped) and the timestamp in 1/90000 s."""
        assert isinstance(frame, av.VideoFrame) and frame.pts is not None and frame.time_base is not None
        pts = int(frame.pts * frame.time_base * CLOCK_HZ)
        if self._last_pts is not None:
            if pts <= self._last_pts:
                return [], pts
            self._period += 0.1 * (min(pts - self._last_pts, LONGEST_PERIOD) - self._period)
        self._last_pts = pts
        vpx, width, height = self._fitted(frame, pts)
        if (frame.width, frame.height, frame.format.name) != (width, height, "yuv420p"):
            frame = frame.reformat(width=width, height=height, format="yuv420p")
        self._wanted = self._wanted or force_keyframe
        data, keyframe = vpx.encode(frame, pts, int(self._period), self._wanted and pts >= self._rest_until_pts)
        if keyframe:
            self.keyframes += 1
            self._wanted = False
            rest_s = min(KEYFRAME_REST * len(data) * 8 / self.target_bitrate, LONGEST_REST_S)
            self._rest_until_pts = pts + int(rest_s * CLOCK_HZ)
        if not data:
            return [], pts
        self._picture_id = self._picture_id + 1 & 0x7FFF
        return packets(data, self._picture_id), pts

    def pack(self, packet: object) -> tuple[list[bytes], int]:
        raise NotImplementedError("sources give pictures, not encoded ones")

    def _fitted(self, frame: av.VideoFrame, pts: int) -> tuple[Vpx, int, int]:
        bps = self.target_bitrate
        width, height = self._ladder.size(frame.width, frame.height, CLOCK_HZ / self._period, bps, pts / CLOCK_HZ)
        if self._vpx is None or self._at[:2] != (width, height):
            if self._vpx is not None:
                self._vpx.close()
            self._vpx = Vpx(width, height, bps, self._profile.manner)
        elif self._at[2] != bps:
            self._vpx.set_rate(bps)
        self._at = (width, height, bps)
        return self._vpx, width, height


def packets(data: bytes, picture_id: int) -> list[bytes]:
    """A VP8 picture as payloads, each with its descriptor (RFC 7741, 4.2): a picture id of 15 bits, and no more."""
    payloads: list[bytes] = []
    for at in range(0, len(data), PACKET_BYTES):
        first = 0x90 if at == 0 else 0x80
        descriptor = bytes([first, 0x80, 0x80 | picture_id >> 8, picture_id & 0xFF])
        payloads.append(descriptor + data[at : at + PACKET_BYTES])
    return payloads


def voice_encoder() -> OpusEncoder:
    """Opus for speech over a lossy way."""
    encoder = OpusEncoder()
    encoder.codec.bit_rate = VOICE_BPS
    encoder.codec.layout = "mono"
    encoder.codec.options = {
        "application": "voip",
        "fec": "1",
        "packet_loss": str(EXPECTED_LOSS_PERCENT),
        "frame_duration": "20",
    }
    encoder.resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960)
    return encoder


__all__ = ["PictureEncoder", "Profile", "SizeLadder", "packets", "profile_of", "voice_encoder"]
