"""Codes in pictures that are drawn here."""

from itertools import count

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.devices.code.decode import BUDGET_MS, FURTHER, Decoder, Pass, Views
from booth.devices.code.interface import LONGEST, CodeSeen, is_code
from booth.devices.code.phone_scenes import code_image, desk_scene, phone_scene

TEXT = "SSM-INVENTED-0123456789"


def picture(code: NDArray[np.uint8], *, light: int = 235, size: tuple[int, int] = (1080, 1920)) -> Image:
    """The code in the middle of an even picture."""
    image = np.full((*size, 3), light, np.uint8)
    top, left = (size[0] - code.shape[0]) // 2, (size[1] - code.shape[1]) // 2
    image[top : top + code.shape[0], left : left + code.shape[1]] = code[..., None]
    return image


def until_read(decoder: Decoder, image: Image, pictures: int = len(FURTHER)) -> list[str]:
    """What is read when the same picture comes a few times, as it does from a camera."""
    return next((codes for _ in range(pictures) if (codes := decoder.read(image))), [])


@pytest.mark.parametrize("module_px", [3, 5, 9])
@pytest.mark.parametrize("turn_deg", [0, 33, 90, 200])
def test_a_code_is_read_at_any_angle_and_size(module_px: int, turn_deg: int) -> None:
    image = picture(code_image(TEXT, module_px))
    warp = cv2.getRotationMatrix2D((960, 540), turn_deg, 1.0)
    turned = np.asarray(cv2.warpAffine(image, warp, (1920, 1080), borderValue=(235, 235, 235)), np.uint8)
    assert until_read(Decoder(), turned) == [TEXT]


BAR_CODES = {
    "a ticket": ("A001-20261122", zxingcpp.Code128),
    "a licence": ("SH310115-26", zxingcpp.Code39),
    "goods": ("6901234567892", zxingcpp.EAN13),
    "small goods": ("69012341", zxingcpp.EAN8),
}


def bar_picture(text: str, kind: zxingcpp.BarcodeFormat, turn_deg: float) -> Image:
    """A label with bars on an even desk, turned by an angle."""
    drawn = zxingcpp.create_barcode(text, kind)
    row = np.array(drawn.to_image(scale=3, add_quiet_zones=True), np.uint8)[20:21]
    label = np.full((200, row.shape[1] + 40), 240, np.uint8)
    label[50:150, 20:-20] = row
    warp = cv2.getRotationMatrix2D((label.shape[1] / 2, label.shape[0] / 2), turn_deg, 1.0)
    warp[:, 2] += (960 - label.shape[1] / 2, 540 - label.shape[0] / 2)
    turned = np.asarray(cv2.warpAffine(label, warp, (1920, 1080), borderValue=(150,)), np.uint8)
    return np.repeat(turned[..., None], 3, axis=2)


@pytest.mark.parametrize("turn_deg", [0, 27, 45, 90, 163])
@pytest.mark.parametrize("kind", BAR_CODES)
def test_a_bar_code_is_read_at_any_angle(kind: str, turn_deg: float) -> None:
    text, symbology = BAR_CODES[kind]
    assert until_read(Decoder(), bar_picture(text, symbology, turn_deg)) == [text]


def test_a_page_of_text_says_nothing() -> None:
    desk = desk_scene(3)
    decoder = Decoder()
    assert [decoder.read(desk) for _ in range(2 * len(FURTHER))] == [[]] * 2 * len(FURTHER)


def test_a_code_in_light_on_dark_is_read() -> None:
    assert until_read(Decoder(), picture(255 - code_image(TEXT, 6), light=20)) == [TEXT]


def test_two_codes_in_one_picture_are_both_seen() -> None:
    image = picture(code_image(TEXT, 5))
    other = code_image("SSM-ANOTHER-0001", 5)
    image[60 : 60 + other.shape[0], 60 : 60 + other.shape[1]] = other[..., None]
    assert set(until_read(Decoder(), image)) == {TEXT, "SSM-ANOTHER-0001"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_phone_under_the_camera_is_read(seed: int) -> None:
    scene = phone_scene(seed)
    assert until_read(Decoder(), scene.image) == [scene.text]


def test_a_scene_is_the_same_each_time_that_it_is_drawn() -> None:
    assert np.array_equal(phone_scene(5).image, phone_scene(5).image)
    assert phone_scene(5).text != phone_scene(6).text


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90), st.just(3))))
@settings(max_examples=100)
def test_any_picture_gives_texts_or_nothing(image: Image) -> None:
    assert all(text != "" for text in Decoder().read(image))


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the passes that were tried, none of which found anything."""
    names: list[str] = []

    def read(_views: Views, how: Pass) -> list[str]:
        names.append(how.name)
        return []

    monkeypatch.setattr("booth.devices.code.decode._read", read)
    return names


def test_a_picture_costs_no_further_pass_once_its_time_is_over(tried: list[str]) -> None:
    ticks = count(0, BUDGET_MS / 1000)
    assert Decoder(clock=lambda: next(ticks)).read(np.zeros((1080, 1920, 3), np.uint8)) == []
    assert tried == ["half", FURTHER[0].name]


def test_every_pass_gets_its_turn_within_a_few_pictures(tried: list[str]) -> None:
    ticks = count(0, BUDGET_MS / 1000 / 2)
    decoder = Decoder(clock=lambda: next(ticks))
    for _ in range(2 * len(FURTHER)):
        decoder.read(np.zeros((1080, 1920, 3), np.uint8))
    assert {each.name for each in FURTHER} <= set(tried)


@pytest.mark.parametrize("text", ["", "short", "x" * (LONGEST + 1), "with\nline", "with\x00nul"])
def test_what_is_no_code_is_never_told(text: str) -> None:
    assert not is_code(text)


def test_a_code_is_not_in_its_repr() -> None:
    assert TEXT not in repr(CodeSeen(TEXT))
