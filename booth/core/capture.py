"""When a page is taken: what the document camera sees goes in, with the time; what is shown and taken comes out. Pure.

    nothing ⇄ moving ⇄ holding ──▶ taking ──▶ done
                          │           └─────▶ flawed
                          └─▶ doubt

A page that lies still for `HOLD_MS`, whose outline is trusted and which was not taken before, is taken by itself while
a `take_page` command stands. It is known again by what is on it (its signature), not by where it lies: a page that is
pushed aside or turned round is the same one, and the next page of a booklet on the very same spot is another. What lies
there with a flaw, or already taken, waits until it moves. The clerk's shutter takes whatever lies there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from msgspec.structs import replace

from protocol.desk import DeskSeen, DeskState, Outline
from protocol.errors import ErrorCode
from protocol.marks import FULL_SCALE
from protocol.pages import FlawKind

HOLD_MS = 600
"""So long a page must lie still. Long enough to draw the hand away, short enough not to wait for."""

DOUBT_MS = 1_500
"""After so long a still outline that is not trusted is a question to the clerk."""

REFOCUS_MS = 1_500
"""A blurred page is tried once more after so long: an autofocus needs about a second."""

STILL_SHARE = 0.006
"""How far, as a part of the frame, corners may wander while a page lies still; a trembling table does 0.002."""

REDRAW_SHARE = 0.0015
"""A smaller movement of the outline is not worth a message."""

REPEAT_MS = 1_000
"""What is seen is said again so often, for pages that were opened meanwhile."""

MAX_KNOWN = 400
"""Signatures kept for one visit; then the oldest go. 400 pages are an hour of turning."""

CODES = {
    FlawKind.BLURRED: ErrorCode.PAGE_BLURRED,
    FlawKind.GLARE: ErrorCode.PAGE_GLARE,
    FlawKind.CUT_OFF: ErrorCode.PAGE_CUT_OFF,
    FlawKind.TOO_SMALL: ErrorCode.PAGE_TOO_SMALL,
    FlawKind.TOO_DARK: ErrorCode.PAGE_TOO_DARK,
    FlawKind.COVERED: ErrorCode.PAGE_COVERED,
    FlawKind.EMPTY: ErrorCode.PAGE_EMPTY,
}

Corners = tuple[float, float, float, float, float, float, float, float]
"""x, y of four corners, clockwise from the upper left, as parts of the frame's width and height."""


def corners_from(places: Sequence[int]) -> Corners:
    """Corners out of a clerk's adjusting: ten-thousandths become parts."""
    x0, y0, x1, y1, x2, y2, x3, y3 = (place / FULL_SCALE for place in places)
    return x0, y0, x1, y1, x2, y2, x3, y3


class Signature(Protocol):
    """What is on a page, as far as needed to know it again."""

    def same_as(self, other: "Signature", /) -> bool: ...


@dataclass(frozen=True, slots=True, repr=False)
class Sight:
    """One look at the desk. `outlines` are for drawing, the surest first; `exact` is that one as measured.

    `trusted`: its outline may be taken without asking anybody. `moved`: something moved since the look before. `cut`: a
    page goes on outside the frame. `signature` is that of the surest page, when it could be told.
    """

    aspect: float
    outlines: tuple[Corners, ...] = ()
    exact: Corners | None = None
    trusted: bool = False
    moved: bool = False
    cut: bool = False
    signature: Signature | None = None


class Hold(Enum):
    NOTHING = auto()
    CUT = auto()
    MOVING = auto()
    HOLDING = auto()
    DOUBT = auto()
    TAKING = auto()
    DONE = auto()
    FLAWED = auto()


class Look(Enum):
    """What a sight means: nothing there, a cut page, a movement, lying still, and lying still for long enough."""

    EMPTY = auto()
    CUT = auto()
    MOVED = auto()
    STEADY = auto()
    RIPE = auto()
    KNOWN = auto()
    UNSURE = auto()


_H, _L = Hold, Look
_COMMON = {_L.EMPTY: _H.NOTHING, _L.CUT: _H.CUT, _L.MOVED: _H.MOVING}
_RESTING = {**_COMMON, _L.STEADY: _H.HOLDING, _L.RIPE: _H.HOLDING, _L.KNOWN: _H.DONE, _L.UNSURE: _H.DOUBT}
TABLE: dict[Hold, dict[Look, Hold]] = {
    _H.NOTHING: _RESTING,
    _H.CUT: _RESTING,
    _H.MOVING: _RESTING,
    _H.HOLDING: _RESTING,
    _H.DOUBT: {**_RESTING, _L.STEADY: _H.DOUBT},
    _H.DONE: {**_RESTING, _L.STEADY: _H.DONE, _L.UNSURE: _H.DONE},
    # Looked at and found wanting: it has to move first. Nothing else can have changed.
    _H.FLAWED: {**_COMMON, _L.STEADY: _H.FLAWED, _L.RIPE: _H.FLAWED, _L.KNOWN: _H.DONE, _L.UNSURE: _H.FLAWED},
    # Until the page is made, whatever is seen.
    _H.TAKING: dict.fromkeys(Look, _H.TAKING),
}

