"""The queue's order and the numbers."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from center.core import queue
from center.core.queue import CENTER_TIME, Waiting
from protocol.states import TicketState

tickets = st.lists(
    st.builds(
        Waiting,
        affair_id=st.uuids().map(str),
        place=st.integers(1, 10_000),
        state=st.sampled_from([TicketState.WAITING, TicketState.CALLED, TicketState.MISSED]),
        booth_online=st.booleans(),
    ),
    unique_by=(lambda each: each.place, lambda each: each.affair_id),
)


@given(tickets)
def test_the_waiting_are_counted_from_0_in_the_order_of_their_places(waiting: list[Waiting]) -> None:
    ahead = queue.ahead(waiting)
    assert sorted(ahead.values()) == list(range(len(ahead)))
    places = {each.affair_id: each.place for each in waiting}
    assert sorted(ahead, key=lambda affair_id: places[affair_id]) == sorted(ahead, key=lambda a: ahead[a])
    assert ahead.keys() == {each.affair_id for each in waiting if each.state is TicketState.WAITING}


@given(tickets)
def test_the_next_is_the_first_whose_booth_is_online(waiting: list[Waiting]) -> None:
    chosen = queue.next_to_call(waiting)
    online = [each for each in waiting if each.state is TicketState.WAITING and each.booth_online]
    assert chosen == (min(online, key=lambda each: each.place).affair_id if online else None)


def test_only_those_whose_number_ahead_changed_have_moved() -> None:
    assert queue.moved({"a": 0, "b": 1, "c": 2}, {"b": 0, "c": 1, "new": 2}) == ["b", "c"]
    assert queue.moved({"a": 0, "b": 1}, {"a": 0}) == []


def test_ticket_numbers_go_on_with_the_next_letter() -> None:
    assert [queue.ticket_no(n) for n in (1, 42, 999, 1000)] == ["A001", "A042", "A999", "B001"]


def test_days_are_the_centers() -> None:
    late = int(datetime(2026, 11, 22, 23, 59, tzinfo=CENTER_TIME).timestamp() * 1000)
    assert queue.center_day(late) == "20261122"
    assert queue.center_day(late + 60_000) == "20261123"
    assert queue.day_began_ms(late) == late - (24 * 60 - 1) * 60_000
    assert queue.case_no("SQ", "20261122", 1) == "SQ-20261122-0001"
