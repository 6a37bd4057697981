"""Two real Chromium browsers: the kiosk's and the counter's, each with a camera and a microphone of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from rigs.browsers import browser, by_test, files, page_in

MOVED = 0.05
"""Mean change of a picture's pixels, of 255: a still picture's are exactly alike."""

PICTURE = """
async (selector) => {
  const video = document.querySelector(selector)
  if (!(video instanceof HTMLVideoElement)) throw new Error('no video at ' + selector)
  await new Promise((resolve) => video.requestVideoFrameCallback(resolve))
  const canvas = new OffscreenCanvas(64, 36)
  const context = canvas.getContext('2d')
  context.drawImage(video, 0, 0, 64, 36)
  return Array.from(context.getImageData(0, 0, 64, 36).data.filter((_, i) => i % 4 !== 3))
}
"""
"""What a <video> shows at its next painted frame: 64 by 36 pixels, RGB."""

LOUDNESS = """
async (selector) => {
  const element = document.querySelector(selector)
  const context = new AudioContext()
  await context.resume()
  const analyser = context.createAnalyser()
  context.createMediaStreamSource(element.srcObject).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let peak = 0
  for (let i = 0; i < 100 && peak < 0.01; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    analyser.getFloatTimeDomainData(samples)
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
  }
  await context.close()
  return peak
}
"""


@asynccontextmanager
async def browser_page(camera: Path, microphone: Path, url: str, faults: list[str]) -> AsyncIterator[Page]:
    """A page in a browser of its own, at the size of a real screen. Errors in the page go to `faults`."""
    async with browser(*files(camera, microphone)) as opened:
        yield await page_in(opened, url, faults)


async def moving_picture(page: Page, name: str) -> list[int]:
    """A picture of the video, once another one after it was different; fails when it stands still for ten seconds."""
    first = await _picture(page, name)
    async with asyncio.timeout(10):
        while _difference(first, await _picture(page, name)) < MOVED:  # noqa: ASYNC110 - a browser sets no event here
            await asyncio.sleep(0.05)
    return first


async def loudness(page: Page, name: str) -> float:
    """The loudest sample that an element's stream carries within five seconds, 0 to 1."""
    peak: Any = await page.evaluate(LOUDNESS, by_test(name))
    return float(peak)


async def _picture(page: Page, name: str) -> list[int]:
    shown: Any = await page.evaluate(PICTURE, by_test(name))
    return list(shown)


def _difference(one: list[int], other: list[int]) -> float:
    """The mean difference of two pictures' pixels, 0 to 255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
