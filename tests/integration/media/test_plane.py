"""The forwarding plane with real peers over real UDP."""

import asyncio
import itertools
import os
import re
import socket
import time
from contextlib import AsyncExitStack

import av
import numpy as np
import pytest

from booth.media.connection import MediaConnection
from booth.media.sources import SyntheticFace, SyntheticVoice
from center.media.flow import Packet, PacketSource
from center.media.interface import MediaError, MediaEvent, MediaPlane, ParticipantDown, ParticipantUp
from center.media.internals.sections import PLAYOUT_DELAY_URI
from center.media.packets import starts_keyframe
from center.media.plane import ForwardingPlane
from protocol.media import TrackDirection, TrackName
from tests.integration.media.conftest import udp_sockets
from tests.integration.media.peers import BLUE, GRACE_S, GREEN, RED, ColourFace, Viewer, connect, lone_peer

FACE, VOICE, DOCUMENT = TrackName.FACE, TrackName.VOICE, TrackName.DOCUMENT


async def publisher(stack: AsyncExitStack, plane: ForwardingPlane, name: str, colour: tuple[int, int]) -> None:
    connection = await stack.enter_async_context(MediaConnection({FACE: ColourFace(colour)}, []))
    await connect(plane, name, connection)


async def viewer(stack: AsyncExitStack, plane: ForwardingPlane, name: str, *tracks: TrackName) -> Viewer:
    viewer = Viewer(tracks or [FACE])
    await stack.enter_async_context(viewer.connection)
    await connect(plane, name, viewer.connection)
    return viewer


async def next_event(plane: ForwardingPlane, within_s: float = GRACE_S) -> MediaEvent:
    async with asyncio.timeout(within_s):
        async for event in plane.events():
            return event
    raise AssertionError("the events ended")


async def test_pictures_move_and_the_voice_is_heard_at_the_other_end(plane: ForwardingPlane) -> None:
    booth = MediaConnection({FACE: SyntheticFace(), VOICE: SyntheticVoice()}, [])
    clerk = Viewer([FACE, VOICE])
    async with booth, clerk.connection:
        await connect(plane, "booth:one", booth)
        await connect(plane, "clerk:one", clerk.connection)
        await plane.join("affair", "booth:one")
        start = time.monotonic()
        await plane.join("affair", "clerk:one")
        await clerk.until(lambda: clerk.connection.frames_received[FACE] >= 1)
        print(f"first frame {(time.monotonic() - start) * 1000:.0f} ms after the join")
        first = clerk.connection.latest_frame(FACE)
        await clerk.until(lambda: clerk.connection.frames_received[FACE] >= 15)
        latest = clerk.connection.latest_frame(FACE)
        await clerk.until(lambda: clerk.connection.last_audio_peak(VOICE) > 0.02)
    assert isinstance(first, av.VideoFrame) and isinstance(latest, av.VideoFrame)
    assert (latest.width, latest.height) == (640, 480)
    difference = np.abs(first.to_ndarray().astype(int) - latest.to_ndarray().astype(int))
    assert difference.max() > 40
    assert np.median(difference) < 10  # the same picture, in which something moved


async def test_a_clerk_who_changes_rooms_never_sees_the_former_room_again(plane: ForwardingPlane) -> None:
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        await publisher(stack, plane, "booth:b", GREEN)
        clerk = await viewer(stack, plane, "clerk:one")
        await plane.join("a", "booth:a")
        await plane.join("b", "booth:b")
        for room, colour in (("a", RED), ("b", GREEN), ("a", RED), ("b", GREEN)):
            before = len(clerk.seen)
            await plane.join(room, "clerk:one")
            await clerk.until(lambda colour=colour, before=before: colour in clerk.seen[before:])  # type: ignore[misc]
            here = len(clerk.seen) - 1
            await clerk.until(lambda here=here: len(clerk.seen) >= here + 10)  # type: ignore[misc]
            assert set(clerk.seen[here:]) == {colour}


