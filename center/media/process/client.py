"""The media plane in a process of its own, as the center sees it: started, watched, started again."""

import asyncio
import itertools
import logging
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from center.errors import ConfigError
from center.media.interface import (
    MediaError,
    MediaEvent,
    MediaSettings,
    ParticipantDown,
    ParticipantUp,
    RecordingClosed,
    RecordingNews,
    RecordingOrder,
)
from center.media.process.recordings import RunningRecordings
from center.media.process.wire import (
    Ask,
    Begin,
    CloseRoom,
    Connect,
    Disconnect,
    Join,
    Line,
    Ping,
    Ready,
    Refusal,
    Reply,
    Request,
    StartRecording,
    StopRecording,
    Tell,
    ToCenter,
    ToForwarder,
    Unusable,
    Withdraw,
    open_line,
)
from protocol.media import TrackOffer

START_S = 30.0
"""For the libraries' import on a busy machine; about 1 s on an idle one."""
STOP_S = 5.0
PING_S = 3.0
HUNG_S = 10.0
"""A forwarder that does not answer for so long is killed and started again."""
FIRST_BACK_OFF_S = 0.1
LONGEST_BACK_OFF_S = 5.0
MOST_CALLS = 256
"""Under way at a time. More is a flood of offers."""

_log = logging.getLogger(__name__)


class _Gone(Exception):
    """The forwarder ended."""


