"""The booth's link, against a center that drops connections at every point."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from booth.errors import CenterLost, CenterRefused
from booth.link.key import public_bytes
from booth.link.socket import Link
from booth.supervise import BackOff, keep
from protocol.errors import ErrorCode, ProtocolError
from protocol.media import MediaClosed, PeerKind
from protocol.messages import (
    CallAnswered,
    CardPresented,
    CenterFleeting,
    CenterMessage,
    CommandFailed,
    CommandWithdrawn,
    FormSigned,
    PageStored,
    RequestWithdrawn,
    TicketAbandoned,
    TicketRequested,
)
from protocol.records import CodeShown
from protocol.stream import MAX_BACKLOG
from tests.integration.booth.center import FakeCenter, fake_center
from tests.integration.booth.waiting import eventually
from tests.unit.booth.visits import card


class Ears:
    """A listener that notes everything."""

    def __init__(self) -> None:
        self.messages: list[CenterMessage] = []
        self.fleeting: list[CenterFleeting] = []
        self.ups: list[bool] = []
        self.tokens: list[str] = []
        self.epochs = 0

    def epoch_began(self) -> None:
        self.epochs += 1

    def link_changed(self, up: bool) -> None:
        self.ups.append(up)

    def welcomed(self, upload_token: str) -> None:
        self.tokens.append(upload_token)

    def said(self, message: CenterMessage) -> None:
        self.messages.append(message)

    def passed(self, message: CenterFleeting) -> None:
        self.fleeting.append(message)


def soon(_low: float, high: float) -> float:
    return min(high, 0.01)


@asynccontextmanager
async def linked(center: FakeCenter) -> AsyncIterator[tuple[Link, Ears]]:
    """A link that is kept up, to the fake center."""
    key = Ed25519PrivateKey.generate()
    center.key = public_bytes(key)
    ears = Ears()
    async with aiohttp.ClientSession() as session:
        link = Link(center.url, None, "b-1", key, "test", session)
        task = asyncio.create_task(keep("link", lambda worked: link.connect(ears, worked), back_off=BackOff(soon)))
        try:
            yield link, ears
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_messages_go_both_ways_and_are_acknowledged() -> None:
    async with fake_center() as center, linked(center) as (link, ears):
        link.send(CallAnswered("a-1"), ears)
        await center.until(lambda: center.heard == [CallAnswered("a-1")])
        await center.say(PageStored("p-1"))
        await center.tell(MediaClosed(PeerKind.KIOSK))
        await eventually(lambda: ears.messages == [PageStored("p-1")] and bool(ears.fleeting))
        await eventually(lambda: link.pending == 0 and not center.sender.pending())
        assert ears.tokens == ["token-1"]


class Drops:
    """Drops the first connection that comes to a step, lets the second pass, drops the third."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._pattern = iter([True, False, True])
        self.dropped = 0

    def __call__(self, step: str) -> bool:
        drop = step == self._step and next(self._pattern, False)
        self.dropped += drop
        return drop


@pytest.mark.parametrize("step", ["hello", "challenge", "proof", "welcome", "message", "handled", "acked"])
async def test_a_connection_dropped_at_any_point_loses_and_doubles_nothing(step: str) -> None:
    async with fake_center() as center:
        drops = center.drop_when = Drops(step)
        async with linked(center) as (link, ears):
            await center.until(lambda: center.linked)
            for n in range(6):
                link.send(CallAnswered(f"a-{n}"), ears)
                await center.say(CommandWithdrawn(f"c-{n}"))
            await center.until(lambda: len(center.heard) >= 6)
            await eventually(lambda: link.pending == 0 and not center.sender.pending())
        assert center.heard == [CallAnswered(f"a-{n}") for n in range(6)]
        assert ears.messages == [CommandWithdrawn(f"c-{n}") for n in range(6)]
        assert len(center.epochs) == 1
        assert drops.dropped >= 1


async def test_what_the_center_says_while_the_booth_is_away_arrives_once_and_in_order() -> None:
    async with fake_center() as center, linked(center) as (_link, ears):
        await center.until(lambda: center.linked)
        for n in range(20):
            await center.say(CommandWithdrawn(f"c-{n}"))
            if n % 4 == 0:
                await center.drop()
        await eventually(lambda: len(ears.messages) >= 20)
        assert ears.messages == [CommandWithdrawn(f"c-{n}") for n in range(20)]
        await eventually(lambda: not center.sender.pending())


async def test_a_code_that_expires_while_the_center_is_away_is_withdrawn_under_its_number() -> None:
    async with fake_center() as center, linked(center) as (link, ears):
        await center.until(lambda: center.linked)
        center.drop_when = lambda step: True
        await center.drop()
        await eventually(lambda: not link.up)
        link.send(CallAnswered("a-1"), ears)
        link.send(TicketRequested("r-1", "item", CodeShown("SECRET-CODE")), ears)
        link.send(TicketRequested("r-2", "item", CodeShown("ANOTHER-CODE")), ears)
        link.withdraw("r-1")
        link.withdraw("nobody's")
        center.drop_when = lambda step: False
        await center.until(lambda: len(center.heard) == 3)
    withdrawn = RequestWithdrawn("r-1")
    assert center.heard == [CallAnswered("a-1"), withdrawn, TicketRequested("r-2", "item", CodeShown("ANOTHER-CODE"))]


