"""The clerk's commands at the booth."""

import pytest

from booth.core.events import (
    CardLaid,
    CardLifted,
    CardNotRead,
    CardWasRead,
    PageHindered,
    PageKept,
    PageNotTaken,
    PressShutter,
    ReadCard,
    StopTaking,
    TakePage,
)
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.kiosk import Activity
from protocol.messages import (
    CardPresented,
    CommandFailed,
    CommandHindered,
    CommandIssued,
    CommandWithdrawn,
    ShutterPressed,
)
from protocol.states import TicketState
from protocol.visit import CommandKind
from tests.unit.booth.visits import ID_READER, Desk, card


def issued(kind: CommandKind, command_id: str = "c1", affair_id: str = "affair-1") -> CommandIssued:
    return CommandIssued(command_id, affair_id, kind, 30)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.serve()
    return desk


def test_the_resident_is_asked_for_the_card_and_it_is_read_as_soon_as_it_lies_there(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD))
    assert desk.core.view().activity is Activity.LAY_ID_CARD
    assert ReadCard(ID_READER, 1) in desk.tell(CardLaid(ID_READER, 1))
    assert desk.core.view().activity is Activity.READING_CARD
    desk.tell(CardWasRead(ID_READER, 1, card(), 812))
    assert desk.sent == [CardPresented("c1", card(), 812, ID_READER, 1)]
    assert desk.core.view().activity is Activity.IDLE
    assert desk.core.deadline_ms() is None


def test_a_card_that_lies_there_already_is_read_at_once(desk: Desk) -> None:
    desk.tell(CardLaid(ID_READER, 1))
    assert ReadCard(ID_READER, 1) in desk.say(issued(CommandKind.READ_ID_CARD))


def test_a_card_pulled_out_hinders_the_command_until_it_is_laid_again(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD))
    desk.tell(CardLaid(ID_READER, 1), CardLifted(ID_READER, 1), CardNotRead(ID_READER, 1, ErrorCode.CARD_REMOVED))
    assert desk.sent == [CommandHindered("c1", ErrorCode.CARD_REMOVED)]
    assert desk.core.view().problem is ErrorCode.CARD_REMOVED
    assert desk.core.view().activity is Activity.LAY_ID_CARD
    desk.tell(CardLaid(ID_READER, 2))
    assert desk.core.view().problem is None
    desk.tell(CardWasRead(ID_READER, 2, card(), 700))
    assert desk.sent[1:] == [CardPresented("c1", card(), 700, ID_READER, 2)]


def test_a_damaged_card_is_not_read_over_and_over(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD))
    desk.tell(CardLaid(ID_READER, 1))
    assert not [e for e in desk.tell(CardNotRead(ID_READER, 1, ErrorCode.CARD_DAMAGED)) if isinstance(e, ReadCard)]
    assert not [e for e in desk.wait_ms(10_000) if isinstance(e, ReadCard)]
    assert ReadCard(ID_READER, 2) in desk.tell(CardLifted(ID_READER, 1), CardLaid(ID_READER, 2))


def test_a_reader_that_failed_is_tried_again_by_itself(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD))
    desk.tell(CardLaid(ID_READER, 1), CardNotRead(ID_READER, 1, ErrorCode.DEVICE_FAILED))
    assert ReadCard(ID_READER, 1) in desk.wait_ms(2_000)


def test_a_command_that_is_not_done_in_time_fails_once(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_SOCIAL_SECURITY_CARD))
    desk.wait_ms(60_000)
    assert desk.sent == [CommandFailed("c1", ErrorCode.TIMED_OUT)]


def test_a_withdrawn_command_reads_nothing_any_more(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD), CommandWithdrawn("c1"))
    assert not [e for e in desk.tell(CardLaid(ID_READER, 1)) if isinstance(e, ReadCard)]
    desk.wait_ms(60_000)
    assert desk.sent == []


def test_a_card_read_for_a_command_that_was_withdrawn_meanwhile_is_dropped(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD))
    desk.tell(CardLaid(ID_READER, 1))
    desk.say(CommandWithdrawn("c1"))
    desk.tell(CardWasRead(ID_READER, 1, card(), 700))
    assert desk.sent == []


def test_one_command_a_device_and_devices_side_by_side(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD), issued(CommandKind.READ_ID_CARD, "c2"))
    assert desk.sent == [CommandFailed("c2", ErrorCode.DEVICE_BUSY)]
    assert TakePage("c3", "affair-1") in desk.say(issued(CommandKind.TAKE_PAGE, "c3"))


