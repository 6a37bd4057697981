"""A booth with its kiosk's page on a host of its own, and a counter's page on this one: real programs, real browsers.

For what a network does to a session (`tests/e2e/test_networks.py`, `bench/networks.py`). Needs root.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from demo.resident import Resident, resident_at
from demo.stage import ClerkPlan, Site, example_booth, raise_stage
from protocol.kiosk import CardLostSaid, ItemChosen, RecordingAnswered, Touched
from protocol.states import RecordingConsent, VisitState
from rigs.browsers import MOVES, browser, by_test, page_in
from rigs.host import Host

CLERK = ClerkPlan("wang", "王窗口", "3")
ITEM_ID = "medical_booklet"
PATIENCE_MS = 30_000
"""For what comes sooner or never."""


@dataclass(frozen=True, slots=True)
class TwoScreens:
    host: Host
    site: Site
    kiosk: Page
    counter: Page
    resident: Resident

    async def meet(self) -> None:
        """A ticket, a call, and both see each other and the desk."""
        resident = self.resident
        await resident.until(lambda view: view.state is VisitState.WELCOME and view.link_up and bool(view.items))
        await resident.act(Touched())
        await resident.act(ItemChosen(ITEM_ID))
        await resident.act(CardLostSaid())
        view = await resident.until(lambda view: view.state is VisitState.WAIT and view.visit is not None)
        if view.visit is not None and view.visit.recording_consent is RecordingConsent.ASKED:
            await resident.act(RecordingAnswered(agreed=True))
        await self.counter.locator('[data-test^="take-"]').first.click()
        await self.all_move()

    async def all_move(self) -> float:
        """Seconds until the kiosk paints a new frame of the clerk, and the counter of the resident and the desk."""
        began_s = time.monotonic()
        async with asyncio.timeout(PATIENCE_MS / 1000), asyncio.TaskGroup() as group:
            for page, video in (
                (self.kiosk, "video-clerk"),
                (self.counter, "video-face"),
                (self.counter, "video-document"),
            ):
                group.create_task(moves(page, video), name=video)
        return time.monotonic() - began_s

    async def notice(self) -> float:
        """Seconds until the counter's page says that the session is interrupted."""
        began_s = time.monotonic()
        said = self.counter.locator(f'{by_test("session-state")}[data-state="interrupted"]')
        await said.wait_for(timeout=PATIENCE_MS)
        return time.monotonic() - began_s

    async def change_network(self) -> float:
        """The host gets another cable and address. Seconds until all pictures move again."""
        await self.resident.until(lambda view: view.link_up)
        began_s = time.monotonic()
        self.host.move()
        await asyncio.sleep(1)  # what was on its way in the old network has arrived
        await self.all_move()
        return time.monotonic() - began_s

    async def reload(self) -> float:
        """The clerk loads the counter's page anew. Seconds until the resident is seen."""
        began_s = time.monotonic()
        await self.counter.reload(wait_until="commit")
        await moves(self.counter, "video-face")
        return time.monotonic() - began_s


async def moves(page: Page, video: str) -> None:
    await page.wait_for_selector(by_test(video), state="attached", timeout=PATIENCE_MS)
    for _ in range(2):  # a frame that was decoded before the measuring is one
        await page.evaluate(MOVES, by_test(video))


@asynccontextmanager
async def two_screens(
    host: Host,
    site: Site,
    folder: Path,
    faults: list[str],
    kiosk_flags: tuple[str, ...] = (),
    counter_flags: tuple[str, ...] = (),
) -> AsyncIterator[TwoScreens]:
    """Everything runs, and the clerk is logged in. Errors in the pages go to `faults`; the flags are the browsers'."""
    booth = example_booth(sections={"media": {}}, prefix=host.prefix, socket_factory=host.socket)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(raise_stage(folder / "stage", site, [booth], [CLERK]))
        resident = await stack.enter_async_context(resident_at(booth))
        script = folder / "kiosk-browser.sh"
        upstairs = await stack.enter_async_context(browser(*kiosk_flags, script=script, prefix=host.prefix))
        kiosk = await page_in(upstairs, booth.url, faults)
        counter = await page_in(await stack.enter_async_context(browser(*counter_flags)), site.url, faults)
        await counter.fill(by_test("login-name"), CLERK.name)
        await counter.fill(by_test("login-password"), CLERK.password)
        await counter.click(by_test("login-submit"))
        yield TwoScreens(host, site, kiosk, counter, resident)
