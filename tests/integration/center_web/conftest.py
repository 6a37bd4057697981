"""The web layer over a desk in memory."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.center_web.running import Center, running_center


@pytest.fixture
async def center() -> AsyncIterator[Center]:
    async with running_center() as running:
        yield running
