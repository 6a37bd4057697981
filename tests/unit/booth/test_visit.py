"""The visit, from the welcome to the wipe."""

import pytest

from booth.core.events import (
    Attended,
    CardLaid,
    CardLifted,
    CardNotRead,
    CardWasRead,
    ClerkSeen,
    CodeRead,
    DeviceChanged,
    EpochBegan,
    LinkChanged,
    ReadCard,
    TimePassed,
    ViewChanged,
    WatchCodes,
    Wipe,
    Wiped,
    Withdraw,
)
from booth.core.request import CODE_MS
from booth.core.route import route
from booth.core.visit import RECEIPT_MS
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.kiosk import (
    CardLostSaid,
    CodeScanned,
    Disputed,
    GradeGiven,
    ItemChosen,
    KioskFirstFrame,
    Left,
    RatingSkipped,
    ReceiptRead,
    Signed,
    Touched,
    WentBack,
)
from protocol.messages import (
    BoothReported,
    CallAnswered,
    FirstFrameSeen,
    FormDisputed,
    FormSigned,
    Rated,
    RatingDeclined,
    RequestRefused,
    TicketAbandoned,
    TicketRequested,
    VisitChanged,
    VisitWiped,
)
from protocol.records import CardLost, CodeShown
from protocol.states import SessionState, SignatureState, TicketState, VisitState
from tests.unit.booth.visits import ID_READER, ITEM, NAME, SHA, SOCIAL_READER, Desk, card


def test_a_whole_affair_ends_at_the_welcome_again() -> None:
    desk = Desk()
    desk.request()
    desk.visit(TicketState.WAITING)
    assert desk.shows() is VisitState.WAIT
    desk.visit(TicketState.CALLED)
    assert desk.shows() is VisitState.SERVE
    desk.visit(TicketState.SERVING)
    desk.visit(TicketState.SERVING, signature=SignatureState.ASKED)
    assert desk.shows() is VisitState.SIGN
    desk.act(Signed(SHA, [[0, 0, 5, 5]]))
    desk.visit(TicketState.SERVING, signature=SignatureState.SIGNED)
    assert desk.shows() is VisitState.SERVE
    desk.visit(TicketState.FINISHED, signature=SignatureState.SIGNED)
    assert desk.shows() is VisitState.RECEIPT
    desk.act(ReceiptRead())
    assert desk.shows() is VisitState.RATE
    desk.act(GradeGiven(5))
    assert desk.shows() is VisitState.WELCOME
    assert [type(message) for message in desk.sent] == [TicketRequested, CallAnswered, FormSigned, Rated, VisitWiped]


def test_a_card_that_lay_there_before_the_page_asked_counts() -> None:
    desk = Desk()
    desk.tell(CardLaid(ID_READER, 1))
    effects = desk.act(Touched(), ItemChosen(ITEM))
    assert ReadCard(ID_READER, 1) in effects
    desk.tell(CardWasRead(ID_READER, 1, card(), 900))
    assert desk.said(TicketRequested)[0].shown == card()


def test_a_card_left_behind_never_speaks_for_the_next_resident() -> None:
    desk = Desk()
    desk.identify()
    desk.tell(CardLaid(ID_READER, 1))
    desk.wait_ms(60_000)
    assert desk.shows() is VisitState.WELCOME
    effects = desk.act(Touched(), ItemChosen(ITEM))
    assert not any(isinstance(effect, ReadCard) for effect in effects)
    desk.tell(CardWasRead(ID_READER, 1, card(), 900))  # the old reading ends only now
    assert not desk.said(TicketRequested)
    desk.tell(CardLifted(ID_READER, 1))
    assert ReadCard(ID_READER, 2) in desk.tell(CardLaid(ID_READER, 2))


def test_either_reader_identifies_and_one_request_is_made() -> None:
    desk = Desk()
    desk.identify()
    desk.tell(CardLaid(ID_READER, 1), CardLaid(SOCIAL_READER, 1))
    desk.tell(CardWasRead(SOCIAL_READER, 1, card("甲"), 700), CardWasRead(ID_READER, 1, card("乙"), 900))
    assert [request.shown for request in desk.said(TicketRequested)] == [card("甲")]


