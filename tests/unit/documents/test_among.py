"""Outlines where a sheet lies on others of its white."""

import cv2
import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.among import LINES, MIXED, likeliest_along, mixed, sides_of
from booth.documents.desk import Desk
from booth.documents.find import MIN_CONFIDENCE, find_pages, look
from booth.documents.outlines import Outline
from booth.documents.quad import Points
from booth.documents.strips import Moved
from booth.documents.written import Written
from rigs.scenes.measures import jaccard

PAGE: Points = np.array([(300.0, 200.0), (620.0, 200.0), (620.0, 640.0), (300.0, 640.0)])
SEEN = 0.9
DESK = Desk.of(np.zeros((720, 960, 3), np.uint8), None, None)


def seen(corners: Points, *likely: float) -> Outline:
    return Outline(corners, corners, Moved(corners, np.array(likely), np.zeros(4)), (1.0, 0.0))


def mixtures(outlines: list[Outline]) -> list[Points]:
    like = outlines[0].corners
    return list(mixed(DESK, sides_of(outlines, like), like))


def apart(one: Points, other: Points) -> float:
    return min(float(np.abs(np.roll(one, k, axis=0) - other).max()) for k in range(4))


def test_four_lines_of_four_outlines_make_the_page() -> None:
    outlines = []
    for side in range(4):
        wrong = PAGE + np.array([(-25, -25), (25, -25), (25, 25), (-25, 25)])
        for corner in (side, (side + 1) % 4):  # This one side is right.
            axis = 1 if side in (0, 2) else 0
            wrong[corner, axis] = PAGE[corner, axis]
        likely = [0.3] * 4
        likely[side] = SEEN
        outlines.append(seen(wrong, *likely))
    assert all(apart(each.corners, PAGE) >= 25 for each in outlines)
    first, *_ = mixtures(outlines)
    assert apart(first, PAGE) < 1e-6


def test_a_side_keeps_its_place_in_an_outline_whose_corners_begin_elsewhere() -> None:
    higher = PAGE + np.array([0, -40])
    # Its corners begin with the upper right, so its last side, which is likely, is the upper one.
    other = seen(np.roll(PAGE, -1, axis=0), 0.2, 0.2, 0.2, SEEN)
    first, *_ = mixtures([seen(higher, 0.3, SEEN, SEEN, SEEN), other])
    wanted = np.array([(300.0, 200.0), (620.0, 200.0), (620.0, 600.0), (300.0, 600.0)])
    assert apart(first, wanted) < 1e-6


def test_a_line_across_what_is_written_goes_behind_one_along_it() -> None:
    along, across = (0.7, 300.0, 200.0, 620.0, 200.0), (0.8, 300.0, 180.0, 620.0, 225.0)
    sides = [np.array([across, along])] * 4
    upper_decided = Written(np.eye(3), np.zeros(4), np.array([1.0, 0.0, 0.0, 0.0]))
    upper, *others = likeliest_along(upper_decided, sides)
    assert upper[0, 1:] == pytest.approx(along[1:])
    assert all(other[0, 1:] == pytest.approx(across[1:]) for other in others)


def test_of_thousands_of_mixtures_few_are_looked_at() -> None:
    chance = np.random.default_rng(1)
    outlines = [seen(PAGE + chance.uniform(-60, 60, (4, 2)), *chance.uniform(0.2, 0.9, 4)) for _ in range(12)]
    assert len(mixtures(outlines)) == MIXED < LINES**4
    (only,) = mixtures(outlines[:1])
    assert only == pytest.approx(outlines[0].corners)


def heap(turn_deg: float) -> tuple[Image, Points]:
    """A printed page on two sheets of its white, which are turned against it; the edges are hardly darker."""
    chance = np.random.default_rng(3)
    desk = np.full((1440, 1920, 3), (150, 165, 175), np.uint8)
    page: Points = np.array([(700.0, 330.0), (1190.0, 330.0), (1190.0, 1020.0), (700.0, 1020.0)])
    for degrees, shift in ((turn_deg, (-24, -20)), (-turn_deg, (26, 22)), (0.0, (0, 0))):
        turn = cv2.getRotationMatrix2D((945.0, 675.0), degrees, 1.0)
        sheet = (page @ turn[:, :2].T + turn[:, 2] + shift).astype(np.int32)
        cv2.fillConvexPoly(desk, sheet, (236, 238, 238), cv2.LINE_AA)
        cv2.polylines(desk, [sheet], True, (205, 207, 208), 2, cv2.LINE_AA)
    for y in range(400, 960, 26):
        end = 760 + int(chance.uniform(200, 370))
        for x in range(760, end, 18):
            cv2.rectangle(desk, (x, y), (x + int(chance.uniform(6, 15)), y + 10), (60, 60, 60), cv2.FILLED)
    blurred = cv2.GaussianBlur(desk, (0, 0), 1.2).astype(np.float32) + chance.normal(0, 2, desk.shape)
    return np.clip(blurred, 0, 255).astype(np.uint8), page


def test_the_uppermost_sheet_of_a_heap_is_among_what_is_considered() -> None:
    picture, page = heap(5.0)
    candidates, _ = look(picture)
    best = max(jaccard(outline.points, page, (210.0, 297.0)) for outline, _ in candidates)
    assert best >= 0.98
    found = find_pages(picture)
    assert (found.guess is None) == bool(found.pages)
    assert found.guess is None or found.guess.confidence < MIN_CONFIDENCE
