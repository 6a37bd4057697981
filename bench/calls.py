"""Time to picture: from the clerk's click on "call" to the first painted frame on each screen, in two real Chromiums.

Both pages, the booth and the center are the real programs on one machine, so their clocks are one. Every measured
moment is Unix time in ms with fractions (`performance.timeOrigin + performance.now()`). Between calls no packet of the
other side reaches a page, so the first frame that a <video> paints after the click is of the new call.
"""

import asyncio
import statistics
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from demo.resident import Resident, resident_at
from demo.stage import ROOT, ClerkPlan, Site, example_booth, free_port, raise_stage
from protocol.kiosk import CardLostSaid, ItemChosen, RatingSkipped, ReceiptRead, RecordingAnswered, Touched
from protocol.states import RecordingConsent, TicketState, VisitState
from rigs.browsers import HEIGHT_PX, WIDTH_PX, browser

CALLS = 50
COLD = 10
ITEM_ID = "medical_booklet"
WITHIN_S = 30.0
BETWEEN_S = 0.4
"""After a visit, so that a call is not measured against the end of the one before."""
CAMERA_FPS = 25
CAMERA = f"--use-fake-device-for-media-stream=fps={CAMERA_FPS}"
WATCH = """
(() => {
  const at = (ms) => performance.timeOrigin + ms
  const nothing = () => ({ click: 0, painted: {}, states: [], shownAt: 0, mountedAt: 0 })
  const seen = { ...nothing(), began: performance.timeOrigin }
  window.bangbanSeen = seen
  window.bangbanReset = () => Object.assign(seen, nothing())
  addEventListener('click', (event) => { seen.click = at(event.timeStamp) }, { capture: true })
  const watched = new WeakSet()
  const watch = (video) => {
    watched.add(video)
    const painted = (_now, { presentationTime }) => {
      seen.painted[video.dataset.test] ??= at(presentationTime)
      video.requestVideoFrameCallback(painted)
    }
    video.requestVideoFrameCallback(painted)
  }
  const cover = '[data-test=call-overlay], [data-test=stage][data-shown=false]'
  const look = () => {
    for (const video of document.querySelectorAll('video')) if (!watched.has(video)) watch(video)
    if (!seen.mountedAt && document.querySelector('[data-test=session]')) seen.mountedAt = at(performance.now())
    const video = document.querySelector('[data-test=video-face], [data-test=stage]')
    // A video that no page shows yet plays in a place of two pixels.
    const shown = video?.parentElement.getBoundingClientRect().width > 10
    if (!seen.shownAt && shown && !document.querySelector(cover)) seen.shownAt = at(performance.now())
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  window.WebSocket = class extends WebSocket {
    constructor(...words) {
      super(...words)
      this.addEventListener('message', ({ data }) => {
        const now = at(performance.now())
        const view = JSON.parse(data)
        const state = view.affair?.ticket_state ?? view.visit?.ticket_state
        if (state && seen.states.at(-1)?.[0] !== state) seen.states.push([state, now])
      })
    }
  }
})()
"""
"""Notes in a page when something was clicked, heard over its socket, painted and uncovered."""

FINISH = """
async (affair) => {
  await fetch(`/api/affairs/${affair}/finish`, {
    method: 'POST', headers: { 'X-Bangban': '1', 'Content-Type': 'application/json' },
    body: JSON.stringify({ outcome: 'withdrawn', message: '' }),
  })
}
"""
SEEN = """
(video) => new Promise((resolve) => {
  const look = () => {
    const { painted, shownAt } = window.bangbanSeen
    if (painted[video] && shownAt) resolve()
    else setTimeout(look, 50)
  }
  look()
})
"""


