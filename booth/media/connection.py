"""One media connection of a booth (or of a robot in a booth's or a clerk's place) to the center."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Self

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCIceServer, RTCRtpTransceiver, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from booth.errors import CenterRefused
from booth.media.encoders import PictureEncoder, Sending, profile_of
from booth.media.figures import Counters, counters_of, figures_between
from booth.media.internals import BoothConnection
from booth.media.receiving import PictureFlow, Reception, VoiceFlow
from protocol.errors import ErrorCode
from protocol.media import IceServer, MediaFigures, TrackDirection, TrackName, TrackOffer

_AUDIO = frozenset({TrackName.VOICE, TrackName.CLERK_VOICE})


class MediaConnection:
    """Publishes tracks and receives others. Enter it, `offer`, carry that to the center, `accept` the answer.

    It lives once; `MediaLeg` makes the next one. `on_frame` is called in the event loop for each decoded frame of a
    subscribed track, picture or sound, and must not block. Only the newest picture of a track is kept.
    """

    def __init__(
        self,
        publish: Mapping[TrackName, MediaStreamTrack],
        subscribe: Collection[TrackName],
        on_frame: Callable[[TrackName], None] | None = None,
        relays: Sequence[IceServer] = (),
    ) -> None:
        self.frames_received: dict[TrackName, int] = dict.fromkeys(subscribe, 0)
        self._publish = dict(publish)
        self._subscribe = list(subscribe)
        self._on_frame = on_frame
        self._latest: dict[TrackName, av.VideoFrame] = {}
        self._peaks: dict[TrackName, float] = {}
        self._sections: list[tuple[TrackName, TrackDirection, RTCRtpTransceiver]] = []
        self._encoders: dict[TrackName, PictureEncoder] = {}
        self._flows: dict[TrackName, PictureFlow | VoiceFlow] = {}
        self._connection = BoothConnection(
            [RTCIceServer(list(each.urls), each.username, each.credential) for each in relays]
        )
        self._counters = Counters(0.0)
        self._connection.add_listener("connectionstatechange", self._follow)
        self._settled = asyncio.Event()
        """It is known whether the connection came to stand."""
        self._closed = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._connection.close()
        finally:
            self._end()
            for track in self._publish.values():
                track.stop()
            for reader in self._readers:
                reader.cancel()
            await self._tasks.__aexit__(None, None, None)

    async def offer(self) -> tuple[str, list[TrackOffer]]:
        """The SDP, and what its sections carry. To be called once."""
        connection = self._connection
        for name, track in self._publish.items():
            transceiver, encoder = connection.publish(track, profile_of(name))
            self._sections.append((name, TrackDirection.PUBLISH, transceiver))
            if encoder is not None:
                self._encoders[name] = encoder
        for name in self._subscribe:
            transceiver, flow = connection.subscribe("audio" if name in _AUDIO else "video")
            self._sections.append((name, TrackDirection.SUBSCRIBE, transceiver))
            self._flows[name] = flow
        await connection.setLocalDescription(await connection.createOffer())
        offers = [TrackOffer(mid=t.mid or "", track=name, direction=direction) for name, direction, t in self._sections]
        return connection.localDescription.sdp, offers

    async def accept(self, sdp: str) -> None:
        """Take the center's answer. Raises `CenterRefused` when it is none."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        except (InvalidAccessError, InvalidStateError, OperationError, ValueError, AssertionError, LookupError) as exc:
            raise CenterRefused(ErrorCode.MALFORMED) from exc
        for name, flow in self._flows.items():
            self._readers.append(self._tasks.create_task(flow.attend(), name=f"media {name} attend"))
            self._readers.append(self._tasks.create_task(self._read(name, flow), name=f"media {name}"))

    async def wait_connected(self) -> None:
        """Return once packets can flow. Raises `ConnectionError` when they never will. The caller sets the time-out."""
        await self._settled.wait()
        if self._closed.is_set():
            raise ConnectionError("the media connection failed")

    async def wait_closed(self) -> None:
        """Return once the connection is gone; a center that went away without a word is noticed after about 4 s."""
        await self._closed.wait()

    async def figures(self) -> MediaFigures:
        """How the connection fared since this was last asked, or since it began."""
        before = self._counters
        self._counters = counters_of(await self._connection.getStats(), asyncio.get_running_loop().time())
        return figures_between(before, self._counters)

    def latest_frame(self, track: TrackName) -> av.VideoFrame | None:
        """The newest picture of a subscribed video track."""
        return self._latest.get(track)

    def last_audio_peak(self, track: TrackName) -> float:
        """The loudest sample of the newest 20 ms of a subscribed audio track, 0.0 to 1.0."""
        return self._peaks.get(track, 0.0)

    def reception(self, track: TrackName) -> Reception:
        """How a subscribed track came in so far."""
        flow = self._flows.get(track)
        return Reception() if flow is None else flow.reception

    def sending(self, track: TrackName) -> Sending | None:
        """How a published video track goes out; None for a voice."""
        encoder = self._encoders.get(track)
        return None if encoder is None else encoder.sending

    async def _read(self, name: TrackName, flow: PictureFlow | VoiceFlow) -> None:
        async for frame in flow.frames():
            if isinstance(frame, av.VideoFrame):
                self._latest[name] = frame
            else:
                self._peaks[name] = float(np.abs(frame.to_ndarray().astype(np.int32)).max(initial=0)) / 32768
            self.frames_received[name] += 1
            if self._on_frame is not None:
                self._on_frame(name)

    def _follow(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._settled.set()
        elif state in ("failed", "closed"):
            self._end()

    def _end(self) -> None:
        self._closed.set()
        self._settled.set()