def test_a_device_that_the_booth_has_not_fails_the_command_at_once() -> None:
    desk = Desk([DeviceKind.ID_CARD_READER])
    desk.serve()
    desk.say(issued(CommandKind.TAKE_PAGE), issued(CommandKind.READ_SOCIAL_SECURITY_CARD, "c2"))
    assert desk.sent == [
        CommandFailed("c1", ErrorCode.CAMERA_ABSENT),
        CommandFailed("c2", ErrorCode.READER_ABSENT),
    ]


def test_a_command_for_another_affair_is_refused(desk: Desk) -> None:
    desk.say(issued(CommandKind.TAKE_PAGE, affair_id="another"))
    assert desk.sent == [CommandFailed("c1", ErrorCode.AFFAIR_UNKNOWN)]


def test_a_page_is_looked_for_at_once_and_its_announcement_ends_the_command(desk: Desk) -> None:
    assert TakePage("c1", "affair-1") in desk.say(issued(CommandKind.TAKE_PAGE))
    assert desk.core.view().activity is Activity.LAY_PAGE
    desk.tell(PageKept("c1"))
    assert desk.core.view().activity is Activity.IDLE
    assert desk.sent == [], "the upload says it"


@pytest.mark.parametrize("code", [ErrorCode.CAMERA_ABSENT, ErrorCode.CAMERA_FROZEN, ErrorCode.DISK_FULL])
def test_what_may_go_away_is_tried_again_and_said_once(desk: Desk, code: ErrorCode) -> None:
    desk.say(issued(CommandKind.TAKE_PAGE))
    for _ in range(3):
        desk.tell(PageNotTaken("c1", code))
        assert desk.core.view().problem is code
        assert TakePage("c1", "affair-1") in desk.wait_ms(2_000)
    assert desk.sent == [CommandHindered("c1", code)]
    desk.tell(PageKept("c1"))
    assert desk.core.view().problem is None


def test_pages_one_after_another_end_with_the_clerks_word(desk: Desk) -> None:
    command = CommandIssued("c1", "affair-1", CommandKind.TAKE_PAGE, 600, more=True)
    assert TakePage("c1", "affair-1", more=True) in desk.say(command)
    for _ in range(3):
        desk.tell(PageKept("c1"))
        assert desk.core.view().activity is Activity.LAY_PAGE
    assert StopTaking("c1") in desk.say(CommandWithdrawn("c1"))
    assert desk.core.view().activity is Activity.IDLE


def test_what_hinders_a_page_is_said_once_and_goes_away_by_itself(desk: Desk) -> None:
    desk.say(issued(CommandKind.TAKE_PAGE))
    for _ in range(2):
        desk.tell(PageHindered("c1", ErrorCode.PAGE_GLARE))
        assert desk.core.view().problem is ErrorCode.PAGE_GLARE
        desk.tell(PageHindered("c1", None))
        assert desk.core.view().problem is None
    assert desk.sent == [CommandHindered("c1", ErrorCode.PAGE_GLARE)]


def test_the_shutter_is_for_the_command_that_runs(desk: Desk) -> None:
    assert desk.say(ShutterPressed("c1")) == []
    desk.say(issued(CommandKind.TAKE_PAGE))
    assert desk.say(ShutterPressed("c0")) == []
    assert desk.say(ShutterPressed("c1")) == [PressShutter("c1")]


def test_what_does_not_go_away_fails_the_command(desk: Desk) -> None:
    desk.say(issued(CommandKind.TAKE_PAGE))
    desk.tell(PageNotTaken("c1", ErrorCode.INTERNAL))
    assert desk.sent == [CommandFailed("c1", ErrorCode.INTERNAL)]


@pytest.mark.parametrize("how", ["withdrawn", "late"])
def test_a_page_that_nobody_wants_any_more_is_stopped(desk: Desk, how: str) -> None:
    desk.say(issued(CommandKind.TAKE_PAGE))
    effects = desk.say(CommandWithdrawn("c1")) if how == "withdrawn" else desk.wait_ms(30_000)
    assert StopTaking("c1") in effects


def test_commands_end_with_the_affair(desk: Desk) -> None:
    desk.say(issued(CommandKind.READ_ID_CARD))
    desk.visit(TicketState.FINISHED)
    assert desk.core.view().activity is Activity.IDLE
    assert not [e for e in desk.tell(CardLaid(ID_READER, 1)) if isinstance(e, ReadCard)]
