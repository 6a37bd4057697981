"""Whatever happens in whatever order: refusals are refusals, and the rules hold."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from center.core import decide_booth, decide_clerk, decide_media, decide_recording, decide_time, queue
from center.core.affair import AT_COUNTER, LIVE, Affair, Close, Decision, Join, StartRecording, StopRecording
from center.core.queue import Waiting
from center.core.views import visit_of
from center.errors import DeskError
from protocol import messages as m
from protocol.counter import ClerkView, RecordingFault
from protocol.errors import ErrorCode, IllegalTransition
from protocol.pages import PagePart
from protocol.states import CaseState, CommandState, RecordingConsent, SessionState, SignatureState, TicketState
from protocol.visit import CommandKind, Outcome
from tests.unit.center import samples
from tests.unit.center.samples import CLERK, ID_CARD, OTHER_CLERK, SOCIAL_SECURITY_CARD

AFFAIRS = ("a0", "a1", "a2")
affair_ids = st.sampled_from(AFFAIRS)
clerks = st.sampled_from([CLERK, CLERK, CLERK, OTHER_CLERK])
rarely = st.sampled_from([True, False, False, False, False, False])
"""For what ends an affair: most walks shall get further than that."""
codes = st.sampled_from([ErrorCode.CARD_REMOVED, ErrorCode.TIMED_OUT])


class Center(RuleBasedStateMachine):
    """Three affairs at three booths, two clerks, no order but chance."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = samples.NOW_MS
        self.commands = 0
        self.affairs: dict[str, Affair] = {}
        self.rooms: dict[str, tuple[str, ...]] = {}
        self.recorded: dict[str, str] = {}

    def perform(self, decide: Any, affair_id: str, *args: Any, **options: Any) -> None:
        before = self.affairs.get(affair_id)
        if before is None:
            return
        try:
            decision: Decision = decide(before, *args, **options)
        except (DeskError, IllegalTransition):
            return
        self.affairs[affair_id] = decision.affair
        for effect in decision.rooms:
            match effect:
                case Join(room=room, participants=participants):
                    self.rooms[room] = participants
                case Close(room=room):
                    self.rooms.pop(room, None)
                case StartRecording(recording_id=recording_id, room=room):
                    assert room in self.rooms and recording_id not in self.recorded
                    self.recorded[recording_id] = room
                case StopRecording(recording_id=recording_id):
                    del self.recorded[recording_id]

    @initialize()
    def all_wait(self) -> None:
        for affair_id in AFFAIRS:
            self.request(affair_id)

    @rule(affair_id=affair_ids, steps=st.integers(1, 8))
    def go_on(self, affair_id: str, steps: int) -> None:
        """As things should go: chance alone hardly ever comes as far as a signature."""
        for _ in range(steps):
            affair = self.affairs[affair_id]
            clerk = affair.ticket.clerk or CLERK
            match affair.ticket.state:
                case TicketState.WAITING | TicketState.MISSED:
                    self.take(affair_id, clerk, True)
                case TicketState.CALLED:
                    self.booth_says(affair_id, m.CallAnswered, True)
                case TicketState.CONNECTING:
                    self.clerk_saw(affair_id, clerk, 300)
                case TicketState.HELD:
                    self.resume(affair_id, clerk)
                case TicketState.SERVING:
                    self.go_on_serving(affair, clerk)
                case _:
                    self.request(affair_id)

    def go_on_serving(self, affair: Affair, clerk: ClerkView) -> None:
        affair_id = affair.affair_id
        if affair.missing_materials():
            self.order(affair_id, clerk, CommandKind.TAKE_PAGE, True)
            self.page_announced(affair_id)
            self.page_stored(affair_id, PagePart.FULL)
        elif affair.missing_fields():
            self.change_form(affair_id, clerk, "1", False)
        elif affair.is_signed():
            self.finish(affair_id, clerk, Outcome.ACCEPTED, "", True)
        elif affair.case.signature.state is SignatureState.ASKED:
            self.sign(affair_id, True)
        else:
            self.act(affair_id, clerk, decide_clerk.ask_signature)

    def busy(self, clerk: ClerkView, but: str) -> bool:
        return any(
            each.ticket.clerk == clerk and each.ticket.state in AT_COUNTER
            for affair_id, each in self.affairs.items()
            if affair_id != but
        )

    def newest_command(self, affair_id: str) -> str:
        affair = self.affairs.get(affair_id)
        return affair.commands[-1].command_id if affair and affair.commands else "none"

    @rule(affair_id=affair_ids)
    def request(self, affair_id: str) -> None:
        """A ticket; a new one when the booth's earlier visit is over."""
        if affair_id not in self.affairs or not self.affairs[affair_id].visit_open:
            n = AFFAIRS.index(affair_id)
            affair = samples.waiting(affair_id=affair_id, place=n + 1)
            self.affairs[affair_id] = replace(
                affair,
                ticket=replace(affair.ticket, booth_id=f"b-0{n}"),
                recording_consent=RecordingConsent.ASKED,
            )

    @rule(affair_id=affair_ids, clerk=clerks, online=st.booleans())
    def take(self, affair_id: str, clerk: ClerkView, online: bool) -> None:
        busy = self.busy(clerk, affair_id)
        self.perform(decide_clerk.take, affair_id, clerk, self.now_ms, clerk_busy=busy, booth_online=online)

    @rule(affair_id=affair_ids, agreed=st.booleans())
    def consent(self, affair_id: str, agreed: bool) -> None:
        self.perform(decide_booth.hear, affair_id, m.RecordingConsentSaid(affair_id, agreed), self.now_ms)

    @rule(affair_id=affair_ids, n=st.integers(1, 3), what=st.integers(0, 4), segments=st.integers(0, 2))
    def recording_fares(self, affair_id: str, n: int, what: int, segments: int) -> None:
        recording_id = f"{affair_id}-r{n}"
        match what:
            case 0:
                self.perform(decide_recording.began, affair_id, recording_id, self.now_ms)
            case 1:
                fault = RecordingFault.DISK_FULL
                self.perform(decide_recording.stalled, affair_id, recording_id, fault, self.now_ms)
            case 2:
                self.perform(decide_recording.recovered, affair_id, recording_id, self.now_ms)
            case _:
                if recording_id not in self.recorded:
                    self.perform(decide_recording.closed, affair_id, recording_id, segments, self.now_ms)

    @rule(affair_id=affair_ids, clerk=clerks)
    def resume(self, affair_id: str, clerk: ClerkView) -> None:
        self.perform(decide_clerk.resume, affair_id, clerk, self.now_ms, clerk_busy=self.busy(clerk, affair_id))

    @rule(
        affair_id=affair_ids,
        clerk=clerks,
        act=st.sampled_from(
            [
                decide_clerk.release,
                decide_clerk.miss,
                decide_clerk.hold,
                decide_clerk.ask_signature,
                decide_clerk.see_identity,
            ]
        ),
    )
    def act(self, affair_id: str, clerk: ClerkView, act: Any) -> None:
        self.perform(act, affair_id, clerk, self.now_ms)

    @rule(affair_id=affair_ids, clerk=clerks, kind=st.sampled_from(list(CommandKind)), online=st.booleans())
    def order(self, affair_id: str, clerk: ClerkView, kind: CommandKind, online: bool) -> None:
        self.commands += 1
        self.perform(
            decide_clerk.order,
            affair_id,
            clerk,
            self.now_ms,
            command_id=f"k{self.commands}",
            kind=kind,
            material_id="id_card" if kind is CommandKind.TAKE_PAGE else None,
            booth_online=online,
        )

    @rule(affair_id=affair_ids, clerk=clerks)
    def withdraw(self, affair_id: str, clerk: ClerkView) -> None:
        command_id = self.newest_command(affair_id)
        self.perform(decide_clerk.withdraw, affair_id, clerk, self.now_ms, command_id=command_id)

    @rule(affair_id=affair_ids, clerk=clerks, phone=st.sampled_from(["", "1", "2"]), stale=st.booleans())
    def change_form(self, affair_id: str, clerk: ClerkView, phone: str, stale: bool) -> None:
        affair = self.affairs.get(affair_id)
        if affair is not None:
            values = {**affair.case.form, "phone": phone, "reason": "new"}
            revision = affair.case.revision + stale
            self.perform(decide_clerk.change_form, affair_id, clerk, self.now_ms, revision=revision, values=values)

    @rule(
        affair_id=affair_ids,
        clerk=clerks,
        outcome=st.sampled_from(list(Outcome)),
        message=st.sampled_from(["", "x"]),
        really=rarely,
    )
    def finish(self, affair_id: str, clerk: ClerkView, outcome: Outcome, message: str, really: bool) -> None:
        if outcome is not Outcome.ACCEPTED and not really:
            return
        self.perform(
            decide_clerk.finish, affair_id, clerk, self.now_ms, outcome=outcome, message=message, case_no=affair_id
        )

    @rule(affair_id=affair_ids, clerk=clerks, after_ms=st.integers(0, 9999))
    def clerk_saw(self, affair_id: str, clerk: ClerkView, after_ms: int) -> None:
        self.perform(decide_clerk.saw, affair_id, clerk, self.now_ms, after_ms=after_ms)

    @rule(
        affair_id=affair_ids,
        kind=st.sampled_from([m.CallAnswered, m.FormDisputed, m.RatingDeclined, m.TicketAbandoned, m.VisitWiped]),
        really=rarely,
    )
    def booth_says(self, affair_id: str, kind: Any, really: bool) -> None:
        if really or kind not in (m.TicketAbandoned, m.VisitWiped):
            self.perform(decide_booth.hear, affair_id, kind(affair_id), self.now_ms)

    @rule(affair_id=affair_ids, after_ms=st.integers(0, 9999), grade=st.integers(1, 5))
    def booth_sees_or_rates(self, affair_id: str, after_ms: int, grade: int) -> None:
        self.perform(decide_booth.hear, affair_id, m.FirstFrameSeen(affair_id, after_ms), self.now_ms)
        self.perform(decide_booth.hear, affair_id, m.Rated(affair_id, grade), self.now_ms)

    @rule(affair_id=affair_ids, newest=st.booleans())
    def sign(self, affair_id: str, newest: bool) -> None:
        affair = self.affairs.get(affair_id)
        digest = affair.form_shown().form_sha256 if affair and newest else "00" * 32
        self.perform(decide_booth.hear, affair_id, m.FormSigned(affair_id, digest, [[1, 2]]), self.now_ms)

    @rule(affair_id=affair_ids, card=st.sampled_from([ID_CARD, SOCIAL_SECURITY_CARD]))
    def card(self, affair_id: str, card: Any) -> None:
        message = m.CardPresented(self.newest_command(affair_id), card, 800)
        self.perform(decide_booth.hear, affair_id, message, self.now_ms)

    @rule(affair_id=affair_ids, code=codes, kind=st.sampled_from([m.CommandFailed, m.CommandHindered]))
    def command_trouble(self, affair_id: str, code: ErrorCode, kind: Any) -> None:
        self.perform(decide_booth.hear, affair_id, kind(self.newest_command(affair_id), code), self.now_ms)

    @rule(affair_id=affair_ids)
    def page_announced(self, affair_id: str) -> None:
        command_id = self.newest_command(affair_id)
        page = samples.announced(f"p-{command_id}", command_id, affair_id)
        if affair_id in self.affairs and self.affairs[affair_id].page(page.page_id) is None:
            self.perform(decide_booth.announce, affair_id, page, self.now_ms)

    @rule(affair_id=affair_ids, part=st.sampled_from(list(PagePart)))
    def page_stored(self, affair_id: str, part: PagePart) -> None:
        affair = self.affairs.get(affair_id)
        if affair is not None and affair.pages and not decide_booth.is_stored(affair.pages[-1], part):
            page_id = affair.pages[-1].announced.page_id
            self.perform(decide_booth.store_page, affair_id, page_id, part, self.now_ms)

    @rule(affair_id=affair_ids, who=st.sampled_from(["booth:b-00", "kiosk:b-01", "clerk:c1"]), up=st.booleans())
    def media(self, affair_id: str, who: str, up: bool) -> None:
        self.perform(decide_media.media_up if up else decide_media.media_down, affair_id, who, self.now_ms)

    @rule(affair_id=affair_ids, restarted=st.booleans())
    def link_back(self, affair_id: str, restarted: bool) -> None:
        self.perform(decide_booth.link_back, affair_id, self.now_ms, restarted=restarted)

    @rule(affair_id=affair_ids, gone=rarely)
    def link_lost(self, affair_id: str, gone: bool) -> None:
        self.perform(decide_time.booth_gone if gone else decide_booth.link_lost, affair_id, self.now_ms)

    @rule(passed_ms=st.sampled_from([1_000, 15_000, 90_000, 900_000]))
    def time_passes(self, passed_ms: int) -> None:
        self.now_ms += passed_ms
        for affair_id, affair in list(self.affairs.items()):
            due_ms = decide_time.deadline_ms(affair)
            self.perform(decide_time.expire, affair_id, self.now_ms)
            if due_ms is not None and due_ms <= self.now_ms:
                assert self.affairs[affair_id] != affair
            else:
                assert self.affairs[affair_id] == affair

    @invariant()
    def a_clerk_has_one_affair_at_most(self) -> None:
        for clerk in (CLERK, OTHER_CLERK):
            mine = [each for each in self.affairs.values() if each.ticket.clerk == clerk]
            assert sum(each.ticket.state in AT_COUNTER for each in mine) <= 1

    @invariant()
    def the_waiting_have_no_clerk_and_the_served_have_one(self) -> None:
        for affair in self.affairs.values():
            state = affair.ticket.state
            if state in AT_COUNTER:
                assert affair.ticket.clerk is not None
            if state.value in ("waiting", "missed"):
                assert affair.ticket.clerk is None

    @invariant()
    def those_ahead_are_consistent(self) -> None:
        tickets = [Waiting(k, a.ticket.place, a.ticket.state, True) for k, a in self.affairs.items()]
        ahead = queue.ahead(tickets)
        assert sorted(ahead.values()) == list(range(len(ahead)))
        assert [AFFAIRS.index(k) for k in ahead] == sorted(AFFAIRS.index(k) for k in ahead)

    @invariant()
    def an_accepted_case_is_complete_and_signed_as_it_is(self) -> None:
        for affair in self.affairs.values():
            if affair.case.state is CaseState.ACCEPTED:
                assert affair.is_signed()
                assert not affair.missing_fields()
                assert affair.case.case_no is not None

    @invariant()
    def a_session_lives_as_long_as_its_ticket_is_at_a_counter_or_held(self) -> None:
        for affair in self.affairs.values():
            state = affair.ticket.state.value
            alive = affair.session is not None and affair.session.state is not SessionState.ENDED
            assert alive == (state in ("connecting", "serving", "held"))
            if affair.session is not None and alive:
                assert (affair.session.state is SessionState.INTERRUPTED) == bool(affair.session.down)
            assert (affair.affair_id in self.rooms) == (state in ("called", "connecting", "serving"))

    @invariant()
    def who_agreed_is_recorded_while_together_with_a_clerk_and_nobody_else_is(self) -> None:
        for affair in self.affairs.values():
            together = affair.ticket.state in (TicketState.CONNECTING, TicketState.SERVING)
            wanted = together and affair.recording_consent is RecordingConsent.GIVEN
            running = [each for each in affair.recordings if each.ended_at_ms is None]
            assert len(running) == wanted
            assert {each.recording_id for each in running} == {
                each for each, room in self.recorded.items() if room == affair.affair_id
            }

    @invariant()
    def commands_run_at_a_counter_only(self) -> None:
        for affair in self.affairs.values():
            if any(each.state is CommandState.ISSUED for each in affair.commands):
                assert affair.ticket.state in AT_COUNTER

    @invariant()
    def every_live_affair_has_a_deadline_and_a_visit(self) -> None:
        for affair in self.affairs.values():
            if affair.ticket.state in LIVE:
                assert decide_time.deadline_ms(affair) is not None
                assert visit_of(affair, 0) is not None


TestAnyOrder = Center.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def test_the_way_things_should_go_ends_with_an_accepted_case() -> None:
    center = Center()
    center.all_wait()
    center.go_on("a1", 8)
    assert center.affairs["a1"].case.state is CaseState.ACCEPTED
