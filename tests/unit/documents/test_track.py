"""Following an outline, on rendered desks whose truth is known."""

import cv2
import numpy as np
import pytest

from booth.devices.camera.desk_pages import draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.desk_scene import Corners, Pose, render_ground, render_scene
from booth.devices.camera.interface import Image
from booth.documents.quad import order_corners
from booth.documents.track import KEEPS_UP, Tracker
from tests.support.desk_scenes import add_noise

WIDTH_PX, HEIGHT_PX = 960, 720


@pytest.fixture(scope="module")
def desk() -> tuple[Image, Corners]:
    paper = draw_paper(BENCH_PAGES[3], find_fonts())
    scene, corners = render_scene(render_ground(WIDTH_PX, HEIGHT_PX), paper, Pose(6, -4, 8))
    assert corners is not None
    return scene, corners


def moved(scene: Image, x_px: float, y_px: float, turn_deg: float = 0.0) -> tuple[Image, Corners]:
    """The picture moved as a whole, and the matrix that moved it."""
    matrix = np.asarray(cv2.getRotationMatrix2D((WIDTH_PX / 2, HEIGHT_PX / 2), turn_deg, 1.0), dtype=np.float64)
    matrix[:, 2] += np.array((x_px, y_px))
    size = (WIDTH_PX, HEIGHT_PX)
    return cv2.warpAffine(scene, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8), matrix


def test_a_still_outline_does_not_tremble_under_the_sensors_noise(desk: tuple[Image, Corners]) -> None:
    scene, corners = desk
    chance = np.random.default_rng(2)
    tracker = Tracker(order_corners(corners))
    shown = []
    for _ in range(30):
        outline = tracker.follow(add_noise(scene, 4, chance))
        assert outline is not None
        shown.append(outline.points)
    assert np.abs(np.diff(np.stack(shown[5:]), axis=0)).max() < 0.15
    assert np.abs(shown[-1] - order_corners(corners).points).max() < 0.5


def test_a_moving_page_is_followed_and_the_shown_outline_keeps_up(desk: tuple[Image, Corners]) -> None:
    scene, corners = desk
    tracker = Tracker(order_corners(corners))
    for step in range(25):
        picture, matrix = moved(scene, 4.0 * step, 2.0 * step, 0.3 * step)
        true = order_corners(corners @ matrix[:, :2].T + matrix[:, 2]).points
        shown = tracker.follow(picture)
        assert shown is not None
        assert np.abs(tracker.exact.points - true).max() < 1.0
        assert np.abs(shown.points - true).max() <= KEEPS_UP * WIDTH_PX


def test_a_page_that_is_lifted_is_lost_and_stays_lost(desk: tuple[Image, Corners]) -> None:
    scene, corners = desk
    empty, _ = render_scene(render_ground(WIDTH_PX, HEIGHT_PX), None)
    tracker = Tracker(order_corners(corners))
    assert tracker.follow(scene) is not None
    assert tracker.follow(empty) is None
    assert tracker.lost
    assert tracker.follow(scene) is None, "a new search begins a new tracker"


def test_a_page_that_jumps_further_than_it_can_be_followed_is_lost(desk: tuple[Image, Corners]) -> None:
    scene, corners = desk
    tracker = Tracker(order_corners(corners))
    assert tracker.follow(scene) is not None
    assert tracker.follow(moved(scene, 90, 0)[0]) is None


def test_a_hand_over_one_side_does_not_lose_the_page(desk: tuple[Image, Corners]) -> None:
    scene, corners = desk
    tracker = Tracker(order_corners(corners))
    assert tracker.follow(scene) is not None
    held = scene.copy()
    middle = (corners[1] + corners[2]) / 2
    cv2.ellipse(held, (round(middle[0]), round(middle[1])), (60, 120), 8, 0, 360, (126, 148, 196), cv2.FILLED)
    outline = tracker.follow(held)
    assert outline is not None
    assert np.abs(outline.points - order_corners(corners).points).max() < 3.0


def test_a_page_that_leaves_the_frame_is_lost(desk: tuple[Image, Corners]) -> None:
    scene, corners = desk
    tracker = Tracker(order_corners(corners))
    lost_at = None
    for step in range(80):
        picture, matrix = moved(scene, 8.0 * step, 0)
        if tracker.follow(picture) is None:
            lost_at = (corners @ matrix[:, :2].T + matrix[:, 2])[:, 0].max()
            break
    assert lost_at is not None and lost_at > WIDTH_PX - 16
