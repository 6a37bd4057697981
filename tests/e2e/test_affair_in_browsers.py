"""One whole affair in two real browsers, with the real drivers: nothing is simulated but what hardware would supply.

A serial line stands for the ID card module, a virtual card in the real pcscd for the social security card, a video
file read by OpenCV for the camera on the desk, and Chromium's capture files for the two people.
"""

import asyncio
import hashlib
import io
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from playwright.async_api import Page, expect

from demo.stage import ROOT, ClerkPlan, Site, Stage, free_port, raise_stage
from rigs.browsers import by_test
from tests.e2e.browsers import browser_page, loudness, moving_picture
from tests.e2e.hardware import ID_CARD, SOCIAL_SECURITY_CARD, Hardware, drawn_page, read_image, real_hardware
from tests.support.media_files import write_face, write_voice

pytestmark = pytest.mark.timeout(420)
expect.set_options(timeout=45_000)
SCREENSHOTS = ROOT / "var" / "e2e"
CLERK = ClerkPlan("wang", "王窗口", "3")
PAGES = 2
WARM, COLD = (240, 214, 190), (186, 208, 236)
"""The backdrops of the resident's and of the clerk's picture, by which they are told apart."""
CORNER = (3 * 64 + 3) * 3
"""Where a picture of 64 by 36 shows the backdrop: three pixels from its upper left corner."""

NOTE_VIDEOS = """
() => {
  window.videos = []
  const create = document.createElement.bind(document)
  document.createElement = (name, ...more) => {
    const element = create(name, ...more)
    if (name === 'video') window.videos.push(element)
    return element
  }
}
"""
LEFT_VIDEOS = "() => window.videos.filter((video) => !video.isConnected).map((video) => video.srcObject !== null)"
"""Of each <video> that is on the page no more: whether it still plays. Each keeps pictures of the camera's few from
being used again until it is collected; after a page or two the clerk's picture stood still for a second and more."""


