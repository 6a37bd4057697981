"""VP8 packets of a few seconds of film, encoded once, to be sent round and round."""

import fractions
from dataclasses import dataclass

import av
import numpy as np

FPS = 30
FRAMES = 30
PAYLOAD_BYTES = 1180
_TAIL_BYTES = 8
"""For the time stamp, where one is put behind each payload."""


@dataclass(frozen=True, slots=True)
class Film:
    """`pictures[i]` are the payloads of picture `i` without VP8's descriptor; picture 0 is a keyframe."""

    pictures: list[list[bytes]]

    @property
    def bps(self) -> float:
        return sum(len(part) for picture in self.pictures for part in picture) * 8 * FPS / len(self.pictures)


def encode(width: int, height: int, bps: int) -> Film:
    """A moving picture at about this rate. What the encoder leaves out is filled with bytes that no decoder reads."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate, encoder.time_base = bps, fractions.Fraction(1, FPS)
    encoder.gop_size = FRAMES * 2
    encoder.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}
    noise = np.random.default_rng(1).integers(0, 9, (height * 3 // 2 + FRAMES * 4, width), np.uint8)
    encoded: list[bytes] = []
    for number in range(FRAMES):
        planes = np.ascontiguousarray(noise[number * 4 : number * 4 + height * 3 // 2] // 7 + 110)
        planes[:height, number * 8 % (width - 80) : number * 8 % (width - 80) + 80] = 220
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number, fractions.Fraction(1, FPS)
        encoded += [bytes(packet) for packet in encoder.encode(frame)]
    share = bps // 8 // FPS
    return Film([_parts(data[: share * 4], share) for data in encoded])


def _parts(data: bytes, share: int) -> list[bytes]:
    data = data.ljust(share, b"\0")
    return [data[at : at + PAYLOAD_BYTES] for at in range(0, len(data), PAYLOAD_BYTES)]