async def test_nothing_of_a_closed_room_arrives_before_the_next_rooms_pictures(plane: ForwardingPlane) -> None:
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        await publisher(stack, plane, "booth:b", BLUE)
        clerk = await viewer(stack, plane, "clerk:one")
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        await clerk.until(lambda: len(clerk.seen) >= 5)
        await plane.close_room("a")
        await plane.close_room("a")
        # In flight is what was sent before; a round of the publisher's pictures later nothing may come any more.
        other = await viewer(stack, plane, "clerk:two")
        await plane.join("b", "booth:b")
        await plane.join("b", "clerk:two")
        await other.until(lambda: len(other.seen) >= 3)
        quiet = len(clerk.seen)
        await other.until(lambda: len(other.seen) >= 15)
        assert len(clerk.seen) == quiet
        await plane.join("b", "clerk:one")
        await clerk.until(lambda: len(clerk.seen) >= quiet + 10)
        assert set(clerk.seen[quiet:]) == {BLUE}


async def test_who_reconnects_is_in_the_same_room_again(plane: ForwardingPlane) -> None:
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        clerk = await viewer(stack, plane, "clerk:one")
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        await clerk.until(lambda: RED in clerk.seen)
        await publisher(stack, plane, "booth:a", GREEN)
        await clerk.until(lambda: GREEN in clerk.seen)
        again = await viewer(stack, plane, "clerk:one")
        await again.until(lambda: GREEN in again.seen)
        async with asyncio.timeout(GRACE_S):
            await clerk.connection.wait_closed()


class Listening:
    """A guest's subscription: notes the packets and clocks that come."""

    def __init__(self) -> None:
        self.source: PacketSource | None = None
        self.packets: list[Packet] = []
        self.clocks: list[tuple[int, int, int]] = []
        self.came = asyncio.Event()

    def attach(self, source: PacketSource | None) -> None:
        if self.source is not None:
            self.source.remove(self)
        self.source = source
        if source is not None:
            source.add(self)

    def take(self, packet: Packet, now_s: float) -> None:
        self.packets.append(packet)
        if len(self.packets) >= 20 and self.clocks:
            self.came.set()

    def tell_clock(self, ssrc: int, ntp: int, timestamp: int, now_s: float) -> None:
        self.clocks.append((ssrc, ntp, timestamp))

    def room_bps(self, now_s: float) -> int | None:
        return None


async def test_a_guest_of_the_process_gets_packets_and_clocks_like_any_subscriber(plane: ForwardingPlane) -> None:
    face, voice = Listening(), Listening()
    booth = MediaConnection({FACE: ColourFace(RED), VOICE: SyntheticVoice()}, [])
    async with booth:
        await connect(plane, "booth:a", booth)
        plane.admit("recorder:a", "a", {FACE: face, VOICE: voice})
        assert face.source is None
        await plane.join("a", "booth:a")
        async with asyncio.timeout(GRACE_S):
            await asyncio.gather(face.came.wait(), voice.came.wait())
        assert any(starts_keyframe(packet.payload) for packet in face.packets)
        assert {clock[0] for clock in face.clocks} == {face.packets[-1].ssrc}
        plane.dismiss("recorder:a")
        assert [face.source, voice.source] == [None, None]
        plane.dismiss("recorder:a")
        await plane.close_room("a")
        await plane.join("b", "booth:a")


async def test_a_kiosks_picture_goes_before_the_booths(plane: ForwardingPlane) -> None:
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        clerk = await viewer(stack, plane, "clerk:one")
        for participant in ("booth:a", "kiosk:a", "clerk:one"):
            await plane.join("a", participant)
        await clerk.until(lambda: RED in clerk.seen)
        await publisher(stack, plane, "kiosk:a", GREEN)
        await clerk.until(lambda: GREEN in clerk.seen)
        await plane.disconnect("kiosk:a")
        await clerk.until(lambda: clerk.seen[-1] == RED)


async def test_two_pictures_of_one_booth_arrive_in_their_own_sections(plane: ForwardingPlane) -> None:
    booth = MediaConnection({FACE: ColourFace(RED), DOCUMENT: ColourFace(BLUE)}, [])
    async with booth, AsyncExitStack() as stack:
        await connect(plane, "booth:a", booth)
        face = await viewer(stack, plane, "clerk:one", FACE)
        document = await viewer(stack, plane, "clerk:two", DOCUMENT)
        for participant in ("booth:a", "clerk:one", "clerk:two"):
            await plane.join("a", participant)
        await face.until(lambda: len(face.seen) >= 10)
        await document.until(lambda: len(document.seen) >= 10)
        assert (set(face.seen), set(document.seen)) == ({RED}, {BLUE})


