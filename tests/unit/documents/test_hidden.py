"""Where a page's size puts what nobody can see of it."""

import numpy as np
import pytest

from booth.documents.find import find_pages
from booth.documents.hidden import placed_at_corner, placed_by_size
from booth.documents.quad import Points
from booth.documents.sizes import KNOWN_SIZES, KnownSize
from rigs.scenes.desk import booth_scene
from rigs.scenes.known import known_desk
from rigs.scenes.measures import jaccard
from tests.unit.documents.test_plane import HEIGHT, WIDTH, laid, learnt


def apart(one: Points, other: Points) -> float:
    return min(float(np.abs(np.roll(one, k, axis=0) - other).max()) for k in range(4))


@pytest.mark.parametrize("size", KNOWN_SIZES, ids=lambda size: size.name)
@pytest.mark.parametrize("side", range(4))
def test_a_side_that_is_elsewhere_comes_back(size: KnownSize, side: int) -> None:
    true = laid(size, 10, 5, 12, error_px=0).points
    wrong = true.copy()
    for corner, other in ((side, side - 1), ((side + 1) % 4, (side + 2) % 4)):
        wrong[corner] += 0.2 * (true[other] - true[corner])
    placed = [corners for which, corners in placed_by_size(wrong, learnt(), WIDTH, HEIGHT) if which == side]
    assert min(apart(corners, true) for corners in placed) < 3


def test_a_width_that_no_known_size_has_places_nothing() -> None:
    odd = laid(KnownSize("odd", 170.0, 80.0), 10, 5, 12, error_px=0).points
    assert list(placed_by_size(odd, learnt(), WIDTH, HEIGHT)) == []


@pytest.mark.parametrize("corner", range(4))
def test_at_a_corner_the_whole_page_is_placed(corner: int) -> None:
    true = laid(KNOWN_SIZES[-1], 10, 5, 12, error_px=0).points
    wrong = true.copy()
    wrong[(corner + 2) % 4] += (25, -12)
    wrong[(corner + 1) % 4] = true[corner] + 1.2 * (true[(corner + 1) % 4] - true[corner])
    placed = [corners for which, corners in placed_at_corner(wrong, learnt(), WIDTH, HEIGHT) if which == corner]
    assert min(apart(corners, true) for corners in placed) < 2


def test_what_is_no_outline_of_anything_places_nothing_absurd() -> None:
    point = np.full((4, 2), 300.0)
    assert list(placed_by_size(point, learnt(), WIDTH, HEIGHT)) == []
    assert list(placed_at_corner(point, learnt(), WIDTH, HEIGHT)) == []


def test_a_page_with_a_whole_side_under_a_hand_or_in_a_shine_is_found_on_a_desk_whose_plane_is_known() -> None:
    scene = booth_scene(691)
    mat, plane = known_desk(scene)
    page = scene.pages[0]

    def right(known: bool) -> bool:
        found = find_pages(scene.image, mat, plane if known else None).pages
        return max((jaccard(each.points, page.corners, page.size_mm) for each in found), default=0.0) >= 0.98

    assert right(known=True) and not right(known=False)
