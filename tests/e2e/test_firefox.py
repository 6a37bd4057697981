"""Firefox at both ends: the kiosk's page and the counter's play what the other sends."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from demo.resident import Resident, resident_at
from demo.stage import ROOT, ClerkPlan, Site, example_booth, free_port, raise_stage
from protocol.kiosk import CardLostSaid, ItemChosen, Touched
from protocol.states import VisitState
from tests.support.firefox import Window, firefox

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="needs Debian's Firefox"),
]

CLERK = ClerkPlan("wang", "王窗口", "3")
SCREENSHOTS = ROOT / "var" / "e2e"

CONNECTIONS = """
() => {
  window.bangbanConnections = []
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...words) {
      super(...words)
      window.bangbanConnections.push(this)
    }
  }
}
"""
"""The page's media connections, for their statistics: two fake microphones in one browser are each other's echo."""
LOG_IN = """
async (name, password) => {
  const until = async (test) => {
    for (;;) {
      const found = document.querySelector(`[data-test="${test}"]`)
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const type = (element, text) => {
    const input = element.matches('input') ? element : element.querySelector('input')
    input.value = text
    input.dispatchEvent(new Event('input', { bubbles: true }))
  }
  type(await until('login-name'), name)
  type(await until('login-password'), password)
  ;(await until('login-submit')).click()
  await until('desk')
}
"""
TAKE = """
async () => {
  for (;;) {
    const button = document.querySelector('[data-test^="take-"]')
    if (button) return button.click()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
"""
SEES_AND_HEARS = """
async (video, audio) => {
  const element = document.querySelector(`[data-test="${video}"]`)
  while (!element.srcObject) await new Promise((resolve) => setTimeout(resolve, 50))
  const pixels = () => {
    const canvas = new OffscreenCanvas(64, 36)
    const context = canvas.getContext('2d')
    context.drawImage(element, 0, 0, 64, 36)
    return Array.from(context.getImageData(0, 0, 64, 36).data)
  }
  for (let n = 0; n < 10; n += 1) await new Promise((resolve) => element.requestVideoFrameCallback(resolve))
  const first = pixels()
  let moved = 0
  while (moved < 50) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    moved = pixels().filter((value, i) => Math.abs(value - first[i]) > 8).length
  }
  const sound = document.querySelector(`[data-test="${audio}"]`)
  const packets = async () => {
    let received = 0
    for (const connection of window.bangbanConnections) {
      for (const entry of (await connection.getStats()).values()) {
        if (entry.type === 'inbound-rtp' && entry.kind === 'audio') received += entry.packetsReceived
      }
    }
    return received
  }
  const heard = await packets()
  while ((await packets()) < heard + 25) await new Promise((resolve) => setTimeout(resolve, 50))
  return { width: element.videoWidth, height: element.videoHeight, moved, playing: !sound.paused && !sound.muted }
}
"""


class Scene:
    def __init__(self, kiosk: Window, counter: Window, resident: Resident) -> None:
        self.kiosk = kiosk
        self.counter = counter
        self.resident = resident


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    booth = example_booth(
        sections={"media": {}},
    )
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(raise_stage(tmp_path / "stage", Site(free_port()), [booth], [CLERK]))
        browser = await stack.enter_async_context(firefox(tmp_path / "profile"))
        await browser.preload(CONNECTIONS)
        kiosk, counter = await browser.window(), await browser.window()
        resident = await stack.enter_async_context(resident_at(booth))
        await kiosk.open(booth.url)
        await counter.open(stage.site.url)
        yield Scene(kiosk, counter, resident)


async def test_firefox_at_both_ends_sends_and_plays_pictures_and_voices(scene: Scene) -> None:
    await scene.counter.run(LOG_IN, CLERK.name, CLERK.password)
    resident = scene.resident
    await resident.until(lambda view: view.state is VisitState.WELCOME and view.link_up and bool(view.items))
    await resident.act(Touched())
    await resident.act(ItemChosen("medical_booklet"))
    await resident.act(CardLostSaid())
    await resident.until(lambda view: view.state is VisitState.WAIT)
    await scene.counter.run(TAKE)
    seen: tuple[Any, Any] = await asyncio.gather(
        scene.counter.run(SEES_AND_HEARS, "video-face", "audio-voice"),
        scene.kiosk.run(SEES_AND_HEARS, "video-clerk", "voice-clerk"),
    )
    await asyncio.to_thread(SCREENSHOTS.mkdir, parents=True, exist_ok=True)
    await scene.counter.shoot(SCREENSHOTS / "firefox-counter.png")
    await scene.kiosk.shoot(SCREENSHOTS / "firefox-kiosk.png")
    print(seen)
    assert all(each["width"] > 0 and each["playing"] for each in seen)
