"""The desk's plane, learnt from pages that a pinhole camera sees on it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booth.documents.plane import DeskPlane, PlaneWatch
from booth.documents.quad import Quad, order_corners
from booth.documents.sizes import KNOWN_SIZES, KnownSize
from rigs.scenes.laying import VIEW_WIDTH_MM, Camera

WIDTH, HEIGHT = 1280, 960
SIZES = {known.name: known for known in KNOWN_SIZES}
CAMERA = Camera(WIDTH, HEIGHT, 7.0, -4.0, 1.2)
OTHER_CAMERA = Camera(WIDTH, HEIGHT, -8.0, 5.0, 1.2)
ERROR_PX = 0.3


def laid(
    size: KnownSize, x_mm: float, y_mm: float, turn_deg: float, camera: Camera = CAMERA, error_px: float = ERROR_PX
) -> Quad:
    """The outline of a page there, with errors of the finder's usual size."""
    turn = np.radians(turn_deg)
    rotation = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    corners = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * (size.short_mm, size.long_mm) / 2 @ rotation.T
    seen = camera.project(np.column_stack((corners + np.array((x_mm, y_mm)), np.zeros(4))))
    chance = np.random.default_rng(abs(hash((x_mm, y_mm, turn_deg))))
    return order_corners(seen + chance.normal(0, error_px, (4, 2)))


def see(watch: PlaneWatch, *outlines: Quad) -> PlaneWatch:
    for outline in outlines:
        watch.see(outline, WIDTH, HEIGHT)
    return watch


def plane_of(watch: PlaneWatch) -> DeskPlane | None:
    return watch.plane


def learnt(view_width_mm: float = VIEW_WIDTH_MM) -> DeskPlane:
    watch = see(PlaneWatch(view_width_mm), laid(SIZES["A4"], -50, 0, 4), laid(SIZES["ID-1"], 120, 40, 80))
    assert watch.plane is not None
    return watch.plane


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(SIZES)),
    x_mm=st.floats(-130, 130),
    y_mm=st.floats(-90, 90),
    turn_deg=st.floats(0, 360),
    view=st.floats(0.97, 1.03),
)
def test_a_form_and_a_card_teach_how_large_everything_is(
    name: str, x_mm: float, y_mm: float, turn_deg: float, view: float
) -> None:
    outline = laid(SIZES[name], x_mm, y_mm, turn_deg, error_px=0)
    nearest, away = learnt(VIEW_WIDTH_MM * view).nearest(outline.points, WIDTH, HEIGHT)
    assert nearest == SIZES[name] and away < 0.01


def test_a_rectangle_of_any_size_is_told_from_what_is_none() -> None:
    plane, outline = learnt(), laid(KnownSize("odd", 170.0, 80.0), 20, 0, 33, error_px=0).points
    assert plane.askew(outline, WIDTH, HEIGHT) < 0.01
    outline[1] += (0, 12)
    assert plane.askew(outline, WIDTH, HEIGHT) > 0.02


def test_places_come_back_from_the_desk() -> None:
    plane, points = learnt(), np.array(((0.0, 0.0), (1279.0, 100.0), (640.0, 959.0)))
    assert plane.in_picture(plane.on_desk(points, WIDTH, HEIGHT), WIDTH, HEIGHT) == pytest.approx(points, abs=1e-6)


def test_a_picture_of_another_size_shows_the_same_desk() -> None:
    plane, outline = learnt(), laid(SIZES["A6"], 30, 20, 10)
    small, large = plane.measure(outline, WIDTH, HEIGHT), plane.measure(outline.scaled(3), WIDTH * 3, HEIGHT * 3)
    assert (small.known, large.known) == ("A6", "A6") and large.seen_dpi == pytest.approx(3 * small.seen_dpi, abs=2)


@pytest.mark.parametrize("names", [["ID-1"], ["A4"], ["ID-1", "ID-1"]])
def test_little_is_not_relied_on(names: list[str]) -> None:
    outlines = [laid(SIZES[name], 90 * place, 0, 10) for place, name in enumerate(names)]
    assert see(PlaneWatch(VIEW_WIDTH_MM), *outlines).plane is None


def test_nothing_is_learnt_from_a_size_that_may_be_another() -> None:
    watch = see(PlaneWatch(VIEW_WIDTH_MM), *(laid(SIZES["A6"], x_mm, 0, 3) for x_mm in (-100, 0, 100)))
    assert watch.plane is None


def test_the_same_page_is_learnt_from_once() -> None:
    watch = see(PlaneWatch(VIEW_WIDTH_MM), *[laid(SIZES["ID-1"], 0, 0, 10)] * 20)
    assert watch.plane is None


def test_one_odd_outline_changes_nothing_and_two_that_agree_are_a_camera_that_was_turned() -> None:
    watch = see(PlaneWatch(VIEW_WIDTH_MM), laid(SIZES["A4"], -50, 0, 4), laid(SIZES["ID-1"], 120, 40, 80))
    before = plane_of(watch)
    assert before is not None
    see(watch, *[laid(SIZES["A4"], 0, 0, -5, OTHER_CAMERA)] * 3)
    assert plane_of(watch) is before, "it lay there for a while, but it is one"
    see(watch, laid(SIZES["A4"], 40, 10, 5, OTHER_CAMERA))
    after = plane_of(watch)
    assert after is not None and after is not before
    _, away = after.nearest(laid(SIZES["ID-1"], 90, -60, 30, OTHER_CAMERA, 0).points, WIDTH, HEIGHT)
    assert away < 0.01


def test_before_the_plane_is_known_a_ruler_must_do() -> None:
    size = PlaneWatch(VIEW_WIDTH_MM).measure(laid(SIZES["A4"], 0, 0, 0), WIDTH, HEIGHT)
    assert size.known == "A4"


@settings(max_examples=40, deadline=None)
@given(points=st.lists(st.tuples(st.floats(-500, 2000), st.floats(-500, 2000)), min_size=4, max_size=4))
def test_any_outline_may_come(points: list[tuple[float, float]]) -> None:
    try:
        outline = order_corners(points)
    except ValueError:
        return
    watch = see(PlaneWatch(VIEW_WIDTH_MM), outline, laid(SIZES["A4"], -50, 0, 4))
    assert watch.measure(outline, WIDTH, HEIGHT).width_px > 0