async def test_losses_on_the_booths_line_are_mended(plane: ForwardingPlane) -> None:
    """One datagram in twelve of the booth's is lost; its two pictures have one payload type for retransmissions."""
    booth = MediaConnection({FACE: SyntheticFace(fps=20), DOCUMENT: SyntheticFace(fps=20)}, [])
    clerk = Viewer([FACE])
    async with booth, clerk.connection:
        await connect(plane, "booth:a", booth)
        await connect(plane, "clerk:one", clerk.connection)
        lost = lose_one_in(booth, 12)
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        received = clerk.connection.frames_received
        await clerk.until(lambda: received[FACE] >= 1)
        start, before = time.monotonic(), received[FACE]
        await clerk.until(lambda: received[FACE] >= before + 60)
        assert time.monotonic() - start < 6  # 3 s without any loss; each loss that isn't mended costs a keyframe
        assert len(lost) > 5


def lose_one_in(connection: MediaConnection, every: int) -> list[int]:
    """Have a connection lose that share of what it sends; the sizes of what was lost."""
    lost: list[int] = []
    count = itertools.count(1)
    transport = connection._connection.getTransceivers()[0].sender.transport.transport
    send = transport._send

    async def lossy(data: bytes) -> None:
        if next(count) % every:
            await send(data)
        else:
            lost.append(len(data))

    transport._send = lossy
    return lost


async def test_a_killed_peer_is_noticed_within_six_seconds(plane: ForwardingPlane) -> None:
    async with lone_peer("lone_publisher") as gone:
        await gone.connect(plane, "booth:gone", TrackDirection.PUBLISH)
        assert await next_event(plane) == ParticipantUp("booth:gone")
        await gone.kill()
        start = time.monotonic()
        assert await next_event(plane, within_s=8) == ParticipantDown("booth:gone")
        assert time.monotonic() - start < 6


async def test_a_peer_that_closes_is_down_and_can_come_again(plane: ForwardingPlane) -> None:
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        assert await next_event(plane) == ParticipantUp("booth:a")
    assert await next_event(plane) == ParticipantDown("booth:a")
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        assert await next_event(plane) == ParticipantUp("booth:a")
        await plane.disconnect("booth:a")
        await plane.disconnect("booth:a")
        assert await next_event(plane) == ParticipantDown("booth:a")


async def test_a_browser_is_asked_to_paint_pictures_at_once(plane: ForwardingPlane) -> None:
    clerk = Viewer([FACE])
    async with clerk.connection:
        sdp, tracks = await clerk.connection.offer()
        extension = f"a=extmap:12 {PLAYOUT_DELAY_URI}"
        answer = await plane.connect("clerk:one", sdp.replace("a=rtcp-mux", f"{extension}\r\na=rtcp-mux", 1), tracks)
        assert answer.count(extension) == 1
        assert PLAYOUT_DELAY_URI not in await plane.connect("clerk:two", sdp, tracks), "nobody offered it"