def test_a_reading_that_fails_says_why_and_the_card_can_be_laid_again() -> None:
    desk = Desk()
    desk.identify()
    desk.tell(CardLaid(ID_READER, 1), CardNotRead(ID_READER, 1, ErrorCode.CARD_REMOVED), CardLifted(ID_READER, 1))
    assert desk.core.view().problem is ErrorCode.CARD_REMOVED
    assert ReadCard(ID_READER, 2) in desk.tell(CardLaid(ID_READER, 2))
    assert desk.core.view().problem is None


def test_a_card_laid_anew_while_the_old_one_is_still_being_read_is_read_too() -> None:
    desk = Desk()
    desk.identify()
    desk.tell(CardLaid(ID_READER, 1), CardLifted(ID_READER, 1), CardLaid(ID_READER, 2))
    assert ReadCard(ID_READER, 2) in desk.tell(CardNotRead(ID_READER, 1, ErrorCode.CARD_REMOVED))


def test_without_a_card_the_resident_says_so_or_shows_a_code() -> None:
    for action, shown in ((CardLostSaid(), CardLost()), (CodeScanned("CODE-1"), CodeShown("CODE-1"))):
        desk = Desk()
        desk.identify()
        desk.act(action)
        assert desk.said(TicketRequested)[0].shown == shown
        assert desk.core.view().requesting


def test_a_code_from_a_device_counts_only_while_the_resident_is_asked_who_they_are() -> None:
    desk = Desk()
    seen = CodeRead(DeviceKind.DOCUMENT_CAMERA, "CODE-1")
    desk.tell(seen)
    desk.act(Touched())
    desk.tell(seen)
    assert not desk.said(TicketRequested)
    desk.act(ItemChosen(ITEM))
    desk.tell(seen, CodeRead(DeviceKind.CODE_SCANNER, "CODE-2"))
    (request,) = desk.said(TicketRequested)
    assert (request.shown, request.device) == (CodeShown("CODE-1"), DeviceKind.DOCUMENT_CAMERA)
    assert "CODE-1" not in repr(seen)


def shows_a_code(desk: Desk) -> TicketRequested:
    desk.identify()
    desk.tell(CodeRead(DeviceKind.DOCUMENT_CAMERA, "CODE-1"))
    return desk.said(TicketRequested)[-1]


def test_a_code_that_nobody_answers_for_lives_for_seconds_and_is_asked_for_again() -> None:
    desk = Desk()
    request = shows_a_code(desk)
    desk.tell(LinkChanged(False))
    assert desk.wait_ms(CODE_MS - 1) == []
    effects = desk.wait_ms(1)
    assert effects == [Withdraw(request.request_id), WatchCodes(True), ViewChanged()]
    assert desk.core.view().problem is ErrorCode.CODE_UNANSWERED
    assert not desk.core.view().requesting
    desk.tell(CodeRead(DeviceKind.DOCUMENT_CAMERA, "CODE-2"))
    assert desk.said(TicketRequested)[-1].shown == CodeShown("CODE-2")
    desk.say(RequestRefused(request.request_id, ErrorCode.WITHDRAWN))
    assert desk.core.view().requesting, "the refusal was the first code's"


def test_a_card_that_nobody_answers_for_yet_does_not_expire() -> None:
    desk = Desk()
    desk.request()
    assert not [effect for effect in desk.wait_ms(2 * CODE_MS) if isinstance(effect, Withdraw)]
    assert desk.core.view().requesting


def test_a_ticket_for_a_code_that_had_arrived_after_all_is_the_residents_while_they_are_there() -> None:
    desk = Desk()
    shows_a_code(desk)
    desk.wait_ms(CODE_MS)
    desk.visit(TicketState.WAITING)
    assert desk.shows() is VisitState.WAIT
    assert not desk.said(TicketAbandoned)


def test_a_ticket_for_an_expired_code_of_somebody_who_left_is_given_back() -> None:
    desk = Desk()
    shows_a_code(desk)
    desk.wait_ms(CODE_MS)
    desk.act(Left())
    desk.identify()
    desk.visit(TicketState.WAITING, "affair-of-the-code")
    assert desk.said(TicketAbandoned) == [TicketAbandoned("affair-of-the-code")]
    assert desk.shows() is VisitState.IDENTIFY


def test_an_expired_code_that_never_arrived_costs_the_next_resident_nothing() -> None:
    desk = Desk()
    request = shows_a_code(desk)
    desk.wait_ms(CODE_MS)
    desk.act(Left())
    desk.say(RequestRefused(request.request_id, ErrorCode.WITHDRAWN))
    desk.request(insertion=2)
    desk.visit(TicketState.WAITING, "affair-2")
    assert desk.shows() is VisitState.WAIT
    assert not desk.said(TicketAbandoned)