def measure() -> dict[str, Any]:
    """Over `CALLS` calls, warm, and `COLD` openings of the counter's page in the middle of a call; ms."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    booth = example_booth(
        sections={"media": {}},
    )
    clerk = ClerkPlan("wang", "王窗口", "3")
    async with (
        raise_stage(ROOT / "var" / "bench" / "calls", Site(free_port()), [booth], [clerk]) as stage,
        browser(CAMERA) as kiosk_browser,
        browser(CAMERA) as counter_browser,
        resident_at(booth) as resident,
    ):
        kiosk = await _page(await _context(kiosk_browser), booth.url)
        desk = await _context(counter_browser)
        counter = await _page(desk, stage.site.url)
        await counter.fill("[data-test=login-name]", clerk.name)
        await counter.fill("[data-test=login-password]", clerk.password)
        await counter.click("[data-test=login-submit]")
        await counter.wait_for_selector("[data-test=media-state][data-state=up]")
        calls = [await _call(resident, kiosk, counter) for _ in range(CALLS)]
        cold = await _cold(resident, kiosk, counter, desk, stage.site.url)
    return {
        "calls": CALLS,
        "camera": {"width_px": 1280, "height_px": 720, "fps": CAMERA_FPS},
        "click_to_painted_ms": {side: _spread([call[side]["painted"] for call in calls]) for side in calls[0]},
        "click_to_uncovered_ms": {side: _spread([call[side]["uncovered"] for call in calls]) for side in calls[0]},
        "click_to_heard_ms": {
            f"{side}_{state}": _spread(heard)
            for side in calls[0]
            for state in ("called", "mounted", "connecting")
            if len(heard := [call[side][state] for call in calls if state in call[side]]) > CALLS / 2
        },
        "opening_the_counter_to_painted_ms": _spread(cold),
        "each_ms": [{side: round(call[side]["painted"]) for side in call} for call in calls],
    }


async def _call(resident: Resident, kiosk: Page, counter: Page) -> dict[str, dict[str, float]]:
    """One visit: a ticket, the call, both see each other, the end. What each side saw, in ms after the click."""
    await _take_a_ticket(resident)
    take = counter.locator("[data-test^=take-]").first
    await take.wait_for()
    for page in (kiosk, counter):
        await page.evaluate("window.bangbanReset()")
    await take.click()
    await _both_see(kiosk, counter)
    seen: dict[str, Any] = {"kiosk": await _seen(kiosk), "counter": await _seen(counter)}
    clicked = seen["counter"]["click"]
    await _end(resident, counter)
    return {
        side: {
            "painted": one["painted"]["video-clerk" if side == "kiosk" else "video-face"] - clicked,
            "uncovered": one["shownAt"] - clicked,
            **({"mounted": one["mountedAt"] - clicked} if one["mountedAt"] else {}),
            **{state: at - clicked for state, at in reversed(one["states"]) if at > clicked},
        }
        for side, one in seen.items()
    }


async def _cold(resident: Resident, kiosk: Page, counter: Page, desk: BrowserContext, url: str) -> list[float]:
    """The counter's page is closed and opened in the middle of a call: from its navigation to the first picture."""
    await _take_a_ticket(resident)
    await counter.locator("[data-test^=take-]").first.click()
    await _both_see(kiosk, counter)
    found: list[float] = []
    for _ in range(COLD):
        await counter.close()
        await asyncio.sleep(BETWEEN_S)
        counter = await _page(desk, url)
        async with asyncio.timeout(WITHIN_S):
            await counter.evaluate(SEEN, "video-face")
        seen = await _seen(counter)
        found.append(max(seen["painted"]["video-face"], seen["shownAt"]) - seen["began"])
    await _end(resident, counter)
    return found


async def _take_a_ticket(resident: Resident) -> None:
    async with asyncio.timeout(WITHIN_S):
        await resident.until(lambda view: view.state is VisitState.WELCOME and view.link_up and bool(view.items))
        await asyncio.sleep(BETWEEN_S)
        await resident.act(Touched())
        await resident.until(lambda view: view.state is VisitState.CHOOSE)
        await resident.act(ItemChosen(ITEM_ID))
        await resident.until(lambda view: view.state is VisitState.IDENTIFY)
        await resident.act(CardLostSaid())
        view = await resident.until(lambda view: view.state is VisitState.WAIT and view.visit is not None)
        if view.visit is not None and view.visit.recording_consent is RecordingConsent.ASKED:
            await resident.act(RecordingAnswered(agreed=True))
    await asyncio.sleep(BETWEEN_S)


async def _end(resident: Resident, counter: Page) -> None:
    view = await resident.until(lambda view: view.visit is not None and view.visit.ticket_state is TicketState.SERVING)
    assert view.visit is not None
    await counter.evaluate(FINISH, view.visit.affair_id)
    async with asyncio.timeout(WITHIN_S):
        await resident.until(lambda view: view.state is VisitState.RECEIPT)
        await resident.act(ReceiptRead())
        await resident.until(lambda view: view.state is VisitState.RATE)
        await resident.act(RatingSkipped())


async def _both_see(kiosk: Page, counter: Page) -> None:
    async with asyncio.timeout(WITHIN_S):
        await kiosk.evaluate(SEEN, "video-clerk")
        await counter.evaluate(SEEN, "video-face")


async def _seen(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = await page.evaluate("window.bangbanSeen")
    return seen


async def _context(browser: Browser) -> BrowserContext:
    context = await browser.new_context(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, locale="zh-CN")
    await context.add_init_script(WATCH)
    return context


async def _page(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    await page.goto(url, wait_until="commit")
    return page


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20)
    return {"p50": round(statistics.median(values)), "p95": round(cuts[18]), "max": round(max(values))}
