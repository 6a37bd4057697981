"""A real Chromium and the forwarding plane: pictures and sound both ways, the offer sent before any gathering."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright

from booth.media.sources import SyntheticFace, SyntheticVoice
from center.media.plane import ForwardingPlane
from protocol.media import TrackDirection, TrackName, TrackOffer
from tests.integration.media.peers import GRACE_S, Viewer, connect
from tests.support.media_files import read_code, write_wav, write_y4m

CHROMIUM = shutil.which("chromium")

PAGE = """<!doctype html><title>media</title><video id="face" muted autoplay playsinline></video><script>
const shown = { frames: 0, firstMs: null, sizes: new Set() }
async function open() {
  const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' })
  window.connection = connection
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } })
  const [picture] = stream.getVideoTracks(), [sound] = stream.getAudioTracks()
  const sections = [
    [connection.addTransceiver(picture, { direction: 'sendrecv' }), 'clerk_face', 'publish'],
    [connection.addTransceiver(sound, { direction: 'sendrecv' }), 'clerk_voice', 'publish'],
    [connection.addTransceiver('video', { direction: 'recvonly' }), 'face', 'subscribe'],
    [connection.addTransceiver('audio', { direction: 'recvonly' }), 'voice', 'subscribe'],
  ]
  const start = performance.now()
  await connection.setLocalDescription(await connection.createOffer())
  const sdp = connection.localDescription.sdp
  const tracks = sections.map(([t, track, direction]) => ({ mid: t.mid, track, direction }))
  const reply = await fetch('/offer', { method: 'POST', body: JSON.stringify({ sdp, tracks }) })
  await connection.setRemoteDescription({ type: 'answer', sdp: await reply.text() })
  const video = document.getElementById('face')
  video.srcObject = new MediaStream([sections[2][0].receiver.track])
  const count = () => { shown.frames++; shown.atMs = performance.now(); video.requestVideoFrameCallback(count) }
  video.requestVideoFrameCallback(count)
  if (connection.connectionState !== 'connected') await new Promise((done) => {
    connection.onconnectionstatechange = () => connection.connectionState === 'connected' && done()
  })
  return performance.now() - start
}
async function statistics() {
  const all = [...(await connection.getStats()).values()]
  const one = (type, kind) => all.find((s) => s.type === type && s.kind === kind) ?? {}
  return {
    frames: shown.frames, width: one('inbound-rtp', 'video').frameWidth ?? 0,
    level: one('inbound-rtp', 'audio').audioLevel ?? 0, freezes: one('inbound-rtp', 'video').freezeCount ?? 0,
    target: one('outbound-rtp', 'video').targetBitrate ?? 0,
  }
}
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs the system's Chromium")


@pytest.fixture
async def plane() -> AsyncIterator[ForwardingPlane]:
    async with ForwardingPlane() as plane:
        yield plane


@pytest.fixture
async def page(plane: ForwardingPlane, tmp_path: Path) -> AsyncIterator[Page]:
    """A page that is connected as `clerk:one`, with a numbered film for a camera."""

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def offer(request: web.Request) -> web.Response:
        body = await request.json()
        tracks = [
            TrackOffer(mid=t["mid"], track=TrackName(t["track"]), direction=TrackDirection(t["direction"]))
            for t in body["tracks"]
        ]
        assert "a=candidate" not in body["sdp"]
        return web.Response(text=await plane.connect("clerk:one", body["sdp"], tracks))

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_post("/offer", offer)
    film = write_y4m(tmp_path / "face.y4m")
    sound = write_wav(tmp_path / "voice.wav")
    async with TestServer(app) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=CHROMIUM,
            headless=True,
            args=[
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
                f"--use-file-for-fake-audio-capture={sound}",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        page = await browser.new_page()
        await page.goto(str(server.make_url("/")))
        yield page
        await browser.close()


async def test_chromium_and_a_booth_see_and_hear_each_other(plane: ForwardingPlane, page: Page) -> None:
    booth = Viewer(
        [TrackName.CLERK_FACE, TrackName.CLERK_VOICE],
        {TrackName.FACE: SyntheticFace(label="booth"), TrackName.VOICE: SyntheticVoice()},
    )
    codes: set[int] = set()
    async with booth.connection:
        await connect(plane, "booth:one", booth.connection)
        await plane.join("affair", "booth:one")
        set_up_ms = await page.evaluate("open()")
        joined_ms = await page.evaluate("performance.now()")
        await plane.join("affair", "clerk:one")
        await page.wait_for_function("shown.frames >= 1", timeout=GRACE_S * 1000, polling=10)
        first_ms = await page.evaluate("shown.atMs") - joined_ms
        await page.wait_for_function("shown.frames >= 15", timeout=GRACE_S * 1000)

        def ten_pictures_came() -> bool:
            frame = booth.connection.latest_frame(TrackName.CLERK_FACE)
            if frame is not None:
                codes.add(read_code(frame))
            return len(codes) >= 10

        await booth.until(ten_pictures_came)
        await booth.until(lambda: booth.connection.last_audio_peak(TrackName.CLERK_VOICE) > 0.02)
        await page.wait_for_function("statistics().then((s) => s.level > 0.001)", timeout=GRACE_S * 1000)
        statistics = await page.evaluate("statistics()")
    print(f"set-up {set_up_ms:.0f} ms, first frame {first_ms:.0f} ms after the join", statistics)
    assert statistics["width"] == 640
    assert max(codes) < 45


async def test_a_page_that_is_closed_is_a_participant_down(plane: ForwardingPlane, page: Page) -> None:
    await page.evaluate("open()")
    events = plane.events()
    async with asyncio.timeout(GRACE_S):
        up = await anext(events)
        await page.close()
        down = await anext(events)
    await events.aclose()  # type: ignore[attr-defined]
    assert (type(up).__name__, type(down).__name__) == ("ParticipantUp", "ParticipantDown")
    assert up.participant == down.participant == "clerk:one"
