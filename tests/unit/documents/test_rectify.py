import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from booth.devices.camera.desk_pages import Paper
from booth.devices.camera.desk_scene import VIEW_WIDTH_MM, Corners, Pose, render_ground, render_scene
from booth.devices.camera.interface import Image
from booth.documents import rectify as rectifying
from booth.documents.quad import order_corners
from booth.documents.rectify import rectify
from booth.documents.sizes import PageSize, measure_size
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
