"""The core's rules, one by one."""

import msgspec
import pytest

from booth.devices.card.bench_cards import BENCH_CARDS, BenchCardRecord
from center.core import decide_booth, decide_clerk, decide_pages, decide_time
from center.core.affair import Affair, Close, Decision, EntryKind, Join
from center.core.identity import filled
from center.core.views import visit_of
from center.errors import DeskError
from protocol.counter import IdentitySource
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode, IllegalTransition
from protocol.messages import (
    CallAnswered,
    CardPresented,
    CommandFailed,
    CommandHindered,
    CommandWithdrawn,
    FirstFrameSeen,
    FormDisputed,
    FormSigned,
    PageStored,
    Rated,
    RatingDeclined,
    ShutterPressed,
    TicketRequested,
    VisitWiped,
)
from protocol.pages import PagePart
from protocol.records import CardLost, CodeHolder, CodeShown, PermanentResidentCard
from protocol.states import CaseState, CommandState, PageState, SessionState, SignatureState, TicketState
from protocol.visit import CommandKind, Outcome
from tests.unit.center import samples
from tests.unit.center.samples import CLERK, ID_CARD, NOW_MS, OTHER_CLERK, SOCIAL_SECURITY_CARD

CASE_NO = "SQ-20261122-0001"


def finish(affair: Affair, outcome: Outcome = Outcome.ACCEPTED, message: str = "") -> Affair:
    return decide_clerk.finish(affair, CLERK, NOW_MS, outcome=outcome, message=message, case_no=CASE_NO).affair


def test_a_clerk_vouches_by_sight_and_it_is_kept_as_an_identity_of_its_own() -> None:
    affair = samples.serving(CardLost())
    assert affair.identities == ()
    decision = decide_clerk.see_identity(affair, CLERK, NOW_MS)
    (identity,) = decision.affair.identities
    assert (identity.source, identity.at_ms, identity.card) == (IdentitySource.CLERK_VISUAL, NOW_MS, None)
    assert (identity.booth_id, identity.device, identity.insertion) == ("b-01", None, None)
    assert [entry.kind for entry in decision.entries] == [EntryKind.IDENTITY_SEEN]
    with pytest.raises(DeskError, match="not_yours"):
        decide_clerk.see_identity(affair, OTHER_CLERK, NOW_MS)
    with pytest.raises(DeskError, match="illegal_transition"):
        decide_clerk.see_identity(samples.called(CardLost()), CLERK, NOW_MS)


def test_a_card_after_a_code_stands_beside_it_and_overwrites_nothing() -> None:
    code = TicketRequested("r1", "medical_booklet", CodeShown("CODE"), DeviceKind.CODE_SCANNER)
    holder = CodeHolder("测试乙", "319999195206180022", True, NOW_MS)
    waiting = decide_booth.open_affair(
        code,
        samples.item(),
        affair_id="a1",
        booth_id="b-01",
        place=1,
        number="A001",
        now_ms=NOW_MS,
        redemption=holder,
    ).affair
    affair = decide_clerk.take(waiting, CLERK, NOW_MS, clerk_busy=False, booth_online=True).affair
    affair = decide_booth.hear(affair, CallAnswered("a1"), NOW_MS).affair
    affair = samples.ordered(affair, CommandKind.READ_ID_CARD)
    shown = CardPresented("k1", ID_CARD, 900, DeviceKind.ID_CARD_READER, 4)
    affair = decide_booth.hear(affair, shown, NOW_MS + 1).affair
    assert [(each.source, each.card) for each in affair.identities] == [
        (IdentitySource.SUISHEN_CODE, holder),
        (IdentitySource.ID_CARD, ID_CARD),
    ]
    assert (affair.identities[1].device, affair.identities[1].insertion) == (DeviceKind.ID_CARD_READER, 4)
    assert affair.case.form["applicant_name"] == holder.name


