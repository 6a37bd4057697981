"""The second look: what it sees, and what it leaves alone."""

from dataclasses import replace

from booth.devices.camera.interface import Image
from booth.documents.confidence import SURE_FROM_NEARER, Evidence, SecondLook, confidence
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
    seen = list(look_from_nearer(picture, Desk.of(picture, None, None), []))
    found = [part.whole(choice.outline.corners) * picture.shape[1] / part.whole_px[0] for part, choice in seen]
    assert max(jaccard(corners, page, (210.0, 297.0)) for corners in found) >= 0.9


def test_nothing_is_sought_under_what_is_surely_a_page() -> None:
    picture, page = heap(5.0)
    assert list(look_from_nearer(picture, Desk.of(picture, None, None), [page])) == []


def test_a_photograph_that_the_first_look_does_not_know_is_found() -> None:
    scene = booth_scene(PHOTOGRAPH)
    (photograph,) = scene.pages
    found = find_pages(scene.image, *known_desk(scene))
    scores = [jaccard(page.points, photograph.corners, photograph.size_mm) for page in found.pages]
    assert max(scores, default=0.0) >= 0.98


def test_an_empty_desk_is_empty_from_nearer_too() -> None:
    for seed in range(20, 26):
        empty: Image = booth_scene(seed).empty
        for mat in (None, MatReference(empty)):
            assert not find_pages(empty, mat).pages


def test_by_its_looks_alone_nothing_of_the_second_look_is_taken_by_itself() -> None:
    second = SecondLook(1.0, 0.0, 0.0, 1.0, 1.0)
    looks = replace(PLAIN, second=second)
    sized = replace(looks, fit=1.0, measured=1.0)
    assert confidence(PLAIN) > AUTOMATIC_CONFIDENCE
    assert confidence(looks) <= SURE_FROM_NEARER < AUTOMATIC_CONFIDENCE < confidence(sized)
    assert confidence(replace(looks, second=SecondLook(0.0, 1.0, 1.0, 0.0, 0.0))) < confidence(looks)
