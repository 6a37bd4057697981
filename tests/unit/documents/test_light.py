import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.light import PAPER_LEVEL, flatten, measure_light
from tests.unit.documents.pages import BOOKLET, DPI, FORM, ID_CARD, REGISTER, lit, paper, shadowed

Floats = NDArray[np.float32]


def even(image: Image) -> Image:
    return flatten(image, measure_light(image, DPI))


def background(image: Image) -> Image:
    """The paper between the print: local maxima, coarse."""
    closed = cv2.morphologyEx(image, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    return cv2.resize(closed, (20, 20), interpolation=cv2.INTER_AREA)[2:-2, 2:-2].astype(np.uint8)


@pytest.mark.parametrize("spoilt", [lit(paper(FORM), 0.95, 0.45), shadowed(paper(FORM), 0.6)], ids=["slope", "shadow"])
def test_paper_is_evenly_white_again(spoilt: Image) -> None:
    before, after = background(spoilt), background(even(spoilt))
    assert np.ptp(before[..., 1].astype(int)) > 80
    assert abs(float(np.median(after)) - PAPER_LEVEL) <= 3
    assert float(np.percentile(after, 97) - np.percentile(after, 3)) <= 14


def test_the_tint_of_the_light_goes_and_the_seal_stays_red() -> None:
    warm = lit(paper(FORM), 0.9, 0.8, (0.86, 0.96, 1.0))
    after = even(warm)
    white = np.median(background(after).reshape(-1, 3), axis=0)
    assert np.ptp(white) <= 4, "paper is grey-free"
    seal = after[int(243 / 297 * after.shape[0]) - 60 :, int(150 / 210 * after.shape[1]) - 60 :][:120, :120]
    red = seal[(seal[..., 2].astype(int) - seal[..., 1] > 60)]
    laid = paper(FORM)
    was = laid[int(243 / 297 * laid.shape[0]) - 60 :, int(150 / 210 * laid.shape[1]) - 60 :][:120, :120]
    assert len(red) >= 0.9 * np.count_nonzero(was[..., 2].astype(int) - was[..., 1] > 60)


def test_faint_pencil_keeps_its_contrast_in_the_shadow() -> None:
    page = paper(FORM)
    height, width = page.shape[:2]
    y, x = int(0.53 * height), int(0.75 * width)
    cv2.line(page, (x, y), (x + 150, y), (222, 222, 222), 2)
    after = even(shadowed(page, 0.55))
    line, ground = after[y, x + 10 : x + 140].mean(), after[y + 12, x + 10 : x + 140].mean()
    assert ground - line >= 0.8 * (250 - 222)


@pytest.mark.parametrize("which", [ID_CARD, BOOKLET, REGISTER])
def test_coloured_grounds_keep_their_colour(which: int) -> None:
    true = paper(which)
    after = even(lit(true, 0.95, 0.6))
    for where in (slice(0.1, 0.3), slice(0.7, 0.9)):
        rows = slice(int(where.start * true.shape[0]), int(where.stop * true.shape[0]))
        wanted, got = (np.median(each[rows].reshape(-1, 3), axis=0).astype(float) for each in (true, after))
        wanted, got = wanted / wanted.max(), got / got.max()
        assert np.abs(wanted - got).max() < 0.03, "the hue is the paper's own"


def test_a_portrait_is_not_bleached_to_the_card() -> None:
    true = paper(ID_CARD)
    after = even(lit(true, 0.9, 0.7))
    height, width = true.shape[:2]
    coat = slice(int(0.7 * height), int(0.78 * height)), slice(int(0.78 * width), int(0.84 * width))
    assert abs(float(after[coat].mean()) - float(true[coat].mean())) < 30


@pytest.mark.parametrize("value", [0, 3, 128, 255])
def test_an_unwritten_plane_is_no_trouble(value: int) -> None:
    plain: Image = np.full((300, 200, 3), value, np.uint8)
    assert even(plain).shape == plain.shape


def test_noise_is_no_trouble() -> None:
    noise: Image = np.random.default_rng(1).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    assert even(noise).shape == noise.shape


WHITE, YELLOW, BROWN, GREEN = (250, 252, 252), (160, 232, 248), (140, 175, 200), (196, 206, 176)
MM = DPI / 25.4


def written(ground: tuple[int, int, int]) -> tuple[Image, Floats]:
    """A blurred page of this paper under strokes of 0.3 to 4 mm, and how far from them each pixel is, in mm."""
    page: Image = np.full((round(150 * MM), round(160 * MM), 3), ground, np.uint8)
    bare = np.ones(page.shape[:2], np.uint8)
    for row, width_mm in enumerate((0.3, 0.8, 1.5, 2.5, 3.2, 4.0)):
        for left_mm, ink in ((15, (140, 44, 24)), (70, (44, 40, 40))):
            x = left_mm + np.arange(9) * (1.8 + width_mm / 2)
            y = 15 + row * 22 + np.where(np.arange(9) % 2, 5, -5)
            points = np.rint(np.column_stack((x, y)) * MM).astype(np.int32)
            cv2.polylines(page, [points], False, ink, max(1, round(width_mm * MM)), cv2.LINE_AA)
            cv2.polylines(bare, [points], False, 0, max(1, round(width_mm * MM)) + 2)
    away = cv2.distanceTransform(bare, cv2.DIST_L2, 5) / MM
    return cv2.GaussianBlur(page, (0, 0), 0.4 * MM).astype(np.uint8), away.astype(np.float32)


def under_disc(image: Image, keeps: float, edge_mm: float = 3.0) -> Image:
    """A shadow with an edge so wide, from a tenth to nine tenths, over the middle of the page."""
    height, width = image.shape[:2]
    disc = np.zeros((height, width), np.float32)
    cv2.circle(disc, (width // 2, height // 2), round(50 * MM), 1.0, cv2.FILLED)
    soft = cv2.GaussianBlur(disc, (0, 0), edge_mm / 2.56 * MM)
    seen: Image = np.rint(image * (1 - (1 - keeps) * soft)[:, :, None]).astype(np.uint8)
    return seen


def inner(image: Image) -> Image:
    margin = round(6 * MM)
    return image[margin:-margin, margin:-margin]


@pytest.mark.parametrize("ground", [WHITE, YELLOW, BROWN, GREEN], ids=["white", "yellow", "brown", "green"])
def test_no_halo_lies_round_writing(ground: tuple[int, int, int]) -> None:
    page, away = written(ground)
    after = cv2.blur(even(lit(page, 0.8, 0.7)), (5, 5))[..., 1].astype(float)
    round_it = after[(away > 1.5) & (away < 8)] / np.median(after[away > 10])
    low, high = np.percentile(round_it, (1, 99))
    assert low > 0.98 and high < 1.03


@pytest.mark.parametrize("ground", [WHITE, YELLOW, BROWN, GREEN], ids=["white", "yellow", "brown", "green"])
def test_a_sharp_shadow_goes_from_paper_of_every_colour(ground: tuple[int, int, int]) -> None:
    plain: Image = np.full((round(150 * MM), round(160 * MM), 3), ground, np.uint8)
    after = inner(even(under_disc(plain, 0.6)))[..., 1].astype(float)
    low, high = np.percentile(after / np.median(after), (0.5, 99.5))
    assert low > 0.95 and high < 1.05


def test_a_shadow_goes_from_between_strokes_and_the_ink_stays() -> None:
    page, away = written(BROWN)
    dark = under_disc(np.full_like(page, 255), 0.6)[..., 1] < 160
    after = even(under_disc(page, 0.6))
    shaded, lighter = (np.median(after[(away > 1.5) & where], axis=0) for where in (dark, ~dark))
    assert np.abs(shaded / lighter - 1).max() < 0.02
    blue = (away == 0) & (page[..., 0] > 120) & (page[..., 2] < 40)
    shaded, lighter = (np.median(after[blue & where], axis=0) for where in (dark, ~dark))
    assert np.abs(shaded - lighter).max() <= 6


def test_light_print_on_a_dark_cover_gets_no_dark_rim() -> None:
    cover: Image = np.full((round(143 * MM), round(105 * MM), 3), (40, 40, 122), np.uint8)
    bare = np.ones(cover.shape[:2], np.uint8)
    for y_mm in range(20, 120, 5):
        at = (round(20 * MM), round(y_mm * MM)), (round(80 * MM), round(y_mm * MM))
        cv2.line(cover, *at, (96, 180, 216), round(1.5 * MM))
        cv2.line(bare, *at, 0, round(1.5 * MM))
    away = cv2.distanceTransform(bare, cv2.DIST_L2, 5) / MM
    after = even(cv2.GaussianBlur(cover, (0, 0), 0.2 * MM).astype(np.uint8))[..., 2].astype(float)
    assert abs(np.median(after[(away > 1) & (away < 1.6)]) / np.median(after[away > 10]) - 1) < 0.03