def test_a_card_shown_at_the_start_fills_the_form_and_identifies() -> None:
    affair = samples.waiting()
    assert affair.case.form["applicant_name"] == ID_CARD.name
    assert affair.case.form["mail_address"] == ID_CARD.address
    assert affair.case.form["pick_up"] == "booth"
    assert [identity.card for identity in affair.identities] == [ID_CARD]
    assert samples.waiting(CardLost()).identities == ()


def test_what_somebody_wrote_is_not_overwritten_by_a_card() -> None:
    item = samples.item()
    form = filled(item, {"applicant_name": "测试乙", "mail_address": "  "}, ID_CARD)
    assert (form["applicant_name"], form["mail_address"]) == ("测试乙", ID_CARD.address)


def test_a_call_brings_everybody_into_the_room_before_it_is_answered() -> None:
    call = decide_clerk.take(samples.waiting(), CLERK, NOW_MS, clerk_busy=False, booth_online=True)
    assert call.rooms == (Join("a1", ("booth:b-01", "kiosk:b-01", "clerk:c1")),)
    decision = decide_booth.hear(call.affair, CallAnswered("a1"), NOW_MS)
    assert decision.rooms == ()
    assert decision.affair.session is not None
    assert decision.affair.session.state is SessionState.CONNECTING


def test_a_call_that_is_taken_back_before_its_answer_closes_the_room() -> None:
    for taken_back in (decide_clerk.release, decide_clerk.miss):
        assert taken_back(samples.called(), CLERK, NOW_MS).rooms == (Close("a1"),)


def test_the_first_picture_of_either_side_begins_the_serving_and_both_are_kept() -> None:
    affair = decide_booth.hear(samples.called(), CallAnswered("a1"), NOW_MS).affair
    first = decide_clerk.saw(affair, CLERK, NOW_MS, after_ms=400)
    assert first.affair.ticket.state is TicketState.SERVING
    second = decide_booth.hear(first.affair, FirstFrameSeen("a1", 250), NOW_MS)
    again = decide_booth.hear(second.affair, FirstFrameSeen("a1", 9999), NOW_MS)
    session = again.affair.session
    assert session is not None
    assert (session.booth_saw_after_ms, session.clerk_saw_after_ms) == (250, 400)
    assert [entry.payload["after_ms"] for entry in (*first.entries, *second.entries, *again.entries)] == [400, 250]


def test_a_released_ticket_keeps_its_place_and_forgets_its_clerk() -> None:
    affair = decide_clerk.release(samples.called(), CLERK, NOW_MS).affair
    assert (affair.ticket.state, affair.ticket.place, affair.ticket.clerk) == (TicketState.WAITING, 1, None)


def test_a_ticket_that_is_served_cannot_be_released() -> None:
    with pytest.raises(IllegalTransition):
        decide_clerk.release(samples.serving(), CLERK, NOW_MS)


def test_only_the_affairs_own_clerk_acts_on_it() -> None:
    for act in (decide_clerk.release, decide_clerk.miss, decide_clerk.hold, decide_clerk.ask_signature):
        with pytest.raises(DeskError, match="not_yours"):
            act(samples.serving(), OTHER_CLERK, NOW_MS)


def test_a_card_of_the_other_kind_does_not_answer_a_command() -> None:
    affair = samples.ordered(samples.serving(), CommandKind.READ_ID_CARD)
    with pytest.raises(DeskError, match="card_unsupported"):
        decide_booth.hear(affair, CardPresented("k1", SOCIAL_SECURITY_CARD, 900), NOW_MS)


@pytest.mark.parametrize("bench", [bench for bench in BENCH_CARDS if bench.card is not None], ids=repr)
def test_every_card_of_the_bench_answers_its_command_and_is_shown_to_the_clerk(bench: BenchCardRecord) -> None:
    is_social = bench.kind is DeviceKind.SOCIAL_SECURITY_CARD_READER
    kind = CommandKind.READ_SOCIAL_SECURITY_CARD if is_social else CommandKind.READ_ID_CARD
    assert bench.card is not None
    affair = samples.ordered(samples.serving(CardLost()), kind)
    affair = decide_booth.hear(affair, CardPresented("k1", bench.card, 900), NOW_MS).affair
    assert [(str(each.source), each.card) for each in affair.identities] == [
        (bench.card.__struct_config__.tag, bench.card)
    ]
    number = getattr(bench.card, "number", None)
    assert affair.case.form["applicant_number"] == (number or "")


