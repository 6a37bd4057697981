from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.center_store.center import Center, make, reopened


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A made store, closed."""
    await make(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
async def center(folder: Path) -> AsyncIterator[Center]:
    """A center whose booths are linked and whose posts begin to count now."""
    async with reopened(folder) as center:
        for booth_id in ("b-01", "b-02"):
            await center.link(booth_id)
        yield center