async def test_garbage_on_the_media_ports_does_no_harm(plane: ForwardingPlane) -> None:
    clerk = Viewer([FACE])
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        await stack.enter_async_context(clerk.connection)
        sdp, tracks = await clerk.connection.offer()
        answer = await plane.connect("clerk:one", sdp, tracks)
        ports = re.findall(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", answer)
        assert ports
        first_bytes = (0x00, 0x01, 0x14, 0x16, 0x17, 0x40, 0x80, 0x90, 0xFF)
        garbage = [bytes([first]) + os.urandom(length) for first in first_bytes for length in (0, 1, 19, 1200)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for host, port in ports:
                for datagram in garbage * 100:
                    sender.sendto(datagram, (host, int(port)))
        await clerk.connection.accept(answer)
        async with asyncio.timeout(GRACE_S):
            await clerk.connection.wait_connected()
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        await clerk.until(lambda: len(clerk.seen) >= 3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for host, port in ports:
                for datagram in garbage * 10:
                    sender.sendto(datagram, (host, int(port)))
        seen = len(clerk.seen)
        await clerk.until(lambda: len(clerk.seen) >= seen + 10)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8])
async def test_a_cancelled_connect_leaves_nothing(steps: int) -> None:
    sockets = udp_sockets()
    async with MediaConnection({FACE: ColourFace(RED)}, []) as connection:
        sdp, tracks = await connection.offer()
        own = udp_sockets()
        async with ForwardingPlane() as plane:
            task = asyncio.create_task(plane.connect("booth:a", sdp, tracks), name="connect")
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert udp_sockets() == own
    assert udp_sockets() == sockets


async def test_a_refused_offer_leaves_the_older_connection_alone(plane: ForwardingPlane) -> None:
    async with AsyncExitStack() as stack:
        await publisher(stack, plane, "booth:a", RED)
        clerk = await viewer(stack, plane, "clerk:one")
        await plane.join("a", "booth:a")
        await plane.join("a", "clerk:one")
        offering = await stack.enter_async_context(MediaConnection({FACE: ColourFace(GREEN)}, []))
        sdp, tracks = await offering.offer()
        for bad in ("", "v=0", sdp.replace("VP8", "VP9"), sdp.replace("a=setup:actpass", "a=setup:nonsense")):
            with pytest.raises(MediaError):
                await plane.connect("booth:a", bad, tracks)
        await clerk.until(lambda: len(clerk.seen) >= 5)
        assert set(clerk.seen) == {RED}


async def test_no_damaged_offer_raises_anything_but_a_media_error(plane: ForwardingPlane) -> None:
    async with MediaConnection({FACE: ColourFace(RED), VOICE: SyntheticVoice()}, [DOCUMENT]) as connection:
        sdp, tracks = await connection.offer()
        lines = sdp.split("\r\n")
        answered = 0
        for at, line in enumerate(lines):
            if line in lines[:at]:
                continue
            for damaged in ([], [line[: len(line) * 2 // 3]], [line.split(":")[0] + ":x"]):
                try:
                    await plane.connect("booth:a", "\r\n".join([*lines[:at], *damaged, *lines[at + 1 :]]), tracks)
                    answered += 1
                except MediaError:
                    continue
        await plane.disconnect("booth:a")
    assert answered > 0


async def test_an_offer_whose_peer_never_comes_is_given_up() -> None:
    sockets = udp_sockets()
    async with MediaConnection({FACE: ColourFace(RED)}, []) as booth, ForwardingPlane(connect_s=0.1) as plane:
        sdp, tracks = await booth.offer()
        offering = udp_sockets()
        await plane.connect("booth:a", sdp, tracks)
        assert udp_sockets() > offering > sockets
        assert await next_event(plane) == ParticipantDown("booth:a")
    # The fixture sees whether a socket is left.


async def test_a_cancelled_plane_and_cancelled_peers_leave_nothing() -> None:
    """What is left is looked for by the fixture."""
    ready = asyncio.Event()

    async def live() -> None:
        booth = MediaConnection({FACE: ColourFace(RED)}, [])
        clerk = Viewer([FACE])
        async with ForwardingPlane() as plane, booth, clerk.connection:
            await connect(plane, "booth:a", booth)
            await connect(plane, "clerk:one", clerk.connection)
            await plane.join("a", "booth:a")
            await plane.join("a", "clerk:one")
            await clerk.until(lambda: bool(clerk.seen))
            ready.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(live(), name="live")
    async with asyncio.timeout(GRACE_S):
        await ready.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_leaving_the_plane_closes_what_is_connected() -> None:
    async with MediaConnection({FACE: ColourFace(RED)}, []) as booth:
        async with ForwardingPlane() as plane:
            await connect(plane, "booth:a", booth)
            assert await next_event(plane) == ParticipantUp("booth:a")
        async with asyncio.timeout(2):
            await booth.wait_closed()
        interface: MediaPlane = plane
        with pytest.raises(MediaError):
            await interface.connect("booth:a", "v=0", [])
