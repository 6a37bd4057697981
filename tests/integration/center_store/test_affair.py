"""Whole affairs through the desk, on a real database."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from center.errors import DeskError
from protocol.counter import ClerkView, IdentitySource
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.messages import (
    BoothReported,
    CallAnswered,
    CardPresented,
    CatalogueOffered,
    CommandFailed,
    CommandIssued,
    CommandWithdrawn,
    FaceCompared,
    FormSigned,
    PageStored,
    Rated,
    RequestRefused,
    SeparateConsentSaid,
    TicketAbandoned,
    VisitChanged,
    VisitWiped,
)
from protocol.pages import PageAnnounced, PagePart
from protocol.records import CardLost, CodeShown, FaceAdvice
from protocol.states import CaseState, CommandState, PageState, SessionState, TicketState
from protocol.visit import CommandKind, ConsentPurpose, Outcome
from tests.integration.booth.image import found_on_disk
from tests.integration.center_store.center import Center
from tests.unit.center.samples import ID_CARD, NOW_MS, SOCIAL_SECURITY_CARD, request

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
LIGHT = b"\xff\xd8\xff\xe0 light"


def page(
    affair_id: str, command_id: str, page_id: str = "p1", data: bytes = JPEG, light: bytes = LIGHT
) -> PageAnnounced:
    return PageAnnounced(
        page_id=page_id,
        command_id=command_id,
        affair_id=affair_id,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        light_sha256=hashlib.sha256(light).hexdigest(),
        light_size_bytes=len(light),
        width_px=2000,
        height_px=1400,
        taken_at_ms=NOW_MS,
        device="simulated",
        flat=True,
    )


async def take_page(center: Center, clerk: ClerkView, affair_id: str) -> None:
    command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
    assert await center.desk.announce_page("b-01", page(affair_id, command_id))
    await center.desk.append_page("b-01", "p1", PagePart.LIGHT, 0, LIGHT)
    await center.desk.append_page("b-01", "p1", PagePart.FULL, 0, JPEG)


async def test_an_affair_goes_from_the_ticket_to_the_rating(center: Center) -> None:
    desk, outside = center.desk, center.outside
    clerk = await center.clerk()
    affair_id = await center.ticket()
    visit = outside.visit()
    assert visit is not None and (visit.ticket_no, visit.ahead, visit.ticket_state) == ("A001", 0, TicketState.WAITING)

    assert await desk.call_next(clerk) == affair_id
    visit = outside.visit()
    assert visit is not None and (visit.clerk_name, visit.counter) == ("wang窗口", "3")
    await center.booth(CallAnswered(affair_id))
    assert outside.rooms == [
        ("join", affair_id, name) for name in ("booth:b-01", "kiosk:b-01", f"clerk:{clerk.clerk_id}")
    ]
    await desk.clerk_saw(clerk, affair_id, 400)

    view = await desk.view(clerk)
    assert view.affair is not None
    assert (view.affair.ticket_state, view.affair.session_state) == (TicketState.SERVING, SessionState.LIVE)
    assert view.affair.form["applicant_name"] == ID_CARD.name
    assert view.affair.missing_fields == ["phone", "reason"]
    assert view.affair.missing_materials == ["id_card"]

    await take_page(center, clerk, affair_id)
    assert outside.to("b-01").count(PageStored("p1")) == 1
    values = {**view.affair.form, "phone": "00000000", "reason": "exchange"}
    await desk.change_form(clerk, affair_id, view.affair.form_revision, values)
    await desk.ask_signature(clerk, affair_id)
    visit = outside.visit()
    assert visit is not None and visit.form is not None
    assert [line.value for line in visit.form.lines][:4] == [
        ID_CARD.name,
        ID_CARD.number,
        "00000000",
        "换领（旧册用完）",
    ]
    await center.booth(FormSigned(affair_id, visit.form.form_sha256, [[0, 0, 10, 10]]))
    await desk.finish(clerk, affair_id, Outcome.ACCEPTED, "")

    visit = outside.visit()
    assert visit is not None
    assert (visit.case_no, visit.outcome, visit.rated) == ("SQ-20261122-0001", Outcome.ACCEPTED, False)
    assert outside.rooms[-1] == ("close", affair_id)
    view = await desk.view(clerk)
    assert view.finished_today == 1
    assert view.affair is not None and view.affair.case_state is CaseState.ACCEPTED

    await center.booth(Rated(affair_id, 5))
    visit = outside.visit()
    assert visit is not None and visit.rated
    await center.booth(VisitWiped(affair_id))
    assert outside.visit() is None
    assert (await desk.view(clerk)).affair is None


async def test_who_waits_hears_when_the_queue_moves(center: Center) -> None:
    clerk = await center.clerk()
    first = await center.ticket("b-01")
    await center.ticket("b-02", "r2")
    visit = center.outside.visit("b-02")
    assert visit is not None and visit.ahead == 1
    await center.desk.take(clerk, first)
    visit = center.outside.visit("b-02")
    assert visit is not None and visit.ahead == 0
    await center.desk.release(clerk, first)
    visit = center.outside.visit("b-02")
    assert visit is not None and visit.ahead == 1
    view = await center.desk.view(clerk)
    assert view.waiting[0].affair_id == first


async def test_a_request_repeated_makes_no_second_ticket(center: Center) -> None:
    first = await center.ticket()
    assert await center.ticket() == first
    assert len((await center.desk.view(await center.clerk())).waiting) == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (request(CodeShown("31000000000000000000")), ErrorCode.CODE_UNVERIFIABLE),
        (request(item_id="no_such_item"), ErrorCode.ITEM_UNKNOWN),
    ],
)
async def test_a_request_that_cannot_be_served_is_refused(center: Center, message: object, code: ErrorCode) -> None:
    await center.booth(message)  # type: ignore[arg-type]
    assert center.outside.to("b-01")[-1] == RequestRefused("r1", code)
    # The number was not used up, and the booth is free.
    await center.ticket(request_id="r2")
    visit = center.outside.visit()
    assert visit is not None and visit.ticket_no == "A001"


async def test_a_booth_has_one_visit_at_a_time(center: Center) -> None:
    first = await center.ticket()
    await center.booth(request(request_id="r2"))
    assert center.outside.to("b-01")[-1] == RequestRefused("r2", ErrorCode.BOOTH_OCCUPIED)
    await center.booth(TicketAbandoned(first))
    assert center.outside.visit() is None
    assert await center.ticket(request_id="r3") != first


async def test_a_card_answers_its_command_and_fills_empty_fields_only(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.ticket(shown=CardLost())
    await center.desk.take(clerk, affair_id)
    await center.booth(CallAnswered(affair_id))
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.identities == []
    await center.desk.change_form(clerk, affair_id, 0, {**view.form, "applicant_name": "测试乙"})
    command_id = await center.desk.order(clerk, affair_id, CommandKind.READ_SOCIAL_SECURITY_CARD, None)
    assert any(isinstance(each, CommandIssued) for each in center.outside.to("b-01"))
    with pytest.raises(DeskError, match="device_busy"):
        await center.desk.order(clerk, affair_id, CommandKind.READ_SOCIAL_SECURITY_CARD, None)
    await center.booth(CardPresented(command_id, SOCIAL_SECURITY_CARD, 900))
    view = (await center.desk.view(clerk)).affair
    assert view is not None
    assert [each.card for each in view.identities] == [SOCIAL_SECURITY_CARD]
    assert (view.form["applicant_name"], view.form["applicant_number"]) == ("测试乙", SOCIAL_SECURITY_CARD.number)
    assert [each.state for each in view.commands] == [CommandState.DONE]


async def test_the_photo_on_a_card_is_shown_to_its_clerk_alone_and_is_kept_nowhere(
    center: Center, tmp_path: Path
) -> None:
    wang, li = await center.clerk(), await center.clerk("li")
    photo = JPEG[:4000]
    await center.booth(msgspec.structs.replace(request(), photo=photo))
    visit = center.outside.visit()
    assert visit is not None
    affair_id = visit.affair_id
    with pytest.raises(DeskError, match="affair_unknown"):
        await center.desk.card_photo(wang, affair_id, IdentitySource.ID_CARD)  # nobody serves them yet
    await center.desk.take(wang, affair_id)
    view = (await center.desk.view(wang)).affair
    assert view is not None and [each.photo for each in view.identities] == [True]
    assert await center.desk.card_photo(wang, affair_id, IdentitySource.ID_CARD) == photo
    for clerk, source in ((li, IdentitySource.ID_CARD), (wang, IdentitySource.SOCIAL_SECURITY_CARD)):
        with pytest.raises(DeskError, match="affair_unknown"):
            await center.desk.card_photo(clerk, affair_id, source)
    await center.booth(CallAnswered(affair_id), TicketAbandoned(affair_id), VisitWiped(affair_id))
    with pytest.raises(DeskError, match="affair_unknown"):
        await center.desk.card_photo(wang, affair_id, IdentitySource.ID_CARD)
    assert not found_on_disk(tmp_path, {photo[:64]})


async def test_a_photo_comes_with_a_command_too_and_what_is_no_picture_is_dropped(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    for photo, kept in ((b"<html>", False), (JPEG[:2000], True)):
        command_id = await center.desk.order(clerk, affair_id, CommandKind.READ_ID_CARD, None)
        await center.booth(CardPresented(command_id, ID_CARD, 300, photo=photo))
        if kept:
            assert await center.desk.card_photo(clerk, affair_id, IdentitySource.ID_CARD) == photo
        else:
            with pytest.raises(DeskError, match="affair_unknown"):
                await center.desk.card_photo(clerk, affair_id, IdentitySource.ID_CARD)


async def test_a_comparison_of_faces_is_advice_beside_the_proofs_and_the_consent_is_on_record(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    before = (await center.desk.view(clerk)).affair
    command_id = await center.desk.order(clerk, affair_id, CommandKind.COMPARE_FACE, None)
    await center.booth(
        SeparateConsentSaid(affair_id, ConsentPurpose.FACE_LOCAL, given=True), FaceCompared(command_id, 57, True)
    )
    view = (await center.desk.view(clerk)).affair
    assert before is not None and view is not None
    [advice] = [each for each in view.identities if each.source is IdentitySource.FACE_LOCAL]
    assert advice.card == FaceAdvice(57, True)
    assert [each for each in view.identities if each is not advice] == before.identities
    assert view.form == before.form
    assert [row.kind for row in view.timeline][-3:] == ["separate_consent_given", "command_done", "face_compared"]
    command_id = await center.desk.order(clerk, affair_id, CommandKind.COMPARE_FACE, None)
    await center.booth(
        SeparateConsentSaid(affair_id, ConsentPurpose.FACE_LOCAL, given=False),
        CommandFailed(command_id, ErrorCode.CONSENT_DECLINED),
    )
    view = (await center.desk.view(clerk)).affair
    assert view is not None
    assert view.commands[-1].code is ErrorCode.CONSENT_DECLINED
    assert "separate_consent_refused" in [row.kind for row in view.timeline]


async def test_what_a_booth_may_not_say_is_journaled_and_the_stream_goes_on(center: Center) -> None:
    affair_id = await center.ticket()
    await center.booth(CallAnswered(affair_id), CallAnswered("nobody"), TicketAbandoned(affair_id))
    await center.booth(Rated(affair_id, 1), booth_id="b-02")
    assert center.outside.visit() is None


async def test_a_clerk_has_one_affair_and_an_affair_one_clerk(center: Center) -> None:
    wang, li = await center.clerk("wang"), await center.clerk("li")
    first, second = await center.ticket("b-01"), await center.ticket("b-02", "r2")
    await center.desk.take(wang, first)
    for clerk, affair_id, code in ((li, first, "already_taken"), (wang, second, "clerk_busy")):
        with pytest.raises(DeskError, match=code):
            await center.desk.take(clerk, affair_id)
    with pytest.raises(DeskError, match="not_yours"):
        await center.desk.release(li, first)
    with pytest.raises(DeskError, match="affair_unknown"):
        await center.desk.take(li, "nobody")


async def test_a_held_affair_waits_for_its_clerk_while_another_is_served(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    command_id = await center.desk.order(clerk, affair_id, CommandKind.READ_ID_CARD, None)
    await center.desk.hold(clerk, affair_id)
    assert CommandWithdrawn(command_id) in center.outside.to("b-01")
    view = await center.desk.view(clerk)
    assert view.affair is None
    assert [(row.affair_id, row.state) for row in view.missed] == [(affair_id, TicketState.HELD)]
    other = await center.ticket("b-02", "r2")
    await center.desk.take(clerk, other)
    with pytest.raises(DeskError, match="clerk_busy"):
        await center.desk.resume(clerk, affair_id)
    await center.desk.miss(clerk, other)
    await center.desk.resume(clerk, affair_id)
    view = await center.desk.view(clerk)
    assert view.affair is not None and view.affair.session_state is SessionState.LIVE
    assert [row.affair_id for row in view.missed] == [other]


async def test_a_booth_that_is_away_is_not_called(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.ticket()
    await center.desk.link_down("b-01")
    with pytest.raises(DeskError, match="booth_offline"):
        await center.desk.take(clerk, affair_id)
    with pytest.raises(DeskError, match="affair_unknown"):
        await center.desk.call_next(clerk)
    second = await center.ticket("b-02", "r2")
    assert await center.desk.call_next(clerk) == second


async def test_the_devices_of_a_booth_are_shown(center: Center) -> None:
    devices = [DeviceStatus(DeviceKind.DOCUMENT_CAMERA, DeviceState.ABSENT, ErrorCode.CAMERA_ABSENT)]
    await center.booth(BoothReported(devices))
    await center.desk.link_down("b-02")
    rows = await center.desk.booths()
    assert [(row.booth_id, row.online, row.devices) for row in rows] == [("b-01", True, devices), ("b-02", False, [])]


async def test_a_link_that_drops_interrupts_the_session_and_brings_it_back(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)

    async def state() -> SessionState | None:
        affair = (await center.desk.view(clerk)).affair
        assert affair is not None and affair.affair_id == affair_id
        return affair.session_state

    await center.desk.link_down("b-01")
    assert await state() is SessionState.INTERRUPTED
    await center.desk.media_changed("kiosk:b-01", False)
    await center.desk.link_up("b-01", "e1", 0)
    assert await state() is SessionState.INTERRUPTED
    await center.desk.media_changed("kiosk:b-01", True)
    assert await state() is SessionState.LIVE
    await center.desk.media_changed(f"clerk:{clerk.clerk_id}", False)
    assert await state() is SessionState.INTERRUPTED
    await center.desk.media_changed(f"clerk:{clerk.clerk_id}", True)
    assert await state() is SessionState.LIVE


async def test_a_booth_that_restarted_is_told_everything_and_its_commands_fail(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
    await center.desk.link_down("b-01")
    opened = await center.desk.link_up("b-01", "e2", 0)
    assert (opened.received, [n for n, _ in opened.pending]) == (0, [1, 2])
    catalogue, visit = (message for _, message in opened.pending)
    assert isinstance(catalogue, CatalogueOffered) and len(catalogue.items) == 4
    assert isinstance(visit, VisitChanged) and visit.visit is not None
    assert (visit.visit.affair_id, visit.visit.asks) == (affair_id, [])
    view = (await center.desk.view(clerk)).affair
    assert view is not None and [each.code for each in view.commands] == [ErrorCode.BOOTH_RESTARTED]


async def test_time_lets_nothing_live_for_ever(center: Center) -> None:
    clerk, outside = await center.clerk(), center.outside
    affair_id = await center.ticket()
    await center.desk.take(clerk, affair_id)
    outside.now_ms += 89_000
    await center.desk.tick()
    assert (await center.desk.view(clerk)).affair is not None
    outside.now_ms += 1_000
    await center.desk.tick()
    view = await center.desk.view(clerk)
    assert view.affair is None and view.missed[0].state is TicketState.MISSED
    await center.desk.take(clerk, affair_id)
    await center.booth(CallAnswered(affair_id))
    outside.now_ms += 15_000
    await center.desk.tick()
    affair = (await center.desk.view(clerk)).affair
    assert affair is not None and affair.ticket_state is TicketState.SERVING
    assert affair.timeline[-1].kind == "picture_late"
    command_id = await center.desk.order(clerk, affair_id, CommandKind.READ_ID_CARD, None)
    outside.now_ms += 80_000
    await center.desk.tick()
    affair = (await center.desk.view(clerk)).affair
    assert affair is not None and affair.commands[-1].code is ErrorCode.TIMED_OUT
    assert CommandWithdrawn(command_id) in outside.to("b-01")
    await center.desk.finish(clerk, affair_id, Outcome.WITHDRAWN, "")
    outside.now_ms += 120_000
    await center.desk.tick()
    assert outside.visit() is None


async def test_a_booth_away_for_half_an_hour_loses_its_place_but_never_a_case_under_way(center: Center) -> None:
    clerk = await center.clerk()
    await center.serve(clerk)
    waiting = await center.ticket("b-02", "r2")
    for booth_id in ("b-01", "b-02"):
        await center.desk.link_down(booth_id)
    center.outside.now_ms += 30 * 60_000
    await center.desk.tick()
    view = await center.desk.view(clerk)
    assert view.waiting == [] and view.affair is None
    assert [row.state for row in view.missed] == [TicketState.HELD]
    assert waiting not in [row.affair_id for row in view.missed]


async def test_page_states_are_shown_as_they_come(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    command_id = await center.desk.order(clerk, affair_id, CommandKind.TAKE_PAGE, "id_card")
    await center.desk.announce_page("b-01", page(affair_id, command_id))
    await center.desk.append_page("b-01", "p1", PagePart.FULL, 0, JPEG[:100])
    view = (await center.desk.view(clerk)).affair
    assert view is not None
    assert (view.pages[0].state, view.pages[0].received_bytes) == (PageState.ANNOUNCED, 100)
    assert view.commands[0].state is CommandState.DONE
    await center.desk.file_page(clerk, affair_id, "p1", None)
    await center.desk.append_page("b-01", "p1", PagePart.FULL, 100, JPEG[100:])
    view = (await center.desk.view(clerk)).affair
    assert view is not None and view.pages[0].state is PageState.STORED
    assert view.missing_materials == ["id_card"]