class _Life:
    """One run of the forwarder's process, from its start to its end."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line[ToCenter]) -> None:
        self.process = process
        self._line = line
        self._calls: dict[int, asyncio.Future[str | None]] = {}
        self._numbers = itertools.count(1)

    @classmethod
    async def begin(cls, settings: MediaSettings) -> "_Life":
        """Raises `ConfigError` for settings that can't be used, `_Gone` or TimeoutError when it does not start.
        Cancelling leaves no process behind."""
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "center.media",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
            )
        ours.setblocking(False)
        life = cls(process, await open_line(ours, ToCenter))
        try:
            async with asyncio.timeout(START_S):
                await life._write(Begin(settings, verbose=_log.isEnabledFor(logging.DEBUG)))
                match await life._line.read():
                    case Ready():
                        return life
                    case Unusable(text):
                        raise ConfigError(f"[media] {text}")
                    case _:
                        raise _Gone
        except BaseException:
            await life.end()
            raise

    async def ask(self, request: Request) -> str | None:
        """Raises `MediaError`, or `_Gone`. Cancelling withdraws the request."""
        if len(self._calls) >= MOST_CALLS:
            raise MediaError("too many media requests at once")
        call = next(self._numbers)
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._calls[call] = future
        try:
            await self._write(Ask(call, request))
            return await future
        except asyncio.CancelledError:
            with suppress(_Gone):
                await self._write(Withdraw(call))
            raise
        finally:
            del self._calls[call]

    async def events(self) -> AsyncIterator[MediaEvent | RecordingNews]:
        """What it tells, until its end; replies go to those who asked, and `_Gone` to those who wait then."""
        with suppress(ValueError):
            while (frame := await self._line.read()) is not None:
                match frame:
                    case Tell(event):
                        yield event
                    case Reply(call, value):
                        if (future := self._waiting(call)) is not None:
                            future.set_result(value)
                    case Refusal(call, text):
                        if (future := self._waiting(call)) is not None:
                            future.set_exception(MediaError(text))
                    case Ready() | Unusable():
                        break
        self._give_up()

    async def watch(self) -> None:
        """Kill it when it hangs."""
        with suppress(_Gone):
            while True:
                await asyncio.sleep(PING_S)
                try:
                    async with asyncio.timeout(HUNG_S):
                        await self.ask(Ping())
                except TimeoutError:
                    _log.error("the media forwarder hangs; it is killed")
                    self._kill()

    async def end(self) -> int:
        """Have it stop, or stop it; its exit code."""
        self._give_up()
        try:
            await self._line.close()
            async with asyncio.timeout(STOP_S):
                return await self.process.wait()
        except TimeoutError:
            self._kill()
            return await self.process.wait()
        except asyncio.CancelledError:
            self._kill()
            raise

    def _give_up(self) -> None:
        for future in self._calls.values():
            if not future.done():
                future.set_exception(_Gone())

    async def _write(self, frame: ToForwarder) -> None:
        try:
            await self._line.write(frame)
        except OSError as error:
            raise _Gone from error

    def _waiting(self, call: int) -> asyncio.Future[str | None] | None:
        future = self._calls.get(call)
        return None if future is None or future.done() else future

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()


class MediaProcess:
    """Implements `MediaPlane` with a forwarder process. An async context manager; leaving it ends the process.

    When the process dies, every participant that had a connection is `ParticipantDown`, the process is started again,
    and is told who is in which room and what is recorded. Until it stands, `connect` waits for it; the rest takes note.
    """

    def __init__(self, settings: MediaSettings | None = None) -> None:
        self._settings = settings or MediaSettings()
        self._life: _Life | None = None
        self._standing = asyncio.Event()
        self._room_of: dict[str, str] = {}
        self._recordings = RunningRecordings()
        self._connected: set[str] = set()
        self._news: dict[str, MediaEvent] = {}
        """Untold events, the oldest first. One participant has one at most, the newest: that is their bound."""
        self._told = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    async def running(self) -> int:
        """The forwarder's process id, once there is one that knows the rooms."""
        while self._life is None:
            await self._standing.wait()
        return self._life.process.pid

    async def __aenter__(self) -> Self:
        """Raises `ConfigError` when the settings can't be used."""
        try:
            life = await _Life.begin(self._settings)
        except (_Gone, TimeoutError):
            raise ConfigError("[media] the forwarder does not start") from None
        self._supervisor = asyncio.create_task(self._supervise(life), name="media forwarder")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor

    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str:
        await self.running()
        life = self._life
        assert life is not None
        try:
            answer = await life.ask(Connect(participant, sdp, list(tracks)))
        except _Gone:
            raise MediaError("the forwarder is being started again") from None
        if life is not self._life:
            raise MediaError("the forwarder is being started again")
        self._connected.add(participant)
        return answer or ""

    async def disconnect(self, participant: str) -> None:
        await self._ask(Disconnect(participant))

    async def join(self, room: str, participant: str) -> None:
        self._room_of[participant] = room
        await self._ask(Join(room, participant))

    async def close_room(self, room: str) -> None:
        for participant in [name for name, inside in self._room_of.items() if inside == room]:
            del self._room_of[participant]
        await self._ask(CloseRoom(room))

    async def start_recording(self, order: RecordingOrder) -> None:
        self._recordings.start(order)
        await self._ask(StartRecording(order))

    async def stop_recording(self, recording_id: str) -> None:
        if self._life is None:
            self._recordings.hear(RecordingClosed(recording_id))
        else:
            self._recordings.stop(recording_id)
            await self._ask(StopRecording(recording_id))

    def recording_news(self) -> AsyncIterator[RecordingNews]:
        return self._recordings.news()

    async def events(self) -> AsyncIterator[MediaEvent]:
        while True:
            await self._told.wait()
            participant = next(iter(self._news))
            event = self._news.pop(participant)
            if not self._news:
                self._told.clear()
            yield event

    async def _ask(self, request: Request) -> None:
        """Of a forwarder that is away nothing needs to be asked: it comes back without connections, and is told the
        rooms."""
        if self._life is not None:
            with suppress(_Gone):
                await self._life.ask(request)

    async def _supervise(self, life: _Life) -> None:
        """One life after the other, until cancelled."""
        back_off_s = FIRST_BACK_OFF_S
        while True:
            began_s = time.monotonic()
            await self._live(life)
            if time.monotonic() - began_s > LONGEST_BACK_OFF_S:
                back_off_s = FIRST_BACK_OFF_S
            while True:
                await asyncio.sleep(back_off_s)
                back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)
                try:
                    life = await _Life.begin(self._settings)
                    break
                except (_Gone, TimeoutError, ConfigError, OSError):
                    _log.error("the media forwarder does not start; trying again")

    async def _live(self, life: _Life) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stand(life), name="media rooms")
                watching = group.create_task(life.watch(), name="media watch")
                async for event in life.events():
                    self._take(event)
                watching.cancel()
        finally:
            self._life = None
            self._standing.clear()
            self._recordings.lose()
            for participant in sorted(self._connected):
                self._take(ParticipantDown(participant))
            code = await life.end()
            _log.log(logging.INFO if code == 0 else logging.ERROR, "the media forwarder ended with code %s", code)

    async def _stand(self, life: _Life) -> None:
        """Tell it the rooms before anybody connects."""
        with suppress(_Gone):
            told: dict[str, str] = {}
            while told != self._room_of:
                for participant, room in list(self._room_of.items()):
                    if told.get(participant) != room:
                        told[participant] = room
                        await life.ask(Join(room, participant))
                for participant in told.keys() - self._room_of.keys():
                    await life.ask(CloseRoom(told.pop(participant)))
            ordered: set[str] = set()
            while orders := [each for each in self._recordings.orders() if each.recording_id not in ordered]:
                for order in orders:
                    ordered.add(order.recording_id)
                    await life.ask(StartRecording(order))
            self._life = life
            self._standing.set()

    def _take(self, event: MediaEvent | RecordingNews) -> None:
        if not isinstance(event, MediaEvent):
            self._recordings.hear(event)
            return
        match event:
            case ParticipantUp(participant):
                self._connected.add(participant)
            case ParticipantDown(participant):
                self._connected.discard(participant)
        self._news.pop(event.participant, None)
        self._news[event.participant] = event
        self._told.set()
