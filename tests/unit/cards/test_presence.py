"""What the event loop knows about a reader."""

import asyncio

import pytest

from booth.devices.card.interface import CardInserted, CardRead, CardRemoved, ReaderChanged
from booth.devices.card.presence import EVENTS_WAITING, Presence
from booth.errors import DeviceError
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.records import IdCard, Sex

KIND = DeviceKind.ID_CARD_READER
READY = ReaderChanged(DeviceStatus(KIND, DeviceState.READY))


def refusal(presence: Presence, insertion: int | None) -> ErrorCode:
    with pytest.raises(DeviceError) as refused:
        presence.require(insertion)
    return refused.value.code


async def test_the_oldest_events_go_when_nobody_takes_them() -> None:
    presence = Presence(KIND)
    events = presence.events()
    for number in range(1, EVENTS_WAITING + 6):
        presence.apply(CardInserted(number))
    presence.leave()
    assert [event async for event in events] == [CardInserted(number) for number in range(6, EVENTS_WAITING + 6)]


async def test_events_begin_when_they_are_asked_for() -> None:
    presence = Presence(KIND)
    presence.apply(READY)
    presence.apply(CardInserted(1))
    events = presence.events()
    presence.apply(CardRemoved(1))
    assert await anext(events) == CardRemoved(1)


async def test_a_new_consumer_ends_the_one_before() -> None:
    presence = Presence(KIND)
    earlier = presence.events()
    presence.apply(READY)
    later = presence.events()
    presence.apply(CardInserted(1))
    assert [event async for event in earlier] == [READY]
    assert await anext(later) == CardInserted(1)


async def test_a_cancelled_wait_loses_no_event() -> None:
    presence = Presence(KIND)
    events = presence.events()
    waiting = asyncio.create_task(anext(events), name="waiting")
    await asyncio.sleep(0)
    waiting.cancel()
    presence.apply(CardInserted(1))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await anext(events) == CardInserted(1)


def test_only_the_card_that_lies_there_can_be_read() -> None:
    presence = Presence(KIND)
    assert refusal(presence, 1) is ErrorCode.READER_ABSENT
    presence.apply(READY)
    assert refusal(presence, 1) is ErrorCode.CARD_REMOVED
    presence.apply(CardInserted(2))
    presence.require(2)
    assert refusal(presence, 1) is ErrorCode.CARD_REMOVED
    presence.apply(CardRemoved(2))
    assert refusal(presence, 2) is ErrorCode.CARD_REMOVED


def test_a_faulted_reader_says_why_nothing_can_be_read() -> None:
    presence = Presence(KIND)
    presence.apply(ReaderChanged(DeviceStatus(KIND, DeviceState.FAULTED, ErrorCode.DEVICE_FAILED)))
    assert refusal(presence, 1) is ErrorCode.DEVICE_FAILED


def test_a_reading_does_not_show_the_card() -> None:
    card = IdCard("测试甲", Sex.MALE, "汉", None, "", "319999194701050319", True, "", None, None)
    assert "测试甲" not in repr(CardRead(card, 1, 5))
    assert "319999" not in repr(CardRead(card, 1, 5))
