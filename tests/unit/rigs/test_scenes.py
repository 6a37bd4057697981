"""The drawn booth scenes and the measures made on them."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from booth.documents.quad import order_corners
from booth.documents.shrink import SEARCH_PX
from booth.documents.strips import ACROSS, PLACES, REACH, SAMPLES
from rigs.outline_net import from_nearer
from rigs.outline_net.scenes import training_scene
from rigs.outline_net.shards import GUESSES, NOWHERE, PARTS, draw, steps_of
from rigs.scenes.desk import booth_scene
from rigs.scenes.laying import Camera, Lie, corners, lay
from rigs.scenes.measures import jaccard, usual_recipe
from rigs.scenes.photographs import photographs
from rigs.scenes.sheets import SHEETS, sheet

SIZE = (320, 240)
A4 = np.array([(0, 0), (210, 0), (210, 297), (0, 297)], dtype=np.float64)


def test_the_same_seed_gives_the_same_scene() -> None:
    one, other = (booth_scene(5, *SIZE) for _ in range(2))
    assert np.array_equal(one.image, other.image) and np.array_equal(one.empty, other.empty)
    assert np.array_equal(one.pages[0].corners, other.pages[0].corners)


def test_twenty_eight_scenes_have_every_kind_on_every_mat_wholly_inside_the_frame() -> None:
    scenes = [booth_scene(seed, *SIZE) for seed in range(28)]
    assert len({(scene.mat, scene.pages[0].kind) for scene in scenes}) == 28
    for scene in scenes:
        for page in scene.pages:
            assert page.corners.min() > 0 and np.all(page.corners < SIZE)
    assert {trouble for scene in scenes for trouble in scene.troubles} >= {"hand", "shadow", "glare", "curl", "clutter"}


@pytest.mark.parametrize("curl_mm", [0.0, 4.0])
def test_the_true_corners_are_where_the_drawn_sheet_has_its_corners(curl_mm: float) -> None:
    camera, lie = Camera(640, 480, 8, 4, 1.2), Lie(10, -5, 20, curl_mm, 30)
    scene = np.zeros((480, 640, 3), np.float32)
    paper = sheet(next(place for place, record in enumerate(SHEETS) if record.page_id == "photo_page"))
    lay(scene, paper, lie, camera, np.zeros(2), 0.0)
    contours, _ = cv2.findContours((scene[:, :, 1] > 20).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64)
    for corner in corners(paper, lie, camera):
        assert np.linalg.norm(outline - corner, axis=1).min() < 1.2


def test_what_the_nets_learn_is_what_the_finder_shows_them_and_true() -> None:
    for seed in range(6):
        drawn = draw(seed)
        height, width = drawn.seen.shape[:2]
        assert max(height, width) == SEARCH_PX
        assert drawn.maps.shape == (3, height // 2, width // 2)
        assert not np.any((drawn.maps[0] > 250) & (drawn.maps[2] > 250))
        pages = len(training_scene(seed).pages)
        assert drawn.strips.shape == (pages * len(GUESSES), 4, SAMPLES, ACROSS, 6)
        assert drawn.steps.shape == (pages * len(GUESSES), 4, PLACES)
        told = drawn.steps[drawn.steps != NOWHERE]
        assert not pages or (len(told) and told.max() <= PARTS * (ACROSS - 1))


def test_lines_beside_which_the_second_look_learns_tell_truly_where_the_page_s_sides_are() -> None:
    """Along each told place of a strip the step leads onto the page's own side."""
    chance, far = np.random.default_rng(4), 0
    for seed in (3, 4, 7):
        for page in training_scene(seed).pages:
            for step_px in (1.0, 3.0):
                sides = from_nearer.beside(page, step_px, chance)
                told = steps_of(sides, page, step_px)
                for side, place in np.argwhere(told != NOWHERE):
                    part = (place + 0.5) / PLACES
                    at = sides.starts[side] + (sides.ends[side] - sides.starts[side]) * part
                    at = at + sides.inward[side] * (told[side, place] / PARTS - REACH) * step_px
                    start, end = page[side], page[(side + 1) % 4]
                    (x, y), (away_x, away_y) = (end - start) / np.linalg.norm(end - start), at - start
                    assert abs(x * away_y - y * away_x) <= step_px
                    far += abs(told[side, place] / PARTS - REACH) > 6
    assert far > 10


def test_a_filmed_picture_is_the_same_place_and_less_sharp() -> None:
    picture = training_scene(3).picture
    filmed = from_nearer.film(picture, np.random.default_rng(1))
    assert filmed.shape == picture.shape
    assert np.abs(filmed.astype(float) - picture).mean() < 8
    assert cv2.Laplacian(filmed, cv2.CV_64F).var() < cv2.Laplacian(picture, cv2.CV_64F).var()


def test_the_measure_is_one_for_the_truth_and_falls_with_the_area_that_is_not_shared() -> None:
    seen = np.array([(100, 80), (420, 120), (460, 500), (60, 520)], dtype=np.float64)
    assert jaccard(np.roll(seen, 2, axis=0), seen, (210, 297)) == pytest.approx(1, abs=1e-5)
    assert jaccard(A4 * 0.5, A4, (210, 297)) == pytest.approx(0.25, abs=1e-5)
    assert jaccard(A4 + 300, A4, (210, 297)) == pytest.approx(0, abs=1e-5)


def test_the_usual_recipe_finds_a_plain_page_and_nothing_on_an_empty_desk() -> None:
    desk = np.full((600, 800, 3), 40, np.uint8)
    assert usual_recipe(desk) is None
    page = np.array([(200, 100), (600, 120), (580, 500), (190, 480)], dtype=np.float64)
    cv2.fillConvexPoly(desk, page.astype(np.int32), (250, 250, 250))
    found = usual_recipe(desk)
    assert found is not None
    assert np.abs(found.points - order_corners(page).points).max() < 6


def test_photographs_are_read_with_their_corners_in_the_pages_order(tmp_path: Path) -> None:
    names = ["tl", "tr", "br", "bl"]
    fields = ["bg_name", "image_path", "model_width", "model_height", *(f"{n}_{a}" for n in names for a in "xy")]
    places = [(10, 20), (90, 20), (90, 70), (10, 70)]
    with (tmp_path / "ground_truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(fields)
        writer.writerow(["table", "table/a.png", 210, 297, *(value for place in places for value in place)])
    cv2.imwrite(str(tmp_path / "table_a.png"), np.zeros((100, 120, 3), np.uint8))
    (photograph,) = photographs(tmp_path)
    assert photograph.corners.tolist() == [[10, 20], [90, 20], [90, 70], [10, 70]]
    assert photograph.size == (210, 297) and photograph.background == "table"