def test_a_foreigner_without_a_chinese_name_fills_the_form_with_the_english_one() -> None:
    card = next(bench.card for bench in BENCH_CARDS if bench.card_id == "resident-2017")
    assert isinstance(card, PermanentResidentCard)
    assert card.name == ""
    assert samples.waiting(card).case.form["applicant_name"] == card.name_en


def test_an_added_address_goes_before_the_printed_one() -> None:
    card = msgspec.structs.replace(ID_CARD, added_address="上海市虚构区新路 1 号")
    assert samples.waiting(card).case.form["mail_address"] == "上海市虚构区新路 1 号"


def test_a_card_that_comes_after_the_command_was_withdrawn_is_not_kept() -> None:
    affair = samples.ordered(samples.serving(CardLost()), CommandKind.READ_ID_CARD)
    affair = decide_clerk.withdraw(affair, CLERK, NOW_MS, command_id="k1").affair
    late = decide_booth.hear(affair, CardPresented("k1", ID_CARD, 900), NOW_MS)
    assert late == Decision(affair)


def test_the_newest_card_of_a_source_replaces_the_older() -> None:
    affair = samples.serving()
    for n, kind in enumerate((CommandKind.READ_ID_CARD, CommandKind.READ_SOCIAL_SECURITY_CARD)):
        card = ID_CARD if kind is CommandKind.READ_ID_CARD else SOCIAL_SECURITY_CARD
        affair = samples.ordered(affair, kind, f"k{n}")
        affair = decide_booth.hear(affair, CardPresented(f"k{n}", card, 900), NOW_MS + n + 1).affair
    assert [each.at_ms for each in affair.identities] == [NOW_MS + 1, NOW_MS + 2]


def test_a_hindrance_is_shown_while_the_command_goes_on() -> None:
    affair = samples.ordered(samples.serving(), CommandKind.READ_ID_CARD)
    affair = decide_booth.hear(affair, CommandHindered("k1", ErrorCode.CARD_REMOVED), NOW_MS).affair
    assert [(each.state, each.code) for each in affair.commands] == [(CommandState.ISSUED, ErrorCode.CARD_REMOVED)]
    affair = decide_booth.hear(affair, CardPresented("k1", ID_CARD, 900), NOW_MS).affair
    assert [(each.state, each.code) for each in affair.commands] == [(CommandState.DONE, None)]


def test_a_material_is_there_when_its_page_is_stored_in_full() -> None:
    affair = samples.ordered(samples.serving(), CommandKind.TAKE_PAGE, material_id="id_card")
    affair = decide_booth.announce(affair, samples.announced(), NOW_MS).affair
    affair = decide_booth.store_page(affair, "p1", PagePart.LIGHT, NOW_MS).affair
    assert (affair.pages[0].state, affair.missing_materials()) == (PageState.LIGHT, ["id_card"])
    stored = decide_booth.store_page(affair, "p1", PagePart.FULL, NOW_MS)
    assert stored.messages == (PageStored("p1"),)
    assert stored.affair.missing_materials() == []
    filed = decide_pages.file_page(stored.affair, CLERK, NOW_MS, page_id="p1", material_id="old_booklet").affair
    assert filed.missing_materials() == ["id_card"]


def test_the_light_version_may_come_last() -> None:
    affair = samples.complete()
    late = decide_booth.store_page(affair, "p1", PagePart.LIGHT, NOW_MS).affair
    assert (late.pages[0].state, late.pages[0].has_light) == (PageState.STORED, True)


