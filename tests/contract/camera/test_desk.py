"""The simulated desk's own: what hands do on it is seen."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from booth.devices.camera.desk import BENCH_PAGES, SimulatedDesk
from booth.documents.find import find_page
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from tests.contract.camera.test_contract import PATIENCE_S, take


async def test_each_paper_that_is_laid_is_found_where_it_lies() -> None:
    async with SimulatedDesk(960, 720) as desk:
        for record in BENCH_PAGES:
            desk.lay(record.page_id)
            async with asyncio.timeout(PATIENCE_S):
                frame = await desk.capture()
            found = find_page(frame.image)
            assert desk.laid == record.page_id
            assert found is not None, record.page_id
            assert desk.outline is not None
            assert np.abs(found.points - desk.outline).max() < 4, record.page_id


async def test_a_capture_after_the_page_was_lifted_shows_the_empty_mat() -> None:
    async with SimulatedDesk(960, 720) as desk:
        desk.lay("application_form")
        async with asyncio.timeout(PATIENCE_S):
            laid = await desk.capture()
            desk.lift()
            empty = await desk.capture()
        assert laid.image.mean() > empty.image.mean() + 20
        assert desk.laid is None
        assert find_page(empty.image) is None


async def test_a_paper_laid_again_lies_otherwise() -> None:
    async with SimulatedDesk(640, 480) as desk:
        outlines = []
        for _ in range(2):
            desk.lay("id_card")
            async with asyncio.timeout(PATIENCE_S):
                await desk.capture()
            outlines.append(desk.outline)
    assert outlines[0] is not None and outlines[1] is not None
    assert np.abs(outlines[0] - outlines[1]).max() > 1


async def test_no_frame_is_like_the_one_before() -> None:
    async with SimulatedDesk(320, 240, rate_fps=30) as desk:
        frames = await take(desk.frames(), 8)
    for before, after in pairwise(frames):
        assert not np.array_equal(before.image, after.image)


def test_a_paper_that_does_not_exist_cannot_be_laid() -> None:
    desk = SimulatedDesk(320, 240)
    with pytest.raises(DeviceError) as refused:
        desk.lay("passport")
    assert refused.value.code is ErrorCode.PAGE_UNKNOWN
    assert desk.laid is None


def test_the_papers_have_ids_and_names_of_their_own() -> None:
    assert len({record.page_id for record in BENCH_PAGES}) == len(BENCH_PAGES) == 4
    assert all(record.name.zh and record.name.en for record in BENCH_PAGES)
