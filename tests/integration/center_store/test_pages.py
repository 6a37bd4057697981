"""Pages: by offset, verified, and on the disk before anybody says so."""

import asyncio
import errno
import hashlib
import io
import os
from pathlib import Path

import pikepdf
import pytest
from msgspec.structs import replace
from PIL import Image

from center.errors import DeskError
from protocol.counter import ClerkView
from protocol.errors import ErrorCode
from protocol.messages import PageStored
from protocol.pages import PageAnnounced, PagePart
from protocol.visit import CommandKind
from tests.integration.center_store.center import Center, reopened
from tests.integration.center_store.test_affair import JPEG, LIGHT, page

FULL = PagePart.FULL


@pytest.fixture
async def clerk(center: Center) -> ClerkView:
    return await center.clerk()


@pytest.fixture
async def announced(center: Center, clerk: ClerkView) -> PageAnnounced:
    affair_id = await center.serve(clerk)
    command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
    announced = page(affair_id, command_id)
    assert await center.desk.announce_page("b-01", announced)
    return announced


async def test_a_page_is_stored_and_shown_to_its_clerk_alone(
    center: Center, clerk: ClerkView, announced: PageAnnounced
) -> None:
    for part in PagePart:
        with pytest.raises(DeskError, match="page_unknown"):
            await center.desk.page_bytes(clerk.clerk_id, "p1", part)
    assert await center.desk.append_page("b-01", "p1", FULL, 0, JPEG) == len(JPEG)
    assert await center.desk.append_page("b-01", "p1", PagePart.LIGHT, 0, LIGHT) == len(LIGHT)
    image = await center.desk.page_bytes(clerk.clerk_id, "p1", FULL)
    assert (image.data, image.content_type, image.sha256) == (JPEG, "image/jpeg", announced.sha256)
    assert (await center.desk.page_bytes(clerk.clerk_id, "p1", PagePart.LIGHT)).data == LIGHT
    assert center.outside.to("b-01").count(PageStored("p1")) == 1
    with pytest.raises(DeskError, match="page_unknown"):
        await center.desk.page_bytes((await center.clerk("li")).clerk_id, "p1", FULL)


async def test_the_frame_is_stored_last_and_only_then_may_the_booth_forget_the_page(
    center: Center, clerk: ClerkView, announced: PageAnnounced
) -> None:
    with pytest.raises(DeskError, match="page_unknown"):
        await center.desk.append_page("b-01", "p1", PagePart.FRAME, 0, JPEG)
    frame = JPEG + b"frame"
    second = replace(
        announced, page_id="p2", frame_sha256=hashlib.sha256(frame).hexdigest(), frame_size_bytes=len(frame)
    )
    await center.desk.announce_page("b-01", second)
    await center.desk.append_page("b-01", "p2", FULL, 0, JPEG)
    assert PageStored("p2") not in center.outside.to("b-01")
    await center.desk.append_page("b-01", "p2", PagePart.FRAME, 0, frame)
    assert center.outside.to("b-01").count(PageStored("p2")) == 1
    assert (await center.desk.page_bytes(clerk.clerk_id, "p2", PagePart.FRAME)).data == frame


async def test_an_upload_goes_on_at_its_offset_after_the_center_died(
    center: Center, folder: Path, announced: PageAnnounced
) -> None:
    assert await center.desk.append_page("b-01", "p1", FULL, 0, JPEG[:1000]) == 1000
    async with reopened(folder) as second:
        assert await second.desk.page_offset("b-01", "p1", FULL) == 1000
        with pytest.raises(DeskError, match="wrong_offset"):
            await second.desk.append_page("b-01", "p1", FULL, 0, JPEG)
        assert await second.desk.append_page("b-01", "p1", FULL, 1000, JPEG[1000:]) == len(JPEG)
        assert await second.desk.page_offset("b-01", "p1", FULL) == len(JPEG)
        assert await second.desk.append_page("b-01", "p1", FULL, 5, b"x") == len(JPEG)
        assert list((folder / "incoming").iterdir()) == []


