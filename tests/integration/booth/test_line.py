"""What the light pages' line knows of its connections."""

import math
import socket

import aiohttp
import pytest

from booth.link.line import UrgentLine
from tests.integration.booth.center import fake_center

SILENCE_S = 0.01


class Told(UrgentLine):
    """A line that is told for how long it has been silent, each time it looks."""

    def __init__(self, *silent_s: float) -> None:
        super().__init__(SILENCE_S)
        self.looks = list(silent_s)

    def silent_s(self) -> float:
        return self.looks.pop(0)


async def test_a_line_without_a_connection_is_silent_when_the_time_has_passed() -> None:
    line = UrgentLine(SILENCE_S)
    assert line.silent_s() == math.inf
    await line.silence()


async def test_a_line_that_is_slow_and_not_silent_is_listened_to_further() -> None:
    line = Told(0.0, 0.0, 0.0, math.inf, math.inf, math.inf)
    await line.silence()
    assert len(line.looks) <= 2, "it did not return before the line had been silent"


async def test_a_silence_of_before_the_request_does_not_count() -> None:
    line = Told(*[60.0] * 100)
    await line.silence()
    assert len(line.looks) < 99, "it waited, and looked again"


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux tells")
async def test_a_connection_tells_when_its_peer_last_acknowledged_anything() -> None:
    line = UrgentLine()
    async with fake_center() as center:
        async with aiohttp.ClientSession(connector=line.connector()) as session:
            async with session.post(center.url / "api/enrol", data=b"{}"):
                pass
            assert 0 <= line.silent_s() < 30
        assert line.silent_s() == math.inf, "it is closed"


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux tells")
async def test_a_connection_that_nobody_accepts_is_silent() -> None:
    line = UrgentLine(SILENCE_S)
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.connect(full.getsockname())  # the only place in its queue is taken: packets of others are dropped
        made = line._make_socket((socket.AF_INET, socket.SOCK_STREAM, 0))
        with made:
            made.setblocking(False)
            assert made.connect_ex(full.getsockname()) != 0
            await line.silence()
