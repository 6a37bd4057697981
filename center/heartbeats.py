"""The heartbeats of the media participants: judged as they come, stored every ten seconds while a session lasts.

It stands between the desk and the media plane (`Rooms`), which is how it knows whose heartbeats belong to which affair.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from center.core import network
from center.core.network import Judgement
from center.errors import DeskError, StoreError
from center.media.interface import RecordingOrder
from center.store import heartbeats as stored
from center.store.heartbeats import Heartbeat
from center.store.store import Store
from protocol.media import MediaFigures, NetworkGrade, NetworkJudged

log = logging.getLogger(__name__)

KEEP_EVERY_S = 10.0
"""One row a participant; at twelve sessions about four rows a second would be one a report."""
KEEP_DAYS = 90
PRUNE_EVERY = 360
"""Once in so many keepings, an hour: what is older than `KEEP_DAYS` is deleted."""
LEAST_BETWEEN_MS = 500
"""Reports that come faster are dropped."""


class Rooms(Protocol):
    async def join(self, room: str, participant: str) -> None: ...

    async def close_room(self, room: str) -> None: ...

    async def start_recording(self, order: RecordingOrder) -> None: ...

    async def stop_recording(self, recording_id: str) -> None: ...


@dataclass(slots=True)
class _Sum:
    """The reports of one participant since the last keeping."""

    reports: int = 0
    lost_in_permille: int = 0
    lost_out_permille: int = 0
    round_trip_ms: int | None = None
    received_kbps: int = 0
    sent_kbps: int = 0
    freezes: int = 0
    grades: set[NetworkGrade] = field(default_factory=set)

    def add(self, figures: MediaFigures, grade: NetworkGrade) -> None:
        self.reports += 1
        self.lost_in_permille += figures.lost_in_permille
        self.lost_out_permille += figures.lost_out_permille
        if figures.round_trip_ms is not None:
            self.round_trip_ms = max(self.round_trip_ms or 0, figures.round_trip_ms)
        self.received_kbps += figures.received_kbps
        self.sent_kbps += figures.sent_kbps
        self.freezes += figures.freezes
        self.grades.add(grade)

    def row(self, affair_id: str, participant: str, at_ms: int) -> Heartbeat:
        """Means of rates, the largest round trip, all freezes, the worst word."""
        return Heartbeat(
            at_ms=at_ms,
            affair_id=affair_id,
            participant=participant,
            reports=self.reports,
            lost_in_permille=self.lost_in_permille // self.reports,
            lost_out_permille=self.lost_out_permille // self.reports,
            round_trip_ms=self.round_trip_ms,
            received_kbps=self.received_kbps // self.reports,
            sent_kbps=self.sent_kbps // self.reports,
            freezes=self.freezes,
            grade=network.worst(*self.grades),
        )


class Heartbeats:
    """Implements the desk's `Rooms` by passing everything on to the media plane. Participants are known by log-in or by
    enrolled key, so there are no more of them than there are clerks and booths."""

    def __init__(self, rooms: Rooms, now_ms: Callable[[], int]) -> None:
        self._rooms = rooms
        self._now_ms = now_ms
        self._room_of: dict[str, str] = {}
        self._judged: dict[str, Judgement] = {}
        self._sums: dict[str, _Sum] = {}

    def __repr__(self) -> str:
        return f"Heartbeats(participants={len(self._judged)}, together={len(self._room_of)})"

    async def join(self, room: str, participant: str) -> None:
        self._room_of[participant] = room
        await self._rooms.join(room, participant)

    async def close_room(self, room: str) -> None:
        self._room_of = {each: inside for each, inside in self._room_of.items() if inside != room}
        await self._rooms.close_room(room)

    async def start_recording(self, order: RecordingOrder) -> None:
        await self._rooms.start_recording(order)

    async def stop_recording(self, recording_id: str) -> None:
        await self._rooms.stop_recording(recording_id)

    def heard(self, participant: str, figures: MediaFigures) -> None:
        """One report. Never blocks."""
        now_ms = self._now_ms()
        before = self._judged.get(participant)
        if before is not None and 0 <= now_ms - before.heard_at_ms < LEAST_BETWEEN_MS:
            return
        judged = self._judged[participant] = network.judge(before, figures, now_ms)
        if participant in self._room_of:
            self._sums.setdefault(participant, _Sum()).add(figures, network.grade(judged, now_ms))

    def forget(self, participant: str) -> None:
        """It left in good order: its silence says nothing about its network."""
        self._judged.pop(participant, None)

    def network(self, participant: str) -> NetworkJudged:
        """How the two sides of this participant's session fare; of its own side alone when there is no session."""
        room = self._room_of.get(participant)
        together = {each for each, inside in self._room_of.items() if inside == room} if room else {participant}
        return NetworkJudged(booth=self._side(together, clerk=False), clerk=self._side(together, clerk=True))

    async def keep(self, store: Store) -> None:
        """Store what was heard, every ten seconds, until cancelled, which loses the last ten seconds. A supervisor: a
        heartbeat that can't be stored stops nothing."""
        for count in range(1 << 62):
            await asyncio.sleep(KEEP_EVERY_S)
            try:
                await self.keep_once(store, prune=count % PRUNE_EVERY == 0)
            except (DeskError, StoreError) as error:
                log.warning("heartbeats were not stored: %s", error)
            except Exception:
                log.exception("heartbeats were not stored")

    async def keep_once(self, store: Store, *, prune: bool = False) -> None:
        now_ms = self._now_ms()
        sums, self._sums = self._sums, {}
        rows = [
            each.row(room, participant, now_ms)
            for participant, each in sums.items()
            if (room := self._room_of.get(participant)) is not None
        ]
        if not rows and not prune:
            return
        async with store.write() as tx:
            await stored.add(tx, rows)
            if prune:
                await stored.prune(tx, before_ms=now_ms - KEEP_DAYS * 86_400_000)

    def _side(self, together: set[str], *, clerk: bool) -> NetworkGrade:
        now_ms = self._now_ms()
        side = [each for each in together if each.startswith("clerk:") is clerk]
        return network.worst(*(network.grade(self._judged.get(each), now_ms) for each in side))