async def test_a_part_that_comes_twice_at_once_is_kept_once_and_acknowledged_alike(
    center: Center, folder: Path, clerk: ClerkView, announced: PageAnnounced
) -> None:
    offsets = await asyncio.gather(
        *(
            center.desk.append_page("b-01", "p1", part, 0, data)
            for part, data in ((PagePart.LIGHT, LIGHT), (FULL, JPEG)) * 2
        )
    )
    assert offsets == [len(LIGHT), len(JPEG)] * 2
    assert (await center.desk.page_bytes(clerk.clerk_id, "p1", PagePart.LIGHT)).data == LIGHT
    assert (await center.desk.page_bytes(clerk.clerk_id, "p1", FULL)).data == JPEG
    assert len([path for path in (folder / "documents").rglob("*") if path.is_file()]) == 2
    assert list((folder / "incoming").iterdir()) == []
    assert center.outside.to("b-01").count(PageStored("p1")) == 1


async def test_a_piece_that_comes_twice_at_once_is_kept_once_and_the_later_one_hears_where_to_go_on(
    center: Center, announced: PageAnnounced
) -> None:
    pieces = [center.desk.append_page("b-01", "p1", FULL, 0, JPEG[:1000]) for _ in range(2)]
    first, second = await asyncio.gather(*pieces, return_exceptions=True)
    assert first == 1000
    assert isinstance(second, DeskError) and second.code is ErrorCode.WRONG_OFFSET
    assert await center.desk.page_offset("b-01", "p1", FULL) == 1000
    assert await center.desk.append_page("b-01", "p1", FULL, 1000, JPEG[1000:]) == len(JPEG)


async def test_a_page_that_is_announced_twice_at_once_is_there_once(center: Center, clerk: ClerkView) -> None:
    affair_id = await center.serve(clerk)
    command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
    twice = [center.desk.announce_page("b-01", page(affair_id, command_id)) for _ in range(2)]
    assert sorted(await asyncio.gather(*twice)) == [False, True]
    view = (await center.desk.view(clerk)).affair
    assert view is not None and [each.page_id for each in view.pages] == ["p1"]


async def test_a_chunk_that_a_crash_cut_off_is_not_counted(
    center: Center, folder: Path, announced: PageAnnounced
) -> None:
    await center.desk.append_page("b-01", "p1", FULL, 0, JPEG[:1000])
    await center.desk.append_page("b-01", "p1", FULL, 1000, JPEG[1000:2000])
    part = folder / "incoming" / "p1.full"
    part.write_bytes(part.read_bytes()[:-7])
    assert await center.desk.page_offset("b-01", "p1", FULL) == 1000
    await center.desk.append_page("b-01", "p1", FULL, 1000, JPEG[1000:])
    assert await center.desk.page_offset("b-01", "p1", FULL) == len(JPEG)


async def test_a_part_under_way_is_not_readable_on_the_disk(
    center: Center, folder: Path, announced: PageAnnounced
) -> None:
    await center.desk.append_page("b-01", "p1", FULL, 0, JPEG[:1000])
    assert JPEG[100:160] not in (folder / "incoming" / "p1.full").read_bytes()


async def test_a_wrong_hash_starts_again_at_0(center: Center, announced: PageAnnounced) -> None:
    with pytest.raises(DeskError, match="wrong_hash"):
        await center.desk.append_page("b-01", "p1", FULL, 0, JPEG[:-1] + b"?")
    assert await center.desk.page_offset("b-01", "p1", FULL) == 0
    with pytest.raises(DeskError, match="too_large"):
        await center.desk.append_page("b-01", "p1", FULL, 0, JPEG + b"?")
    assert await center.desk.append_page("b-01", "p1", FULL, 0, JPEG) == len(JPEG)


async def test_what_is_not_an_image_is_refused(center: Center, clerk: ClerkView, announced: PageAnnounced) -> None:
    script = b"<script>alert(1)</script>"
    command_id = await center.desk.order(clerk, announced.affair_id, CommandKind.TAKE_PAGE, None)
    other = page(announced.affair_id, command_id, "p2", data=script)
    await center.desk.announce_page("b-01", other)
    with pytest.raises(DeskError, match="not_an_image"):
        await center.desk.append_page("b-01", "p2", FULL, 0, script)
    assert await center.desk.page_offset("b-01", "p2", FULL) == 0


