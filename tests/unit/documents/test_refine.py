"""Sides moved to the edges near them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.quad import order_corners
from booth.documents.refine import find_sides, refine

CORNERS = np.array(((60.3, 40.6), (250.2, 52.1), (243.7, 199.4), (51.8, 187.9)))
REACH_PX, PLACES, STEP_PX = 8.0, 32, 1.0


def _grey() -> NDArray[np.uint8]:
    """A light page on a dark desk, drawn four times as large so that its sides are soft, under noise."""
    large = np.full((240 * 4, 320 * 4), 70, np.uint8)
    cv2.fillConvexPoly(large, np.rint((CORNERS + 0.5) * 4 - 0.5).astype(np.int32), 210)
    picture = cv2.resize(large, (320, 240), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(3).normal(0, 2, picture.shape)
    noisy: NDArray[np.uint8] = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return noisy


def test_rough_sides_move_to_the_edges() -> None:
    rough = order_corners(CORNERS + np.array(((4, -3), (-3, 4), (-4, -4), (3, 3))))
    found = refine(_grey(), rough, REACH_PX, PLACES, STEP_PX)
    assert np.abs(found.points - CORNERS).max() < 0.3


def test_a_grey_picture_is_seen_as_one_of_three_equal_channels() -> None:
    grey, rough = _grey(), order_corners(CORNERS + 2.5)
    one = find_sides(grey, rough, REACH_PX, PLACES, STEP_PX)
    coloured = cv2.merge((grey, grey, grey)).astype(np.uint8)
    three = find_sides(coloured, rough, REACH_PX, PLACES, STEP_PX)
    np.testing.assert_allclose(one.starts, three.starts, atol=1e-3)
    np.testing.assert_allclose(one.ends, three.ends, atol=1e-3)
    np.testing.assert_array_equal(one.found, three.found)
    np.testing.assert_allclose(one.changes[:, 0], np.linalg.norm(three.changes, axis=1), rtol=1e-6)