class Scene:
    """Kiosk and counter, side by side."""

    def __init__(self, stage: Stage, hardware: Hardware, kiosk: Page, counter: Page) -> None:
        self.stage = stage
        self.hardware = hardware
        self.kiosk = kiosk
        self.counter = counter

    async def shoot(self, name: str) -> None:
        """Pictures of both screens, for people to look at."""
        await asyncio.to_thread(SCREENSHOTS.mkdir, parents=True, exist_ok=True)
        await self.kiosk.screenshot(path=SCREENSHOTS / f"kiosk-{name}.png")
        await self.counter.screenshot(path=SCREENSHOTS / f"counter-{name}.png")

    @property
    def booth_log(self) -> str:
        return self.stage.booth[self.hardware.plan.booth_id].log.read_text("utf-8")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Center, booth and both browsers, running and connected; a page that reports an error fails the test."""
    faults: list[str] = []
    async with AsyncExitStack() as stack:
        hardware = stack.enter_context(real_hardware(tmp_path))
        resident, clerk = tmp_path / "resident.y4m", tmp_path / "clerk.y4m"
        low, high = tmp_path / "low.wav", tmp_path / "high.wav"
        await asyncio.gather(
            write_face(resident, WARM), write_face(clerk, COLD), write_voice(low, 1.0), write_voice(high, 1.6)
        )
        stage = await stack.enter_async_context(
            raise_stage(tmp_path / "stage", Site(free_port()), [hardware.plan], [CLERK])
        )
        kiosk = await stack.enter_async_context(browser_page(resident, low, hardware.plan.url, faults))
        counter = await stack.enter_async_context(browser_page(clerk, high, stage.site.url, faults))
        yield Scene(stage, hardware, kiosk, counter)
    assert faults == []


async def test_a_resident_and_a_clerk_do_an_affair_screen_to_screen(scene: Scene) -> None:
    await log_in(scene)
    await take_a_ticket(scene)
    await meet(scene)
    await show_the_cards(scene)
    await deliver_the_pages(scene)
    await work_on_the_pages(scene)
    await adjust_the_corners(scene)
    await look_closer(scene)
    await scene.shoot("session")
    await fill_in_and_sign(scene)
    await finish_and_rate(scene)
    assert await scene.stage.verify()


async def log_in(scene: Scene) -> None:
    counter = scene.counter
    await counter.evaluate(NOTE_VIDEOS)
    await counter.fill(by_test("login-name"), CLERK.name)
    await counter.fill(by_test("login-password"), CLERK.password)
    await counter.click(by_test("login-submit"))
    await expect(counter.locator(by_test("desk"))).to_be_visible()
    await scene.shoot("before")


async def take_a_ticket(scene: Scene) -> None:
    """From the first touch to the number; the card goes over the serial line."""
    kiosk = scene.kiosk
    await kiosk.click(f'{by_test("kiosk-start")}[aria-disabled="false"]')
    await scene.shoot("choose")
    await kiosk.click(by_test("item-medical_booklet"))
    await expect(kiosk.locator(by_test("identify-words"))).to_be_visible()
    await scene.shoot("identify")
    scene.hardware.lay_id_card()
    await expect(kiosk.locator(by_test("recording-panel"))).to_be_visible()
    await scene.shoot("recording")
    await kiosk.click(by_test("recording-yes"))
    await expect(kiosk.locator(by_test("recording-panel"))).to_have_count(0)
    await expect(kiosk.locator(by_test("ticket-no"))).to_be_visible()
    await scene.shoot("wait")


async def meet(scene: Scene) -> None:
    """Each sees the other move and hears the other, and sees the right one of the two."""
    number = await scene.kiosk.inner_text(by_test("ticket-no"))
    await scene.counter.click(by_test(f"take-{number}"))
    await expect(scene.counter.locator(by_test("session"))).to_be_visible()
    await expect(scene.kiosk.locator(f'{by_test("stage")}[data-shown="true"]')).to_be_visible()
    for page, video, warm in ((scene.counter, "video-face", True), (scene.kiosk, "video-clerk", False)):
        shown = await moving_picture(page, video)
        red, _, blue = shown[CORNER : CORNER + 3]
        assert (red > blue) is warm, f"{video} shows the wrong side"
    assert await scene.counter.evaluate(LEFT_VIDEOS) == [False], "a picture that nobody sees holds on to the camera"
    await expect(scene.counter.locator(f'{by_test("recording")}[data-state="recording"]')).to_be_visible()
    await expect(scene.kiosk.locator(by_test("recorded"))).to_be_visible()
    assert await loudness(scene.counter, "audio-voice") > 0.01
    assert await loudness(scene.kiosk, "voice-clerk") > 0.01
    document = await moving_picture(scene.counter, "video-document")
    assert np.asarray(document).std() > 10, "the document picture is empty"


async def show_the_cards(scene: Scene) -> None:
    """The name that the card holds stands on the clerk's screen, from either reader."""
    counter = scene.counter
    await expect(counter.locator(by_test("card-name"))).to_have_text(ID_CARD.name)
    await counter.click(by_test("order-read_social_security_card"))
    asked = f'{by_test("ask")}[data-guide="lay_social_security_card"]'
    await expect(scene.kiosk.locator(asked)).to_be_visible()
    await scene.shoot("ask")
    scene.hardware.lay_social_security_card()
    social = counter.locator(by_test("identity-social_security_card"))
    await social.click()
    await expect(counter.locator(by_test("card-card_number"))).to_have_text(SOCIAL_SECURITY_CARD.card_number)
    await expect(counter.locator(by_test("card-name"))).to_have_text(str(SOCIAL_SECURITY_CARD.name))


