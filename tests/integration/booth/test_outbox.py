"""The outbox, through crashes and full disks."""

import asyncio
import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from booth.errors import DeviceError
from booth.link.outbox import Outbox, PageGone
from protocol.errors import ErrorCode
from protocol.pages import PagePart
from tests.integration.booth.pages import page

ROOT = Path(__file__).parents[3]


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "pages").iterdir())


def contents_of(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_pages_come_back_in_order_after_a_restart(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for name in ("p-2", "p-1", "p-3"):
            await outbox.put(*page(name, 5_000, 500))
    async with Outbox(tmp_path) as outbox:
        assert [waiting.page_id for waiting in await outbox.waiting()] == ["p-2", "p-1", "p-3"]
        announced, light, full = page("p-1", 5_000, 500)
        assert (await outbox.waiting())[1] == announced
        assert await outbox.read("p-1", PagePart.LIGHT) == light
        assert await outbox.read("p-1", PagePart.FULL) == full


async def test_what_is_forgotten_leaves_no_file(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1", 5_000, 500))
        await outbox.forget("p-1")
        await outbox.forget("p-1")
        assert await outbox.waiting() == []
        assert files_of(tmp_path) == []
        with pytest.raises(PageGone):
            await outbox.read("p-1", PagePart.FULL)


async def test_nothing_on_the_disk_can_be_read_without_the_key(tmp_path: Path) -> None:
    announced, light, full = page("p-1", 5_000, 500)
    async with Outbox(tmp_path) as outbox:
        await outbox.put(announced, light, full)
        on_disk = contents_of(tmp_path)
    assert len(on_disk) >= 4
    assert not [data for data in on_disk if full[100:140] in data or light[100:140] in data]
    assert mode_of(tmp_path / "outbox.key") == 0o600
    assert mode_of(tmp_path) == 0o700


async def test_a_damaged_or_exchanged_file_is_noticed(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1", 5_000, 500))
        await outbox.put(*page("p-2", 5_000, 500))
        first, second = tmp_path / "pages" / "p-1.full", tmp_path / "pages" / "p-2.full"
        first.write_bytes(second.read_bytes())
        second.write_bytes(second.read_bytes()[:-1])
        for page_id in ("p-1", "p-2"):
            with pytest.raises(PageGone):
                await outbox.read(page_id, PagePart.FULL)


async def test_a_full_disk_keeps_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Outbox(tmp_path) as outbox:

        def no_space(_handle: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as full_disk:
            full_disk.setattr(os, "fsync", no_space)
            with pytest.raises(DeviceError) as failed:
                await outbox.put(*page("p-1", 5_000, 500))
        assert failed.value.code is ErrorCode.DISK_FULL
        assert files_of(tmp_path) == []
        assert await outbox.waiting() == []
        await outbox.put(*page("p-1", 5_000, 500))
        assert len(await outbox.waiting()) == 1


async def test_putting_the_same_page_twice_harms_the_first_in_no_way(tmp_path: Path) -> None:
    announced, light, full = page("p-1", 5_000, 500)
    async with Outbox(tmp_path) as outbox:
        await outbox.put(announced, light, full)
        with pytest.raises(FileExistsError):
            await outbox.put(announced, b"other", b"other")
        assert await outbox.read("p-1", PagePart.FULL) == full


async def test_a_page_set_aside_is_kept_but_not_sent(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        await outbox.put(*page("p-1", 5_000, 500))
        await outbox.set_aside("p-1", ErrorCode.PAGE_UNKNOWN)
        assert await outbox.waiting() == []
        assert await outbox.aside() == {"p-1": "page_unknown"}
        assert files_of(tmp_path) == ["p-1.full", "p-1.light"]


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8])
async def test_a_cancelled_put_kept_the_page_or_not_but_never_half(tmp_path: Path, steps: int) -> None:
    announced, light, full = page("p-1", 5_000, 500)
    async with Outbox(tmp_path) as outbox:
        putting = asyncio.create_task(outbox.put(announced, light, full))
        for _ in range(steps):
            await asyncio.sleep(0)
        putting.cancel()
        await asyncio.wait([putting])
    await check_whole_or_absent(tmp_path)


async def test_leaving_twice_is_harmless(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        pass
    await outbox.__aexit__(None, None, None)


async def check_whole_or_absent(folder: Path) -> bool:
    """Open the outbox as the next start would; whether the page is there."""
    async with Outbox(folder) as outbox:
        waiting = await outbox.waiting()
        for announced in waiting:
            expected: Any = page(announced.page_id, announced.size_bytes, announced.light_size_bytes)
            assert announced == expected[0]
            assert await outbox.read(announced.page_id, PagePart.LIGHT) == expected[1]
            assert await outbox.read(announced.page_id, PagePart.FULL) == expected[2]
        assert len(files_of(folder)) == 2 * len(waiting), "no stray files"
        return bool(waiting)


async def test_killed_at_any_step_a_page_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.integration.booth.dying", str(tmp_path), "p-1"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0
    kept: list[bool] = []
    for step, line in enumerate(out.decode().splitlines(), start=1):
        status, returned = line.split()
        assert int(status) in (0, signal.SIGKILL)
        kept.append(await check_whole_or_absent(tmp_path / str(step)))
        if returned == "True":
            assert kept[-1], "put had returned"
    assert len(kept) > 5
    assert kept[0] is False
    assert kept == sorted(kept), "once kept, kept at every later step"
