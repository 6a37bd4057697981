"""Real Chromium browsers without a screen, on this host or another, with cameras and microphones that don't exist."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

PROGRAM = "/usr/bin/chromium"
WIDTH_PX, HEIGHT_PX = 1920, 1080

NOT_OURS = (
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PreconnectToSearch",
    "PreloadTopChromeWebUI",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
)
"""Features of the browser's own. The pop-ups of its address bar are pages that each new tab loads, though nobody sees
them: 0.7 s of a core (Chromium 156), taken from the page that is opened."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    f"--disable-features={','.join(NOT_OURS)}",
)

MOVES = """
async (selector) => {
  const video = document.querySelector(selector)
  await new Promise((resolve) => video.requestVideoFrameCallback(resolve))
}
"""
"""Waits for the next painted frame."""


@asynccontextmanager
async def browser(*flags: str, script: Path | None = None, prefix: Sequence[str] = ()) -> AsyncIterator[Browser]:
    """A browser of its own. With a `prefix` before its command it runs on another host; `script` is where the file
    that does so is written. Of a flag that is given twice, as in `FLAGS`, Chromium takes the last."""
    program = PROGRAM if script is None or not prefix else await asyncio.to_thread(_on_host, script, prefix)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, headless=True, args=[*FLAGS, *flags])
        try:
            yield opened
        finally:
            await opened.close()


def files(camera: Path, microphone: Path) -> tuple[str, ...]:
    """The flags for a camera and a microphone that play these files (Y4M, WAV) over and over."""
    return f"--use-file-for-fake-video-capture={camera}", f"--use-file-for-fake-audio-capture={microphone}"


async def page_in(opened: Browser, url: str, faults: list[str]) -> Page:
    """A page at the size of a real screen. Errors in it go to `faults`; a certificate of our own is taken."""
    page = await opened.new_page(
        viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, locale="zh-CN", ignore_https_errors=True
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(url)
    return page


def by_test(name: str) -> str:
    return f'[data-test="{name}"]'


def _on_host(script: Path, prefix: Sequence[str]) -> str:
    """A script that runs the browser with the prefix; it and playwright talk over inherited pipes."""
    script.write_text(f'#!/bin/sh\nexec {shlex.join(prefix)} {PROGRAM} "$@"\n', "utf-8")
    script.chmod(0o700)
    return str(script)
