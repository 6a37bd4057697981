"""A center on a real SQLite file, with everything outside it recorded."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher

from center.administration import add_clerk, issue_code
from center.config import load_catalogue
from center.desk import Desk
from center.gateway.interface import Gateway
from center.media.interface import RecordingOrder
from center.passwords import Passwords
from center.reader import PageReader
from center.store.store import Store, create_store, open_store
from protocol.counter import ClerkView
from protocol.fields import Wording
from protocol.messages import BoothMessage, CallAnswered, CenterMessage, FirstFrameSeen, VisitChanged
from protocol.records import Shown
from protocol.visit import Visit
from tests.unit.center.samples import ID_CARD, NOW_MS, ROOT, request

CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PASSWORD = "a long password"
KEY = bytes(range(32))


@dataclass
class Outside:
    """What left the process: posts, changes of the feed, rooms."""

    posts: list[tuple[str, int, CenterMessage]] = field(default_factory=list)
    changes: int = 0
    rooms: list[tuple[str, ...]] = field(default_factory=list)
    orders: list[RecordingOrder] = field(default_factory=list)
    now_ms: int = NOW_MS

    def send(self, booth_id: str, n: int, message: CenterMessage) -> None:
        self.posts.append((booth_id, n, message))

    def changed(self) -> None:
        self.changes += 1

    async def join(self, room: str, participant: str) -> None:
        self.rooms.append(("join", room, participant))

    async def close_room(self, room: str) -> None:
        self.rooms.append(("close", room))

    async def start_recording(self, order: RecordingOrder) -> None:
        self.orders.append(order)
        self.rooms.append(("record", order.room, order.recording_id))

    async def stop_recording(self, recording_id: str) -> None:
        self.rooms.append(("stop", recording_id))

    def to(self, booth_id: str) -> list[CenterMessage]:
        return [message for to, _, message in self.posts if to == booth_id]

    def visit(self, booth_id: str = "b-01") -> Visit | None:
        """The visit that the booth was told last."""
        return [each for each in self.to(booth_id) if isinstance(each, VisitChanged)][-1].visit


class Center:
    """One run of the center's desk. `booth` speaks for a booth, with its numbers."""

    def __init__(
        self,
        store: Store,
        outside: Outside,
        gateway: Gateway | None = None,
        *,
        records: bool = False,
        reader: PageReader | None = None,
    ) -> None:
        self.store = store
        self.outside = outside
        self.desk = Desk(
            store=store,
            items=load_catalogue(ROOT / "catalogue" / "items"),
            center_name=Wording("中心", "Center"),
            case_prefix="SQ",
            post=outside,
            feed=outside,
            rooms=outside,
            now_ms=lambda: outside.now_ms,
            passwords=CHEAP,
            gateway=gateway,
            records=records,
            reader=reader,
        )
        self.sent: dict[str, int] = {}

    async def link(self, booth_id: str = "b-01", epoch: str = "e1") -> None:
        opened = await self.desk.link_up(booth_id, epoch, 0)
        self.sent[booth_id] = opened.received

    async def booth(self, *messages: BoothMessage, booth_id: str = "b-01", epoch: str = "e1") -> None:
        for message in messages:
            self.sent[booth_id] = self.sent.get(booth_id, 0) + 1
            await self.desk.booth_message(booth_id, epoch, self.sent[booth_id], message)

    async def clerk(self, name: str = "wang") -> ClerkView:
        clerk = await self.desk.clerk_of(await self.desk.log_in(name, PASSWORD, "127.0.0.1"))
        assert clerk is not None
        return clerk

    async def ticket(self, booth_id: str = "b-01", request_id: str = "r1", shown: Shown = ID_CARD) -> str:
        """A resident's ticket; the affair's id."""
        await self.booth(request(shown, request_id), booth_id=booth_id)
        visit = self.outside.visit(booth_id)
        assert visit is not None
        return visit.affair_id

    async def serve(self, clerk: ClerkView) -> str:
        """A ticket, called, answered and seen."""
        affair_id = await self.ticket()
        await self.desk.take(clerk, affair_id)
        await self.booth(CallAnswered(affair_id), FirstFrameSeen(affair_id, 250))
        return affair_id


async def make(folder: Path, booths: Sequence[str] = ("b-01", "b-02")) -> None:
    """A store with two clerks, `wang` and `li`, and enrolled booths."""
    create_store(folder, folder / "store.key")
    async with reopened(folder) as center:
        for name, counter in (("wang", "3"), ("li", "5")):
            await add_clerk(
                center.store,
                name=name,
                display_name=f"{name}窗口",
                counter=counter,
                role="clerk",
                password=PASSWORD,
                now_ms=NOW_MS,
                passwords=CHEAP,
            )
        for booth_id in booths:
            code = await issue_code(center.store, booth_id, Wording("亭", "Booth"), Wording("路", "Road"), NOW_MS)
            await center.desk.enrol(code, booth_id, KEY)


@asynccontextmanager
async def reopened(
    folder: Path,
    outside: Outside | None = None,
    gateway: Gateway | None = None,
    *,
    records: bool = False,
    reader: PageReader | None = None,
) -> AsyncIterator[Center]:
    async with open_store(folder, folder / "store.key") as store:
        yield Center(store, outside or Outside(), gateway, records=records, reader=reader)
