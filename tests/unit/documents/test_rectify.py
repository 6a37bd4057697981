import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from booth.devices.camera.desk_pages import Paper
from booth.devices.camera.desk_scene import VIEW_WIDTH_MM, Corners, Pose, View, project, render_ground, render_scene
from booth.devices.camera.interface import Image
from booth.documents import rectify as rectifying
from booth.documents.quad import order_corners
from booth.documents.rectify import LONGEST_MM, PageSize, estimate_shape, measure_size, rectify
from tests.support.desk_scenes import draw_all


def blank(width_mm: float, height_mm: float) -> Paper:
    """A paper of a size alone, for geometry."""
    return Paper(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint8), width_mm, height_mm)


def size_in(scene: Image, corners: Corners) -> PageSize:
    return measure_size(order_corners(corners), scene.shape[1], scene.shape[0], VIEW_WIDTH_MM)


def fine_print(image: Image) -> NDArray[np.float32]:
    """What is printed, at 2 pixels a millimetre, without the light that falls on it."""
    small = cv2.resize(image[:, :, 1], (420, 594), interpolation=cv2.INTER_AREA).astype(np.float32)
    return small - np.asarray(cv2.GaussianBlur(small, (0, 0), 20), dtype=np.float32)


@pytest.mark.parametrize("tilt_deg", [-35.0, -12.0, 0.0, 7.0, 30.0])
@pytest.mark.parametrize("width_mm, height_mm", [(210.0, 297.0), (85.6, 54.0), (143.0, 105.0), (60.0, 60.0)])
def test_the_shape_of_a_page_is_seen_through_the_perspective(
    tilt_deg: float, width_mm: float, height_mm: float
) -> None:
    corners = project(blank(width_mm, height_mm), 1920, 1440, Pose(20, -10, 8), View(tilt_deg, tilt_deg / 2))
    shape = estimate_shape(order_corners(corners), 1920, 1440)
    assert shape == pytest.approx(width_mm / height_mm, rel=0.02)


@pytest.mark.parametrize(
    "width_mm, height_mm, known, size_px",
    [
        (210.0, 297.0, "A4", (2480, 3508)),
        (297.0, 210.0, "A4", (3508, 2480)),
        (105.0, 148.0, "A6", (1240, 1748)),
        (210.0, 148.0, "A5", (2480, 1748)),
        (85.6, 54.0, "ID-1", (1011, 638)),
        (54.0, 85.6, "ID-1", (638, 1011)),
        (143.0, 105.0, "household_page", (1689, 1240)),
        (80.0, 80.0, None, (945, 945)),
        (182.0, 257.0, "B5", (2150, 3035)),
        (120.0, 235.0, None, (1417, 2776)),
    ],
)
def test_a_page_has_its_true_size_at_300_dpi(
    width_mm: float, height_mm: float, known: str | None, size_px: tuple[int, int]
) -> None:
    corners = project(blank(width_mm, height_mm), 1920, 1440, Pose(10, 5, 2), View(8, 3))
    size = measure_size(order_corners(corners), 1920, 1440, VIEW_WIDTH_MM)
    assert size.known == known
    assert (size.width_px, size.height_px) == pytest.approx(size_px, rel=0 if known else 0.03)
    assert 95 <= size.seen_dpi <= 125, "a camera 1920 px wide sees 111 dpi of a view of 440 mm"


def test_an_absurd_outline_asks_for_no_absurd_page() -> None:
    size = measure_size(order_corners([(0, 0), (9000, 4), (9000, 6), (0, 9)]), 9001, 10, 1000.0)
    assert max(size.width_px, size.height_px) <= LONGEST_MM / 25.4 * 300 + 1


def test_the_flat_page_looks_like_the_paper_that_was_laid() -> None:
    paper = draw_all()[2]
    scene, corners = render_scene(render_ground(1920, 1440), paper, Pose(5, 1, 3))
    assert corners is not None
    flat = rectify(scene, order_corners(corners), size_in(scene, corners))
    print_laid, print_seen = fine_print(paper.image), fine_print(flat)
    assert np.corrcoef(print_laid.ravel(), print_seen.ravel())[0, 1] > 0.9
    border = np.concatenate((flat[0], flat[-1], flat[:, 0], flat[:, -1])).mean(axis=1)
    assert np.median(border) > 150, "the flat page reaches its own edge and shows no mat"


@pytest.mark.parametrize("kind", [2, 0], ids=["A4", "a card with a side of odd length"])
def test_made_by_way_of_half_its_size_a_page_is_the_same(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, corners = render_scene(render_ground(1920, 1440), draw_all()[kind], Pose(5, 1, 3))
    assert corners is not None
    outline, size = order_corners(corners), size_in(scene, corners)
    assert size.seen_dpi <= rectifying.HALF_DPI
    halved = rectify(scene, outline, size)
    monkeypatch.setattr(rectifying, "HALF_DPI", 0)
    whole = rectify(scene, outline, size)
    assert halved.shape == whole.shape == (size.height_px, size.width_px, 3)
    assert np.abs(halved.astype(int) - whole).mean() < 1.0
    shifted = np.roll(whole, 1, axis=1)
    assert np.abs(halved.astype(int) - whole).mean() < np.abs(halved.astype(int) - shifted).mean() / 3


def test_nothing_is_turned() -> None:
    scene, corners = render_scene(render_ground(960, 720), draw_all()[0], Pose(0, 0, 180))
    assert corners is not None
    flat = rectify(scene, order_corners(corners), size_in(scene, corners))
    darkest = np.unravel_index(int(np.argmin(flat[:, :, 1][10:-10, 10:-10])), flat[10:-10, 10:-10, 1].shape)
    assert darkest[1] < flat.shape[1] / 2, "the portrait of a card that lies upside down stays on the left"
