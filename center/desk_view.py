"""What a counter's page shows."""

from center.card_photos import CardPhotos
from center.core.affair import Affair
from center.core.queue import day_began_ms
from center.core.suggestions import Reading
from center.core.views import affair_view
from center.desk_pages import Pages
from center.desk_readings import Readings
from center.desk_work import Works
from center.store import affairs, booths, journal, readings
from center.store.affairs import TicketSummary
from protocol.counter import BoothRow, ClerkView, CounterView, TicketRow, TimelineRow
from protocol.fields import Wording
from protocol.states import TicketState


class Views:
    def __init__(self, works: Works, pages: Pages, read: Readings, photos: CardPhotos, center_name: Wording) -> None:
        self._works = works
        self._photos = photos
        self._pages = pages
        self._readings = read
        self._center_name = center_name

    async def of(self, clerk: ClerkView) -> CounterView:
        """One snapshot of the store, a dozen queries by key or index."""
        affair: Affair | None = None
        timeline: list[TimelineRow] = []
        read: dict[str, Reading] = {}
        async with self._works.store.read() as tx:
            position = (await journal.head(tx)).position
            rows = {row.booth_id: row for row in await booths.rows(tx)}
            tickets = await affairs.summaries(tx)
            finished = await affairs.finished_since(tx, clerk.clerk_id, day_began_ms(self._works.now_ms()))
            affair_id = await affairs.at_counter(tx, clerk.clerk_id)
            affair_id = affair_id or await affairs.just_finished(tx, clerk.clerk_id)
            if affair_id is not None:
                affair = await affairs.load(tx, affair_id)
                timeline = await journal.timeline(tx, affair_id)
                read = await readings.of_affair(tx, affair_id)
        received = await self._pages.received(affair) if affair else {}
        return CounterView(
            position=position,
            center_name=self._center_name,
            clerk=clerk,
            waiting=[_row(each, rows) for each in tickets if each.state is TicketState.WAITING],
            missed=[_row(each, rows) for each in tickets if _is_put_aside(each, clerk)],
            booths=list(rows.values()),
            affair=affair_view(
                affair,
                rows[affair.ticket.booth_id],
                timeline,
                received,
                read,
                self._readings.reader_there,
                self._photos.kept(affair.affair_id),
            )
            if affair
            else None,
            finished_today=finished,
        )

    async def booths(self) -> list[BoothRow]:
        async with self._works.store.read() as tx:
            return await booths.rows(tx)


def _is_put_aside(ticket: TicketSummary, clerk: ClerkView) -> bool:
    """Missed tickets are everybody's, held ones their clerk's."""
    held = ticket.state is TicketState.HELD and ticket.clerk_id == clerk.clerk_id
    return held or ticket.state is TicketState.MISSED


def _row(ticket: TicketSummary, booths: dict[str, BoothRow]) -> TicketRow:
    booth = booths[ticket.booth_id]
    return TicketRow(
        affair_id=ticket.affair_id,
        ticket_no=ticket.ticket_no,
        state=ticket.state,
        item_name=ticket.item.name,
        booth_id=ticket.booth_id,
        booth_name=booth.name,
        booth_online=booth.online,
        waiting_since_ms=ticket.requested_at_ms,
    )
