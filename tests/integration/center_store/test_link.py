"""The link's promise: each message once, whatever dies in between."""

from pathlib import Path

import pytest

from center.store import links
from center.store.schema import link_out
from protocol.errors import ErrorCode, ProtocolError
from protocol.messages import (
    BoothMessage,
    CallAnswered,
    CatalogueOffered,
    CenterMessage,
    FirstFrameSeen,
    TicketAbandoned,
    VisitChanged,
)
from protocol.states import SessionState, TicketState
from protocol.stream import MAX_BACKLOG
from tests.integration.center_store.center import Center, Outside, reopened
from tests.unit.center.samples import request


def states(pending: list[tuple[int, CenterMessage]]) -> list[TicketState | None]:
    visits = [message for _, message in pending if isinstance(message, VisitChanged)]
    return [each.visit.ticket_state if each.visit else None for each in visits]


def raw_bytes(folder: Path) -> bytes:
    """The database as somebody sees it who has the disk."""
    return b"".join(path.read_bytes() for path in folder.glob("center.sqlite*"))


async def test_a_message_that_comes_again_is_dropped(center: Center) -> None:
    affair_id = await center.ticket()
    posts = len(center.outside.posts)
    await center.desk.booth_message("b-01", "e1", 1, request(request_id="r1"))
    await center.desk.booth_message("b-01", "e1", 1, TicketAbandoned(affair_id))
    assert len(center.outside.posts) == posts


async def test_a_gap_is_the_booths_fault(center: Center) -> None:
    with pytest.raises(ProtocolError, match="out_of_order"):
        await center.desk.booth_message("b-01", "e1", 2, request())


async def test_a_message_of_an_older_epoch_is_dropped(center: Center) -> None:
    await center.link(epoch="e2")
    await center.desk.booth_message("b-01", "e1", 1, request())
    assert (await center.desk.view(await center.clerk())).waiting == []


async def test_posts_are_numbered_and_kept_until_they_are_acknowledged(center: Center) -> None:
    affair_id = await center.ticket()
    await center.booth(TicketAbandoned(affair_id))
    numbers = [n for booth_id, n, _ in center.outside.posts if booth_id == "b-01"]
    assert numbers == [3, 4]
    await center.desk.booth_acknowledged("b-01", 3)
    opened = await center.desk.link_up("b-01", "e1", 3)
    assert (opened.received, list(opened.pending)) == (2, [(4, VisitChanged(None))])
    with pytest.raises(ProtocolError, match="out_of_order"):
        await center.desk.link_up("b-01", "e1", 5)
    with pytest.raises(ProtocolError, match="out_of_order"):
        await center.desk.booth_acknowledged("b-01", 99)


@pytest.mark.parametrize("handled", range(4))
async def test_a_center_that_is_killed_goes_on_where_it_was(folder: Path, handled: int) -> None:
    """The first center dies after it handled some messages, without having sent any of what followed from them."""
    dead = Outside()
    async with reopened(folder, dead) as first:
        await first.link()
        clerk = await first.clerk()
        messages: list[BoothMessage] = [request()]
        await first.booth(*messages[:handled])
        if handled:
            affair_id = (await first.desk.view(clerk)).waiting[0].affair_id
            await first.desk.take(clerk, affair_id)
            messages += [CallAnswered(affair_id), FirstFrameSeen(affair_id, 200)]
            await first.booth(*messages[1:handled])
        dead.posts.clear()

    async with reopened(folder) as second:
        await second.desk.start()
        # The booth received the catalogue and its empty visit, and nothing since.
        opened = await second.desk.link_up("b-01", "e1", 2)
        assert opened.received == handled
        expected = [TicketState.WAITING, TicketState.CALLED, TicketState.CONNECTING, TicketState.SERVING]
        seen = states(list(opened.pending))
        assert [state for n, state in enumerate(seen) if state not in seen[:n]] == expected[
            : handled + 1 if handled else 0
        ]
        assert [n for n, _ in opened.pending] == list(range(3, 3 + len(opened.pending)))
        # It sends all of its messages again; the center takes those that it has not.
        for n, message in enumerate(messages, start=1):
            await second.desk.booth_message("b-01", "e1", n, message)
        view = await second.desk.view(clerk)
        if handled == 0:
            assert len(view.waiting) == 1
        else:
            assert view.waiting == [] and view.affair is not None
            assert view.affair.ticket_state is TicketState.SERVING
            assert view.affair.session_state is SessionState.LIVE
            kinds = [row.kind for row in view.affair.timeline]
            assert (kinds.count("ticket_requested"), kinds.count("call_answered"), kinds.count("picture_seen")) == (
                1,
                1,
                1,
            )


async def test_a_start_interrupts_the_sessions_and_joins_their_rooms_again(folder: Path) -> None:
    async with reopened(folder) as first:
        await first.link()
        clerk = await first.clerk()
        affair_id = await first.serve(clerk)
    async with reopened(folder) as second:
        await second.desk.start()
        assert [row.online for row in await second.desk.booths()] == [False, False]
        view = await second.desk.view(clerk)
        assert view.affair is not None and view.affair.session_state is SessionState.INTERRUPTED
        names = ("booth:b-01", "kiosk:b-01", f"clerk:{clerk.clerk_id}")
        assert second.outside.rooms == [("join", affair_id, name) for name in names]


async def test_a_full_backlog_asks_for_a_new_epoch(center: Center) -> None:
    async with center.store.write() as tx:
        rows = [{"booth_id": "b-01", "n": n, "body_sealed": b"old"} for n in range(100, 100 + MAX_BACKLOG - 3)]
        await tx.run(link_out.insert().values(rows))
        assert await links.put(tx, "b-01", VisitChanged(None)) is not None
        assert await links.put(tx, "b-01", VisitChanged(None)) is None
    with pytest.raises(ProtocolError, match="backlog_full") as caught:
        await center.desk.link_up("b-01", "e1", 0)
    assert caught.value.code is ErrorCode.BACKLOG_FULL
    opened = await center.desk.link_up("b-01", "e2", 0)
    assert isinstance(opened.pending[0][1], CatalogueOffered)


async def test_what_waits_for_a_booth_is_not_readable_on_the_disk(center: Center, folder: Path) -> None:
    affair_id = await center.ticket()
    clerk = await center.clerk()
    await center.desk.take(clerk, affair_id)
    await center.booth(CallAnswered(affair_id))
    affair = (await center.desk.view(clerk)).affair
    assert affair is not None
    await center.desk.change_form(clerk, affair_id, 0, {**affair.form, "phone": "00000000", "reason": "new"})
    raw = raw_bytes(folder)
    assert affair_id.encode() in raw
    for personal in affair.form.values():
        if len(personal) >= 8:
            assert personal.encode() not in raw
