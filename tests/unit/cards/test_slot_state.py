"""Insertions and removals from pcscd's state words, those between two looks too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smartcard import scard

from booth.devices.card.winscard import SlotState

EMPTY, PRESENT = scard.SCARD_STATE_EMPTY, scard.SCARD_STATE_PRESENT


def state(flags: int, moves: int) -> SlotState:
    return SlotState(moves << 16 | flags)


@pytest.mark.parametrize(
    ("before", "after", "went", "came"),
    [
        (SlotState(), state(EMPTY, 0), False, False),
        (SlotState(), state(PRESENT, 5), False, True),
        (state(EMPTY, 2), state(PRESENT, 3), False, True),
        (state(PRESENT, 3), state(EMPTY, 4), True, False),
        (state(PRESENT, 3), state(PRESENT, 3), False, False),
        (state(PRESENT, 3), state(PRESENT | scard.SCARD_STATE_INUSE, 3), False, False),
        (state(PRESENT, 3), state(PRESENT, 5), True, True),
        (state(EMPTY, 3), state(EMPTY, 5), False, False),
        (state(PRESENT, 0xFFFF), state(PRESENT, 1), True, True),
    ],
)
def test_a_look_tells_who_went_and_who_came(before: SlotState, after: SlotState, went: bool, came: bool) -> None:
    assert after.since(before) == (went, came)


@given(st.lists(st.integers(1, 4), max_size=30))
def test_however_seldom_one_looks_there_is_a_card_exactly_when_one_lies_there(moves: list[int]) -> None:
    seen, lies_there, total = state(EMPTY, 0), False, 0
    for step in moves:
        total += step
        now = state(PRESENT if total % 2 else EMPTY, total & 0xFFFF)
        went, came = now.since(seen)
        assert not went or lies_there
        lies_there = (lies_there and not went) or came
        assert lies_there == now.present
        seen = now
