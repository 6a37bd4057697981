"""Heartbeats are stored with their affair, one row a participant and keeping, and don't pile up."""

from center.heartbeats import KEEP_DAYS, Heartbeats
from center.media.interface import RecordingOrder
from center.store import heartbeats
from protocol.media import MediaFigures, NetworkGrade
from tests.integration.center_store.center import Center


class Rooms:
    async def join(self, room: str, participant: str) -> None:
        pass

    async def close_room(self, room: str) -> None:
        pass

    async def start_recording(self, order: RecordingOrder) -> None:
        pass

    async def stop_recording(self, recording_id: str) -> None:
        pass


async def test_one_row_says_how_a_participant_fared(center: Center) -> None:
    now_ms = 1_000_000
    heard = Heartbeats(Rooms(), lambda: now_ms)
    affair_id = await center.ticket()
    await heard.join(affair_id, "kiosk:b-01")
    for lost, round_trip_ms, freezes in ((0, 40, 0), (300, 90, 2)):
        heard.heard("kiosk:b-01", MediaFigures(lost, 10, round_trip_ms, 800, 900, freezes))
        heard.heard("kiosk:b-01", MediaFigures(999, 0, 40, 800, 900, 0))  # too soon: dropped
        heard.heard("clerk:c1", MediaFigures(0, 0, 5, 1, 1, 0))  # not in a session
        now_ms += 2000
    await heard.keep_once(center.store)
    await heard.keep_once(center.store)
    async with center.store.read() as tx:
        [row] = await heartbeats.of_affair(tx, affair_id)
    assert (row.participant, row.reports, row.lost_in_permille, row.lost_out_permille) == ("kiosk:b-01", 2, 150, 10)
    assert (row.round_trip_ms, row.received_kbps, row.freezes, row.grade) == (90, 800, 2, NetworkGrade.SLOW)

    now_ms += KEEP_DAYS * 86_400_000 + 10_000
    await heard.keep_once(center.store, prune=True)
    async with center.store.read() as tx:
        assert await heartbeats.of_affair(tx, affair_id) == []


async def test_a_closed_room_ends_the_keeping(center: Center) -> None:
    heard = Heartbeats(Rooms(), lambda: 5)
    affair_id = await center.ticket()
    await heard.join(affair_id, "kiosk:b-01")
    heard.heard("kiosk:b-01", MediaFigures(0, 0, None, 0, 0, 0))
    await heard.close_room(affair_id)
    await heard.keep_once(center.store)
    async with center.store.read() as tx:
        assert await heartbeats.of_affair(tx, affair_id) == []
