"""What becomes of the packets that a booth receives: pictures and sound, decoded, in order, for one reader.

`PictureFlow` and `VoiceFlow` are the shells round `PictureBuffer` and `Playout`. A receiver (`internals`) puts packets
in; the connection runs `attend` and reads `frames`.
"""

import asyncio
import fractions
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import av
import numpy as np
from av.video.frame import VideoFrame

from booth.media.opus import VoiceDecoder
from booth.media.pictures import Ask, Effect, Packet, Picture, PictureBuffer, WantKeyframe
from booth.media.playout import FRAME_SAMPLES, RATE_HZ, Playout

MOST_PICTURES_WAITING = 60
"""For the decoder: 2 s. Behind that it starts again at a keyframe."""
FREEZE_S = 0.15
"""A pause between two pictures that counts as a freeze, when it is also thrice the usual."""

_VIDEO_BASE = fractions.Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class Reception:
    """How one subscribed track has come in so far. `concealed` is 20 ms pieces of sound that were made up."""

    frames: int = 0
    lost: int = 0
    recovered: int = 0
    given_up: int = 0
    freezes: int = 0
    longest_gap_ms: int = 0
    concealed: int = 0
    delay_ms: int = 0


class PictureFlow:
    """Video. `ask` has packets sent again, `want_keyframe` a keyframe made; both may lose what they send."""

    def __init__(
        self, ask: Callable[[list[int]], Awaitable[None]], want_keyframe: Callable[[], Awaitable[None]]
    ) -> None:
        self._ask = ask
        self._want_keyframe = want_keyframe
        self._buffer = PictureBuffer()
        self._whole: deque[Picture] = deque()
        self._changed, self._arrived = asyncio.Event(), asyncio.Event()
        self._ended = False
        self._pace = _Gaps()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="video-decoder")
        self._decoder = av.VideoCodecContext.create("libvpx", "r")

    @property
    def reception(self) -> Reception:
        buffer, pace = self._buffer, self._pace
        return Reception(
            frames=pace.count,
            lost=buffer.lost,
            recovered=buffer.recovered,
            given_up=buffer.given_up,
            freezes=pace.freezes,
            longest_gap_ms=round(pace.longest_s * 1000),
        )

    async def take(self, packet: Packet, now_s: float) -> None:
        await self._perform(self._buffer.arrived(packet, now_s))
        self._changed.set()

    async def attend(self) -> None:
        """Do what is due between packets, until `end`. Cancelling it is harmless."""
        clock = asyncio.get_running_loop().time
        while not self._ended:
            self._changed.clear()
            due_s = self._buffer.next_due_s
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    await self._changed.wait()
            if due_s is not None and due_s <= clock():
                await self._perform(self._buffer.due(clock()))

    async def frames(self) -> AsyncIterator[VideoFrame]:
        """Pictures as they become whole, until `end`. One reader; who stops reading loses none that comes later."""
        loop = asyncio.get_running_loop()
        while not self._ended:
            self._arrived.clear()
            if not self._whole:
                await self._arrived.wait()
                continue
            try:
                decoded = await loop.run_in_executor(self._thread, self._decode, self._whole.popleft())
            except av.FFmpegError:
                await self._perform(self._buffer.broken(loop.time()))
                continue
            except RuntimeError:  # ended meanwhile: the thread takes no more work
                return
            for frame in decoded:
                self._pace.note(loop.time())
                yield frame

    def end(self) -> None:
        """No packet comes any more. May be called twice."""
        self._ended = True
        self._changed.set()
        self._arrived.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Picture():
                    self._give(effect)
                case Ask(numbers):
                    await self._ask(list(numbers))
                case WantKeyframe():
                    await self._want_keyframe()

    def _give(self, picture: Picture) -> None:
        if picture.keyframe and len(self._whole) >= MOST_PICTURES_WAITING:
            self._whole.clear()
        if len(self._whole) < 2 * MOST_PICTURES_WAITING:
            self._whole.append(picture)
        self._arrived.set()

    def _decode(self, picture: Picture) -> list[VideoFrame]:
        packet = av.Packet(picture.data)
        packet.pts = picture.timestamp
        packet.time_base = _VIDEO_BASE
        return list(self._decoder.decode(packet))


class VoiceFlow:
    """Sound, 20 ms a frame, in real time. Between two calls, when nothing comes, there are no frames."""

    def __init__(self) -> None:
        self._playout = Playout()
        self._changed = asyncio.Event()
        self._ended = False
        self._decoder = VoiceDecoder()
        self._samples = 0

    @property
    def reception(self) -> Reception:
        playout = self._playout
        frames = playout.played + playout.merged + playout.recovered
        return Reception(
            frames=frames,
            lost=playout.recovered + playout.concealed,
            recovered=playout.recovered,
            concealed=playout.concealed,
            delay_ms=round(playout.delay_s * 1000),
        )

    async def take(self, timestamp: int, payload: bytes, now_s: float) -> None:
        self._playout.arrived(timestamp, payload, now_s)
        self._changed.set()

    async def attend(self) -> None:
        """Nothing is due but the sound itself."""

    async def frames(self) -> AsyncIterator[av.AudioFrame]:
        """Frames when they are due, until `end`. One reader."""
        loop = asyncio.get_running_loop()
        while not self._ended:
            self._changed.clear()
            due_s = self._playout.next_due_s
            if due_s is None:
                await self._changed.wait()
            else:
                await asyncio.sleep(max(0.0, due_s - loop.time()))
            for step in self._playout.due(loop.time()):
                if self._ended:
                    return
                yield self._frame(self._decoder.sound(step))

    def end(self) -> None:
        """No packet comes any more. May be called twice."""
        self._ended = True
        self._changed.set()

    def _frame(self, sound: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound).reshape(1, -1), "s16", "stereo")
        frame.sample_rate = RATE_HZ
        frame.pts = self._samples
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        self._samples += FRAME_SAMPLES
        return frame


class _Gaps:
    """Counts pictures and the pauses between them. A pause of over 10 s is between two calls."""

    LONGEST_S = 10.0

    def __init__(self) -> None:
        self.count = self.freezes = 0
        self.longest_s = 0.0
        self._at_s: float | None = None
        self._usual_s = 0.0

    def note(self, now_s: float) -> None:
        self.count += 1
        gap_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._at_s = now_s
        if not 0.0 < gap_s < self.LONGEST_S:
            return
        self.longest_s = max(self.longest_s, gap_s)
        if gap_s >= FREEZE_S and self._usual_s and gap_s > 3 * self._usual_s:
            self.freezes += 1
        self._usual_s += 0.1 * (gap_s - self._usual_s) if self._usual_s else gap_s
