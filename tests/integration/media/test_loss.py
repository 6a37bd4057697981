"""A booth and a clerk's robot on a lossy way to a real plane: pictures go on, and nothing of the voice is missing."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from booth.media.internals import FlowReceiver, PacedSender
from center.media.plane import ForwardingPlane
from protocol.media import TrackName
from rigs.clock_media import SteadyVoice
from tests.integration.media.peers import RED, ColourFace, Viewer, connect

FACE, VOICE = TrackName.FACE, TrackName.VOICE
LOST = 0.05
PICTURES, SOUNDS = 50, 150


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every twentieth packet of media is lost on its way to the center, and again on its way from it."""
    rng = random.Random(5)
    send, take = PacedSender._send, FlowReceiver._handle_rtp_packet

    async def lose_sent(self: PacedSender, packet: Any) -> None:
        if rng.random() >= LOST:
            await send(self, packet)

    async def lose_received(self: FlowReceiver, packet: Any, arrival_time_ms: int) -> None:
        if rng.random() >= LOST:
            await take(self, packet, arrival_time_ms)

    monkeypatch.setattr(PacedSender, "_send", lose_sent)
    monkeypatch.setattr(FlowReceiver, "_handle_rtp_packet", lose_received)
    yield


@pytest.mark.usefixtures("lossy")
async def test_at_5_percent_loss_pictures_go_on_and_the_voice_is_whole(plane: ForwardingPlane) -> None:
    booth = Viewer([], {FACE: ColourFace(RED), VOICE: SteadyVoice()})
    clerk = Viewer([FACE, VOICE])
    async with booth.connection, clerk.connection:
        await connect(plane, "booth:a", booth.connection)
        await connect(plane, "clerk:one", clerk.connection)
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        received = clerk.connection.frames_received
        await clerk.until(lambda: received[FACE] >= PICTURES and received[VOICE] >= SOUNDS)
        pictures, sound = clerk.connection.reception(FACE), clerk.connection.reception(VOICE)
        assert clerk.connection.last_audio_peak(VOICE) > 0.1
        sending = booth.connection.sending(FACE)
    assert set(clerk.seen) == {RED}
    assert pictures.recovered > 0 and pictures.given_up == 0
    assert sound.recovered > 0
    assert sound.concealed < SOUNDS / 4
    assert sending is not None and sending.keyframes <= 4
