"""A part of the desk from nearer is the same desk."""

import numpy as np
import pytest

from booth.devices.camera.interface import Image
from booth.documents.desk import Desk
from booth.documents.mat import UNKNOWN, MatReference
from booth.documents.quad import Points
from booth.documents.sizes import KNOWN_SIZES, KnownSize
from tests.unit.documents.test_plane import HEIGHT, WIDTH, laid, learnt

BOX = np.array([(100.0, 80.0), (180.0, 80.0), (180.0, 140.0), (100.0, 140.0)])
"""In pixels of the small picture, which is 384 px wide."""


def slope(width: int, height: int) -> Image:
    """A picture whose blue tells how far to the right a place is, and whose green how far down."""
    image = np.full((height, width, 3), 60, np.uint8)
    image[..., 0] = np.linspace(0, 255, width)[None, :]
    image[..., 1] = np.linspace(0, 255, height)[:, None]
    return image


def test_it_shows_what_is_round_the_box_twice_as_large() -> None:
    image = slope(1920, 1440)
    desk = Desk.of(image, None, None)
    closer = desk.closer(image, BOX)
    assert closer is not None
    assert max(closer.middle.shape[:2]) < 960 < 1.6 * max(closer.middle.shape[:2])
    for x, y in ((0, 0), (300, 200), (500, 400)):
        at = closer.whole(np.array([(x, y)], dtype=np.float64))[0] / closer.whole_px
        assert closer.middle[y, x, :2] == pytest.approx(255 * at, abs=2)


def test_the_empty_desk_is_compared_in_the_same_places() -> None:
    image = slope(1920, 1440)
    lit = image.copy()
    lit[500:600, 600:700] = np.minimum(lit[500:600, 600:700] * 1.2, 255)
    desk = Desk.of(lit, MatReference(image), None)
    closer = desk.closer(lit, BOX)
    assert closer is not None and closer.known and closer.against.shape == closer.small.shape
    rows, columns = np.nonzero(closer.against[..., 2] > UNKNOWN + 20)
    scale = closer.small.shape[1] / closer.middle.shape[1]
    corners = np.array([(columns.min(), rows.min()), (columns.max(), rows.max())]) / scale
    seen = closer.whole(corners) * 1920 / closer.whole_px[0]
    assert seen == pytest.approx(np.array([(600, 500), (700, 600)]), abs=8)


@pytest.mark.parametrize("size", KNOWN_SIZES, ids=lambda size: size.name)
def test_what_has_a_known_size_has_it_from_nearer_too(size: KnownSize) -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    page: Points = laid(size, 10, 5, 12, error_px=0).points
    desk = Desk.of(image, None, learnt())
    box = page * desk.small.shape[1] / WIDTH
    closer = desk.closer(image, box)
    if closer is None:
        assert float(np.ptp(box, axis=0).max()) > 0.45 * max(desk.small.shape[:2])
        return
    corners = page * closer.whole_px[0] / WIDTH - closer.begins
    assert closer.size_fits(corners) and not closer.size_fits(corners * 1.05)


@pytest.mark.parametrize(("larger", "nearer"), [(0.2, False), (1.0, True), (2.0, True), (2.8, False)])
def test_there_is_no_nearer_look_at_nearly_all_or_at_next_to_nothing(larger: float, nearer: bool) -> None:
    image = slope(1920, 1440)
    middle = BOX.mean(axis=0)
    box = np.array((192, 144)) + (BOX - middle) * larger
    assert (Desk.of(image, None, None).closer(image, box) is not None) == nearer
