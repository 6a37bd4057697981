"""Affairs, from and to their tables: ticket, session, case, commands, pages, identities."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.dialects.sqlite import insert

from center.core.affair import AT_COUNTER, LIVE, Affair, Case, Command, Identity, Page, Session, Signature, Ticket
from center.core.decide_time import deadline_ms
from center.core.item import Item
from center.core.queue import Waiting
from center.store import recordings
from center.store.schema import cases, commands, counters, identities, links, pages, sessions, tickets
from center.store.store import Transaction
from protocol.counter import ClerkView, IdentitySource
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.fields import Personal
from protocol.marks import Mark
from protocol.pages import PageAnnounced
from protocol.records import IdentityRecord
from protocol.states import CaseState, CommandState, PageState, RecordingConsent, SessionState, TicketState
from protocol.visit import CommandKind, Outcome


class _Content(Personal, frozen=True):
    """The personal part of a case."""

    form: dict[str, str]
    signature: Signature
    message: str | None


_encode = msgspec.json.encode
_contents = msgspec.json.Decoder(_Content)
_items = msgspec.json.Decoder(Item)
_records: msgspec.json.Decoder[IdentityRecord] = msgspec.json.Decoder(IdentityRecord)
_announcements = msgspec.json.Decoder(PageAnnounced)
_marks = msgspec.json.Decoder(tuple[Mark, ...])
_clerks = msgspec.json.Decoder(ClerkView)
_downs = msgspec.json.Decoder(tuple[str, ...])


async def load(tx: Transaction, affair_id: str) -> Affair | None:
    newest = select(func.max(sessions.c.n)).where(sessions.c.affair_id == affair_id).scalar_subquery()
    joined = tickets.join(cases, cases.c.affair_id == tickets.c.affair_id).outerjoin(
        sessions, and_(sessions.c.affair_id == tickets.c.affair_id, sessions.c.n == newest)
    )
    columns = [*_labelled("t", tickets), *_labelled("c", cases), *_labelled("s", sessions)]
    row = await tx.row(select(*columns).select_from(joined).where(tickets.c.affair_id == affair_id))
    if row is None:
        return None
    return Affair(
        affair_id=affair_id,
        item=_items.decode(row.c_item),
        ticket=_ticket(row),
        session=_session(row) if row.s_n is not None else None,
        case=_case(tx, row),
        commands=tuple(await _commands(tx, affair_id)),
        pages=tuple(await _pages(tx, affair_id)),
        identities=tuple(await _identities(tx, affair_id)),
        visit_open=row.t_visit_open,
        recording_consent=RecordingConsent(row.t_recording_consent),
        recordings=await recordings.load(tx, affair_id),
    )


async def save(tx: Transaction, before: Affair | None, affair: Affair) -> None:
    """Write what differs from `before`; all of it for a new affair."""
    affair_id = affair.affair_id
    if before is None or _ticket_row(before) != _ticket_row(affair):
        await _put(tx, tickets, ["affair_id"], _ticket_row(affair))
    if affair.session is not None and (before is None or before.session != affair.session):
        await _put(tx, sessions, ["affair_id", "n"], _session_row(affair_id, affair.session))
    if before is None or before.case != affair.case:
        await _put(tx, cases, ["affair_id"], _case_row(tx, affair))
    for n, command in enumerate(affair.commands):
        if before is None or before.command(command.command_id) != command:
            await _put(tx, commands, ["command_id"], _command_row(affair_id, n, command))
    for n, page in enumerate(affair.pages):
        if before is None or before.pages[n : n + 1] != (page,):
            await _put(tx, pages, ["page_id"], _page_row(tx, affair_id, n, page))
    for identity in affair.identities:
        if before is None or identity not in before.identities:
            await _put(tx, identities, ["affair_id", "source"], _identity_row(tx, affair_id, identity))
    for recording in affair.recordings:
        if before is None or recording not in before.recordings:
            await recordings.save(tx, affair_id, recording)


# --- Finding affairs ---


async def at_booth(tx: Transaction, booth_id: str) -> str | None:
    """The affair whose visit the booth shows."""
    return await _one(tx, (tickets.c.booth_id == booth_id) & tickets.c.visit_open)


async def at_counter(tx: Transaction, clerk_id: str) -> str | None:
    """The affair that occupies the clerk."""
    return await _one(tx, (tickets.c.clerk_id == clerk_id) & tickets.c.state.in_(sorted(AT_COUNTER)))


async def just_finished(tx: Transaction, clerk_id: str) -> str | None:
    """The affair that the clerk finished last, while its booth still shows the outcome."""
    row = await tx.row(
        select(tickets.c.affair_id)
        .where(tickets.c.clerk_id == clerk_id, tickets.c.visit_open, tickets.c.state == TicketState.FINISHED)
        .order_by(tickets.c.state_since_ms.desc())
        .limit(1)
    )
    return row.affair_id if row else None


async def of_request(tx: Transaction, booth_id: str, request_id: str) -> str | None:
    return await _one(tx, (tickets.c.booth_id == booth_id) & (tickets.c.request_id == request_id))


async def of_command(tx: Transaction, command_id: str) -> str | None:
    row = await tx.row(select(commands.c.affair_id).where(commands.c.command_id == command_id))
    return row.affair_id if row else None


async def of_page(tx: Transaction, page_id: str) -> str | None:
    row = await tx.row(select(pages.c.affair_id).where(pages.c.page_id == page_id))
    return row.affair_id if row else None


async def due(tx: Transaction, now_ms: int) -> list[str]:
    """The affairs with a deadline that has passed."""
    rows = await tx.rows(select(tickets.c.affair_id).where(tickets.c.due_at_ms <= now_ms).order_by(tickets.c.place))
    return [row.affair_id for row in rows]


async def of_absent_booths(tx: Transaction, down_before_ms: int) -> list[str]:
    """The live affairs, other than held ones, of booths that have been away since before then."""
    states = sorted(LIVE - {TicketState.HELD})
    rows = await tx.rows(
        select(tickets.c.affair_id)
        .join(links, links.c.booth_id == tickets.c.booth_id)
        .where(tickets.c.state.in_(states), links.c.down_since_ms <= down_before_ms)
        .order_by(tickets.c.place)
    )
    return [row.affair_id for row in rows]


async def in_room(tx: Transaction) -> list[str]:
    """The affairs whose participants are together, or should be."""
    states = [TicketState.CALLED, TicketState.CONNECTING, TicketState.SERVING]
    rows = await tx.rows(select(tickets.c.affair_id).where(tickets.c.state.in_(states)))
    return [row.affair_id for row in rows]


async def queue(tx: Transaction) -> list[Waiting]:
    """The waiting tickets."""
    rows = await tx.rows(
        select(tickets.c.affair_id, tickets.c.place, _online().label("online"))
        .outerjoin(links, links.c.booth_id == tickets.c.booth_id)
        .where(tickets.c.state == TicketState.WAITING)
        .order_by(tickets.c.place)
    )
    return [Waiting(row.affair_id, row.place, TicketState.WAITING, bool(row.online)) for row in rows]


class TicketSummary(NamedTuple):
    affair_id: str
    ticket_no: str
    state: TicketState
    booth_id: str
    clerk_id: str | None
    requested_at_ms: int
    item: Item


async def summaries(tx: Transaction) -> Sequence[TicketSummary]:
    """All live tickets in the queue's order."""
    rows = await tx.rows(
        select(tickets, cases.c.item)
        .join(cases, cases.c.affair_id == tickets.c.affair_id)
        .where(tickets.c.state.in_(sorted(LIVE)))
        .order_by(tickets.c.place)
    )
    return [
        TicketSummary(
            row.affair_id,
            row.ticket_no,
            TicketState(row.state),
            row.booth_id,
            row.clerk_id,
            row.requested_at_ms,
            _items.decode(row.item),
        )
        for row in rows
    ]


