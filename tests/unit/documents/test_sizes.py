"""Shape and size of a page from its outline alone, as far as a ruler's width of the view goes."""

import numpy as np
import pytest

from booth.devices.camera.desk_pages import Paper
from booth.devices.camera.desk_scene import VIEW_WIDTH_MM, Pose, View, project
from booth.documents.quad import order_corners
from booth.documents.sizes import KNOWN_SIZES, LONGEST_MM, estimate_shape, measure_size, nearest_size, sure_size


def blank(width_mm: float, height_mm: float) -> Paper:
    """A paper of a size alone, for geometry."""
    return Paper(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint8), width_mm, height_mm)


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


@pytest.mark.parametrize(
    "width_mm, height_mm, sure", [(210.0, 297.0, "A4"), (85.6, 54.0, "ID-1"), (148.0, 105.0, None), (80.0, 80.0, None)]
)
@pytest.mark.parametrize("view", [0.97, 1.0, 1.03])
def test_a_size_is_sure_if_no_other_is_near(width_mm: float, height_mm: float, sure: str | None, view: float) -> None:
    corners = project(blank(width_mm, height_mm), 1920, 1440, Pose(10, 5, 2), View(4, 2))
    size = sure_size(order_corners(corners), 1920, 1440, VIEW_WIDTH_MM * view)
    assert (size.name if size else None) == sure


@pytest.mark.parametrize("known", KNOWN_SIZES, ids=lambda known: known.name)
def test_the_nearest_size_goes_by_the_worst_side(known: object) -> None:
    assert isinstance(known, type(KNOWN_SIZES[0]))
    sides = np.array((known.long_mm, known.short_mm, known.long_mm * 1.01, known.short_mm))
    size, away = nearest_size(sides)
    assert size == known and away == pytest.approx(0.01, abs=1e-3)
    assert nearest_size(np.roll(sides, 1))[0] == known
