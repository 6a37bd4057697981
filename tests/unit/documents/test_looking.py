"""What the desk's looker keeps between visits (the empty desk, and nothing else), and when it searches how closely."""

from collections.abc import Callable

import numpy as np
import pytest

from booth.core.capture import Sight
from booth.devices.camera.interface import Image
from booth.documents import looking
from booth.documents.find import Found
from booth.documents.looking import DOUBT_AGAIN_S, SEARCH_AGAIN_S, Looker
from booth.documents.mat import EMPTY_PICTURES, MatReference
from booth.documents.plane import DeskPlane
from booth.documents.quad import order_corners, outline_in
from rigs.scenes.desk import BoothScene, booth_scene, served_before
from rigs.scenes.measures import jaccard


def surely_sees(looker: Looker, scene: BoothScene) -> bool:
    """Whether the page is seen where it lies, so surely that it may be taken."""
    looker.look(scene.image, 0.0)
    sight = looker.look(scene.image, 0.1)
    if not isinstance(sight, Sight) or sight.exact is None or not sight.trusted:
        return False
    height, width = scene.image.shape[:2]
    found = outline_in(sight.exact, width, height).points
    return max(jaccard(found, page.corners, page.size_mm) for page in scene.pages) > 0.9


def test_a_looker_that_rested_is_surer_of_white_paper_on_a_white_desk_in_every_visit() -> None:
    scenes = [booth_scene(seed, 960, 720) for seed in range(3075, 3163, 4)]
    assert {scene.mat for scene in scenes} == {"white"}
    knowing = 0
    for scene in scenes:
        looker = Looker()
        for _ in range(EMPTY_PICTURES + 1):
            looker.rest(scene.empty)
        looker.forget()
        knowing += surely_sees(looker, scene)
    assert knowing > sum(surely_sees(Looker(), scene) for scene in scenes)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Callable[[float | None, float | None], list[str]]:
    """Say how sure a quick and a thorough search will be (None: nothing found); every search is noted in the list."""

    def prepared(quickly: float | None, thoroughly: float | None) -> list[str]:
        noted: list[str] = []

        def find(image: Image, _mat: MatReference | None, _plane: DeskPlane | None, *, quick: bool = False) -> Found:
            noted.append("quick" if quick else "thorough")
            sure = quickly if quick else thoroughly
            left = int(np.argmax(image[350, :, 0] > 200))
            corners = [(left, 200), (left + 400, 200), (left + 400, 500), (left, 500)]
            return Found(() if sure is None else (order_corners(corners, sure),))

        monkeypatch.setattr(looking, "find_pages", find)
        return noted

    return prepared


def desk_with(paper_at: int) -> Image:
    image = np.full((720, 960, 3), 90, np.uint8)
    image[200:500, paper_at : paper_at + 400] = 230
    return image


def test_what_moves_is_searched_for_quickly_and_what_is_sure_is_only_followed(
    searches: Callable[[float | None, float | None], list[str]],
) -> None:
    noted, looker = searches(0.97, 0.97), Looker()
    for number, paper_at in enumerate((200, 260, 300, 300, 300)):
        looker.look(desk_with(paper_at), number / 12)
    assert noted == ["quick"] * 3
    looker.look(desk_with(300), 3 / 12 + SEARCH_AGAIN_S)
    assert noted == ["quick"] * 4, "something may have come in"


@pytest.mark.parametrize("quickly", [None, 0.5])
@pytest.mark.parametrize("thoroughly", [None, 0.5, 0.97])
def test_what_a_quick_search_is_not_sure_of_is_searched_for_thoroughly_once_it_lies_still(
    searches: Callable[[float | None, float | None], list[str]], quickly: float | None, thoroughly: float | None
) -> None:
    noted, looker = searches(quickly, thoroughly), Looker()
    sights = [looker.look(desk_with(300), number / 12) for number in range(5)]
    assert noted == ["quick", "thorough"]
    last = sights[-1]
    assert isinstance(last, Sight) and last.trusted == (thoroughly == 0.97)
    again_s = 1 / 12 + (DOUBT_AGAIN_S if thoroughly == 0.5 else SEARCH_AGAIN_S)
    looker.look(desk_with(300), again_s - 0.01)
    assert noted[2:] == []
    looker.look(desk_with(300), again_s)
    assert noted[2:] == ["thorough"], "a quick search would forget what the thorough one found"
    looker.look(desk_with(200), again_s + 0.1)
    assert noted[3:] == ["quick"]


def test_from_the_pages_of_others_it_learns_where_a_side_is_that_a_hand_hides() -> None:
    scene = booth_scene(671)
    assert "hand" in scene.troubles

    def seen(looker: Looker) -> float:
        looker.forget()
        sights = [looker.look(scene.image, at_s) for at_s in (10.0, 10.1, 10.7)]
        sight = sights[-1]
        assert isinstance(sight, Sight)
        if sight.exact is None:
            return 0.0
        height, width = scene.image.shape[:2]
        settled = looker.settle(scene.image, outline_in(sight.exact, width, height))
        return jaccard(settled.points, scene.pages[0].corners, scene.pages[0].size_mm)

    looker = Looker()
    for _ in range(EMPTY_PICTURES + 1):
        looker.rest(scene.empty)
    assert seen(looker) < 0.98
    for visit in range(3):
        for at_s in (0.0, 0.1, 0.7):
            looker.look(served_before(scene.seed, visit), 2 * visit + at_s)
    assert seen(looker) >= 0.98