_SHOWN = {
    _H.NOTHING: DeskState.EMPTY,
    _H.CUT: DeskState.FLAWED,
    _H.MOVING: DeskState.MOVING,
    _H.HOLDING: DeskState.STILL,
    _H.DOUBT: DeskState.DOUBT,
    _H.TAKING: DeskState.STILL,
    _H.DONE: DeskState.TAKEN,
    _H.FLAWED: DeskState.FLAWED,
}


@dataclass(frozen=True, slots=True)
class Take:
    """Make a page of the picture just looked at; answered by `made`, then `kept` or `failed`.

    `forced`: the clerk pressed the shutter, so its flaws don't matter.
    """

    command_id: str
    affair_id: str
    forced: bool


@dataclass(frozen=True, slots=True)
class Hinder:
    """What keeps the command from its page changed; None: nothing does."""

    command_id: str
    code: ErrorCode | None


@dataclass(frozen=True, slots=True)
class Show:
    """Both screens should show this."""

    seen: DeskSeen


CaptureEffect = Take | Hinder | Show


@dataclass(slots=True)
class _Order:
    command_id: str
    affair_id: str
    more: bool
    taken: int = 0
    pressed: bool = False
    told: ErrorCode | None = None


@dataclass(slots=True, repr=False)
class Capture:
    """The capture of one booth. Every method returns what follows, in order; none raises.

    `known` are the signatures of the visit's pages.
    """

    _state: Hold = Hold.NOTHING
    _order: _Order | None = None
    _trouble: ErrorCode | None = None
    _since_ms: int = 0
    _anchor: Corners | None = None
    _is_known: bool | None = None
    _flaw: FlawKind | None = None
    _flawed_at_ms: int = 0
    _blurs: int = 0
    _taking: Signature | None = None
    _forced: bool = False
    _shots: int = 0
    _known: list[Signature] = field(default_factory=list)
    _sight: Sight = field(default_factory=lambda: Sight(aspect=4 / 3))
    _shown: DeskSeen | None = None
    _shown_at_ms: int = 0

    @property
    def state(self) -> Hold:
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a page is being made."""
        return self._state is Hold.TAKING

    def order(self, command_id: str, affair_id: str, more: bool, now_ms: int) -> list[CaptureEffect]:
        """A command wants a page, or one after another. It replaces an older one."""
        self._order = _Order(command_id, affair_id, more)
        if self._state is Hold.FLAWED:
            self._rest(now_ms)
        return self._tell(now_ms)

    def withdraw(self, command_id: str, now_ms: int) -> list[CaptureEffect]:
        if self._order is not None and self._order.command_id == command_id:
            self._order = None
        return self._tell(now_ms)

    def press(self, command_id: str, now_ms: int) -> list[CaptureEffect]:
        """The clerk pressed the shutter: the next picture is taken."""
        if self._order is not None and self._order.command_id == command_id:
            self._order.pressed = True
        return self._tell(now_ms)

    def trouble(self, code: ErrorCode | None, now_ms: int) -> list[CaptureEffect]:
        """The camera doesn't see, for this reason; None: it sees again."""
        if code is not None and self._state is not Hold.TAKING:
            self._state, self._anchor = Hold.NOTHING, None
        self._trouble = code
        return self._tell(now_ms)

    def see(self, sight: Sight, now_ms: int) -> list[CaptureEffect]:
        """One look. Asks for at most one page."""
        self._sight, self._trouble = sight, None
        look = self._look(sight, now_ms)
        self._state = TABLE[self._state][look]
        if self._state is Hold.FLAWED and self._refocused(now_ms):
            self._state = Hold.HOLDING
        if self._state is not Hold.FLAWED:
            self._flaw = None
        return [*self._take(look, now_ms), *self._tell(now_ms)]

    def made(self, flaws: tuple[FlawKind, ...], now_ms: int) -> bool:
        """A page was made of the picture; whether it is to be kept."""
        if self._state is not Hold.TAKING:
            return False
        if self._forced or not flaws:
            return self._order is not None
        self._flaw, self._flawed_at_ms, self._state = flaws[0], now_ms, Hold.FLAWED
        self._blurs = self._blurs + 1 if flaws[0] is FlawKind.BLURRED else 0
        return False

    def kept(self, now_ms: int) -> list[CaptureEffect]:
        """The page is safe. A command that wanted one page has it."""
        self._state, self._blurs = Hold.DONE, 0
        self._shots = (self._shots + 1) % 1_000_000
        self._is_known = True
        if self._taking is not None:
            self._known = [*self._known, self._taking][-MAX_KNOWN:]
        if self._order is not None:
            self._order.taken += 1
            if not self._order.more:
                self._order = None
        return self._tell(now_ms)

    def failed(self, now_ms: int) -> list[CaptureEffect]:
        """The page could not be made or kept."""
        self._rest(now_ms)
        return self._tell(now_ms)

    def flawed(self, now_ms: int) -> list[CaptureEffect]:
        """What follows after `made` said no."""
        if self._state is Hold.TAKING:
            self._rest(now_ms)
        return self._tell(now_ms)

    def wipe(self) -> None:
        """Forget the visit's pages."""
        self._known.clear()
        self._order = self._taking = self._anchor = self._is_known = None
        self._state, self._sight, self._shown = Hold.NOTHING, Sight(aspect=self._sight.aspect), None

    # --- What a sight means ---

    def _look(self, sight: Sight, now_ms: int) -> Look:
        if sight.exact is None:
            self._anchor = None
            return Look.CUT if sight.cut else Look.EMPTY
        if sight.moved or self._wandered(sight):
            self._anchor, self._is_known, self._since_ms = sight.exact, None, now_ms
            return Look.MOVED
        still_ms = now_ms - self._since_ms
        if still_ms < HOLD_MS:
            return Look.STEADY
        if sight.signature is not None and self._is_known is None:
            # Once for each rest: nothing turns a page without moving.
            self._is_known = any(sight.signature.same_as(known) for known in reversed(self._known))
        if self._is_known:
            return Look.KNOWN
        if sight.trusted and sight.signature is not None:
            return Look.RIPE
        return Look.UNSURE if still_ms >= DOUBT_MS else Look.STEADY

    def _wandered(self, sight: Sight) -> bool:
        """Whether the page is elsewhere than when it came to rest."""
        return self._anchor is None or sight.exact is None or _apart(self._anchor, sight.exact) > STILL_SHARE

    def _refocused(self, now_ms: int) -> bool:
        blurred_once = self._flaw is FlawKind.BLURRED and self._blurs == 1
        return blurred_once and now_ms - self._flawed_at_ms >= REFOCUS_MS

    def _take(self, look: Look, now_ms: int) -> list[CaptureEffect]:
        order = self._order
        if order is None or self._state is Hold.TAKING:
            return []
        if not order.pressed and not (self._state is Hold.HOLDING and look is Look.RIPE):
            return []
        self._forced, order.pressed = order.pressed, False
        self._state, self._taking = Hold.TAKING, self._sight.signature
        return [Take(order.command_id, order.affair_id, self._forced)]

    def _rest(self, now_ms: int) -> None:
        """Begin to wait for stillness anew."""
        self._state, self._since_ms, self._flaw, self._is_known = Hold.MOVING, now_ms, None, None

    # --- What is said ---

    def _problem(self) -> ErrorCode | None:
        if self._trouble is not None:
            return self._trouble
        match self._state:
            case Hold.CUT:
                return ErrorCode.PAGE_CUT_OFF
            case Hold.DOUBT:
                return ErrorCode.PAGE_IN_DOUBT
            case Hold.FLAWED if self._flaw is FlawKind.BLURRED and self._blurs > 1:
                return ErrorCode.CAMERA_UNFOCUSED
            case Hold.FLAWED if self._flaw is not None:
                return CODES[self._flaw]
            case Hold.DONE if self._order is not None and not self._order.more:
                return ErrorCode.PAGE_TAKEN
            case _:
                return None

    def _tell(self, now_ms: int) -> list[CaptureEffect]:
        """What changed for the command, and for the screens."""
        effects: list[CaptureEffect] = []
        problem = self._problem()
        # What moves is being mended: the words stay until it lies still or is taken.
        passing = problem is None and self._state in (Hold.MOVING, Hold.NOTHING, Hold.HOLDING)
        if self._order is not None and problem != self._order.told and not (passing and self._trouble is None):
            self._order.told = problem
            effects.append(Hinder(self._order.command_id, problem))
        seen = self._seen()
        if self._shown is None or now_ms - self._shown_at_ms >= REPEAT_MS or _differs(seen, self._shown):
            self._shown, self._shown_at_ms = seen, now_ms
            effects.append(Show(seen))
        return effects

    def _seen(self) -> DeskSeen:
        order = self._order
        flaw = FlawKind.CUT_OFF if self._state is Hold.CUT else self._flaw
        return DeskSeen(
            state=DeskState.BLIND if self._trouble is not None else _SHOWN[self._state],
            aspect=self._sight.aspect,
            outlines=[] if self._trouble is not None else [Outline(list(each)) for each in self._sight.outlines],
            wanted=order is not None,
            more=order is not None and order.more,
            taken=order.taken if order is not None else 0,
            shots=self._shots,
            flaw=flaw,
            trouble=self._trouble,
        )


def _apart(one: Corners, other: Corners) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _differs(seen: DeskSeen, shown: DeskSeen) -> bool:
    """Whether a person would see the difference."""
    if replace(seen, outlines=[]) != replace(shown, outlines=[]) or len(seen.outlines) != len(shown.outlines):
        return True
    pairs = zip(seen.outlines, shown.outlines, strict=True)
    return any(
        max(abs(a - b) for a, b in zip(one.corners, other.corners, strict=True)) > REDRAW_SHARE for one, other in pairs
    )
