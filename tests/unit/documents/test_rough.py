"""Rough outlines, from maps as the net draws them."""

import cv2
import numpy as np
import pytest

from booth.documents.maps import CELL_PX, Map
from booth.documents.quad import Points
from booth.documents.rough import heaps

SIZE = (144, 192)
PAGE: Points = np.array([(50.0, 30.0), (130.0, 40.0), (124.0, 110.0), (44.0, 100.0)])
"""In cells."""


def drawn(*pages: Points) -> Map:
    likely = np.zeros(SIZE, np.uint8)
    for page in pages:
        cv2.fillConvexPoly(likely, np.rint(page * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(likely, (0, 0), 1.0).astype(np.float32) / np.float32(255)


def guesses(pages: Map) -> list[list[Points]]:
    return [[(guess + 0.5) / CELL_PX - 0.5 for guess in each.guesses] for each in heaps(pages)]


def miss(guess: Points, page: Points) -> float:
    """The largest distance of a corner in cells, whichever is named first."""
    return float(min(np.linalg.norm(np.roll(guess, k, axis=0) - page, axis=1).max() for k in range(4)))


def test_each_page_has_its_own_guesses_and_the_first_is_right() -> None:
    other = np.array([(150.0, 30.0), (180.0, 30.0), (180.0, 80.0), (150.0, 80.0)])
    found = guesses(drawn(PAGE, other))
    assert len(found) == 2
    for page in (PAGE, other):
        assert min(miss(each[0], page) for each in found) < 1.5


def bulge(pages: Map) -> None:
    """A lamp's reflection beside the page."""
    cv2.ellipse(pages, (130, 75), (22, 14), 0, 0, 360, 1.0, cv2.FILLED)


def bite(pages: Map) -> None:
    """A hand over one of its sides."""
    cv2.circle(pages, (86, 106), 16, 0.0, cv2.FILLED)


def lost_corner(pages: Map) -> None:
    cv2.fillConvexPoly(pages, np.array([(50, 20), (75, 25), (40, 60)], dtype=np.int32), 0.0)


def cup(pages: Map) -> None:
    """Something beside it that the net takes for a part of it."""
    cv2.circle(pages, (140, 50), 14, 1.0, cv2.FILLED)
    cv2.line(pages, (120, 60), (140, 50), 1.0, 8)


@pytest.mark.parametrize("harm", [bulge, bite, lost_corner, cup])
def test_what_bulges_out_of_a_page_or_is_missing_of_it_leaves_one_guess_that_is_right(harm) -> None:  # type: ignore[no-untyped-def]
    pages = drawn(PAGE)
    harm(pages)
    (found,) = guesses(pages)
    assert min(miss(guess, PAGE) for guess in found) < 3.5


def test_no_two_guesses_of_a_page_are_the_same() -> None:
    pages = drawn(PAGE)
    bulge(pages)
    (found,) = guesses(pages)
    for place, one in enumerate(found):
        assert all(np.abs(one - other).max() > 1 for other in found[:place])


def test_a_page_that_reaches_the_frames_edge_and_a_speck_are_not_guessed() -> None:
    assert guesses(drawn(PAGE - (60, 0), np.array([(100.0, 50.0), (106.0, 50.0), (106.0, 56.0), (100.0, 56.0)]))) == []
    assert guesses(np.zeros(SIZE, np.float32)) == []
    assert guesses(np.ones(SIZE, np.float32)) == []


def test_what_reaches_the_frames_edge_is_guessed_when_it_is_asked_for() -> None:
    held = drawn(PAGE, np.array([(70.0, 100.0), (100.0, 100.0), (100.0, 150.0), (70.0, 150.0)]))  # From the lower edge.
    assert list(heaps(held)) == []
    (found,) = heaps(held, cut=True)
    assert min(miss((guess + 0.5) / CELL_PX - 0.5, PAGE) for guess in found.guesses) < 8  # An A4 sheet is 90 high.