def test_codes_are_watched_for_only_while_one_is_wanted() -> None:
    desk = Desk()

    def watching() -> list[bool]:
        return [effect.wanted for effect in desk.effects if isinstance(effect, WatchCodes)]

    desk.act(Touched())
    assert watching() == []
    desk.act(ItemChosen(ITEM))
    assert watching() == [True]
    desk.tell(CodeRead(DeviceKind.DOCUMENT_CAMERA, "CODE-1"))
    assert watching() == [True, False]
    desk.say(RequestRefused(desk.said(TicketRequested)[0].request_id, ErrorCode.CODE_EXPIRED))
    assert watching() == [True, False, True]
    desk.act(Left())
    assert watching() == [True, False, True, False]


def test_a_card_that_identifies_says_which_readers_insertion_it_is() -> None:
    request = Desk().request(insertion=7)
    assert (request.device, request.insertion) == (ID_READER, 7)


def test_a_refused_request_says_why_and_can_be_made_again() -> None:
    desk = Desk()
    request = desk.request()
    desk.say(RequestRefused(request.request_id, ErrorCode.CODE_UNVERIFIABLE))
    view = desk.core.view()
    assert (view.problem, view.requesting, view.state) == (ErrorCode.CODE_UNVERIFIABLE, False, VisitState.IDENTIFY)
    desk.act(CardLostSaid())
    assert len(desk.said(TicketRequested)) == 2


def test_an_item_that_is_not_offered_is_not_chosen() -> None:
    desk = Desk()
    desk.act(Touched(), ItemChosen("not_there"))
    assert desk.shows() is VisitState.CHOOSE
    assert desk.core.view().problem is ErrorCode.ITEM_UNKNOWN


def test_an_idle_visit_leaves_at_the_moment_that_the_page_counts_down_to() -> None:
    desk = Desk()
    desk.act(Touched())
    desk.wait_ms(59_000)
    desk.act(ItemChosen(ITEM))
    leaves_at_ms = desk.core.view().leaves_at_ms
    assert leaves_at_ms == desk.now_ms + 60_000
    desk.wait_ms(59_999)
    assert desk.shows() is VisitState.IDENTIFY
    desk.wait_ms(1)
    assert desk.shows() is VisitState.WELCOME
    assert not desk.said(VisitWiped), "the center never heard of this visit"


def test_back_goes_one_step_back() -> None:
    desk = Desk()
    desk.identify()
    desk.act(WentBack())
    assert (desk.shows(), desk.core.view().item_id) == (VisitState.CHOOSE, None)
    desk.act(WentBack())
    assert desk.shows() is VisitState.WELCOME


def test_a_ticket_for_somebody_who_left_is_given_back_and_not_shown() -> None:
    desk = Desk()
    desk.request()
    desk.wait_ms(60_000)
    assert desk.shows() is VisitState.WELCOME
    desk.act(Touched())
    desk.visit(TicketState.WAITING, "affair-late")
    assert desk.shows() is VisitState.CHOOSE
    assert desk.core.view().visit is None
    assert desk.said(TicketAbandoned) == [TicketAbandoned("affair-late")]
    desk.visit(TicketState.CALLED, "affair-late")
    assert desk.shows() is VisitState.CHOOSE
    desk.say(VisitChanged(None))
    desk.act(ItemChosen(ITEM), CardLostSaid())
    desk.visit(TicketState.WAITING, "affair-2")
    assert desk.shows() is VisitState.WAIT


def test_a_refusal_that_comes_after_the_resident_left_concerns_nobody() -> None:
    desk = Desk()
    request = desk.request()
    desk.act(Left())
    desk.say(RequestRefused(request.request_id, ErrorCode.BOOTH_OCCUPIED))
    assert desk.core.view().problem is None
    desk.act(Touched(), ItemChosen(ITEM), CardLostSaid())
    desk.visit(TicketState.WAITING, "affair-2")
    assert desk.shows() is VisitState.WAIT
    assert not desk.said(TicketAbandoned)


@pytest.mark.parametrize("state", [VisitState.WAIT, VisitState.SERVE, VisitState.SIGN])
def test_who_leaves_in_the_middle_gives_the_ticket_back(state: VisitState) -> None:
    desk = Desk()
    signature = SignatureState.ASKED if state is VisitState.SIGN else SignatureState.NONE
    desk.visit(TicketState.WAITING if state is VisitState.WAIT else TicketState.SERVING, signature=signature)
    assert desk.shows() is state
    desk.act(Left())
    assert desk.sent == [TicketAbandoned("affair-1"), VisitWiped("affair-1")]
    assert desk.shows() is VisitState.WELCOME


