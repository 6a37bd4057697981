"""How each track is encoded: what it favours when there is little room, and how its pictures shrink."""

import random
from dataclasses import dataclass

import av
from aiortc.codecs.base import Encoder
from aiortc.codecs.opus import OpusEncoder

from booth.media.vpx import CLOCK_HZ, Manner, Vpx
from protocol.messages import TrackName

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
    """What the center allows in its first feedback; to begin with it spares a slow start."""
    least_bps: int
    most_bps: int
    shrinks: bool
    """Smaller pictures rather than fewer: for a face, not for a page."""
    manner: Manner


FACE = Profile(1_500_000, 60_000, 1_500_000, True, Manner(56, 0, 300, 4))
"""Motion: coarser, then smaller, before it drops a frame."""
DOCUMENT = Profile(
    1_000_000,
    40_000,
    1_500_000,
    False,
    Manner(quantizer_max=40, drop_below_percent=60, keyframe_percent=900, noise_sensitivity=0),
)
"""Sharpness: a page that can be read a second later is worth more than one that moves."""

BITS_PER_PIXEL = 0.03
"""A face below this is better shown smaller. Estimated by eye on VP8 at 30 frames a second."""
GROW_MARGIN = 1.4
SIZES = ((1, 1), (2, 3), (1, 2), (1, 3), (1, 4))


def profile_of(track: TrackName) -> Profile:
    return DOCUMENT if track is TrackName.DOCUMENT else FACE


class SizeLadder:
    """Which share of its own size a picture is sent in. Pure."""

    def __init__(self) -> None:
        self._rung = 0
        self._changed_s = float("-inf")

    def size(self, width: int, height: int, fps: float, bps: int, now_s: float) -> tuple[int, int]:
        """Even numbers. It shrinks at once, and grows a while after the last change when there is room to spare."""
        pixels_per_s = width * height * fps
        fitting = next((i for i in range(len(SIZES)) if _needed(i, pixels_per_s) <= bps), len(SIZES) - 1)
        roomy = next((i for i in range(len(SIZES)) if _needed(i, pixels_per_s) * GROW_MARGIN <= bps), len(SIZES) - 1)
        grown = min(self._rung, roomy)
        if fitting > self._rung:
            self._rung, self._changed_s = fitting, now_s
        elif grown < self._rung and now_s - self._changed_s >= SHORTEST_HOLD_S:
            self._rung, self._changed_s = grown, now_s
        numerator, denominator = SIZES[self._rung]
        return width * numerator // denominator & ~1, height * numerator // denominator & ~1


def _needed(rung: int, pixels_per_s: float) -> float:
    numerator, denominator = SIZES[rung]
    return pixels_per_s * BITS_PER_PIXEL * (numerator / denominator) ** 2


class PictureEncoder(Encoder):
    """VP8 in the place of aiortc's: a new bitrate is taken up in place, and no keyframe follows from it.

    `encode` runs in a thread, one call at a time; the bitrate is set from the event loop.
    """

    def __init__(self, profile: Profile) -> None:
        self.keyframes = 0
        self._profile = profile
        self._bps = profile.start_bps
        self._vpx: Vpx | None = None
        self._at: tuple[int, int, int] = (0, 0, 0)
        """Size and bitrate that the encoder has now."""
        self._ladder = SizeLadder()
        self._picture_id = random.getrandbits(15)
        self._last_pts: int | None = None
        self._period = CLOCK_HZ / 15

    @property
    def sending(self) -> Sending:
        return Sending(self._bps, self.keyframes, self._at[0], self._at[1])

    @property
    def target_bitrate(self) -> int:
        """Bits per second. aiortc sets it when feedback says so."""
        return self._bps

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._bps = max(self._profile.least_bps, min(bps, self._profile.most_bps))

    def encode(self, frame: object, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """Packets' payloads (none when the picture was dropped) and the timestamp in 1/90000 s."""
        assert isinstance(frame, av.VideoFrame) and frame.pts is not None and frame.time_base is not None
        pts = int(frame.pts * frame.time_base * CLOCK_HZ)
        if self._last_pts is not None:
            if pts <= self._last_pts:
                return [], pts
            self._period += 0.1 * (min(pts - self._last_pts, CLOCK_HZ) - self._period)
        self._last_pts = pts
        vpx, width, height = self._fitted(frame, pts)
        if (frame.width, frame.height, frame.format.name) != (width, height, "yuv420p"):
            frame = frame.reformat(width=width, height=height, format="yuv420p")
        data, keyframe = vpx.encode(frame, pts, int(self._period), force_keyframe)
        self.keyframes += keyframe
        if not data:
            return [], pts
        self._picture_id = self._picture_id + 1 & 0x7FFF
        return packets(data, self._picture_id), pts

    def pack(self, packet: object) -> tuple[list[bytes], int]:
        raise NotImplementedError("sources give pictures, not encoded ones")

    def _fitted(self, frame: av.VideoFrame, pts: int) -> tuple[Vpx, int, int]:
        bps, width, height = self._bps, frame.width & ~1, frame.height & ~1
        if self._profile.shrinks:
            width, height = self._ladder.size(width, height, CLOCK_HZ / self._period, bps, pts / CLOCK_HZ)
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
