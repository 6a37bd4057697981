import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.documents.quad import Points, Quad, homography, order_corners, project

angles = st.floats(-math.pi, math.pi)
sizes = st.floats(20, 2000)


@st.composite
def convex(draw: st.DrawFn) -> Points:
    """A rectangle, turned, and with each corner moved by up to a fifth of its shorter side."""
    width, height, turn = draw(sizes), draw(sizes), draw(angles)
    rectangle = np.array([(-width, -height), (width, -height), (width, height), (-width, height)]) / 2
    rotation = np.array([(math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))])
    moves = [draw(st.floats(-0.2, 0.2)) for _ in range(8)]
    moved: Points = rectangle @ rotation.T + np.array(moves).reshape(4, 2) * min(width, height) + 3000
    return moved


def turns(points: Points) -> list[float]:
    sides = np.roll(points, -1, axis=0) - points
    following = np.roll(sides, -1, axis=0)
    return list(sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0])


@given(convex())
def test_corners_come_out_alike_whatever_the_order_they_went_in(points: Points) -> None:
    expected = order_corners(points).corners
    for order in permutations(range(4)):
        assert order_corners(points[list(order)]).corners == expected


@given(convex())
def test_ordered_corners_go_clockwise_as_seen_from_the_upper_left(points: Points) -> None:
    ordered = order_corners(points).points
    assert all(turn > 0 for turn in turns(ordered)), "y points down: clockwise turns are positive"
    assert ordered[0].sum() == ordered.sum(axis=1).min()
    assert sorted(map(tuple, ordered)) == sorted(map(tuple, points))


@given(convex())
def test_a_homography_and_its_inverse_lead_back(points: Points) -> None:
    target = np.array([(0.0, 0.0), (2100.0, 0.0), (2100.0, 2970.0), (0.0, 2970.0)])
    corners = order_corners(points).points
    there = homography(corners, target)
    assert project(there, corners) == pytest.approx(target, abs=1e-3)
    inside = corners.mean(axis=0, keepdims=True)
    back = project(homography(target, corners), project(there, inside))
    assert back == pytest.approx(inside, abs=1e-3)


@given(convex(), st.floats(0.1, 8))
def test_a_scaled_outline_covers_the_scaled_area(points: Points, factor: float) -> None:
    quad = order_corners(points)
    assert quad.scaled(factor).area_px == pytest.approx(quad.area_px * factor**2, rel=1e-6)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (10, 0), (20, 0), (30, 0)],
        [(0, 0), (10, 0), (10, 10), (8, 2)],
        [(0, 0), (10, 0), (10, 10)],
    ],
    ids=["on a line", "dented", "three"],
)
def test_what_is_no_convex_quadrilateral_is_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="corners"):
        order_corners(points)


def test_a_homography_of_points_on_a_line_is_refused() -> None:
    line = np.array([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)])
    with pytest.raises(ValueError, match="line"):
        homography(line, np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]))


def test_sides_are_measured_upper_right_lower_left() -> None:
    assert Quad(((0, 0), (30, 0), (30, 40), (0, 40))).side_lengths_px == (30, 40, 30, 40)