@pytest.mark.parametrize("ticket", [TicketState.WAITING, TicketState.SERVING, TicketState.HELD])
def test_a_visit_that_the_center_ends_is_wiped(ticket: TicketState) -> None:
    desk = Desk()
    desk.visit(ticket)
    desk.say(VisitChanged(None))
    assert desk.sent == [VisitWiped("affair-1")]
    assert desk.shows() is VisitState.WELCOME


@pytest.mark.parametrize(
    ("ticket", "signature", "state"),
    [
        (TicketState.WAITING, SignatureState.NONE, VisitState.WAIT),
        (TicketState.MISSED, SignatureState.NONE, VisitState.WAIT),
        (TicketState.CALLED, SignatureState.NONE, VisitState.SERVE),
        (TicketState.CONNECTING, SignatureState.NONE, VisitState.SERVE),
        (TicketState.SERVING, SignatureState.ASKED, VisitState.SIGN),
        (TicketState.SERVING, SignatureState.DISPUTED, VisitState.SERVE),
        (TicketState.HELD, SignatureState.SIGNED, VisitState.SERVE),
        (TicketState.FINISHED, SignatureState.SIGNED, VisitState.RECEIPT),
        (TicketState.ABANDONED, SignatureState.NONE, VisitState.WELCOME),
    ],
)
def test_a_restarted_booth_goes_on_where_the_visit_is(
    ticket: TicketState, signature: SignatureState, state: VisitState
) -> None:
    desk = Desk()
    desk.visit(ticket, signature=signature)
    assert desk.shows() is state
    assert (desk.core.view().visit is not None) is (state is not VisitState.WELCOME)


def test_a_rated_visit_that_was_not_wiped_is_wiped_after_a_restart() -> None:
    desk = Desk()
    desk.visit(TicketState.FINISHED, rated=True)
    assert desk.sent == [VisitWiped("affair-1")]
    assert desk.shows() is VisitState.WELCOME


def test_the_receipt_gives_way_to_the_rating_which_nobody_must_give() -> None:
    desk = Desk()
    desk.visit(TicketState.FINISHED)
    desk.wait_ms(RECEIPT_MS)
    assert desk.shows() is VisitState.RATE
    desk.wait_ms(60_000)
    assert desk.sent == [RatingDeclined("affair-1"), VisitWiped("affair-1")]


def test_skipping_the_rating_defaults_nothing() -> None:
    desk = Desk()
    desk.visit(TicketState.FINISHED)
    desk.act(ReceiptRead(), RatingSkipped())
    assert desk.sent == [RatingDeclined("affair-1"), VisitWiped("affair-1")]


def test_an_affair_that_was_wiped_does_not_come_back() -> None:
    desk = Desk()
    desk.visit(TicketState.FINISHED)
    desk.act(ReceiptRead(), GradeGiven(4))
    desk.visit(TicketState.FINISHED, rated=True)
    assert desk.shows() is VisitState.WELCOME
    assert desk.said(VisitWiped) == [VisitWiped("affair-1")]


def test_a_call_is_answered_once_and_again_when_it_is_repeated() -> None:
    desk = Desk()
    desk.visit(TicketState.CALLED)
    desk.visit(TicketState.CALLED)
    assert desk.said(CallAnswered) == [CallAnswered("affair-1")]
    desk.visit(TicketState.MISSED)
    assert desk.shows() is VisitState.WAIT
    desk.visit(TicketState.CALLED)
    assert len(desk.said(CallAnswered)) == 2


def test_a_call_that_no_page_shows_is_answered_when_one_opens() -> None:
    desk = Desk(attended=False)
    desk.visit(TicketState.CALLED)
    assert not desk.said(CallAnswered)
    desk.tell(Attended(True))
    assert desk.said(CallAnswered) == [CallAnswered("affair-1")]


def test_the_first_frame_is_said_once_for_each_time_that_the_session_stands() -> None:
    desk = Desk()
    desk.visit(TicketState.CALLED)
    desk.now_ms += 180
    desk.tell(ClerkSeen(), ClerkSeen())
    desk.act(KioskFirstFrame("affair-1", 200), KioskFirstFrame("another", 1))
    assert desk.said(FirstFrameSeen) == [FirstFrameSeen("affair-1", 180)]
    desk.visit(TicketState.SERVING, session_state=SessionState.INTERRUPTED)
    desk.act(KioskFirstFrame("affair-1", 5000))
    assert desk.said(FirstFrameSeen)[1:] == [FirstFrameSeen("affair-1", 5000)]