async def deliver_the_pages(scene: Scene) -> None:
    """What the clerk's browser gets is byte for byte what the booth took, and it is the page on the desk."""
    counter = scene.counter
    for number in range(1, PAGES + 1):
        await counter.locator('[data-test^="take-page-"]').first.click()
        if number > 1:  # the same page lies there still: it is not taken twice but by the clerk's own shutter
            await expect(scene.kiosk.locator(f'{by_test("desk-seen")}[data-state="taken"]')).to_be_visible()
            await expect(counter.locator(by_test("desk-outline")).first).to_be_visible()
            await scene.shoot("page")
            await counter.click(by_test("shutter"))
        await expect(counter.locator(by_test("page-thumb"))).to_have_count(number)
        await expect(counter.locator(f'{by_test("page-thumb")}[data-state="stored"]')).to_have_count(
            number, timeout=20_000
        )
    taken = re.findall(r"page (\S+) taken, (\d+) bytes, SHA-256 ([0-9a-f]{64})", scene.booth_log)
    assert len(taken) == PAGES
    for page_id, size_bytes, sha256 in taken:
        answer = await counter.request.get(f"{scene.stage.site.url}/api/pages/{page_id}/full")
        data = await answer.body()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size_bytes), sha256)
        assert likeness(data) > 0.6
    await counter.locator(by_test("page-thumb")).first.click()
    await expect(counter.locator(f'{by_test("viewer-image")}[data-part="full"]')).to_be_visible()
    await expect(counter.locator(f'{by_test("viewer-check")}[data-check="match"]')).to_be_visible()
    await scene.shoot("viewer")
    await counter.click(by_test("viewer-close"))


async def work_on_the_pages(scene: Scene) -> None:
    """Turned, marked and put in another order, and bound so: the images themselves stay as they came."""
    counter = scene.counter
    thumbs = counter.locator(by_test("page-thumb"))
    first, second = [await thumbs.nth(n).get_attribute("data-page") for n in range(PAGES)]
    await thumbs.first.click()
    await counter.click(by_test("rotate"))
    await expect(counter.locator(by_test("zoom-level"))).to_be_visible()
    await counter.click(by_test("mark"))
    box = await counter.locator(by_test("viewer-stage")).bounding_box()
    assert box is not None
    await counter.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.4)
    await counter.mouse.down()
    await counter.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.55, steps=4)
    await counter.mouse.up()
    await expect(counter.locator(by_test("mark-box"))).to_have_count(1)
    await counter.click(by_test("mark-with-note"))
    await counter.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    await counter.fill(f"input{by_test('mark-words')}, {by_test('mark-words')} input", "缺单位公章")
    await counter.click(by_test("mark-add"))
    await expect(counter.locator(by_test("mark-note"))).to_have_text("缺单位公章")
    await scene.shoot("marks")
    await counter.click(by_test("page-later"))
    await counter.click(by_test("viewer-evidence"))
    await expect(counter.locator(by_test("evidence-previous"))).to_be_visible()
    await scene.shoot("evidence")
    await counter.click(by_test("viewer-close"))
    await expect(thumbs.first).to_have_attribute("data-page", str(second))
    href = await counter.locator(by_test("export-pdf")).get_attribute("href")
    answer = await counter.request.get(f"{scene.stage.site.url}{href}")
    with pikepdf.open(io.BytesIO(await answer.body())) as pdf:
        assert [int(page.obj.Rotate) for page in pdf.pages] == [0, 90]
        images = [
            hashlib.sha256(image.read_raw_bytes()).hexdigest()
            for page in pdf.pages
            for image in page.get_images().values()
        ]
    assert images == [await sha256_of(scene, str(page_id)) for page_id in (second, first)]


async def sha256_of(scene: Scene, page_id: str) -> str:
    answer = await scene.counter.request.get(f"{scene.stage.site.url}/api/pages/{page_id}/full")
    return hashlib.sha256(await answer.body()).hexdigest()


async def adjust_the_corners(scene: Scene) -> None:
    """A corner is dragged inwards over the camera's own picture; the booth's new page stands in the old one's place."""
    counter = scene.counter
    first = counter.locator(by_test("page-thumb")).first
    before = await first.get_attribute("data-page")
    await first.click()
    await expect(counter.locator(f'{by_test("viewer-image")}[data-part="full"]')).to_be_visible()
    await counter.click(by_test("page-adjust"))
    corner = counter.locator(by_test("corner-0"))
    await expect(corner).to_be_visible()
    box = await corner.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await counter.mouse.move(x, y)
    await counter.mouse.down()
    await counter.mouse.move(x + 60, y + 40, steps=4)
    await scene.shoot("corners")
    await counter.mouse.up()
    await counter.click(by_test("corners-done"))
    await expect(counter.locator(f'{by_test("page-thumb")}[data-state="stored"]')).to_have_count(PAGES + 1)
    await expect(counter.locator(f'{by_test("viewer-image")}[data-part="full"]')).to_be_visible()
    await counter.click(by_test("viewer-close"))
    await expect(first).not_to_have_attribute("data-page", str(before))


