"""Decoding voice with what FFmpeg leaves out: concealment of a lost packet, and the copy in the one after it.

libopus itself; `opus_decode` without data conceals, and with `decode_fec` takes the copy (RFC 6716, 2.1.7).
"""

import ctypes

import numpy as np
from numpy.typing import NDArray

from booth.media.libraries import codec_library
from booth.media.playout import FRAME_SAMPLES, RATE_HZ, Conceal, Merge, Play, Recover, Step

CHANNELS = 2
MOST_SAMPLES = 5760
"""120 ms, the longest packet."""
FADE = 0.15
"""Of the loudness for each piece after the second: silent after 160 ms."""

Sound = NDArray[np.int16]
"""`(samples, 2) int16`, 48 kHz."""


class VoiceDecoder:
    """One stream's decoder. `close` it; closing twice is harmless. One thread at a time."""

    def __init__(self) -> None:
        """Raises `LibraryMissing`."""
        self._library = _library()
        error = ctypes.c_int()
        self._state = self._library.opus_decoder_create(RATE_HZ, CHANNELS, ctypes.byref(error))
        if not self._state:
            raise RuntimeError(f"libopus says {error.value}")
        self._concealed = 0
        """Pieces in a row."""
        self._buffer = np.zeros((MOST_SAMPLES, CHANNELS), np.int16)

    def sound(self, step: Step) -> Sound:
        """20 ms for one step of the playout. What can't be decoded is concealed."""
        if not isinstance(step, Conceal):
            self._concealed = 0
        match step:
            case Play(payload):
                return self._decode(payload, MOST_SAMPLES)[:FRAME_SAMPLES]
            case Merge(first, second):
                return _crossed(self._decode(first, MOST_SAMPLES), self._decode(second, MOST_SAMPLES))
            case Recover(following):
                return self._decode(following, FRAME_SAMPLES, copy=True)
            case Conceal():
                return self._faded(self._decode(None, FRAME_SAMPLES))

    def close(self) -> None:
        if self._state:
            self._library.opus_decoder_destroy(self._state)
            self._state = None

    def __del__(self) -> None:
        self.close()

    def _faded(self, sound: Sound) -> Sound:
        """Quieter from piece to piece: a vowel that stands still is worse than a pause."""
        before, after = (max(0.0, 1 - FADE * max(0, n - 1)) for n in (self._concealed, self._concealed + 1))
        self._concealed += 1
        if after == 1.0:
            return sound
        gain = np.linspace(before, after, len(sound), dtype=np.float32)[:, None]
        return (sound * gain).astype(np.int16)

    def _decode(self, payload: bytes | None, most: int, copy: bool = False) -> Sound:
        size = 0 if payload is None else len(payload)
        samples = self._library.opus_decode(
            self._state, payload, size, self._buffer.ctypes.data_as(ctypes.c_void_p), most, int(copy)
        )
        if samples <= 0:
            if payload is None:
                return np.zeros((FRAME_SAMPLES, CHANNELS), np.int16)
            return self._decode(None, FRAME_SAMPLES)
        return self._buffer[:samples].copy()


def _crossed(first: Sound, second: Sound) -> Sound:
    """The first fading into the second, as long as one packet."""
    length = min(len(first), len(second), FRAME_SAMPLES)
    share = np.linspace(0.0, 1.0, length, dtype=np.float32)[:, None]
    return (first[:length] * (1 - share) + second[:length] * share).astype(np.int16)


def _library() -> ctypes.CDLL:
    library = codec_library("opus")
    library.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.c_void_p]
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    library.opus_decoder_destroy.restype = None
    return library
