"""The picture of the empty desk: what it shows, how it is learnt and how it follows."""

import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.mat import ALIKE, CONTRAST, EMPTY_PICTURES, RATE, UNKNOWN, MatReference, MatWatch
from booth.documents.quad import Quad, order_corners
from booth.documents.shrink import SEARCH_PX
from rigs.scenes.mats import MatKind, draw_mat

SIZE = (288, 384)
SHEET = (slice(90, 200), slice(100, 260))
OUTLINE: Quad = order_corners([(100.0, 90.0), (259.0, 90.0), (259.0, 199.0), (100.0, 199.0)])


def desk(kind: MatKind, light: float = 1.0) -> Image:
    mat = draw_mat(kind, SIZE[1], SIZE[0], np.random.default_rng(4))
    return np.asarray(np.clip(mat * light, 0, 255), dtype=np.uint8)


def with_sheet(picture: Image, lighter: float = 1.05) -> Image:
    laid = picture.astype(np.float32)
    laid[SHEET] *= lighter
    return np.clip(laid, 0, 255).astype(np.uint8)


def test_white_paper_on_a_white_mat_stands_out_against_the_empty_one() -> None:
    seen = with_sheet(desk(MatKind.WHITE, 0.9))
    shown = MatReference(desk(MatKind.WHITE, 0.9)).compared(seen)
    assert abs(float(shown[SHEET].mean()) - (UNKNOWN + CONTRAST * np.log(1.05))) < 2
    assert float(shown[:80].std()) < 2, "the mat's own clouds are gone"


def test_a_change_of_the_whole_light_is_taken_out() -> None:
    shown = MatReference(desk(MatKind.WHITE, 0.9)).compared(desk(MatKind.WHITE, 0.6))
    assert abs(float(shown.mean()) - UNKNOWN) < 2


def test_black_on_either_picture_is_a_difference_and_no_error() -> None:
    black = np.zeros((*SIZE, 3), dtype=np.uint8)
    assert MatReference(desk(MatKind.WHITE)).compared(with_sheet(desk(MatKind.WHITE), 0)).min() == 0
    assert MatReference(black).compared(black).shape == black.shape


def test_with_a_picture_of_another_shape_nothing_is_compared_and_nothing_learnt() -> None:
    reference = MatReference(desk(MatKind.WHITE))
    other = np.full((300, 300, 3), 240, dtype=np.uint8)
    kept = reference.kept
    assert np.all(reference.compared(other) == UNKNOWN)
    reference.update(other)
    assert np.array_equal(reference.kept, kept)


def test_the_reference_follows_a_slow_change_but_not_under_a_page_nor_where_something_lies() -> None:
    reference = MatReference(desk(MatKind.WHITE, 0.9))
    before = reference.kept
    changed = desk(MatKind.WHITE, 0.9).astype(np.float32)
    changed[:, 280:] *= 1 + ALIKE * 0.6  # A window's light grows on one side.
    changed[20:60, 20:60] = 40  # A phone.
    for _ in range(round(3 / RATE)):
        reference.update(np.clip(changed, 0, 255).astype(np.uint8), [OUTLINE])
    after = reference.kept
    assert float((after[100:, 300:] / before[100:, 300:]).mean()) > 1 + ALIKE * 0.4
    assert np.allclose(after[SHEET], before[SHEET])
    assert np.allclose(after[25:55, 25:55], before[25:55, 25:55])


def test_what_is_kept_restores_the_reference() -> None:
    reference = MatReference(desk(MatKind.WHITE))
    again = MatReference.restored(reference.kept)
    seen = with_sheet(desk(MatKind.WHITE))
    assert np.array_equal(again.compared(seen), reference.compared(seen))


def test_memory_is_bounded_by_the_search_size() -> None:
    assert max(MatReference(np.zeros((3120, 4160, 3), np.uint8)).kept.shape) == SEARCH_PX


def test_the_empty_desk_is_learnt_once_it_lay_still_and_clear() -> None:
    watch = MatWatch()
    for _ in range(EMPTY_PICTURES):
        watch.see(desk(MatKind.WHITE), (), clear=True)
        assert watch.reference is None
    watch.see(desk(MatKind.WHITE), (), clear=True)
    assert watch.reference is not None


def test_a_desk_with_a_page_or_in_motion_is_not_learnt() -> None:
    lying, moving = MatWatch(), MatWatch()
    for step in range(4 * EMPTY_PICTURES):
        lying.see(with_sheet(desk(MatKind.WHITE)), (OUTLINE,), clear=False)
        moving.see(np.roll(with_sheet(desk(MatKind.GREEN), 2.0), 16 * step, axis=1), (), clear=True)
    assert lying.reference is None and moving.reference is None