def test_a_page_of_a_withdrawn_command_is_kept() -> None:
    affair = samples.ordered(samples.serving(), CommandKind.TAKE_PAGE)
    affair = decide_clerk.withdraw(affair, CLERK, NOW_MS, command_id="k1").affair
    affair = decide_booth.announce(affair, samples.announced(), NOW_MS).affair
    assert (len(affair.pages), affair.commands[0].state) == (1, CommandState.WITHDRAWN)


def test_a_signature_is_asked_for_a_whole_form_only() -> None:
    with pytest.raises(DeskError, match="form_incomplete"):
        decide_clerk.ask_signature(samples.serving(), CLERK, NOW_MS)
    affair = samples.serving()
    values = {**affair.case.form, "phone": "00000000", "reason": "new"}
    affair = decide_clerk.change_form(affair, CLERK, NOW_MS, revision=0, values=values).affair
    with pytest.raises(DeskError, match="material_missing"):
        decide_clerk.ask_signature(affair, CLERK, NOW_MS)


def test_a_changed_form_drops_the_signature_and_an_equal_one_does_not() -> None:
    affair = samples.signed()
    revision, form = affair.case.revision, affair.case.form
    same = decide_clerk.change_form(affair, CLERK, NOW_MS, revision=revision, values=form).affair
    assert same.is_signed()
    values = {**form, "phone": "11111111"}
    changed = decide_clerk.change_form(affair, CLERK, NOW_MS, revision=revision, values=values).affair
    assert changed.case.signature.state is SignatureState.NONE
    assert changed.case.signature.strokes == ()
    with pytest.raises(DeskError, match="not_signed"):
        finish(changed)
    with pytest.raises(DeskError, match="stale_revision"):
        decide_clerk.change_form(changed, CLERK, NOW_MS, revision=revision, values=form)


@pytest.mark.parametrize("values", [{"no_such_field": "x"}, {"reason": "no_such_choice"}])
def test_a_form_holds_only_what_the_item_knows(values: dict[str, str]) -> None:
    with pytest.raises(DeskError, match="malformed"):
        decide_clerk.change_form(samples.serving(), CLERK, NOW_MS, revision=0, values=values)


def test_a_signature_of_an_older_form_is_refused() -> None:
    asked = decide_clerk.ask_signature(samples.complete(), CLERK, NOW_MS).affair
    with pytest.raises(DeskError, match="stale_revision"):
        decide_booth.hear(asked, FormSigned("a1", "00" * 32, [[1, 2]]), NOW_MS)
    disputed = decide_booth.hear(asked, FormDisputed("a1"), NOW_MS).affair
    assert disputed.case.signature.state is SignatureState.DISPUTED
    with pytest.raises(IllegalTransition):
        samples.sign(disputed)


def test_an_accepted_case_was_received_and_bears_its_number() -> None:
    decision = decide_clerk.finish(
        samples.signed(), CLERK, NOW_MS, outcome=Outcome.ACCEPTED, message=" ", case_no=CASE_NO
    )
    case = decision.affair.case
    assert (case.state, case.case_no, case.outcome, case.message) == (
        CaseState.ACCEPTED,
        CASE_NO,
        Outcome.ACCEPTED,
        None,
    )
    kinds = [entry.kind for entry in decision.entries]
    assert kinds[:2] == [EntryKind.CASE_RECEIVED, EntryKind.CASE_ACCEPTED]
    assert decision.entries[1].payload["pages"] == ["ab" * 32]


def test_a_refusal_says_why() -> None:
    with pytest.raises(DeskError, match="form_incomplete"):
        finish(samples.serving(), Outcome.REFUSED)
    case = finish(samples.serving(), Outcome.REFUSED, "缺少证件").case
    assert (case.state, case.message, case.case_no) == (CaseState.REFUSED, "缺少证件", CASE_NO)
    assert finish(samples.serving(), Outcome.WITHDRAWN).case.state is CaseState.WITHDRAWN


