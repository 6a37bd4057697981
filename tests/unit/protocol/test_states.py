"""The tables: complete, without dead ends, and what the documentation shows."""

from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from protocol.diagrams import render
from protocol.errors import IllegalTransition
from protocol.states import MACHINES, TICKET, VISIT, Machine, TicketEvent, TicketState, VisitState

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_reached_and_known(machine: Machine[Any, Any]) -> None:
    kind: type[StrEnum] = type(machine.initial)
    states = set(kind)
    reached = {machine.initial} | {after for events in machine.table.values() for after in events.values()}
    assert reached == states
    assert set(machine.table) <= states


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_an_absent_pair_raises(machine: Machine[Any, Any]) -> None:
    events = {event for row in machine.table.values() for event in row}
    for state in type(machine.initial):
        for event in events:
            if machine.allows(state, event):
                assert machine.next(state, event) in type(state)
            else:
                with pytest.raises(IllegalTransition):
                    machine.next(state, event)


def test_every_visit_ends_at_the_welcome_screen() -> None:
    def leads_home(state: StrEnum, seen: frozenset[StrEnum]) -> bool:
        if state == VisitState.WELCOME:
            return True
        after = {next_state for next_state in VISIT.table[VisitState(state)].values()} - seen
        return any(leads_home(next_state, seen | {state}) for next_state in after)

    assert all(leads_home(state, frozenset()) for state in VisitState)


def test_a_missed_ticket_can_be_recalled() -> None:
    assert TICKET.next(TicketState.MISSED, TicketEvent.RECALL) is TicketState.CALLED


def test_the_documented_diagrams_are_drawn_from_the_tables() -> None:
    assert (DOCS / "states.md").read_text("utf-8") == render(), "run `make states`"