async def test_announcing_twice_changes_nothing_and_differently_is_refused(
    center: Center, announced: PageAnnounced
) -> None:
    assert not await center.desk.announce_page("b-01", announced)
    for other in (replace(announced, size_bytes=9), replace(announced, page_id="p9", command_id="nothing")):
        with pytest.raises(DeskError, match="page_unknown"):
            await center.desk.announce_page("b-01", other)
    with pytest.raises(DeskError, match="page_unknown"):
        await center.desk.announce_page("b-02", announced)
    with pytest.raises(DeskError, match="page_unknown"):
        await center.desk.page_offset("b-02", "p1", FULL)


async def test_a_booth_that_missed_the_news_hears_it_when_it_announces_again(
    center: Center, announced: PageAnnounced
) -> None:
    await center.desk.append_page("b-01", "p1", FULL, 0, JPEG)
    await center.link(epoch="e2")
    center.outside.posts.clear()
    assert not await center.desk.announce_page("b-01", announced)
    assert center.outside.to("b-01") == [PageStored("p1")]


async def test_a_full_disk_loses_nothing_that_was_acknowledged(
    center: Center, announced: PageAnnounced, monkeypatch: pytest.MonkeyPatch
) -> None:
    await center.desk.append_page("b-01", "p1", FULL, 0, JPEG[:1000])
    real = os.pwrite

    def short(descriptor: int, data: bytes, offset: int) -> int:
        real(descriptor, bytes(data)[:10], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", short)
    with pytest.raises(DeskError, match="disk_full"):
        await center.desk.append_page("b-01", "p1", FULL, 1000, JPEG[1000:])
    monkeypatch.undo()
    assert await center.desk.page_offset("b-01", "p1", FULL) == 1000
    assert await center.desk.append_page("b-01", "p1", FULL, 1000, JPEG[1000:]) == len(JPEG)


async def test_a_page_that_came_whole_to_a_full_disk_is_stored_at_the_next_look(
    center: Center, announced: PageAnnounced, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: bytes) -> str:
        raise DeskError(ErrorCode.DISK_FULL)

    monkeypatch.setattr(center.store.documents, "put", full)
    with pytest.raises(DeskError, match="disk_full"):
        await center.desk.append_page("b-01", "p1", FULL, 0, JPEG)
    with pytest.raises(DeskError, match="disk_full"):
        await center.desk.page_offset("b-01", "p1", FULL)
    monkeypatch.undo()
    assert await center.desk.page_offset("b-01", "p1", FULL) == len(JPEG)
    assert PageStored("p1") in center.outside.to("b-01")


async def test_documents_are_sealed_and_named_after_a_secret(
    center: Center, folder: Path, announced: PageAnnounced
) -> None:
    await center.desk.append_page("b-01", "p1", FULL, 0, JPEG)
    (stored,) = (path for path in (folder / "documents").rglob("*") if path.is_file())
    assert stored.name != hashlib.sha256(JPEG).hexdigest()
    assert stored.stat().st_mode & 0o777 == 0o600
    assert JPEG[100:160] not in stored.read_bytes()


async def test_the_pages_that_stand_are_bound_into_a_pdf_and_that_is_journaled(
    center: Center, clerk: ClerkView, announced: PageAnnounced
) -> None:
    affair_id = announced.affair_id
    with pytest.raises(DeskError, match="page_unknown"):
        await center.desk.pages_pdf(clerk, affair_id, None)
    picture = io.BytesIO()
    Image.new("RGB", (60, 90)).save(picture, "JPEG")
    command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card", replaces="p1")
    await center.desk.announce_page("b-01", page(affair_id, command_id, "p2", data=picture.getvalue()))
    await center.desk.append_page("b-01", "p2", FULL, 0, picture.getvalue())
    await center.desk.turn_page(clerk, affair_id, "p2", 1)
    with pikepdf.open(io.BytesIO(await center.desk.pages_pdf(clerk, affair_id, "id_card"))) as pdf:
        (only,) = pdf.pages
        assert int(only.obj.Rotate) == 90
    with pytest.raises(DeskError, match="page_unknown"):
        await center.desk.pages_pdf(clerk, affair_id, "old_booklet")
    with pytest.raises(DeskError, match="affair_unknown"):
        await center.desk.pages_pdf(await center.clerk("li"), affair_id, None)
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.timeline[-1].kind == "pages_exported"
    assert [(each.page_id, each.replaced_by) for each in view.pages] == [("p2", None), ("p1", "p2")]
