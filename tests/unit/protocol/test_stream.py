"""Numbered streams: whatever breaks, every message is handled once and in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ErrorCode, ProtocolError
from protocol.stream import MAX_BACKLOG, Sender, is_next


@given(
    st.lists(
        st.one_of(
            st.just("send"),
            st.tuples(st.just("break"), st.integers(min_value=0, max_value=5), st.booleans()),
        ),
        max_size=60,
    )
)
def test_every_message_is_handled_once_and_in_order_over_any_breaks(steps: list[object]) -> None:
    sender: Sender[int] = Sender()
    handled: list[int] = []
    received = 0

    def deliver(limit: int | None, acknowledge: bool) -> None:
        nonlocal received
        for n, message in sender.pending()[:limit]:
            if is_next(received, n):
                handled.append(message)
                received = n
            if acknowledge:
                sender.acknowledged(n)

    count = 0
    for step in steps:
        if step == "send":
            count += 1
            sender.put(count)
        elif isinstance(step, tuple):
            deliver(step[1], step[2])
    deliver(None, True)
    assert handled == list(range(1, count + 1))
    assert sender.pending() == []


def test_what_waits_can_be_rewritten_and_keeps_its_numbers() -> None:
    sender: Sender[str] = Sender()
    for message in ("one", "secret", "three"):
        sender.put(message)
    sender.acknowledged(1)
    sender.rewrite(lambda message: "withdrawn" if message == "secret" else message)
    assert sender.pending() == [(2, "withdrawn"), (3, "three")]


def test_a_gap_is_refused() -> None:
    with pytest.raises(ProtocolError) as refused:
        is_next(3, 5)
    assert refused.value.code is ErrorCode.OUT_OF_ORDER


def test_an_acknowledgement_of_what_was_never_sent_is_refused() -> None:
    sender: Sender[str] = Sender()
    sender.put("one")
    with pytest.raises(ProtocolError):
        sender.acknowledged(2)
    assert sender.pending() == [(1, "one")]


def test_a_full_backlog_refuses_and_keeps_what_it_has() -> None:
    sender: Sender[int] = Sender()
    for message in range(MAX_BACKLOG):
        sender.put(message)
    with pytest.raises(ProtocolError) as refused:
        sender.put(-1)
    assert refused.value.code is ErrorCode.BACKLOG_FULL
    assert len(sender.pending()) == MAX_BACKLOG and sender.sent == MAX_BACKLOG
