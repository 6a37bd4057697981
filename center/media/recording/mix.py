"""Both voices as one track, for an export: a player plays one sound track at a time. The only place that decodes."""

from collections.abc import Iterable

import av
import numpy as np
from numpy.typing import NDArray

from center.media.recording.matroska import SAMPLE_RATE_HZ

PACKET_MS = 20
_PACKET_SAMPLES = SAMPLE_RATE_HZ * PACKET_MS // 1000
BITRATE_BPS = 40_000
"""Opus is transparent for one or two voices from 32 kbit/s on (RFC 7587, 3.1.1)."""
JITTER_SAMPLES = SAMPLE_RATE_HZ * 30 // 1000
"""A packet this near to the end of the one before follows it without a seam; farther away there is a gap."""


class Mix:
    """Takes Opus packets of several voices at their times, gives the mixture in Opus packets of 20 ms. Blocks."""

    def __init__(self, begins_at_ms: int) -> None:
        self._at_ms = begins_at_ms
        """The time of the first sample in the buffer."""
        self._buffer: NDArray[np.int32] = np.zeros(0, np.int32)
        self._voices: dict[int, _Voice] = {}
        self._encoder = av.CodecContext.create("libopus", "w")
        self._encoder.sample_rate = SAMPLE_RATE_HZ
        self._encoder.layout = "mono"
        self._encoder.format = av.AudioFormat("s16")
        self._encoder.bit_rate = BITRATE_BPS
        self._encoder.options = {"application": "voip"}
        self._samples = 0
        self._next_ms = begins_at_ms

    def add(self, voice: int, at_ms: int, data: bytes) -> None:
        """A packet of a voice; one that can't be decoded is silence."""
        if voice not in self._voices:
            self._voices[voice] = _Voice()
        samples = self._voices[voice].decode(data)
        if not len(samples):
            return
        start = self._voices[voice].place((at_ms - self._at_ms) * SAMPLE_RATE_HZ // 1000, len(samples))
        if start < 0:
            samples, start = samples[-start:], 0
        missing = start + len(samples) - len(self._buffer)
        if missing > 0:
            self._buffer = np.concatenate([self._buffer, np.zeros(missing, np.int32)])
        self._buffer[start : start + len(samples)] += samples

    def until(self, at_ms: int) -> list[tuple[int, bytes]]:
        """The mixture up to then, which nothing can be added to any more: (time in ms, packet) each."""
        packets: list[tuple[int, bytes]] = []
        count = max(0, at_ms - self._at_ms) // PACKET_MS
        missing = count * _PACKET_SAMPLES - len(self._buffer)
        if missing > 0:
            self._buffer = np.concatenate([self._buffer, np.zeros(missing, np.int32)])
        for n in range(count):
            packets += self._encode(self._buffer[n * _PACKET_SAMPLES : (n + 1) * _PACKET_SAMPLES])
        self._buffer = self._buffer[count * _PACKET_SAMPLES :]
        self._at_ms += count * PACKET_MS
        for voice in self._voices.values():
            voice.move(-count * _PACKET_SAMPLES)
        return packets

    def rest(self, at_ms: int) -> list[tuple[int, bytes]]:
        """What is left up to then, at the end."""
        return [*self.until(at_ms), *self._timed(self._encoder.encode(None))]

    def _encode(self, samples: NDArray[np.int32]) -> list[tuple[int, bytes]]:
        clipped = np.clip(samples, -32_768, 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(clipped.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._samples
        self._samples += len(samples)
        return self._timed(self._encoder.encode(frame))

    def _timed(self, packets: "Iterable[av.Packet[av.AudioStream]]") -> list[tuple[int, bytes]]:
        """The encoder gives one packet for each 20 ms, in order."""
        timed = []
        for packet in packets:
            timed.append((self._next_ms, bytes(packet)))
            self._next_ms += PACKET_MS
        return timed


class _Voice:
    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate = SAMPLE_RATE_HZ
        self._decoder.layout = "stereo"
        self._decoder.format = av.AudioFormat("s16")
        self._end: int | None = None
        """Where the last packet ended, in samples from the buffer's begin."""

    def decode(self, data: bytes) -> NDArray[np.int32]:
        try:
            frames = self._decoder.decode(av.Packet(data))
        except av.FFmpegError:
            return np.zeros(0, np.int32)
        parts = [frame.to_ndarray().reshape(-1, 2).astype(np.int32).sum(axis=1) // 2 for frame in frames]
        return np.concatenate(parts) if parts else np.zeros(0, np.int32)

    def place(self, wanted: int, length: int) -> int:
        start = wanted
        if self._end is not None and abs(wanted - self._end) <= JITTER_SAMPLES:
            start = self._end
        self._end = start + length
        return start

    def move(self, by: int) -> None:
        if self._end is not None:
            self._end += by
