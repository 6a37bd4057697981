import cv2
import numpy as np
import pytest

from booth.devices.camera.desk_scene import Pose, render_ground, render_scene
from booth.devices.camera.interface import Image
from booth.documents import looking, net, orientation
from booth.documents import page as page_module
from booth.documents.find import Found
from booth.documents.page import MAX_LIGHT_BYTES, MAX_LIGHT_PX, frame_jpeg, make_page, preview_jpeg
from booth.documents.quad import outline_in
from booth.documents.workshop import PictureWorkshop
from tests.support.desk_scenes import add_noise, draw_all


def decode(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)


def component_sampling(jpeg: bytes) -> list[int]:
    """The sampling factors of the JPEG's components (ITU-T T.81, B.2.2), from its frame header."""
    place = 2
    while jpeg[place + 1] not in (0xC0, 0xC1, 0xC2):
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    count = jpeg[place + 9]
    return [jpeg[place + 11 + 3 * component] for component in range(count)]


@pytest.fixture(scope="module")
def desk() -> Image:
    scene, _ = render_scene(render_ground(1280, 960), draw_all()[2], Pose(5, 1, 2))
    return add_noise(scene, 2.5, np.random.default_rng(1))


def test_a_page_on_the_desk_becomes_flat_and_upright_in_a4(desk: Image) -> None:
    page = make_page(desk)
    assert page.flat and page.outline is not None
    assert page.height_px / page.width_px == pytest.approx(297 / 210, rel=0.002)
    assert decode(page.full_jpeg).shape == (page.height_px, page.width_px, 3)


def test_the_same_picture_gives_the_same_bytes(desk: Image) -> None:
    one, other = make_page(desk), make_page(desk.copy())
    assert one == other


def test_the_full_page_keeps_colour_at_full_resolution(desk: Image) -> None:
    assert component_sampling(make_page(desk).full_jpeg) == [0x11, 0x11, 0x11]


def test_a_frame_without_a_page_is_kept_whole() -> None:
    empty, _ = render_scene(render_ground(640, 480), None)
    page = make_page(empty)
    assert not page.flat and page.outline is None
    assert (page.width_px, page.height_px) == (640, 480)
    assert decode(page.full_jpeg).shape == (480, 640, 3)


def test_a_frame_in_which_something_may_be_a_page_says_where(desk: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    height, width = desk.shape[:2]
    guess = outline_in((0.2, 0.1, 0.7, 0.1, 0.7, 0.9, 0.2, 0.9), width, height)
    for place in (looking, page_module):
        monkeypatch.setattr(place, "find_pages", lambda *_: Found(guess=guess))
    for page in (make_page(desk, turns=1), PictureWorkshop().make_page(desk, None)):
        assert not page.flat and page.outline is None
        assert page.corners == pytest.approx((0.2, 0.1, 0.7, 0.1, 0.7, 0.9, 0.2, 0.9), abs=0.001)


@pytest.mark.parametrize("size", [(3120, 4160), (1200, 1600), (90, 120)])
def test_the_light_page_is_small_even_when_the_picture_is_all_noise(size: tuple[int, int]) -> None:
    noise: Image = np.random.default_rng(2).integers(0, 255, (*size, 3), dtype=np.uint8)
    page = make_page(noise)
    assert not page.flat
    assert len(page.light_jpeg) <= MAX_LIGHT_BYTES
    assert max(decode(page.light_jpeg).shape) <= MAX_LIGHT_PX


def test_the_light_page_is_the_same_page(desk: Image) -> None:
    page = make_page(desk)
    light, full = decode(page.light_jpeg), decode(page.full_jpeg)
    again = cv2.resize(full, light.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert float(np.abs(again.astype(float) - light).mean()) < 6


def test_a_read_only_frame_is_enough(desk: Image) -> None:
    frozen = desk.copy()
    frozen.flags.writeable = False
    assert make_page(frozen) == make_page(desk)


def test_the_repr_of_a_page_shows_sizes_and_no_content(desk: Image) -> None:
    page = make_page(desk)
    assert repr(page).startswith(f"PageImage({page.width_px} x {page.height_px} px")
    assert "\\x" not in repr(page) and len(repr(page)) < 100


@pytest.mark.parametrize("max_width_px, expected", [(480, 480), (1280, 1280), (5000, 1280)])
def test_a_preview_is_as_wide_as_asked_and_never_wider_than_the_frame(
    desk: Image, max_width_px: int, expected: int
) -> None:
    preview = decode(preview_jpeg(desk, max_width_px))
    assert preview.shape == (expected * 3 // 4, expected, 3)


def test_a_page_made_again_within_its_own_corners_is_the_same_page(desk: Image) -> None:
    shop = PictureWorkshop()
    page = shop.make_page(desk, None)
    assert page.corners is not None
    again = shop.remake_page(shop.frame_jpeg(desk), page.corners)
    assert (again.width_px, again.height_px, again.turned) == (page.width_px, page.height_px, page.turned)
    apart = np.abs(decode(again.light_jpeg).astype(int) - decode(page.light_jpeg))
    assert apart.mean() < 4


def test_other_corners_give_what_lies_within_them(desk: Image) -> None:
    half = PictureWorkshop().remake_page(frame_jpeg(desk), (0.1, 0.1, 0.5, 0.1, 0.5, 0.9, 0.1, 0.9))
    assert half.flat and half.corners == pytest.approx((0.1, 0.1, 0.5, 0.1, 0.5, 0.9, 0.1, 0.9), abs=0.002)


def test_once_prepared_nothing_is_loaded_for_a_page(desk: Image) -> None:
    for load in (net._net, orientation._network):
        load.cache_clear()
    shop = PictureWorkshop()
    shop.prepare()
    loads = [load.cache_info().misses for load in (net._net, orientation._network)]
    assert shop.make_page(desk, None).flat
    assert loads == [load.cache_info().misses for load in (net._net, orientation._network)] == [3, 1]


def test_a_frame_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="decoded"):
        PictureWorkshop().remake_page(b"no picture", (0, 0, 1, 0, 1, 1, 0, 1))
