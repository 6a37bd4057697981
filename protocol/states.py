"""The states of everything that lives for a while, and one table each for what follows what.

A machine is a table `state -> event -> state`. An absent pair raises `IllegalTransition` and
changes nothing. The diagrams in `docs/architecture.md` are drawn from these tables
(`python -m protocol.diagrams`), and a test fails when they differ.

- **Ticket**: the resident's place in the queue. A ticket that a clerk calls is `called` until the booth
  answers, `connecting` until one side sees the other, then `serving`.
- **Session**: booth and counter on screen. It outlives every broken link: `interrupted` is a
  state of waiting, not an end.
- **Case**: what the centre receives and decides.
- **Command**: one thing that the clerk has the booth do.
- **Page**: one sheet on its way from the camera to the document store.
- **Visit**: what the booth shows; it follows the ticket and the case.
- **Recording consent**: whether the resident agrees to be recorded; they may think again at any time.
- **Recording**: what is kept of a session's pictures and voices. One that is `stalled` is tried on, and told of.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from protocol.errors import IllegalTransition


class TicketState(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    CONNECTING = "connecting"
    SERVING = "serving"
    HELD = "held"
    FINISHED = "finished"
    MISSED = "missed"
    ABANDONED = "abandoned"
    TRANSFERRED = "transferred"


class TicketEvent(StrEnum):
    CALL = "call"
    ANSWER = "answer"
    SEE = "see"
    HOLD = "hold"
    RESUME = "resume"
    FINISH = "finish"
    MISS = "miss"
    RECALL = "recall"
    ABANDON = "abandon"
    RELEASE = "release"
    TRANSFER = "transfer"


class SessionState(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"


class SessionEvent(StrEnum):
    SEE = "see"
    INTERRUPT = "interrupt"
    RESTORE = "restore"
    END = "end"


class CaseState(StrEnum):
    DRAFT = "draft"
    RECEIVED = "received"
    SUPPLEMENTING = "supplementing"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    PROCESSING = "processing"
    DECIDED = "decided"
    DELIVERED = "delivered"
    ARCHIVED = "archived"


class CaseEvent(StrEnum):
    RECEIVE = "receive"
    ASK_SUPPLEMENT = "ask_supplement"
    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    PROCESS = "process"
    DECIDE = "decide"
    DELIVER = "deliver"
    ARCHIVE = "archive"


class CommandState(StrEnum):
    ISSUED = "issued"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class CommandEvent(StrEnum):
    FINISH = "finish"
    FAIL = "fail"
    WITHDRAW = "withdraw"


class PageState(StrEnum):
    ANNOUNCED = "announced"
    LIGHT = "light"
    STORED = "stored"


class PageEvent(StrEnum):
    STORE_LIGHT = "store_light"
    STORE_FULL = "store_full"


class SignatureState(StrEnum):
    NONE = "none"
    ASKED = "asked"
    SIGNED = "signed"
    DISPUTED = "disputed"


class SignatureEvent(StrEnum):
    ASK = "ask"
    SIGN = "sign"
    DISPUTE = "dispute"
    CHANGE_FORM = "change_form"


class RecordingConsent(StrEnum):
    NONE = "none"
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"


class RecordingConsentEvent(StrEnum):
    ASK = "ask"
    GIVE = "give"
    REFUSE = "refuse"


class RecordingState(StrEnum):
    REQUESTED = "requested"
    RECORDING = "recording"
    STALLED = "stalled"
    SEALED = "sealed"
    FAILED = "failed"


class RecordingEvent(StrEnum):
    BEGIN = "begin"
    STALL = "stall"
    RECOVER = "recover"
    SEAL = "seal"
    FAIL = "fail"


class VisitState(StrEnum):
    WELCOME = "welcome"
    CHOOSE = "choose"
    IDENTIFY = "identify"
    WAIT = "wait"
    SERVE = "serve"
    SIGN = "sign"
    RECEIPT = "receipt"
    RATE = "rate"
    WIPE = "wipe"


class VisitEvent(StrEnum):
    TOUCH = "touch"
    CHOOSE = "choose"
    BACK = "back"
    QUEUE = "queue"
    CALL = "call"
    REQUEUE = "requeue"
    ASK_SIGNATURE = "ask_signature"
    SIGNED = "signed"
    FINISH = "finish"
    READ_RECEIPT = "read_receipt"
    RATED = "rated"
    LEAVE = "leave"
    WIPED = "wiped"


S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class Machine(Generic[S, E]):
    """A named transition table; `next` is the only way to a new state."""

    def __init__(self, name: str, initial: S, table: Mapping[S, Mapping[E, S]]) -> None:
        self.name = name
        self.initial = initial
        self.table = table

    def next(self, state: S, event: E) -> S:
        """The state after `event`; raises `IllegalTransition` when the table has no such pair."""
        try:
            return self.table[state][event]
        except KeyError:
            raise IllegalTransition(self.name, state, event) from None

    def allows(self, state: S, event: E) -> bool:
        return event in self.table.get(state, {})

    def is_final(self, state: S) -> bool:
        return not self.table.get(state)

    def __repr__(self) -> str:
        return f"Machine({self.name!r})"


_T, _TE = TicketState, TicketEvent
TICKET = Machine(
    "ticket",
    _T.WAITING,
    {
        _T.WAITING: {_TE.CALL: _T.CALLED, _TE.ABANDON: _T.ABANDONED},
        _T.CALLED: {
            _TE.ANSWER: _T.CONNECTING,
            _TE.MISS: _T.MISSED,
            _TE.ABANDON: _T.ABANDONED,
            _TE.RELEASE: _T.WAITING,
        },
        _T.CONNECTING: {
            _TE.SEE: _T.SERVING,
            _TE.MISS: _T.MISSED,
            _TE.FINISH: _T.FINISHED,
            _TE.ABANDON: _T.ABANDONED,
            _TE.RELEASE: _T.WAITING,
        },
        _T.SERVING: {
            _TE.HOLD: _T.HELD,
            _TE.FINISH: _T.FINISHED,
            _TE.ABANDON: _T.ABANDONED,
            _TE.TRANSFER: _T.TRANSFERRED,
        },
        _T.HELD: {
            _TE.RESUME: _T.SERVING,
            _TE.FINISH: _T.FINISHED,
            _TE.ABANDON: _T.ABANDONED,
            _TE.TRANSFER: _T.TRANSFERRED,
        },
        _T.MISSED: {_TE.RECALL: _T.CALLED, _TE.ABANDON: _T.ABANDONED},
    },
)

_S, _SE = SessionState, SessionEvent
SESSION = Machine(
    "session",
    _S.CONNECTING,
    {
        _S.CONNECTING: {_SE.SEE: _S.LIVE, _SE.INTERRUPT: _S.INTERRUPTED, _SE.END: _S.ENDED},
        _S.LIVE: {_SE.INTERRUPT: _S.INTERRUPTED, _SE.END: _S.ENDED},
        _S.INTERRUPTED: {_SE.RESTORE: _S.LIVE, _SE.SEE: _S.LIVE, _SE.END: _S.ENDED},
    },
)

_C, _CE = CaseState, CaseEvent
CASE = Machine(
    "case",
    _C.DRAFT,
    {
        _C.DRAFT: {
            _CE.RECEIVE: _C.RECEIVED,
            _CE.REFUSE: _C.REFUSED,
            _CE.WITHDRAW: _C.WITHDRAWN,
        },
        _C.RECEIVED: {
            _CE.ASK_SUPPLEMENT: _C.SUPPLEMENTING,
            _CE.ACCEPT: _C.ACCEPTED,
            _CE.REFUSE: _C.REFUSED,
            _CE.WITHDRAW: _C.WITHDRAWN,
        },
        _C.SUPPLEMENTING: {_CE.RECEIVE: _C.RECEIVED, _CE.WITHDRAW: _C.WITHDRAWN},
        _C.ACCEPTED: {_CE.PROCESS: _C.PROCESSING},
        _C.PROCESSING: {_CE.DECIDE: _C.DECIDED},
        _C.DECIDED: {_CE.DELIVER: _C.DELIVERED},
        _C.DELIVERED: {_CE.ARCHIVE: _C.ARCHIVED},
        _C.REFUSED: {_CE.ARCHIVE: _C.ARCHIVED},
    },
)

_D, _DE = CommandState, CommandEvent
COMMAND = Machine(
    "command",
    _D.ISSUED,
    {_D.ISSUED: {_DE.FINISH: _D.DONE, _DE.FAIL: _D.FAILED, _DE.WITHDRAW: _D.WITHDRAWN}},
)

_P, _PE = PageState, PageEvent
PAGE = Machine(
    "page",
    _P.ANNOUNCED,
    {
        _P.ANNOUNCED: {_PE.STORE_LIGHT: _P.LIGHT, _PE.STORE_FULL: _P.STORED},
        _P.LIGHT: {_PE.STORE_FULL: _P.STORED},
    },
)

_G, _GE = SignatureState, SignatureEvent
SIGNATURE = Machine(
    "signature",
    _G.NONE,
    {
        _G.NONE: {_GE.ASK: _G.ASKED, _GE.CHANGE_FORM: _G.NONE},
        _G.ASKED: {_GE.SIGN: _G.SIGNED, _GE.DISPUTE: _G.DISPUTED, _GE.CHANGE_FORM: _G.NONE},
        _G.SIGNED: {_GE.CHANGE_FORM: _G.NONE, _GE.ASK: _G.ASKED},
        _G.DISPUTED: {_GE.CHANGE_FORM: _G.NONE, _GE.ASK: _G.ASKED},
    },
)

_K, _KE = RecordingConsent, RecordingConsentEvent
RECORDING_CONSENT = Machine(
    "recording_consent",
    _K.NONE,
    {
        _K.NONE: {_KE.ASK: _K.ASKED},
        _K.ASKED: {_KE.GIVE: _K.GIVEN, _KE.REFUSE: _K.REFUSED},
        _K.GIVEN: {_KE.REFUSE: _K.REFUSED},
        _K.REFUSED: {_KE.GIVE: _K.GIVEN},
    },
)

_R, _RE = RecordingState, RecordingEvent
RECORDING = Machine(
    "recording",
    _R.REQUESTED,
    {
        _R.REQUESTED: {_RE.BEGIN: _R.RECORDING, _RE.STALL: _R.STALLED, _RE.FAIL: _R.FAILED},
        _R.RECORDING: {_RE.STALL: _R.STALLED, _RE.SEAL: _R.SEALED, _RE.FAIL: _R.FAILED},
        _R.STALLED: {_RE.RECOVER: _R.RECORDING, _RE.SEAL: _R.SEALED, _RE.FAIL: _R.FAILED},
    },
)

_V, _VE = VisitState, VisitEvent
VISIT = Machine(
    "visit",
    _V.WELCOME,
    {
        _V.WELCOME: {_VE.TOUCH: _V.CHOOSE},
        _V.CHOOSE: {_VE.CHOOSE: _V.IDENTIFY, _VE.LEAVE: _V.WIPE},
        _V.IDENTIFY: {_VE.BACK: _V.CHOOSE, _VE.QUEUE: _V.WAIT, _VE.LEAVE: _V.WIPE},
        _V.WAIT: {_VE.CALL: _V.SERVE, _VE.LEAVE: _V.WIPE},
        _V.SERVE: {
            _VE.ASK_SIGNATURE: _V.SIGN,
            _VE.REQUEUE: _V.WAIT,
            _VE.FINISH: _V.RECEIPT,
            _VE.LEAVE: _V.WIPE,
        },
        _V.SIGN: {
            _VE.SIGNED: _V.SERVE,
            _VE.REQUEUE: _V.WAIT,
            _VE.FINISH: _V.RECEIPT,
            _VE.LEAVE: _V.WIPE,
        },
        _V.RECEIPT: {_VE.READ_RECEIPT: _V.RATE, _VE.LEAVE: _V.WIPE},
        _V.RATE: {_VE.RATED: _V.WIPE, _VE.LEAVE: _V.WIPE},
        _V.WIPE: {_VE.WIPED: _V.WELCOME},
    },
)

MACHINES: tuple[Machine[Any, Any], ...] = (
    TICKET,
    SESSION,
    CASE,
    COMMAND,
    PAGE,
    SIGNATURE,
    RECORDING_CONSENT,
    RECORDING,
    VISIT,
)
"""Every table of the system, in the order in which an affair meets them."""
