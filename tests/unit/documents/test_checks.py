"""Flaws: each is found where it is, and a good page has none."""

import cv2
import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.checks import Seen, edge_width_px, examine
from booth.documents.light import flatten, measure_light
from booth.documents.quad import Quad, order_corners
from protocol.pages import Flaw, FlawKind
from tests.support.desk_scenes import add_noise
from tests.unit.documents.pages import BOOKLET, FORM, ID_CARD, REGISTER, lit, paper

FRAME = (4000, 3000)
MIDDLE = order_corners([(1000, 500), (3000, 500), (3000, 2500), (1000, 2500)])
SKIN = (120, 150, 205)


def flaws_of(page: Image, *, seen_dpi: int = 180, outline: Quad = MIDDLE, dpi: float = 150.0) -> tuple[Flaw, ...]:
    """Of a page given at 300 dpi."""
    small = cv2.resize(page, None, fx=dpi / 300, fy=dpi / 300, interpolation=cv2.INTER_AREA).astype(np.uint8)
    light = measure_light(small, dpi)
    return examine(Seen(small, flatten(small, light), dpi, light, seen_dpi), page, outline, FRAME)


def seen(which: int, blur_px: float = 1.4) -> Image:
    """The page as a good camera sees it."""
    sharp = add_noise(lit(paper(which, 300.0), 0.9, 0.7), 2.0, np.random.default_rng(1))
    return cv2.GaussianBlur(sharp, (0, 0), blur_px).astype(np.uint8)


@pytest.mark.parametrize("which", [ID_CARD, BOOKLET, REGISTER, FORM])
def test_a_good_page_has_no_flaw(which: int) -> None:
    assert flaws_of(seen(which)) == ()


@pytest.mark.parametrize("which", [ID_CARD, REGISTER])
def test_blur_and_motion_are_found(which: int) -> None:
    out_of_focus = cv2.GaussianBlur(seen(which), (0, 0), 6).astype(np.uint8)
    moved = cv2.blur(seen(which), (1, 23)).astype(np.uint8)
    for spoilt in (out_of_focus, moved):
        assert [flaw.kind for flaw in flaws_of(spoilt)] == [FlawKind.BLURRED]


def test_an_edge_is_as_wide_as_its_blur() -> None:
    step: Image = np.full((700, 700, 3), 230, np.uint8)
    for place in range(60, 640, 60):
        step[40:660, place : place + 30] = 60
        step[place : place + 30, 40:660] = 60
    for sigma in (2.0, 4.0):
        width = edge_width_px(cv2.GaussianBlur(step, (0, 0), sigma).astype(np.uint8))
        assert width is not None and width == pytest.approx(2.5 * sigma, rel=0.25)


def test_glare_is_found_where_it_is() -> None:
    page = seen(REGISTER)
    height, width = page.shape[:2]
    y, x = np.ogrid[:height, :width]
    spot = 220 * np.exp(-(((y - 0.3 * height) ** 2 + (x - 0.7 * width) ** 2) / (2 * 90.0**2)))
    spoilt = np.clip(page + spot[..., None], 0, 255).astype(np.uint8)
    flaws = flaws_of(spoilt)
    assert [flaw.kind for flaw in flaws] == [FlawKind.GLARE]
    box = flaws[0].where[0]
    assert box.x < 700 < box.x + box.width and box.y < 300 < box.y + box.height


def test_a_finger_is_found_where_it_is_and_a_face_is_none() -> None:
    page = seen(FORM)
    height, width = page.shape[:2]
    centre = (int(0.95 * width), int(0.5 * height))
    cv2.ellipse(page, centre, (int(0.14 * width), 110), 0, 0, 360, SKIN, -1)
    flaws = flaws_of(page, dpi=100.0)
    assert [flaw.kind for flaw in flaws] == [FlawKind.COVERED]
    assert flaws[0].where[0].x > 700 and 400 < flaws[0].where[0].y < 520
    assert flaws_of(seen(ID_CARD)) == ()


@pytest.mark.parametrize("side", [FORM, BOOKLET])
def test_an_empty_side_is_found(side: int) -> None:
    like = seen(side)
    colour = np.percentile(like.reshape(-1, 3), 80, axis=0)
    empty = add_noise(np.full(like.shape, colour, np.uint8), 2.0, np.random.default_rng(1))
    assert [flaw.kind for flaw in flaws_of(lit(empty, 1.0, 0.7))] == [FlawKind.EMPTY]


def test_a_photograph_is_not_empty() -> None:
    photograph: Image = np.full((1205, 1795, 3), 250, np.uint8)
    sky = np.linspace((190, 150, 120), (70, 90, 50), 1125)[:, None]
    photograph[40:-40, 40:-40] = np.broadcast_to(sky, (1125, 1715, 3))
    assert flaws_of(add_noise(lit(photograph, 0.95, 0.7), 2.0, np.random.default_rng(1))) == ()


def test_darkness_smallness_and_a_cut_are_found() -> None:
    page = seen(REGISTER)
    assert [flaw.kind for flaw in flaws_of(lit(page, 0.22, 0.2))] == [FlawKind.TOO_DARK]
    assert [flaw.kind for flaw in flaws_of(page, seen_dpi=50)] == [FlawKind.TOO_SMALL]
    at_edge = order_corners([(1000, 3), (3000, 2), (3000, 2500), (1000, 2500)])
    assert [flaw.kind for flaw in flaws_of(page, outline=at_edge)] == [FlawKind.CUT_OFF]
