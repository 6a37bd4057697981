"""How a connection finds out that its peer is there, and how the peer finds out that we are."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket

from center.media.internals import connection as ours


class Peer:
    """Stands for an aioice connection and for our path; notes what it gets, and answers no check."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()
        """The reports, and nothing for a check."""
        self.sent = 0
        self.heard_s = time.monotonic()
        self.closed = asyncio.Event()
        pair = SimpleNamespace(protocol=self, remote_addr=("127.0.0.1", 9))
        self._nominated = {1: pair}
        self.remote_password = "secret"

    def build_request(self, pair: object, nominate: bool) -> object:
        return object()

    async def request(self, *_: object, **__: object) -> None:
        self.got.put_nowait(b"")
        await asyncio.sleep(60)

    def settle(self, now_s: float, heard: bool) -> None: ...

    def send(self, data: bytes) -> None:
        self.sent += 1
        self.got.put_nowait(data)

    async def close(self) -> None:
        self.closed.set()


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> Peer:
    monkeypatch.setattr(ours, "CONSENT_INTERVAL_S", 0.01)
    monkeypatch.setattr(ours, "together", lambda at_s: at_s)
    return Peer()


async def watched(peer: Peer) -> asyncio.Task[None]:
    return asyncio.create_task(ours._watch_consent(cast(Any, peer), cast(Any, peer)))


async def test_who_is_heard_is_not_checked_and_hears_us(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "HEARD_S", 60.0)
    task = await watched(peer)
    async with asyncio.timeout(5):
        got = [await peer.got.get() for _ in range(5)]
    task.cancel()
    for data in got:
        (report,) = RtcpPacket.parse(data)
        assert isinstance(report, RtcpRrPacket) and report.reports == []


async def test_who_gets_media_needs_no_reports_and_is_checked_all_the_same_from_time_to_time(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "HEARD_S", 60.0)
    monkeypatch.setattr(ours, "CONSENT_HEARD_S", 0.05)

    def media_goes_out(at_s: float) -> float:
        peer.sent += 1
        return at_s

    monkeypatch.setattr(ours, "together", media_goes_out)
    task = await watched(peer)
    async with asyncio.timeout(5):
        _, *got = [await peer.got.get() for _ in range(4)]
    task.cancel()
    assert got == [b"", b"", b""]


async def test_who_falls_silent_is_checked_and_then_given_up(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "HEARD_S", 0.02)
    monkeypatch.setattr(ours, "CONSENT_S", 0.6)
    task = await watched(peer)
    async with asyncio.timeout(5):
        await peer.closed.wait()
    await task
    got = [peer.got.get_nowait() for _ in range(peer.got.qsize())]
    assert b"" in got
