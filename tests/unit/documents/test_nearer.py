"""The second look: what it sees, and what it leaves alone."""

from dataclasses import replace

import pytest

from booth.devices.camera.interface import Image
from booth.documents.confidence import (
    LIKELIER_THAN_NOT,
    SEEN_FROM_NEARER,
    SURE_FROM_NEARER,
    SURE_WITHOUT_SIZE,
    Evidence,
    SecondLook,
    chance,
    confidence,
    rank,
)
from booth.documents.desk import Desk
from booth.documents.find import AUTOMATIC_CONFIDENCE, find_pages
from booth.documents.mat import MatReference
from booth.documents.nearer import look_from_nearer
from rigs.scenes.desk import booth_scene
from rigs.scenes.known import known_desk
from rigs.scenes.measures import jaccard
from tests.unit.documents.test_among import heap

PHOTOGRAPH = 671
"""A booth scene with a dark photograph that the first look does not take for a page."""

PLAIN = Evidence(0.99, 0.99, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, None)


def test_it_sees_a_sheet_on_others_where_it_lies_in_the_picture() -> None:
    picture, page = heap(5.0)
    seen = list(look_from_nearer(picture, Desk.of(picture, None, None), [], []))
    found = [part.whole(choice.outline.corners) * picture.shape[1] / part.whole_px[0] for part, choice in seen]
    assert max(jaccard(corners, page, (210.0, 297.0)) for corners in found) >= 0.9


def test_nothing_is_sought_under_what_is_surely_a_page() -> None:
    picture, page = heap(5.0)
    assert list(look_from_nearer(picture, Desk.of(picture, None, None), [page], [])) == []


def test_a_photograph_that_the_first_look_does_not_know_is_found() -> None:
    scene = booth_scene(PHOTOGRAPH)
    (photograph,) = scene.pages
    found = find_pages(scene.image, *known_desk(scene))
    scores = [jaccard(page.points, photograph.corners, photograph.size_mm) for page in found.pages]
    assert max(scores, default=0.0) >= 0.98


BY_SIZE = {
    159: "a card so near to the frame's edge that the first look takes it for one that goes on outside",
    473: "a photograph under a hand that comes from the frame's edge",
    391: "a photograph with a white border on a white mat",
    161: "a card and a receipt side by side, which look like one page from far off",
}
"""Booth scenes whose pages are found where sizes can be told."""


@pytest.mark.parametrize("seed", BY_SIZE)
def test_what_has_a_known_size_is_found(seed: int) -> None:
    scene = booth_scene(seed)
    found = find_pages(scene.image, *known_desk(scene))
    assert len(found.pages) == len(scene.pages), BY_SIZE[seed]
    for page in scene.pages:
        assert max(jaccard(each.points, page.corners, page.size_mm) for each in found.pages) >= 0.98


def test_what_the_frame_may_cut_is_found_by_its_size_alone() -> None:
    scene = booth_scene(473)
    mat, _ = known_desk(scene)
    assert not find_pages(scene.image, mat).pages


def test_the_second_look_goes_before_the_first_where_it_is_nearly_as_likely() -> None:
    doubtful = replace(PLAIN, fit=0.0, seen=0.8, least_seen=0.7, outside=0.17)
    second = replace(doubtful, outside=0.0, second=SecondLook(1.0, 0.0, 0.0, 0.8, 0.0, 0.5))
    assert chance(second) >= LIKELIER_THAN_NOT
    assert rank(second) == chance(second) + SEEN_FROM_NEARER
    assert rank(doubtful) == chance(doubtful)
    unlikely = replace(second, seen=0.3, least_seen=0.1, second=SecondLook(0.0, 1.0, 1.0, 0.0, 1.0, 0.0))
    assert rank(unlikely) == chance(unlikely)


def test_an_outline_without_a_known_size_is_taken_by_itself_only_when_it_is_most_likely() -> None:
    measured = replace(PLAIN, measured=1.0, shape=0.0)
    likely = replace(measured, inside=0.7, seen=0.83, least_seen=0.78)
    assert AUTOMATIC_CONFIDENCE < chance(likely) < SURE_WITHOUT_SIZE < chance(measured)
    assert confidence(measured) == chance(measured)
    assert confidence(likely) == SURE_FROM_NEARER < AUTOMATIC_CONFIDENCE
    assert confidence(replace(likely, fit=1.0)) > AUTOMATIC_CONFIDENCE


def test_an_outline_with_a_placed_side_is_taken_by_itself_only_when_it_is_most_likely() -> None:
    measured = replace(PLAIN, measured=1.0, shape=0.0, fit=0.6, placed=1.0)
    likely = replace(measured, seen=0.72, least_seen=0.57, inside=0.55)
    assert AUTOMATIC_CONFIDENCE < chance(likely) < SURE_WITHOUT_SIZE < chance(measured)
    assert confidence(measured) == chance(measured)
    assert confidence(likely) == SURE_FROM_NEARER < AUTOMATIC_CONFIDENCE


def test_an_empty_desk_is_empty_from_nearer_too() -> None:
    for seed in range(20, 26):
        empty: Image = booth_scene(seed).empty
        for mat in (None, MatReference(empty)):
            assert not find_pages(empty, mat).pages


def test_by_its_looks_alone_nothing_of_the_second_look_is_taken_by_itself() -> None:
    second = SecondLook(1.0, 0.0, 0.0, 1.0, 0.0, 1.0)
    looks = replace(PLAIN, second=second)
    sized = replace(looks, fit=1.0, measured=1.0)
    assert confidence(PLAIN) > AUTOMATIC_CONFIDENCE
    assert confidence(looks) <= SURE_FROM_NEARER < AUTOMATIC_CONFIDENCE < confidence(sized)
    assert confidence(replace(looks, second=SecondLook(0.0, 1.0, 1.0, 0.0, 1.0, 0.0))) < confidence(looks)