async def test_what_a_visit_showed_and_the_center_has_not_got_goes_with_the_visit() -> None:
    async with fake_center() as center, linked(center) as (link, ears):
        await center.until(lambda: center.linked)
        center.drop_when = lambda step: True
        await center.drop()
        await eventually(lambda: not link.up)
        link.send(TicketRequested("r-1", "item", card()), ears)
        link.send(CardPresented("c-1", card(), 300), ears)
        link.send(TicketAbandoned("a-1"), ears)
        link.wipe()
        center.drop_when = lambda step: False
        await center.until(lambda: len(center.heard) == 3)
    failed = CommandFailed("c-1", ErrorCode.WITHDRAWN)
    assert center.heard == [RequestWithdrawn("r-1"), failed, TicketAbandoned("a-1")]


async def test_a_center_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("booth.link.socket.PING_S", 0.05)
    monkeypatch.setattr("booth.link.socket.DEAD_S", 0.2)
    async with fake_center() as center:
        center.silent = True
        async with linked(center) as (_link, ears):
            await center.until(lambda: center.handshakes >= 2)
            assert ears.ups[:2] == [True, False]


async def test_a_refusal_is_raised_with_its_code() -> None:
    async with fake_center() as center, aiohttp.ClientSession() as session:
        center.refuse = ErrorCode.UNKNOWN_BOOTH
        link = Link(center.url, None, "b-1", Ed25519PrivateKey.generate(), "test", session)
        with pytest.raises(CenterRefused) as refused:
            await link.connect(Ears(), lambda: None)
        assert refused.value.code is ErrorCode.UNKNOWN_BOOTH


async def test_a_booth_with_another_key_is_refused() -> None:
    async with fake_center() as center, aiohttp.ClientSession() as session:
        center.key = public_bytes(Ed25519PrivateKey.generate())
        link = Link(center.url, None, "b-1", Ed25519PrivateKey.generate(), "test", session)
        with pytest.raises(CenterRefused) as refused:
            await link.connect(Ears(), lambda: None)
        assert refused.value.code is ErrorCode.BAD_PROOF


async def test_a_refused_stream_is_begun_anew() -> None:
    async with fake_center() as center:
        center.refuse = ErrorCode.OUT_OF_ORDER
        async with linked(center) as (link, ears):
            await center.until(lambda: center.handshakes >= 1)
            await eventually(lambda: ears.epochs >= 1)
            center.refuse = None
            link.send(CallAnswered("a-1"), ears)
            await center.until(lambda: center.heard == [CallAnswered("a-1")])


async def test_a_center_that_lost_messages_gets_a_new_epoch() -> None:
    async with fake_center() as center, linked(center) as (link, ears):
        link.send(CallAnswered("a-1"), ears)
        link.send(CallAnswered("a-2"), ears)
        await eventually(lambda: center.received == 2 and link.pending == 0)
        center.received = 1  # restored from a backup
        await center.drop()
        await eventually(lambda: ears.epochs == 1)
        link.send(CallAnswered("a-3"), ears)
        await center.until(lambda: center.heard[-1] == CallAnswered("a-3"))
        assert len(center.epochs) == 2


async def test_a_full_backlog_begins_a_new_epoch_instead_of_growing() -> None:
    async with aiohttp.ClientSession() as session, fake_center() as center:
        link, ears = Link(center.url, None, "b-1", Ed25519PrivateKey.generate(), "test", session), Ears()
        for n in range(MAX_BACKLOG + 1):
            link.send(CallAnswered(f"a-{n}"), ears)
        assert (ears.epochs, link.pending) == (1, 1)


async def test_what_no_frame_can_hold_is_refused_and_does_not_block_the_rest() -> None:
    async with fake_center() as center, linked(center) as (link, ears):
        with pytest.raises(ProtocolError):
            link.send(FormSigned("a-1", "ab" * 32, [[4096] * 1000] * 60), ears)
        link.send(CallAnswered("a-1"), ears)
        await center.until(lambda: center.heard == [CallAnswered("a-1")])


@pytest.mark.parametrize("text", ["{", '{"type":"numbered","n":9,"ack":0,"body":{"type":"page_stored","page_id":"p"}}'])
async def test_a_center_that_breaks_the_protocol_is_left_and_met_again(text: str) -> None:
    async with fake_center() as center, linked(center) as (link, ears):
        await center.until(lambda: center.linked)
        await center.send_raw(text)
        await center.until(lambda: center.handshakes >= 2 and center.linked)
        link.send(CallAnswered("a-1"), ears)
        await center.until(lambda: center.heard == [CallAnswered("a-1")])
        assert ears.messages == []


async def test_nothing_fleeting_is_kept_for_later() -> None:
    async with fake_center() as center, aiohttp.ClientSession() as session:
        link = Link(center.url, None, "b-1", Ed25519PrivateKey.generate(), "test", session)
        assert link.tell(MediaClosed(PeerKind.KIOSK)) is False


async def test_an_absent_center_is_lost_not_refused() -> None:
    async with fake_center() as center:
        url = center.url
    async with aiohttp.ClientSession() as session:
        link = Link(url, None, "b-1", Ed25519PrivateKey.generate(), "test", session)
        with pytest.raises(CenterLost):
            await link.connect(Ears(), lambda: None)