async def finished_since(tx: Transaction, clerk_id: str, since_ms: int) -> int:
    """How many affairs the clerk has finished since then."""
    chosen = (tickets.c.clerk_id == clerk_id) & (tickets.c.state_since_ms >= since_ms)
    row = await tx.row(select(func.count()).select_from(tickets).where(chosen, tickets.c.state == TicketState.FINISHED))
    return int(row[0]) if row else 0


async def count_up(tx: Transaction, name: str) -> int:
    """The next number of a counter, beginning with 1. A transaction that is rolled back gives its number back."""
    added = insert(counters).values(name=name, value=1)
    added = added.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    row = (await tx.run(added.returning(counters.c.value))).one()
    return int(row[0])


# --- Rows ---


def _online() -> Any:
    return and_(links.c.booth_id.is_not(None), links.c.down_since_ms.is_(None))


async def _one(tx: Transaction, condition: Any) -> str | None:
    row = await tx.row(select(tickets.c.affair_id).where(condition))
    return row.affair_id if row else None


async def _put(tx: Transaction, table: Any, key: list[str], row: dict[str, Any]) -> None:
    rest = {name: value for name, value in row.items() if name not in key}
    await tx.run(insert(table).values(row).on_conflict_do_update(index_elements=key, set_=rest))


def _labelled(prefix: str, table: Any) -> list[Any]:
    return [column.label(f"{prefix}_{column.name}") for column in table.c]