def test_a_signature_of_another_form_is_not_sent() -> None:
    desk = Desk()
    desk.visit(TicketState.SERVING, signature=SignatureState.ASKED)
    desk.act(Signed("cd" * 32, [[0, 0]]))
    assert not desk.said(FormSigned)
    assert desk.core.view().problem is ErrorCode.STALE_REVISION
    desk.act(Signed(SHA, [[0, 0]]), Signed(SHA, [[0, 0]]))
    assert desk.said(FormSigned) == [FormSigned("affair-1", SHA, [[0, 0]])]


def test_a_disputed_form_leads_back_to_the_clerk() -> None:
    desk = Desk()
    desk.visit(TicketState.SERVING, signature=SignatureState.ASKED)
    desk.act(Disputed())
    assert desk.said(FormDisputed) == [FormDisputed("affair-1")]
    desk.visit(TicketState.SERVING, signature=SignatureState.DISPUTED)
    assert desk.shows() is VisitState.SERVE


def test_another_visit_is_shown_only_after_the_old_one_is_wiped() -> None:
    desk = Desk()
    desk.wipes = False
    desk.visit(TicketState.SERVING, "affair-1")
    assert Wipe() in desk.visit(TicketState.WAITING, "affair-2")
    assert desk.core.view().visit is None
    desk.tell(Wiped())
    assert desk.sent == [VisitWiped("affair-1")]
    visit = desk.core.view().visit
    assert visit is not None and visit.affair_id == "affair-2"
    assert desk.shows() is VisitState.WAIT


def test_wiping_is_asked_for_until_it_is_done_and_only_then_said() -> None:
    desk = Desk()
    desk.wipes = False
    desk.serve()
    desk.act(Left())
    assert desk.shows() is VisitState.WIPE
    assert Wipe() in desk.wait_ms(5_000)
    assert not desk.said(VisitWiped)
    desk.tell(Wiped())
    assert desk.said(VisitWiped) == [VisitWiped("affair-1")]


def test_each_change_of_a_device_is_reported_once() -> None:
    desk = Desk()
    ready = DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.READY)
    desk.tell(DeviceChanged(ready), DeviceChanged(ready))
    assert len(desk.said(BoothReported)) == 1
    assert ready in desk.said(BoothReported)[0].devices
    assert desk.core.view().preview


def test_a_new_epoch_reports_the_devices_and_lets_the_resident_ask_again() -> None:
    desk = Desk()
    desk.request()
    desk.tell(EpochBegan())
    assert len(desk.said(BoothReported)) == 1
    assert not desk.core.view().requesting
    desk.act(CardLostSaid())
    desk.visit(TicketState.WAITING)
    assert desk.shows() is VisitState.WAIT


def test_the_view_is_announced_exactly_when_it_changed() -> None:
    desk = Desk()
    assert ViewChanged() in desk.tell(LinkChanged(False))
    assert desk.tell(LinkChanged(False)) == []
    assert desk.tell(TimePassed()) == []


def test_a_late_touch_changes_nothing() -> None:
    desk = Desk()
    desk.serve()
    before = desk.core.view()
    desk.act(Touched(), ItemChosen(ITEM), CardLostSaid(), GradeGiven(1), ReceiptRead(), RatingSkipped(), WentBack())
    assert desk.core.view() == before
    assert desk.sent == []


def test_every_state_of_the_center_is_reached_through_the_table() -> None:
    assert route(VisitState.WELCOME, VisitState.RECEIPT) is not None
    for here in (VisitState.WELCOME, VisitState.CHOOSE, VisitState.IDENTIFY, VisitState.WAIT, VisitState.SERVE):
        for there in (VisitState.WAIT, VisitState.SERVE, VisitState.SIGN, VisitState.RECEIPT):
            assert route(here, there) is not None, (here, there)


def test_no_repr_says_a_name() -> None:
    desk = Desk()
    desk.request()
    assert NAME not in repr(desk.core) + repr(desk.effects) + repr(desk.sent) + repr(desk.core.view())
    assert NAME not in repr(CardWasRead(ID_READER, 1, card(), 3))
