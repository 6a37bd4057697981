"""What is written on a page tells how it is turned."""

import cv2
import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.quad import Points, homography
from booth.documents.written import ALONG, Written

WIDE, HIGH = 420, 594
SHEET: Points = np.array([(0.0, 0.0), (WIDE, 0.0), (WIDE, HIGH), (0.0, HIGH)])
SEEN_FROM_THE_SIDE: Points = np.array([(210.0, 130.0), (560.0, 90.0), (690.0, 640.0), (180.0, 660.0)])


def written_on(corners: Points, seed: int = 1) -> Image:
    """A sheet with words in lines, a margin at both sides, as it lies between these corners; the desk is as white."""
    chance = np.random.default_rng(seed)
    sheet = np.full((HIGH, WIDE, 3), 235, np.uint8)
    for top in range(50, HIGH - 50, 14):
        left = 40
        while left < WIDE - 60:
            wide = int(chance.integers(12, 50))
            word = sheet[top : top + 6, left : min(left + wide, WIDE - 40)]
            word[chance.random(word.shape[:2]) < 0.6] = 90
            left += wide + 8
    straight = homography(SHEET, corners)
    seen = cv2.warpPerspective(sheet, straight, (960, 720), borderMode=cv2.BORDER_CONSTANT, borderValue=(235,) * 3)
    return np.asarray(seen, dtype=np.uint8)


def with_its_lower_side_askew(corners: Points) -> Points:
    askew: Points = corners + np.array([(0, 0), (0, 0), (-60, 45), (0, -45)])
    return askew


def test_it_runs_along_the_sides_of_the_page() -> None:
    written = Written.seen(written_on(SEEN_FROM_THE_SIDE), SEEN_FROM_THE_SIDE)
    assert np.all(written.decided[[0, 2]] == 1)
    assert np.abs(written.slope[[0, 2]]).max() < ALONG
    assert written.askew(SEEN_FROM_THE_SIDE) == 0


def test_a_side_along_which_it_does_not_run_is_turned() -> None:
    """The heap's lower side is another sheet's; the page's own has no edge."""
    guess = with_its_lower_side_askew(SEEN_FROM_THE_SIDE)
    written = Written.seen(written_on(SEEN_FROM_THE_SIDE), guess)
    assert written.askew(guess) > 0.2
    assert written.off(2, guess[[2]], guess[[3]]) == pytest.approx(1)
    assert written.off(0, guess[[0]], guess[[1]]) == 0
    turns = written.turns_deg(guess)
    assert turns[2] == pytest.approx(turn_deg(guess, SEEN_FROM_THE_SIDE, 2), abs=2.5)
    assert abs(turns[2]) > 8
    assert turns[0] == pytest.approx(0, abs=1.5)


def turn_deg(corners: Points, there: Points, side: int) -> float:
    """From a side to that of another outline, clockwise as seen: y points down."""
    (x, y), (to_x, to_y) = (each[(side + 1) % 4] - each[side] for each in (corners, there))
    return float(np.degrees(np.arctan2(x * to_y - y * to_x, x * to_x + y * to_y)))


@pytest.mark.parametrize("thing", ["nothing", "a pen", "noise"])
def test_what_is_not_written_decides_nothing(thing: str) -> None:
    picture = np.full((720, 960, 3), 235, np.uint8)
    if thing == "a pen":
        cv2.line(picture, (230, 200), (620, 280), (60, 60, 60), 5, cv2.LINE_AA)
    elif thing == "noise":
        picture -= np.random.default_rng(3).integers(0, 60, picture.shape, np.uint8)
    written = Written.seen(picture, SEEN_FROM_THE_SIDE)
    assert written.decided.max() < 0.35
    assert written.askew(with_its_lower_side_askew(SEEN_FROM_THE_SIDE)) < 0.1


def test_an_outline_of_no_size_is_looked_at_without_harm() -> None:
    written = Written.seen(written_on(SEEN_FROM_THE_SIDE), np.array([(5.0, 5.0), (9.0, 5.0), (9.0, 6.0), (5.0, 6.0)]))
    assert np.all(np.isfinite(written.slope))