def _ticket(row: Any) -> Ticket:
    return Ticket(
        ticket_no=row.t_ticket_no,
        request_id=row.t_request_id,
        booth_id=row.t_booth_id,
        place=row.t_place,
        state=TicketState(row.t_state),
        state_since_ms=row.t_state_since_ms,
        requested_at_ms=row.t_requested_at_ms,
        called_at_ms=row.t_called_at_ms,
        clerk=_clerks.decode(row.t_clerk) if row.t_clerk else None,
    )


def _ticket_row(affair: Affair) -> dict[str, Any]:
    ticket = affair.ticket
    return {
        "affair_id": affair.affair_id,
        "ticket_no": ticket.ticket_no,
        "request_id": ticket.request_id,
        "booth_id": ticket.booth_id,
        "place": ticket.place,
        "state": ticket.state,
        "state_since_ms": ticket.state_since_ms,
        "requested_at_ms": ticket.requested_at_ms,
        "called_at_ms": ticket.called_at_ms,
        "clerk_id": ticket.clerk.clerk_id if ticket.clerk else None,
        "clerk": _encode(ticket.clerk).decode() if ticket.clerk else None,
        "visit_open": affair.visit_open,
        "due_at_ms": deadline_ms(affair),
        "recording_consent": affair.recording_consent,
    }


def _session(row: Any) -> Session:
    return Session(
        n=row.s_n,
        state=SessionState(row.s_state),
        answered_at_ms=row.s_answered_at_ms,
        booth_saw_after_ms=row.s_booth_saw_after_ms,
        clerk_saw_after_ms=row.s_clerk_saw_after_ms,
        down=_downs.decode(row.s_down),
    )


def _session_row(affair_id: str, session: Session) -> dict[str, Any]:
    return {
        "affair_id": affair_id,
        "n": session.n,
        "state": session.state,
        "answered_at_ms": session.answered_at_ms,
        "booth_saw_after_ms": session.booth_saw_after_ms,
        "clerk_saw_after_ms": session.clerk_saw_after_ms,
        "down": _encode(session.down).decode(),
    }


def _case(tx: Transaction, row: Any) -> Case:
    content = _contents.decode(tx.seal.open(row.c_content_sealed, f"cases.{row.c_affair_id}"))
    return Case(
        state=CaseState(row.c_state),
        case_no=row.c_case_no,
        form=content.form,
        revision=row.c_revision,
        signature=content.signature,
        outcome=Outcome(row.c_outcome) if row.c_outcome else None,
        message=content.message,
        grade=row.c_grade,
    )


