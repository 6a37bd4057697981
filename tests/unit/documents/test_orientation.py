import cv2
import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.orientation import Orientation, find_orientation
from booth.documents.page import turn
from rigs.scenes.sheets import sheet
from tests.support.desk_scenes import add_noise
from tests.unit.documents.pages import BOOKLET, FORM, ID_CARD, REGISTER, lit, paper


@pytest.mark.parametrize("which, dpi", [(ID_CARD, 150.0), (BOOKLET, 150.0), (FORM, 100.0), (REGISTER, 150.0)])
@pytest.mark.parametrize("laid", range(4))
def test_every_paper_is_turned_upright(which: int, dpi: float, laid: int) -> None:
    seen = add_noise(lit(paper(which, dpi), 0.95, 0.6), 4.0, np.random.default_rng(laid))
    orientation = find_orientation(turn(seen, laid), dpi)
    assert orientation == Orientation((4 - laid) % 4, sure=True)


@pytest.mark.parametrize("which", [0, 4], ids=["id_card", "social_card"])
@pytest.mark.parametrize("laid", range(4))
def test_a_card_is_turned_upright_by_a_camera_that_sees_little(which: int, laid: int) -> None:
    """Cards have few characters and more digits, small ones beside a portrait."""
    card = sheet(which).image
    far = cv2.resize(card, None, fx=110 / 254, fy=110 / 254, interpolation=cv2.INTER_AREA)
    soft = add_noise(cv2.GaussianBlur(far, (0, 0), 1.2).astype(np.uint8), 3.0, np.random.default_rng(laid))
    seen = cv2.resize(soft, None, fx=150 / 110, fy=150 / 110, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    assert find_orientation(turn(seen, laid), 150.0) == Orientation((4 - laid) % 4, sure=True)


def test_an_empty_page_and_noise_are_left_as_they_lie() -> None:
    empty: Image = np.full((1169, 827, 3), 240, np.uint8)
    noise: Image = np.random.default_rng(1).integers(0, 256, (600, 400, 3), dtype=np.uint8)
    for image in (empty, add_noise(empty, 3.0, np.random.default_rng(2)), noise):
        assert find_orientation(image, 100.0) == Orientation(0, sure=False)
