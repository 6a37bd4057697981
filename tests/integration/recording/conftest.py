"""What the media tests look after, here too: nothing is left behind."""

from collections.abc import AsyncIterator

import pytest

from center.media.plane import ForwardingPlane
from tests.integration.media.conftest import nothing_left

__all__ = ["nothing_left"]


@pytest.fixture
async def plane() -> AsyncIterator[ForwardingPlane]:
    """Its segments are short, so that there are several soon."""
    async with ForwardingPlane(segment_s=4.0) as plane:
        yield plane
