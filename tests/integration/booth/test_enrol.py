"""Enrolling a booth."""

from pathlib import Path

import pytest

from booth.errors import CenterLost, CenterRefused
from booth.link.enrol import enrol
from booth.link.key import load_key, public_bytes
from protocol.errors import ErrorCode
from tests.integration.booth.center import fake_center


async def test_a_code_registers_the_key_that_the_booth_keeps(tmp_path: Path) -> None:
    key_file = tmp_path / "state" / "link.key"
    async with fake_center() as center:
        center.code = "K7PM-22"
        await enrol(center.url, None, "b-1", "K7PM-22", key_file, "test")
        assert center.key == public_bytes(load_key(key_file))


async def test_a_wrong_code_is_refused_and_the_next_try_uses_the_same_key(tmp_path: Path) -> None:
    key_file = tmp_path / "link.key"
    async with fake_center() as center:
        center.code = "right"
        with pytest.raises(CenterRefused) as refused:
            await enrol(center.url, None, "b-1", "wrong", key_file, "test")
        assert refused.value.code is ErrorCode.BAD_CODE
        key = public_bytes(load_key(key_file))
        await enrol(center.url, None, "b-1", "right", key_file, "test")
        assert center.key == key


async def test_an_absent_center_is_said_so(tmp_path: Path) -> None:
    async with fake_center() as center:
        url = center.url
    with pytest.raises(CenterLost):
        await enrol(url, None, "b-1", "code", tmp_path / "link.key", "test")
