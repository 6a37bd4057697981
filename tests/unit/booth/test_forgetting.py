"""After the wipe nothing of the resident is left in the core, not in any corner."""

import gc
import types
from collections.abc import Callable
from typing import Any

import pytest

from booth.core.events import CardLaid, CardLifted, CardNotRead
from protocol.errors import ErrorCode
from protocol.kiosk import GradeGiven, Left, ReceiptRead, Signed
from protocol.messages import CommandIssued
from protocol.states import SignatureState, TicketState, VisitState
from protocol.visit import CommandKind
from tests.unit.booth.visits import ID_READER, NAME, SHA, Desk, snapshot

SECRETS = (NAME, "A001", "上海市虚构区桂雨路 18 弄", "319999195803120028", "王测试窗", "缺一张照片", SHA)


def texts_of(root: object) -> set[str]:
    """Every text that can be reached from the object; modules and classes are the program's, not the visit's."""
    found: set[str] = set()
    seen: set[int] = set()
    todo: list[Any] = [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | types.ModuleType | types.FunctionType | types.CodeType):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            found.add(thing)
        if hasattr(thing, "__struct_fields__"):  # msgspec takes structs without containers out of the collector's sight
            todo += [getattr(thing, name) for name in thing.__struct_fields__]
        todo += gc.get_referents(thing)
    return found


def a_visit_in_the_middle() -> Desk:
    desk = Desk()
    desk.request()
    more = {"clerk_name": "王测试窗", "message": "缺一张照片"}
    desk.visit(TicketState.SERVING, **more)
    desk.say(CommandIssued("c1", "affair-1", CommandKind.READ_ID_CARD, 30))
    desk.tell(CardLaid(ID_READER, 2), CardNotRead(ID_READER, 2, ErrorCode.CARD_REMOVED), CardLifted(ID_READER, 2))
    desk.visit(TicketState.SERVING, signature=SignatureState.ASKED, **more)
    desk.act(Signed(SHA, [[0, 0]]))
    return desk


def test_the_search_finds_what_is_there() -> None:
    desk = a_visit_in_the_middle()
    assert {NAME, "王测试窗", "缺一张照片", SHA} <= texts_of(desk.core)


def rate(desk: Desk) -> None:
    desk.say_finished()
    desk.act(ReceiptRead(), GradeGiven(5))


def leave(desk: Desk) -> None:
    desk.act(Left())


def be_closed_by_the_center(desk: Desk) -> None:
    desk.say_closed()


def stand_idle(desk: Desk) -> None:
    desk.say_finished()
    desk.wait_ms(200_000)


@pytest.mark.parametrize("end", [rate, leave, be_closed_by_the_center, stand_idle])
def test_nothing_of_the_visit_can_be_reached_after_the_wipe(end: Callable[[Desk], None]) -> None:
    desk = a_visit_in_the_middle()
    end(desk)
    assert desk.shows() is VisitState.WELCOME
    texts = texts_of(desk.core)
    assert not [secret for secret in SECRETS if any(secret in text for text in texts)]


def test_a_visit_that_waits_for_the_wipe_is_dropped_when_the_center_takes_it_back() -> None:
    desk = a_visit_in_the_middle()
    desk.wipes = False
    desk.say_changed(snapshot(TicketState.WAITING, "affair-2", clerk_name="王测试窗"))
    desk.say_closed()
    desk.wiped()
    assert desk.shows() is VisitState.WELCOME
    assert "王测试窗" not in texts_of(desk.core)
