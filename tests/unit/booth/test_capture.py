"""When a page is taken, and what is said meanwhile."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.core.capture import (
    CODES,
    DOUBT_MS,
    HOLD_MS,
    REFOCUS_MS,
    TABLE,
    Capture,
    CaptureEffect,
    Corners,
    Hinder,
    Hold,
    Look,
    Show,
    Sight,
    Signature,
    Take,
)
from protocol.desk import DeskSeen, DeskState
from protocol.errors import ErrorCode
from protocol.pages import FlawKind

HERE: Corners = (0.2, 0.2, 0.8, 0.2, 0.8, 0.8, 0.2, 0.8)
LOOK_MS = 80


@dataclass(frozen=True)
class Sheet:
    """What is on a page, by its name."""

    name: str

    def same_as(self, other: Signature, /) -> bool:
        return self == other


def lying(name: str = "page", x: float = 0.0, *, trusted: bool = True, moved: bool = False) -> Sight:
    corners: Corners = tuple(value + x * (1 - place % 2) for place, value in enumerate(HERE))  # type: ignore[assignment]
    return Sight(4 / 3, (corners,), corners, trusted, moved, signature=None if moved else Sheet(name))


NOTHING = Sight(4 / 3)
CUT = Sight(4 / 3, cut=True)


@dataclass
class Desk:
    """A capture core with a clock, and everything that it asked for."""

    core: Capture = field(default_factory=Capture)
    now_ms: int = 1_000
    takes: list[Take] = field(default_factory=list)
    hindered: list[ErrorCode | None] = field(default_factory=list)
    shown: DeskSeen | None = None

    def order(self, command_id: str = "c1", *, more: bool = False) -> None:
        self._note(self.core.order(command_id, "affair", more, self.now_ms))

    def see(self, sight: Sight, for_ms: int = LOOK_MS, flaws: tuple[FlawKind, ...] = ()) -> None:
        """Look for so long; a page that is asked for is made with these flaws."""
        for _ in range(max(1, for_ms // LOOK_MS)):
            self.now_ms += LOOK_MS
            effects = self.core.see(sight, self.now_ms)
            self._note(effects)
            if any(isinstance(effect, Take) for effect in effects):
                kept = self.core.made(flaws, self.now_ms)
                self._note(self.core.kept(self.now_ms) if kept else self.core.flawed(self.now_ms))

    def press(self, command_id: str = "c1") -> None:
        self._note(self.core.press(command_id, self.now_ms))

    def _note(self, effects: list[CaptureEffect]) -> None:
        for effect in effects:
            match effect:
                case Take():
                    self.takes.append(effect)
                case Hinder(_, code):
                    self.hindered.append(code)
                case Show(seen):
                    self.shown = seen

    def shows(self, state: DeskState) -> bool:
        return self.shown is not None and self.shown.state is state


def test_every_state_knows_every_look() -> None:
    assert set(TABLE) == set(Hold)
    assert all(set(row) == set(Look) for row in TABLE.values())
    assert set(CODES) == set(FlawKind)


def test_a_still_page_is_taken_once_after_600_ms_and_not_before() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying())
    desk.see(lying(), HOLD_MS - LOOK_MS)
    assert desk.takes == [] and desk.shows(DeskState.STILL)
    desk.see(lying(), 5_000)
    assert desk.takes == [Take("c1", "affair", forced=False)]
    assert desk.shows(DeskState.TAKEN) and desk.shown is not None and not desk.shown.wanted


def test_nothing_is_taken_without_an_order_but_the_outline_is_shown() -> None:
    desk = Desk()
    desk.see(lying(), 5_000)
    assert desk.takes == [] and desk.shown is not None
    assert [tuple(each.corners) for each in desk.shown.outlines] == [HERE]


@pytest.mark.parametrize("restless", [lying(moved=True), lying(x=0.02), NOTHING, CUT])
def test_every_movement_starts_the_wait_anew(restless: Sight) -> None:
    desk = Desk()
    desk.order()
    for _ in range(6):
        desk.see(lying(), HOLD_MS - LOOK_MS)
        desk.see(restless)
    assert desk.takes == []


def test_a_booklet_is_taken_page_by_page_on_the_same_spot() -> None:
    desk = Desk()
    desk.order(more=True)
    for page in ("one", "two", "three"):
        desk.see(lying(page), 2_000)
        assert desk.shows(DeskState.TAKEN)
        desk.see(lying(moved=True), 400)
    assert len(desk.takes) == 3 and desk.shown is not None and desk.shown.taken == 3


def test_the_same_page_is_never_taken_twice_wherever_it_lies() -> None:
    desk = Desk()
    desk.order(more=True)
    for place in (0.0, 0.05, -0.1, 0.0):
        desk.see(lying("one", place), 2_000)
        desk.see(NOTHING, 400)
    desk.order("c2")
    desk.see(lying("one"), 2_000)
    assert len(desk.takes) == 1
    assert desk.hindered[-1] is ErrorCode.PAGE_TAKEN


def test_the_shutter_takes_a_page_again() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying("one"), 2_000)
    desk.order("c2")
    desk.see(lying("one"), 2_000)
    desk.press("c1")
    desk.see(lying("one"))
    assert len(desk.takes) == 1, "that command is over"
    desk.press("c2")
    desk.see(lying("one"))
    assert desk.takes[1:] == [Take("c2", "affair", forced=True)]


def test_an_uncertain_outline_is_asked_about_and_taken_by_the_shutter_alone() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying(trusted=False), DOUBT_MS + 3 * LOOK_MS)
    desk.see(lying(trusted=False), 5_000)
    assert desk.takes == [] and desk.shows(DeskState.DOUBT) and desk.hindered == [ErrorCode.PAGE_IN_DOUBT]
    desk.press()
    desk.see(lying(trusted=False))
    assert desk.takes == [Take("c1", "affair", forced=True)]


def test_the_shutter_takes_the_whole_frame_when_nothing_is_found() -> None:
    desk = Desk()
    desk.order()
    desk.see(NOTHING)
    desk.press()
    desk.see(NOTHING)
    assert desk.takes == [Take("c1", "affair", forced=True)]


@pytest.mark.parametrize("flaw", sorted(set(FlawKind) - {FlawKind.BLURRED}))
def test_a_flaw_is_said_and_the_page_waits_until_it_was_laid_again(flaw: FlawKind) -> None:
    desk = Desk()
    desk.order()
    desk.see(lying(), 4_000, (flaw,))
    assert len(desk.takes) == 1 and desk.shows(DeskState.FLAWED)
    assert desk.hindered == [CODES[flaw]] and desk.shown is not None and desk.shown.flaw is flaw
    desk.see(lying(moved=True))
    desk.see(lying(), 2_000)
    assert len(desk.takes) == 2 and desk.shows(DeskState.TAKEN)


def test_a_blurred_page_is_tried_once_more_and_then_the_camera_is_out_of_focus() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying(), HOLD_MS + 400, (FlawKind.BLURRED,))
    assert len(desk.takes) == 1 and desk.hindered == [ErrorCode.PAGE_BLURRED]
    desk.see(lying(), REFOCUS_MS + 5_000, (FlawKind.BLURRED,))
    assert len(desk.takes) == 2 and desk.hindered[-1] is ErrorCode.CAMERA_UNFOCUSED


def test_a_camera_that_does_not_see_is_said_and_forgiven() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying())
    desk._note(desk.core.trouble(ErrorCode.CAMERA_DARK, desk.now_ms))
    assert desk.shows(DeskState.BLIND) and desk.hindered == [ErrorCode.CAMERA_DARK]
    assert desk.shown is not None and desk.shown.outlines == []
    desk.see(lying(), 2_000)
    assert len(desk.takes) == 1, "and it was still for as long as always"


def test_a_trembling_outline_is_not_drawn_again_and_a_moved_one_is() -> None:
    desk = Desk()
    desk.see(lying())
    desk.see(lying())
    before = desk.shown
    desk.see(lying(x=0.001))
    assert desk.shown is before
    desk.see(lying(x=0.003))
    assert desk.shown is not before


def test_a_withdrawn_order_takes_nothing_even_when_the_page_was_being_made() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying())
    desk.see(lying(), HOLD_MS - LOOK_MS)
    effects = desk.core.see(lying(), desk.now_ms + HOLD_MS)
    assert any(isinstance(effect, Take) for effect in effects) and desk.core.busy
    desk.core.withdraw("c1", desk.now_ms)
    assert not desk.core.made((), desk.now_ms)
    desk.core.flawed(desk.now_ms)
    assert not desk.core.busy


def test_wiping_forgets_every_page() -> None:
    desk = Desk()
    desk.order()
    desk.see(lying("one"), 2_000)
    desk.core.wipe()
    desk.order("c2")
    desk.see(lying("one"), 2_000)
    assert len(desk.takes) == 2
    assert "one" not in repr(desk.core) + repr(lying("one"))


sights = st.one_of(
    st.just(NOTHING),
    st.just(CUT),
    st.builds(
        lying,
        st.sampled_from(["one", "two"]),
        st.sampled_from([0.0, 0.001, 0.05]),
        trusted=st.booleans(),
        moved=st.sampled_from([False, False, False, True]),
    ),
)
steps = st.lists(
    st.tuples(sights, st.sampled_from([40, 80, 700, 1_600]), st.sampled_from(["", "", "", "order", "more", "press"])),
    max_size=60,
)


@given(steps)
def test_whatever_is_seen_only_still_trusted_unknown_pages_are_taken_unasked(
    history: list[tuple[Sight, int, str]],
) -> None:
    core, now_ms, since_ms, last = Capture(), 0, 0, NOTHING
    taken: list[Signature] = []
    ordered = False
    for sight, later_ms, word in history:
        if word in ("order", "more"):
            core.order("c1", "affair", word == "more", now_ms)
            ordered = True
        elif word == "press":
            core.press("c1", now_ms)
        now_ms += later_ms
        if sight.exact is None or sight.moved or last.exact is None or last.exact[0] != sight.exact[0]:
            near = sight.exact is not None and last.exact is not None and abs(last.exact[0] - sight.exact[0]) < 0.006
            since_ms = since_ms if near and not sight.moved else now_ms
        last = sight
        for effect in core.see(sight, now_ms):
            if not isinstance(effect, Take):
                continue
            assert ordered
            if not effect.forced:
                assert sight.trusted and not sight.moved and now_ms - since_ms >= HOLD_MS
                assert sight.signature is not None and sight.signature not in taken
            if core.made((), now_ms):
                core.kept(now_ms)
                taken += [sight.signature] if sight.signature is not None else []
        assert not core.busy
