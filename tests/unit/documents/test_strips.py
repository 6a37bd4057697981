"""Strips along an outline's sides, and the lines that the net's answers make."""

import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.mat import UNKNOWN, MatReference, unknown
from booth.documents.quad import Points
from booth.documents.shrink import shrink
from booth.documents.strips import (
    ACROSS,
    PLACES,
    REACH,
    SAMPLES,
    Ground,
    SideLines,
    cut_strips,
    find_lines,
    move,
    seek_about,
    seen_at,
)
from rigs.scenes.desk import booth_scene

SHEET: Points = np.array([(300.0, 200.0), (620.0, 200.0), (620.0, 440.0), (300.0, 440.0)])


def sheet_on_a_desk() -> Image:
    picture = np.full((720, 960, 3), (40, 80, 120), np.uint8)
    picture[200:441, 300:621] = 250
    return picture


def test_a_strip_runs_from_outside_to_inside_whichever_side_it_is_of() -> None:
    picture = sheet_on_a_desk()
    strips = cut_strips(Ground(picture, unknown(shrink(picture))), SideLines.of(SHEET), 1.0)
    assert strips.shape == (4, SAMPLES, ACROSS, 6)
    inner = strips[:, 4:-4]
    assert np.all(inner[:, :, : REACH - 1, :3] == (40, 80, 120))
    assert np.all(inner[:, :, REACH + 1 :, :3] == 250)
    assert np.all(strips[..., 3:] == UNKNOWN)


def test_beside_the_colours_stands_how_they_compare_with_the_empty_desk() -> None:
    picture = sheet_on_a_desk()
    empty = np.full_like(picture, (40, 80, 120))
    strips = cut_strips(Ground(picture, MatReference(empty).compared(shrink(picture))), SideLines.of(SHEET), 1.0)
    inner = strips[:, 4:-4]
    assert abs(float(inner[:, :, : REACH - 4, 3:].mean()) - UNKNOWN) < 1
    assert float(inner[:, :, REACH + 4 :, 3:].min()) > 200


def test_strips_reach_over_the_frames_edge_without_harm() -> None:
    picture = sheet_on_a_desk()
    far = SHEET + np.array((500, 400))
    strips = cut_strips(Ground(picture, unknown(shrink(picture))), SideLines.of(far), 1.0)
    assert strips.shape == (4, SAMPLES, ACROSS, 6)


@pytest.mark.parametrize("low, high", [(-3.0, 5.0), (0.0, 0.0), (11.0, 7.5)])
def test_the_likeliest_straight_line_is_found_through_noise_and_gaps(low: float, high: float) -> None:
    along = (np.arange(PLACES) + 0.5) / PLACES
    passes = low + (high - low) * along
    steps = np.arange(-REACH, REACH + 1)
    told = 0.8 * np.exp(-(((steps - passes[:, None]) / 0.8) ** 2) / 2) / 2
    told[3:6] = 0  # A hand.
    told[8, 2] = 0.9  # A letter.
    lines = find_lines(np.stack([told.astype(np.float32)] * 4))
    assert np.allclose(lines.low, low, atol=0.35)
    assert np.allclose(lines.high, high, atol=0.35)
    assert np.all(lines.seen > 0.4)
    assert np.all(lines.rival < lines.seen / 2)


def test_nothing_seen_moves_nothing_far_and_is_not_believed() -> None:
    lines = find_lines(np.zeros((4, PLACES, ACROSS), np.float32))
    assert np.all(lines.seen == 0)
    assert np.all(np.abs(lines.low) <= REACH) and np.all(np.abs(lines.high) <= REACH)


@pytest.mark.parametrize("seed", [4000, 4005, 4014])
def test_a_rough_outline_is_moved_to_the_page(seed: int) -> None:
    scene = booth_scene(seed, 960, 720)
    page = scene.pages[0].corners
    rough = page + np.random.default_rng(seed).normal(0, 4, (4, 2))
    against = MatReference(scene.empty).compared(shrink(scene.image))
    moved = move(Ground(scene.image, against), rough)
    moved = move(Ground(scene.image, against), moved.corners)
    assert np.linalg.norm(moved.corners - page, axis=1).max() < 3
    assert moved.seen.min() > 0.4


def test_round_a_guess_that_is_askew_each_side_has_a_line_where_the_page_s_side_is() -> None:
    picture = sheet_on_a_desk()
    turn = np.array([(np.cos(0.09), np.sin(0.09)), (-np.sin(0.09), np.cos(0.09))])
    middle = SHEET.mean(axis=0)
    guess = middle + (SHEET - middle) @ turn * 1.2
    turns = [(-5.0, 0.0, 5.0), (-5.0,), (-5.0, 5.0), (0.0, -5.0)]
    lines = seek_about(Ground(picture, unknown(shrink(picture))), guess, (0.0, 14.0, 28.0), turns)
    assert [beside.shape for beside in lines] == [(9, 5), (3, 5), (6, 5), (6, 5)]
    for side, beside in enumerate(lines):
        axis = 1 if side in (0, 2) else 0
        likeliest = beside[np.argmax(beside[:, 0])]
        assert likeliest[0] > 0.7
        assert likeliest[[1 + axis, 3 + axis]] == pytest.approx(SHEET[side, axis], abs=3)


@pytest.mark.parametrize("steps", [1.0, 3.0])
def test_a_side_is_likely_where_it_is_and_not_beside_it(steps: float) -> None:
    picture = sheet_on_a_desk()
    against = unknown(shrink(picture))
    shifted = SHEET + np.array([(0, 0), (0, 0), (0, 9 * steps), (0, 9 * steps)])  # The lower side alone.
    seen = seen_at(Ground(picture, against), SideLines.of(shifted), steps)
    assert seen[2] < 0.2
    assert np.all(np.delete(seen, 2) > 0.5)
    assert np.all(seen_at(Ground(picture, against), SideLines.of(SHEET), steps) > 0.5)
