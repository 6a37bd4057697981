"""`python -m rigs.media.load`: a process of load peers. Takes orders as lines of JSON, and answers each with one."""

import asyncio
import json
import sys
from typing import Any

import msgspec
import numpy as np
from aiortc import RTCSessionDescription
from msgspec import Struct

from rigs.media.ends import LoadConnection, Replay, Sink
from rigs.media.film import Film, encode

REPORT_S = 1.0
SPREAD_S = 0.033
"""Over which the streams begin, so that their pictures don't all leave in the same moment."""


class Section(Struct):
    """`bps` is for video that is sent."""

    kind: str
    sends: bool
    bps: int = 0


class Offer(Struct, tag=True):
    """Make a connection and offer these sections. → sdp, mids"""

    peer: str
    sections: list[Section]
    stamped: bool = True


class Accept(Struct, tag=True):
    """The answer to an offer. → connected"""

    peer: str
    sdp: str


class Take(Struct, tag=True):
    """Make a connection that only receives, from another's offer. → sdp"""

    peer: str
    sdp: str


class Begin(Struct, tag=True):
    """Send from now on. → sending"""


class Report(Struct, tag=True):
    """What was sent and received since the last report. → numbers"""


Order = Offer | Accept | Take | Begin | Report


class Load:
    def __init__(self) -> None:
        self._peers: dict[str, LoadConnection] = {}
        self._films: dict[int, Film] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry_out(self, order: Order) -> dict[str, Any]:
        match order:
            case Offer(peer, sections, stamped):
                return await self._offer(peer, sections, stamped)
            case Accept(peer, sdp):
                await self._peers[peer].setRemoteDescription(RTCSessionDescription(sdp, "answer"))
                return await self._connected(peer)
            case Take(peer, sdp):
                return await self._take(peer, sdp)
            case Begin():
                ends = [end for peer in self._peers.values() for end in peer.sending_ends().values()]
                for number, end in enumerate(ends):
                    self._start(self._send(end, SPREAD_S * number / len(ends)))
                self._start(self._report_reception())
                return {"sending": len(ends)}
            case Report():
                return self._report()

    async def _offer(self, peer: str, sections: list[Section], stamped: bool) -> dict[str, Any]:
        connection = self._peers[peer] = LoadConnection()
        for section in sections:
            transceiver = connection.addTransceiver(section.kind, "sendonly" if section.sends else "recvonly")
            sender, receiver = transceiver.sender, transceiver.receiver
            assert isinstance(sender, Replay) and isinstance(receiver, Sink)
            sender.stamped = receiver.stamped = stamped
            if section.sends and section.kind == "video":
                sender.film = self._film(section.bps)
        await connection.setLocalDescription(await connection.createOffer())
        return {"sdp": connection.localDescription.sdp, "mids": [t.mid for t in connection.getTransceivers()]}

    async def _take(self, peer: str, sdp: str) -> dict[str, Any]:
        connection = self._peers[peer] = LoadConnection()
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in connection.getTransceivers():
            transceiver.direction = "recvonly"
        await connection.setLocalDescription(await connection.createAnswer())
        return {"sdp": connection.localDescription.sdp}

    async def _connected(self, peer: str) -> dict[str, Any]:
        connection, changed = self._peers[peer], asyncio.Event()
        connection.add_listener("connectionstatechange", changed.set)
        async with asyncio.timeout(20):
            while connection.connectionState != "connected":
                changed.clear()
                await changed.wait()
        return {"connected": True}

    def _film(self, bps: int) -> Film:
        if bps not in self._films:
            self._films[bps] = encode(1280, 720, bps)
        return self._films[bps]

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, end: Replay, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + after_s
        while True:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            end.send_next()
            due_s += end.interval_s

    async def _report_reception(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(REPORT_S)
            for end in self._sinks():
                end.report_reception(loop.time())

    def _sinks(self) -> list[Sink]:
        return [end for peer in self._peers.values() for end in peer.receiving_ends().values()]

    def _report(self) -> dict[str, Any]:
        sinks = self._sinks()
        sources = [end for peer in self._peers.values() for end in peer.sending_ends().values()]
        delays_us = np.concatenate([np.asarray(sink.delays_us) for sink in sinks]) if sinks else np.empty(0)
        report = {
            "sent": sum(source.packets for source in sources),
            "missed": sum(source.missed for source in sources),
            "received": sum(sink.packets for sink in sinks),
            "gone": sum(max(0, sink.gone) for sink in sinks),
            "silent": sum(not sink.packets for sink in sinks),
            "delay_us": {str(share): round(float(np.percentile(delays_us, share)), 1) for share in (50, 95, 99, 100)}
            if len(delays_us)
            else None,
        }
        for sink in sinks:
            sink.packets = sink.gone = 0
            sink.delays_us = type(sink.delays_us)("f")
        for source in sources:
            source.packets = source.missed = 0
        return report


async def main() -> None:
    load, decoder = Load(), msgspec.json.Decoder(Order)
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await load.carry_out(decoder.decode(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
