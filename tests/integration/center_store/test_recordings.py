"""Recordings at the desk: asked for, told of, found again after a crash, taken out, and deleted."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from center.archive import export
from center.errors import ConfigError, StoreError
from center.media.interface import (
    RecordingBegan,
    RecordingClosed,
    RecordingOrder,
    RecordingRecovered,
    RecordingStalled,
    SegmentSealed,
)
from center.media.recording.matroska import Block, Track, cluster, head, read
from center.retention import clean
from center.store import journal, recordings, segments
from center.store.keys import Seal
from center.store.segments import SegmentFile
from protocol.counter import ClerkView, RecordingFault
from protocol.messages import RecordingConsentSaid
from protocol.states import RecordingConsent, RecordingState, TicketState
from tests.integration.center_store.center import Center, Outside, reopened
from tests.unit.center.samples import NOW_MS

DAY_MS = 24 * 3_600_000


def content(n: int) -> list[bytes]:
    """A segment's head and two clusters."""
    begins_at_ms = NOW_MS + n * 9_000
    picture = bytes([0x10, 0, 0, 0x9D, 0x01, 0x2A, 64, 0, 64, 0]) + b"secret picture"
    blocks = [Block(begins_at_ms + at, 1, True, picture) for at in range(0, 8_000, 500)]
    tracks = [Track(1, "face", (64, 64))]
    return [head(tracks, begins_at_ms), cluster(blocks[:8], begins_at_ms), cluster(blocks[8:], begins_at_ms)]


def write(order: RecordingOrder, n: int, *, whole: bool = True) -> SegmentSealed:
    """What the media plane does with a segment; the news of it. Not `whole`: it was killed after the first cluster."""
    folder, pieces = Path(order.folder), content(n)
    file = SegmentFile(folder, order.recording_id, n, Seal(order.key))
    for piece in pieces if whole else pieces[:2]:
        file.write(piece)
    if whole:
        file.finish()
    file.close()
    return SegmentSealed(order.recording_id, n, file.sha256, file.size_bytes, NOW_MS + n * 9_000, 7_500)


@pytest.fixture
async def center(folder: Path) -> AsyncIterator[Center]:
    async with reopened(folder, records=True) as center:
        await center.link()
        yield center


async def recorded(center: Center, clerk: ClerkView) -> tuple[str, RecordingOrder]:
    """An affair that is being recorded, with one segment."""
    affair_id = await center.serve(clerk)
    await center.booth(RecordingConsentSaid(affair_id, True))
    order = center.outside.orders[-1]
    await center.desk.recording_news(RecordingBegan(order.recording_id))
    await center.desk.recording_news(write(order, 1))
    return affair_id, order


async def verdict(center: Center) -> journal.Verdict:
    async with center.store.read() as tx:
        return await journal.verify(tx, center.store)


async def kinds(center: Center, affair_id: str) -> list[str]:
    async with center.store.read() as tx:
        return [row.kind for row in await journal.timeline(tx, affair_id)]


async def state_of(center: Center, affair_id: str) -> RecordingState:
    async with center.store.read() as tx:
        return (await recordings.load(tx, affair_id))[-1].state


