import cv2
import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.light import PAPER_LEVEL, flatten, measure_light
from tests.unit.documents.pages import BOOKLET, DPI, FORM, ID_CARD, REGISTER, lit, paper, shadowed


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
