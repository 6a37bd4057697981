"""What looks like a page from somewhere, and what does not."""

import numpy as np
import pytest

from booth.devices.camera.desk_pages import Paper
from booth.documents.quad import Points
from booth.documents.shape import WORST, misfits
from rigs.scenes.laying import Camera, Lie, corners

WIDTH, HEIGHT = 1920, 1440


def sheet(width_mm: float, height_mm: float) -> Paper:
    return Paper(np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 255, np.uint8), width_mm, height_mm)


def seen(paper: Paper, tilt_deg: float, turn_deg: float, focal: float) -> Points:
    return corners(paper, Lie(20.0, -10.0, turn_deg), Camera(WIDTH, HEIGHT, tilt_deg, 5.0, focal))


@pytest.mark.parametrize("focal", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("turn_deg", [0.0, 20.0, 100.0])
@pytest.mark.parametrize("tilt_deg", [0.0, 15.0, 35.0])
def test_a_page_of_a_known_shape_fits_from_wherever_it_is_seen(tilt_deg: float, turn_deg: float, focal: float) -> None:
    outlines = np.stack([seen(sheet(*size), tilt_deg, turn_deg, focal) for size in ((210, 297), (86, 54))])
    assert misfits(outlines, WIDTH, HEIGHT) == pytest.approx(0, abs=0.7)


def test_another_shape_costs_little_and_a_corner_in_a_wrong_place_much() -> None:
    receipt = seen(sheet(80, 210), 10, 20, 1.0)
    page = seen(sheet(210, 297), 10, 20, 1.0)
    wrong = page.copy()
    wrong[1] += (160, 0)
    odd, bad = misfits(np.stack([receipt, wrong]), WIDTH, HEIGHT)
    assert 1 < odd < 2 < bad <= WORST


def test_what_is_no_outline_of_anything_is_the_worst() -> None:
    point, line = np.full((4, 2), 300.0), np.array([(0.0, 0.0), (9.0, 0.0), (20.0, 0.0), (40.0, 0.0)])
    found = misfits(np.stack([point, line]), WIDTH, HEIGHT)
    assert np.all(np.isfinite(found)) and np.all(found <= WORST)