async def look_closer(scene: Scene) -> None:
    """The wheel over the live picture has the booth's camera show a part of the desk, and a click the whole again."""
    counter = scene.counter
    layer = counter.locator(by_test("closeup"))
    whole = np.asarray(await moving_picture(counter, "video-document"), dtype=float)
    await layer.hover()
    await counter.mouse.wheel(0, -500)
    await expect(layer).not_to_have_attribute("data-span", "10000")
    async with asyncio.timeout(20):
        while True:
            close = np.asarray(await moving_picture(counter, "video-document"), dtype=float)
            if np.abs(close - whole).mean() > 8:
                break
    await scene.shoot("closeup")
    await counter.click(by_test("closeup-whole"))
    await expect(layer).to_have_attribute("data-span", "10000")


async def fill_in_and_sign(scene: Scene) -> None:
    counter, kiosk = scene.counter, scene.kiosk
    await counter.click(by_test("form-reason-new"))
    await counter.fill(f"input{by_test('form-phone')}", "13800000000")
    await expect(counter.locator(f'{by_test("form-state")}[data-state="saved"]')).to_be_visible()
    await counter.click(by_test("ask-signature"))
    async with asyncio.timeout(20):
        while not await kiosk.locator(by_test("sign-confirm")).is_enabled():  # touches count 0.4 s after a screen comes
            await draw_a_stroke(kiosk)
    await scene.shoot("sign")
    await kiosk.click(by_test("sign-confirm"))
    await expect(counter.locator(f'{by_test("signature")}[data-state="signed"]')).to_be_visible()


async def draw_a_stroke(kiosk: Page) -> None:
    """With a finger on the pad."""
    pad = kiosk.locator(by_test("signature-pad"))
    await expect(pad).to_be_visible()
    box = await pad.bounding_box()
    assert box is not None
    await kiosk.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    await kiosk.mouse.down()
    for across, down in ((0.3, 0.7), (0.45, 0.3), (0.6, 0.7), (0.8, 0.4)):
        await kiosk.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down, steps=6)
    await kiosk.mouse.up()


async def finish_and_rate(scene: Scene) -> None:
    counter, kiosk = scene.counter, scene.kiosk
    await counter.click(by_test("finish-accepted"))
    await counter.click(by_test("finish-confirm"))
    await expect(kiosk.locator(by_test("case-no"))).to_be_visible()
    await scene.shoot("receipt")
    assert re.fullmatch(r"SQ-\d{8}-\d{4}", await kiosk.inner_text(by_test("case-no")))
    await expect(counter.locator(by_test("desk"))).to_be_visible()
    await kiosk.click(by_test("receipt-ok"))
    await scene.shoot("rate")
    await kiosk.click(by_test("grade-5"))
    await expect(kiosk.locator(by_test("kiosk-start"))).to_be_visible()
    assert ID_CARD.name not in await kiosk.content()


def likeness(jpeg: bytes) -> float:
    """How well a delivered page correlates with the page that was drawn for the desk, -1 to 1."""
    size = (210, 297)
    delivered = cv2.cvtColor(cv2.resize(read_image(jpeg), size), cv2.COLOR_BGR2GRAY).astype(np.float64)
    drawn = cv2.cvtColor(cv2.resize(drawn_page(), size), cv2.COLOR_BGR2GRAY).astype(np.float64)
    blurred = (cv2.GaussianBlur(delivered, (5, 5), 0).ravel(), cv2.GaussianBlur(drawn, (5, 5), 0).ravel())
    return float(np.corrcoef(*blurred)[0, 1])