def test_finishing_withdraws_open_commands_and_ends_the_session() -> None:
    affair = samples.ordered(samples.serving(), CommandKind.READ_ID_CARD)
    decision = decide_clerk.finish(affair, CLERK, NOW_MS, outcome=Outcome.WITHDRAWN, message="", case_no=None)
    assert CommandWithdrawn("k1") in decision.messages
    assert decision.affair.session is not None and decision.affair.session.state is SessionState.ENDED


def test_the_outcome_is_shown_until_the_booth_is_wiped() -> None:
    affair = finish(samples.signed())
    visit = visit_of(affair, 0)
    assert visit is not None and (visit.outcome, visit.case_no) == (Outcome.ACCEPTED, CASE_NO)
    assert visit.form is None
    rated = decide_booth.hear(affair, Rated("a1", 4), NOW_MS).affair
    with pytest.raises(DeskError):
        decide_booth.hear(rated, Rated("a1", 1), NOW_MS)
    assert visit_of(decide_booth.hear(rated, VisitWiped("a1"), NOW_MS).affair, 0) is None


def test_nobody_is_rated_by_default() -> None:
    affair = finish(samples.signed())
    declined = decide_booth.hear(affair, RatingDeclined("a1"), NOW_MS).affair
    assert declined.case.grade is None
    after = decide_time.expire(affair, NOW_MS + decide_time.RATING_MS)
    assert EntryKind.UNRATED in [entry.kind for entry in after.entries]
    assert (after.affair.case.grade, after.affair.visit_open) == (None, False)
    # One that was on its way while the link was down still counts.
    assert decide_booth.hear(after.affair, Rated("a1", 5), NOW_MS).affair.case.grade == 5


def test_a_booth_that_wiped_a_live_visit_has_abandoned_it() -> None:
    affair = decide_booth.hear(samples.serving(), VisitWiped("a1"), NOW_MS).affair
    assert (affair.ticket.state, affair.case.state) == (TicketState.ABANDONED, CaseState.WITHDRAWN)


def test_an_affair_does_not_show_its_resident_in_a_repr() -> None:
    text = repr(samples.signed()) + repr(samples.sign(decide_clerk.ask_signature(samples.complete(), CLERK, 1).affair))
    for personal in (ID_CARD.name, ID_CARD.number, "00000000"):
        assert personal not in text


def test_pages_one_after_another_keep_their_command_open_until_the_clerk_ends_it() -> None:
    affair = decide_clerk.order(
        samples.serving(),
        CLERK,
        NOW_MS,
        command_id="k1",
        kind=CommandKind.TAKE_PAGE,
        material_id=None,
        booth_online=True,
        more=True,
    ).affair
    for page_id in ("p1", "p2"):
        affair = decide_booth.announce(affair, samples.announced(page_id), NOW_MS).affair
        assert affair.commands[0].state is CommandState.ISSUED
    pressed = decide_clerk.press_shutter(affair, CLERK, NOW_MS, command_id="k1")
    assert pressed.messages == (ShutterPressed("k1"),)
    ended = decide_clerk.withdraw(affair, CLERK, NOW_MS, command_id="k1")
    assert ended.affair.commands[0].state is CommandState.DONE and ended.messages == (CommandWithdrawn("k1"),)
    failed = decide_booth.hear(affair, CommandFailed("k1", ErrorCode.TIMED_OUT), NOW_MS).affair
    assert failed.commands[0].state is CommandState.DONE
    with pytest.raises(DeskError, match="illegal_transition"):
        decide_clerk.press_shutter(ended.affair, CLERK, NOW_MS, command_id="k1")


def test_a_card_is_not_read_one_after_another() -> None:
    with pytest.raises(DeskError, match="malformed"):
        decide_clerk.order(
            samples.serving(),
            CLERK,
            NOW_MS,
            command_id="k1",
            kind=CommandKind.READ_ID_CARD,
            material_id=None,
            booth_online=True,
            more=True,
        )
