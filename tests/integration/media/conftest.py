"""A plane for each test, and a look at what is left behind."""

import asyncio
import os
from collections.abc import AsyncIterator

import psutil
import pytest

from center.media.plane import ForwardingPlane


@pytest.fixture
async def plane() -> AsyncIterator[ForwardingPlane]:
    async with ForwardingPlane() as plane:
        yield plane


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No task and no UDP socket outlives a test."""
    tasks, sockets = asyncio.all_tasks(), udp_sockets()
    yield
    async with asyncio.timeout(5):
        while left := asyncio.all_tasks() - tasks - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=0.1)
    assert udp_sockets() <= sockets


def udp_sockets() -> int:
    return len(psutil.Process(os.getpid()).net_connections(kind="udp"))