async def test_the_resident_is_asked_and_recorded_from_the_answer_on(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    visit = center.outside.visit()
    assert visit is not None and visit.recording_consent is RecordingConsent.ASKED
    assert center.outside.orders == []
    await center.booth(RecordingConsentSaid(affair_id, True), RecordingConsentSaid(affair_id, True))
    (order,) = center.outside.orders
    assert order.room == affair_id and len(order.key) == 32 and repr(order.key) not in repr(order)
    await center.desk.recording_news(RecordingBegan(order.recording_id))
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.recording is not None
    assert (view.recording.state, view.recording.since_ms) == (RecordingState.RECORDING, NOW_MS)
    await center.desk.hold(clerk, affair_id)
    assert center.outside.rooms[-1] == ("stop", order.recording_id)
    await center.desk.resume(clerk, affair_id)
    assert [each.recording_id for each in center.outside.orders] == [f"{affair_id}-r1", f"{affair_id}-r2"]


async def test_refusing_changes_nothing_but_the_recording(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    await center.booth(RecordingConsentSaid(affair_id, False))
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.ticket_state is TicketState.SERVING
    assert (view.recording_consent, view.recording) == (RecordingConsent.REFUSED, None)
    assert "recording_refused" in await kinds(center, affair_id) and center.outside.orders == []


async def test_who_takes_consent_back_is_recorded_no_longer(center: Center) -> None:
    affair_id, order = await recorded(center, await center.clerk())
    await center.booth(RecordingConsentSaid(affair_id, False))
    assert center.outside.rooms[-1] == ("stop", order.recording_id)


async def test_a_booth_that_never_answers_is_served_without_a_recording(center: Center) -> None:
    clerk = await center.clerk()
    await center.serve(clerk)
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.recording_consent is RecordingConsent.ASKED and view.recording is None


async def test_a_stall_is_told_while_the_session_lasts(center: Center) -> None:
    clerk = await center.clerk()
    affair_id, order = await recorded(center, clerk)
    changes = center.outside.changes
    await center.desk.recording_news(RecordingStalled(order.recording_id, RecordingFault.DISK_FULL))
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.recording is not None
    assert (view.recording.state, view.recording.fault) == (RecordingState.STALLED, RecordingFault.DISK_FULL)
    assert center.outside.changes > changes
    await center.desk.recording_news(RecordingRecovered(order.recording_id))
    assert await state_of(center, affair_id) is RecordingState.RECORDING
    assert [each for each in await kinds(center, affair_id) if each.startswith("recording")] == [
        "recording_agreed",
        "recording_requested",
        "recording_begun",
        "recording_stalled",
        "recording_recovered",
    ]


async def test_verify_finds_one_changed_byte_of_a_segment(center: Center) -> None:
    _, order = await recorded(center, await center.clerk())
    await center.desk.recording_news(write(order, 2))
    assert (await verdict(center)).fault is None
    path = segments.segment_path(Path(order.folder), 2)
    sealed = bytearray(path.read_bytes())
    assert b"secret picture" not in sealed
    sealed[len(sealed) // 2] ^= 1
    path.write_bytes(sealed)
    fault = (await verdict(center)).fault
    assert fault is not None and "does not open" in fault
    path.unlink()
    assert (await verdict(center)).fault is not None


async def test_what_a_killed_center_left_is_taken_in_and_goes_on(center: Center, folder: Path) -> None:
    affair_id, order = await recorded(center, await center.clerk())
    write(order, 2)  # sealed, but nobody was told
    write(order, 3, whole=False)  # being written
    outside = Outside()
    async with reopened(folder, outside, records=True) as again:
        await again.desk.start()
        assert [each.recording_id for each in outside.orders] == [order.recording_id]
        assert outside.orders[0].key == order.key
        async with again.store.read() as tx:
            known = await recordings.segments_of(tx, order.recording_id)
        assert [each.n for each in known] == [1, 2, 3]
        assert known[2].duration_ms == 3_500
        assert segments.next_number(Path(order.folder)) == 4
        assert (await verdict(again)).fault is None
        await again.desk.recording_news(RecordingClosed(order.recording_id))
        async with again.store.read() as tx:
            first, second = await recordings.load(tx, affair_id)
        # Nobody asked it to end: what is still wanted is begun anew.
        assert (first.state, second.state) == (RecordingState.SEALED, RecordingState.REQUESTED)


async def test_a_torn_part_keeps_its_whole_pieces(center: Center) -> None:
    _, order = await recorded(center, await center.clerk())
    write(order, 2, whole=False)
    part = Path(order.folder) / "000002.part"
    part.write_bytes(part.read_bytes() + b"\0\0\1\0 half a piece")
    data = segments.rescue_part(Path(order.folder), order.recording_id, 2, order.key)
    assert data is not None and len(read(data).blocks) == 8
    assert segments.read_segment(Path(order.folder), order.recording_id, 2, order.key) == data


async def test_a_recording_of_nothing_has_failed_and_says_so(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    await center.booth(RecordingConsentSaid(affair_id, True))
    await center.desk.hold(clerk, affair_id)
    await center.desk.recording_news(RecordingClosed(center.outside.orders[0].recording_id))
    assert await state_of(center, affair_id) is RecordingState.FAILED


async def test_a_case_is_exported_as_one_file_and_the_journal_says_so(center: Center, tmp_path: Path) -> None:
    affair_id, order = await recorded(center, await center.clerk())
    await center.desk.recording_news(write(order, 2))
    done = await export(center.store, affair_id, tmp_path / "out.webm", NOW_MS)
    assert (done.segments, done.faults) == (2, [])
    assert len([block for block in read((tmp_path / "out.webm").read_bytes()).blocks if block.track == 1]) == 32
    assert "recording_exported" in await kinds(center, affair_id)
    with pytest.raises(StoreError, match="--out"):
        await export(center.store, affair_id, tmp_path / "out.webm", NOW_MS)
    with pytest.raises(ConfigError, match="nothing recorded"):
        await export(center.store, "SQ-none", tmp_path / "no.webm", NOW_MS)
    segments.segment_path(Path(order.folder), 2).unlink()
    done = await export(center.store, order.recording_id, tmp_path / "part.webm", NOW_MS)
    assert done.segments == 1 and "segment 2" in done.faults[0]


async def test_what_was_kept_long_enough_is_deleted_and_the_chain_still_holds(center: Center) -> None:
    clerk = await center.clerk()
    affair_id, order = await recorded(center, clerk)
    await center.desk.hold(clerk, affair_id)
    await center.desk.recording_news(RecordingClosed(order.recording_id))
    assert await clean(center.store, DAY_MS, NOW_MS + DAY_MS) == 0
    assert await clean(center.store, DAY_MS, NOW_MS + DAY_MS + 1) == 1
    assert segments.numbers(Path(order.folder)) == []
    assert (await verdict(center)).fault is None
    async with center.store.read() as tx:
        (row,) = await recordings.listed(tx)
        assert not row.has_key and await recordings.key(tx, order.recording_id) is None
    assert await clean(center.store, DAY_MS, NOW_MS + 9 * DAY_MS) == 0


async def test_news_of_a_segment_that_comes_twice_is_one(center: Center) -> None:
    affair_id, order = await recorded(center, await center.clerk())
    news = write(order, 2)
    await center.desk.recording_news(news)
    entries = (await verdict(center)).entries
    await center.desk.recording_news(news)
    assert (await verdict(center)).entries == entries
    assert hashlib.sha256(b"".join(content(2))).hexdigest() == news.sha256 and affair_id
