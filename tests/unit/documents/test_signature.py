import numpy as np
import pytest

from booth.devices.camera.desk_pages import BenchPageRecord, Paper, Sheet, draw_paper, find_fonts
from booth.devices.camera.desk_scene import Light, Pose, render_ground, render_scene
from booth.documents.quad import order_corners
from booth.documents.signature import SAME, PageSignature, sign_page
from protocol.fields import Wording
from tests.support.desk_scenes import add_noise

LINES = (
    "复诊，血压平稳，继续原方案",
    "头痛三天，无发热",
    "开具降压药一个月",
    "建议低盐饮食，四周后复查",
    "咳嗽咳痰一周",
)


def record_page(number: int) -> Paper:
    """A page of a medical booklet, written in by hand; page 0 is not."""

    def draw(sheet: Sheet) -> None:
        sheet.text(52, 8, "门急诊就医记录", 5, bold=True, anchor="mm")
        for row in range(12):
            sheet.line(8, 20 + row * 10, 97, 20 + row * 10, width_mm=0.2, colour=(150, 150, 150))
        for row in range(number and number + 2):
            sheet.text(10 + row % 3, 13 + row * 10, LINES[(row * number + number) % len(LINES)], 4.2, (24, 44, 140))

    return draw_paper(BenchPageRecord("record", Wording("", ""), 105, 148, draw), find_fonts())


def signed(paper: Paper, seed: int) -> PageSignature:
    chance = np.random.default_rng(seed)
    light = Light(float(chance.uniform(0.05, 0.4)), float(chance.uniform(0, 360)), float(chance.uniform(0, 0.3)))
    pose = Pose(
        float(chance.uniform(-90, 90)), float(chance.uniform(-30, 30)), float(chance.uniform(-6, 6)) + 90 * seed
    )
    scene, corners = render_scene(render_ground(1280, 960, light, seed=seed), paper, pose)
    assert corners is not None
    return sign_page(add_noise(scene, 2.5, chance), order_corners(corners + chance.normal(0, 0.3, (4, 2))))


@pytest.fixture(scope="module")
def signatures() -> list[list[PageSignature]]:
    """Three pages of one form, each laid in three turns and lights; then the form unwritten."""
    return [[signed(paper, seed) for seed in (0, 1, 2)] for paper in map(record_page, (1, 2, 4, 0))]


def test_a_page_is_known_again_in_any_turn_place_and_light(signatures: list[list[PageSignature]]) -> None:
    for page in signatures:
        assert all(one.same_as(other) for one in page for other in page)


def test_another_page_of_the_same_form_is_another(signatures: list[list[PageSignature]]) -> None:
    for place, page in enumerate(signatures):
        others = [each for other in signatures[:place] + signatures[place + 1 :] for each in other]
        assert min(one.distance(other) for one in page for other in others) > 2 * SAME


def test_a_signature_says_nothing_of_what_is_on_the_page(signatures: list[list[PageSignature]]) -> None:
    assert len(repr(signatures[0][0])) < 100
    assert not signatures[0][0].same_as("something else")