def _case_row(tx: Transaction, affair: Affair) -> dict[str, Any]:
    case = affair.case
    content = _Content(form=case.form, signature=case.signature, message=case.message)
    return {
        "affair_id": affair.affair_id,
        "item_id": affair.item.item_id,
        "item_version": affair.item.version,
        "item": _encode(affair.item).decode(),
        "state": case.state,
        "case_no": case.case_no,
        "revision": case.revision,
        "outcome": case.outcome,
        "grade": case.grade,
        "content_sealed": tx.seal.seal(_encode(content), f"cases.{affair.affair_id}"),
    }


async def _commands(tx: Transaction, affair_id: str) -> list[Command]:
    rows = await tx.rows(select(commands).where(commands.c.affair_id == affair_id).order_by(commands.c.n))
    return [
        Command(
            command_id=row.command_id,
            kind=CommandKind(row.kind),
            state=CommandState(row.state),
            issued_at_ms=row.issued_at_ms,
            material_id=row.material_id,
            code=ErrorCode(row.code) if row.code else None,
            replaces=row.replaces,
            more=row.more,
        )
        for row in rows
    ]


def _command_row(affair_id: str, n: int, command: Command) -> dict[str, Any]:
    return {
        "command_id": command.command_id,
        "affair_id": affair_id,
        "n": n,
        "kind": command.kind,
        "state": command.state,
        "issued_at_ms": command.issued_at_ms,
        "material_id": command.material_id,
        "code": command.code,
        "replaces": command.replaces,
        "more": command.more,
    }


async def _pages(tx: Transaction, affair_id: str) -> list[Page]:
    rows = await tx.rows(select(pages).where(pages.c.affair_id == affair_id).order_by(pages.c.n))
    return [
        Page(
            announced=_announcements.decode(row.announced),
            state=PageState(row.state),
            material_id=row.material_id,
            has_light=row.has_light,
            taken_n=row.taken_n,
            session=row.session,
            previous_sha256=row.previous_sha256,
            turn=row.turn,
            marks=_marks.decode(tx.seal.open(row.marks_sealed, f"pages.{row.page_id}")) if row.marks_sealed else (),
            replaced_by=row.replaced_by,
            has_frame=row.has_frame,
        )
        for row in rows
    ]


def _page_row(tx: Transaction, affair_id: str, n: int, page: Page) -> dict[str, Any]:
    page_id = page.announced.page_id
    return {
        "page_id": page_id,
        "affair_id": affair_id,
        "n": n,
        "state": page.state,
        "has_light": page.has_light,
        "has_frame": page.has_frame,
        "material_id": page.material_id,
        "announced": _encode(page.announced).decode(),
        "taken_n": page.taken_n,
        "session": page.session,
        "previous_sha256": page.previous_sha256,
        "turn": page.turn,
        "marks_sealed": tx.seal.seal(_encode(page.marks), f"pages.{page_id}") if page.marks else None,
        "replaced_by": page.replaced_by,
    }


async def _identities(tx: Transaction, affair_id: str) -> list[Identity]:
    rows = await tx.rows(select(identities).where(identities.c.affair_id == affair_id).order_by(identities.c.at_ms))
    return [
        Identity(
            source=IdentitySource(row.source),
            at_ms=row.at_ms,
            card=_records.decode(tx.seal.open(row.card_sealed, f"identities.{affair_id}.{row.source}"))
            if row.card_sealed
            else None,
            booth_id=row.booth_id,
            device=DeviceKind(row.device) if row.device else None,
            insertion=row.insertion,
        )
        for row in rows
    ]


def _identity_row(tx: Transaction, affair_id: str, identity: Identity) -> dict[str, Any]:
    place = f"identities.{affair_id}.{identity.source}"
    return {
        "affair_id": affair_id,
        "source": identity.source,
        "at_ms": identity.at_ms,
        "card_sealed": tx.seal.seal(_encode(identity.card), place) if identity.card else None,
        "booth_id": identity.booth_id,
        "device": identity.device,
        "insertion": identity.insertion,
    }
