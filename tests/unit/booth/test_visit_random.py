"""Whatever happens in whatever order: the core never raises, never gets stuck, never shows what it must not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from booth.core.events import (
    Acted,
    Attended,
    CardLaid,
    CardLifted,
    CardNotRead,
    CardWasRead,
    CenterSaid,
    ClerkSeen,
    DeviceChanged,
    EpochBegan,
    Event,
    LinkChanged,
    PageKept,
    PageNotTaken,
    ReadCard,
    Send,
    TimePassed,
    Wiped,
)
from booth.core.visit import VisitCore
from protocol.devices import DeviceKind, DeviceState, DeviceStatus
from protocol.errors import ErrorCode
from protocol.fields import Wording
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
from protocol.messages import CommandIssued, CommandWithdrawn, PageStored, RequestRefused, TicketRequested, VisitChanged
from protocol.states import SessionState, SignatureState, TicketState, VisitState
from protocol.visit import CommandKind
from tests.unit.booth.visits import CATALOGUE, ITEM, SHA, card, snapshot

READERS = st.sampled_from([DeviceKind.ID_CARD_READER, DeviceKind.SOCIAL_SECURITY_CARD_READER])
INSERTIONS = st.integers(1, 4)
AFFAIRS = st.sampled_from(["affair-1", "affair-2"])
COMMANDS = st.sampled_from(["c1", "c2"])
CODES = st.sampled_from([ErrorCode.CARD_REMOVED, ErrorCode.DEVICE_FAILED, ErrorCode.INTERNAL, ErrorCode.DISK_FULL])

ACTIONS = st.one_of(
    st.sampled_from(
        [
            Touched(),
            ItemChosen(ITEM),
            ItemChosen("not_there"),
            WentBack(),
            CardLostSaid(),
            CodeScanned("CODE"),
            Signed(SHA, [[1, 1]]),
            Disputed(),
            ReceiptRead(),
            GradeGiven(3),
            RatingSkipped(),
            Left(),
        ]
    ),
    st.builds(KioskFirstFrame, AFFAIRS, st.integers(0, 100)),
)
VISITS = st.builds(
    snapshot,
    st.sampled_from(TicketState),
    AFFAIRS,
    signature=st.sampled_from(SignatureState),
    session_state=st.sampled_from(SessionState),
    rated=st.booleans(),
)
MESSAGES = st.one_of(
    st.builds(VisitChanged, st.none() | VISITS),
    st.builds(RequestRefused, st.sampled_from(["request-1", "request-2"]), CODES),
    st.builds(CommandIssued, COMMANDS, AFFAIRS, st.sampled_from(CommandKind), st.integers(0, 90)),
    st.builds(CommandWithdrawn, COMMANDS),
    st.just(PageStored("p")),
    st.just(CATALOGUE),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Acted, ACTIONS),
    st.builds(CenterSaid, MESSAGES),
    st.builds(LinkChanged, st.booleans()),
    st.builds(Attended, st.booleans()),
    st.builds(CardLaid, READERS, INSERTIONS),
    st.builds(CardLifted, READERS, INSERTIONS),
    st.builds(CardWasRead, READERS, INSERTIONS, st.just(card()), st.just(5)),
    st.builds(CardNotRead, READERS, INSERTIONS, CODES),
    st.builds(PageKept, COMMANDS),
    st.builds(PageNotTaken, COMMANDS, CODES),
    st.builds(DeviceChanged, st.builds(DeviceStatus, st.sampled_from(DeviceKind), st.sampled_from(DeviceState))),
    st.sampled_from([EpochBegan(), ClerkSeen(), Wiped(), TimePassed()]),
)
STEPS = st.lists(st.tuples(EVENTS, st.sampled_from([0, 10, 1_600, 30_000, 90_000])), max_size=60)

WITH_CENTER = (VisitState.WAIT, VisitState.SERVE, VisitState.SIGN)


def new_core() -> VisitCore:
    ids = iter(f"request-{n}" for n in range(1, 1000))
    core = VisitCore(Wording(zh="亭", en="Booth"), DeviceKind, new_id=lambda: next(ids))
    core.handle(CenterSaid(CATALOGUE), 0)
    return core


@given(STEPS)
@settings(max_examples=400, deadline=None)
def test_no_order_of_events_raises_or_leaves_a_dead_state(steps: list[tuple[Event, int]]) -> None:
    core, now_ms = new_core(), 0
    for event, later_ms in steps:
        now_ms += later_ms
        core.handle(event, now_ms)
        view = core.view()
        if core.state in WITH_CENTER:
            assert view.visit is not None, "it waits for the center's word on a visit"
        elif core.state is VisitState.WELCOME:
            assert (view.visit, view.item_id, view.requesting) == (None, None, False)
        else:
            assert core.deadline_ms() is not None


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_time_alone_leads_back_to_the_welcome_or_to_waiting_for_the_center(steps: list[tuple[Event, int]]) -> None:
    core, now_ms = new_core(), 0
    for event, later_ms in steps:
        now_ms += later_ms
        core.handle(event, now_ms)
    for _ in range(200):
        deadline_ms = core.deadline_ms()
        if deadline_ms is None:
            break
        now_ms = max(now_ms, deadline_ms)
        core.handle(TimePassed(), now_ms)
        after_ms = core.deadline_ms()
        assert after_ms is None or after_ms > now_ms, "a deadline that acted is over"
        if core.state is VisitState.WIPE:
            core.handle(Wiped(), now_ms)
    assert core.deadline_ms() is None
    assert core.state in (VisitState.WELCOME, *WITH_CENTER)


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_no_insertion_that_lay_there_at_a_wipe_is_read_again(steps: list[tuple[Event, int]]) -> None:
    core, now_ms = new_core(), 0
    laid: dict[DeviceKind, int] = {}
    left_behind: dict[DeviceKind, int] = {}
    for event, later_ms in steps:
        now_ms += later_ms
        if isinstance(event, CardLaid):
            laid[event.reader] = event.insertion
        if isinstance(event, CardLifted) and laid.get(event.reader) == event.insertion:
            del laid[event.reader]
        wiped_before = core.state is VisitState.WIPE
        effects = core.handle(event, now_ms)
        if core.state is VisitState.WIPE and not wiped_before:
            left_behind = dict(laid)
        for effect in effects:
            if isinstance(effect, ReadCard):
                assert left_behind.get(effect.reader) != effect.insertion
            if isinstance(effect, Send) and isinstance(effect.message, TicketRequested):
                assert core.state is VisitState.IDENTIFY
