"""The forwarder's side of the wire: carries out what the center asks, and tells what happens."""

import asyncio
import gc
import logging
import socket
from contextlib import suppress

from center.media.interface import MediaError, MediaPlane
from center.media.plane import ForwardingPlane
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
    ToForwarder,
    Unusable,
    Withdraw,
    open_line,
)

GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""Forwarding makes no cycles: what it allocates goes as soon as it is forgotten."""

_log = logging.getLogger(__name__)


async def serve(end: socket.socket) -> None:
    """Forward for the center at the other end of the socket until it closes it, or dies."""
    line = await open_line(end, ToForwarder)
    try:
        begin = await line.read()
        if isinstance(begin, Begin):
            logging.getLogger().setLevel(logging.DEBUG if begin.verbose else logging.INFO)
            async with ForwardingPlane(begin.settings) as plane:
                _leave_alone()
                await line.write(Ready())
                await _Service(line, plane).run()
    except MediaError as error:
        await line.write(Unusable(str(error)))
    except ConnectionError:
        _log.info("the center is gone")
    finally:
        await line.close()


def _leave_alone() -> None:
    """Keep the garbage collector from walking through all that was imported while packets wait: 20 ms each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


class _Service:
    def __init__(self, line: Line[ToForwarder], plane: MediaPlane) -> None:
        self._line = line
        self._plane = plane
        self._calls: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            telling = [
                group.create_task(self._tell(), name="media events"),
                group.create_task(self._tell_recordings(), name="recording news"),
            ]
            while (frame := await self._line.read()) is not None:
                await self._take(frame, group)
            for task in [*telling, *self._calls.values()]:
                task.cancel()

    async def _take(self, frame: ToForwarder, group: asyncio.TaskGroup) -> None:
        match frame:
            case Ask(call, Connect() | Disconnect() as request):
                # These take their time; the others are done before the next frame is read, and so in order.
                task = group.create_task(self._answer(call, request), name=f"media call {call}")
                self._calls[call] = task
                task.add_done_callback(lambda _: self._calls.pop(call, None))
            case Ask(call, request):
                await self._answer(call, request)
            case Withdraw(call):
                if (running := self._calls.get(call)) is not None:
                    running.cancel()
            case Begin():
                raise ValueError("the center began twice")

    async def _answer(self, call: int, request: Request) -> None:
        """A supervisor: what goes wrong with one request must not end the others."""
        reply: Reply | Refusal
        try:
            reply = Reply(call, await self._carry_out(request))
        except MediaError as error:
            reply = Refusal(call, str(error))
        except Exception:
            _log.exception("%s failed", type(request).__name__)
            reply = Refusal(call, "the forwarder failed")
        await self._say(reply)

    async def _carry_out(self, request: Request) -> str | None:
        match request:
            case Connect(participant, sdp, tracks):
                return await self._plane.connect(participant, sdp, tracks)
            case Disconnect(participant):
                await self._plane.disconnect(participant)
            case Join(room, participant):
                await self._plane.join(room, participant)
            case CloseRoom(room):
                await self._plane.close_room(room)
            case StartRecording(order):
                await self._plane.start_recording(order)
            case StopRecording(recording_id):
                await self._plane.stop_recording(recording_id)
            case Ping():
                pass
        return None

    async def _tell(self) -> None:
        async for event in self._plane.events():
            await self._say(Tell(event))

    async def _tell_recordings(self) -> None:
        async for news in self._plane.recording_news():
            await self._say(Tell(news))

    async def _say(self, frame: Reply | Refusal | Tell) -> None:
        """A center that is gone is noticed by who reads."""
        with suppress(OSError):
            await self._line.write(frame)
