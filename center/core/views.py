"""An affair as the others see it: the booth's visit, the clerk's view."""

from collections.abc import Collection, Mapping, Sequence

from center.core.affair import LIVE, Affair
from center.core.suggestions import Reading, reading_view
from protocol.counter import (
    AffairView,
    BoothRow,
    CommandView,
    IdentitySource,
    IdentityView,
    PageView,
    RecordingView,
    SignatureView,
    TimelineRow,
)
from protocol.marks import FULL_SCALE
from protocol.states import CommandState, PageState, SignatureState
from protocol.visit import Ask, Visit


def visit_of(affair: Affair, ahead: int) -> Visit | None:
    """What the affair's booth shows; None when the visit is over."""
    if not affair.visit_open:
        return None
    ticket, case, clerk = affair.ticket, affair.case, affair.ticket.clerk
    asks = []
    for command in affair.commands:
        if command.state is CommandState.ISSUED:
            material = affair.item.material(command.material_id) if command.material_id else None
            asks.append(Ask(command.command_id, command.kind, material.name if material else None))
    return Visit(
        affair_id=affair.affair_id,
        ticket_no=ticket.ticket_no,
        item_id=affair.item.item_id,
        item_name=affair.item.name,
        ticket_state=ticket.state,
        ahead=ahead,
        session_state=affair.session.state if affair.session else None,
        clerk_name=clerk.name if clerk else None,
        counter=clerk.counter if clerk else None,
        asks=asks[:20],
        form=affair.form_shown() if case.signature.state is not SignatureState.NONE and ticket.state in LIVE else None,
        signature=case.signature.state,
        pages=len(affair.standing_pages()),
        outcome=case.outcome,
        case_no=case.case_no,
        message=case.message,
        rated=case.grade is not None,
        recording_consent=affair.recording_consent,
        recording=affair.recordings[-1].state if affair.recordings else None,
        must_record=affair.item.must_record,
    )


def affair_view(
    affair: Affair,
    booth: BoothRow,
    timeline: Sequence[TimelineRow],
    received: dict[str, int],
    readings: Mapping[str, Reading],
    reader_there: bool,
    photos: Collection[IdentitySource] = (),
) -> AffairView:
    """The affair as its clerk sees it. `received` says how many bytes of each unfinished page are there; `readings`,
    what was read on which page; `photos`, of which cards the photo can be shown.
    """
    ticket, case, session = affair.ticket, affair.case, affair.session
    return AffairView(
        affair_id=affair.affair_id,
        ticket_no=ticket.ticket_no,
        ticket_state=ticket.state,
        session_state=session.state if session else None,
        case_state=case.state,
        case_no=case.case_no,
        booth=booth,
        item=affair.item.viewed(),
        called_at_ms=ticket.called_at_ms,
        booth_first_frame_ms=session.booth_saw_after_ms if session else None,
        identities=[
            IdentityView(
                each.source, each.at_ms, each.card, each.booth_id, each.device, each.insertion, each.source in photos
            )
            for each in affair.identities
        ],
        commands=[
            CommandView(
                each.command_id, each.kind, each.state, each.issued_at_ms, each.material_id, each.code, each.more
            )
            for each in affair.commands
        ],
        pages=[
            PageView(
                page_id=page.announced.page_id,
                state=page.state,
                material_id=page.material_id,
                width_px=page.announced.width_px,
                height_px=page.announced.height_px,
                size_bytes=page.announced.size_bytes,
                received_bytes=_received(
                    page.state, page.announced.size_bytes, received.get(page.announced.page_id, 0)
                ),
                sha256=page.announced.sha256,
                taken_at_ms=page.announced.taken_at_ms,
                flat=page.announced.flat,
                device=page.announced.device,
                session=page.session,
                previous_sha256=page.previous_sha256,
                turn=page.turn,
                marks=list(page.marks),
                replaced_by=page.replaced_by,
                size=page.announced.size,
                seen_dpi=page.announced.seen_dpi,
                turned=page.announced.turned,
                upright=page.announced.upright,
                flaws=page.announced.flaws,
                has_frame=page.has_frame,
                corners=_corners(page.announced.outline),
                reading=reading_view(affair, page, readings.get(page.announced.page_id), reader_there),
            )
            for page in affair.pages
        ],
        form=case.form,
        form_revision=case.revision,
        missing_fields=affair.missing_fields(),
        missing_materials=affair.missing_materials(),
        signature=SignatureView(case.signature.state, list(case.signature.strokes), case.signature.signed_at_ms),
        outcome=case.outcome,
        timeline=list(timeline),
        recording_consent=affair.recording_consent,
        recording=_newest_recording(affair),
    )


def _corners(outline: Sequence[float]) -> list[int] | None:
    """In ten-thousandths, held within the frame."""
    if len(outline) != 8:
        return None
    return [min(FULL_SCALE, max(0, round(part * FULL_SCALE))) for part in outline]


def _newest_recording(affair: Affair) -> RecordingView | None:
    if not affair.recordings:
        return None
    newest = affair.recordings[-1]
    return RecordingView(newest.state, newest.began_at_ms, newest.fault)


def _received(state: PageState, size_bytes: int, received_bytes: int) -> int:
    return size_bytes if state is PageState.STORED else received_bytes
