"""A decision while it is being made: the one place where an affair's states are written.

Every state goes through its machine (`protocol.states`), every step leaves its journal entry, and `decision` hands back
the whole. A refusal raises before anything is handed back, so a refused decision changes nothing.
"""

from typing import Any, TypeVar

from msgspec.structs import replace

from center.core.affair import (
    Affair,
    Close,
    Command,
    Decision,
    Entry,
    EntryKind,
    Join,
    Page,
    Recording,
    RoomEffect,
    StartRecording,
    StopRecording,
)
from protocol.errors import ErrorCode
from protocol.messages import CenterMessage, CommandWithdrawn
from protocol.states import (
    CASE,
    COMMAND,
    PAGE,
    RECORDING,
    RECORDING_CONSENT,
    SESSION,
    SIGNATURE,
    TICKET,
    CaseEvent,
    CommandEvent,
    CommandState,
    PageEvent,
    RecordingConsent,
    RecordingConsentEvent,
    RecordingEvent,
    SessionEvent,
    SessionState,
    SignatureEvent,
    TicketEvent,
    TicketState,
)

T = TypeVar("T")


class Change:
    def __init__(self, affair: Affair, now_ms: int) -> None:
        self.affair = affair
        self.now_ms = now_ms
        self._entries: list[Entry] = []
        self._messages: list[CenterMessage] = []
        self._rooms: list[RoomEffect] = []

    def decision(self) -> Decision:
        self._follow_recording()
        return Decision(self.affair, tuple(self._entries), tuple(self._messages), tuple(self._rooms))

    def note(self, kind: EntryKind, **payload: Any) -> None:
        self._entries.append(Entry(kind, payload))

    def tell(self, message: CenterMessage) -> None:
        self._messages.append(message)

    # --- One method for each machine ---

    def ticket(self, event: TicketEvent, **changes: Any) -> None:
        before = self.affair.ticket
        state = TICKET.next(before.state, event)
        ticket = replace(before, state=state, state_since_ms=self.now_ms, **changes)
        self.affair = replace(self.affair, ticket=ticket)

    def session(self, event: SessionEvent, **changes: Any) -> None:
        before = self.affair.session
        if before is not None:
            session = replace(before, state=SESSION.next(before.state, event), **changes)
            self.affair = replace(self.affair, session=session)

    def case(self, event: CaseEvent, **changes: Any) -> None:
        before = self.affair.case
        self.affair = replace(self.affair, case=replace(before, state=CASE.next(before.state, event), **changes))

    def signature(self, event: SignatureEvent, **changes: Any) -> None:
        case = self.affair.case
        after = replace(case.signature, state=SIGNATURE.next(case.signature.state, event), **changes)
        self.affair = replace(self.affair, case=replace(case, signature=after))

    def command(self, command: Command, event: CommandEvent, code: ErrorCode | None = None) -> None:
        after = replace(command, state=COMMAND.next(command.state, event), code=code)
        self.put_command(after)

    def end_command(self, command: Command) -> None:
        """The clerk ends it. Pages one after another that brought some are done, not withdrawn."""
        brought = command.more and self._has_pages(command)
        self.command(command, CommandEvent.FINISH if brought else CommandEvent.WITHDRAW)
        self.note(EntryKind.COMMAND_DONE if brought else EntryKind.COMMAND_WITHDRAWN, command_id=command.command_id)

    def fail_command(self, command: Command, code: ErrorCode) -> None:
        """It can't go on. Pages one after another that brought some are done all the same."""
        if command.more and self._has_pages(command):
            self.command(command, CommandEvent.FINISH)
            self.note(EntryKind.COMMAND_DONE, command_id=command.command_id)
        else:
            self.command(command, CommandEvent.FAIL, code)
            self.note(EntryKind.COMMAND_FAILED, command_id=command.command_id, code=code)

    def _has_pages(self, command: Command) -> bool:
        return any(page.announced.command_id == command.command_id for page in self.affair.pages)

    def page(self, page: Page, event: PageEvent, **changes: Any) -> None:
        self.put_page(replace(page, state=PAGE.next(page.state, event), **changes))

    def consent(self, event: RecordingConsentEvent) -> None:
        self.set(recording_consent=RECORDING_CONSENT.next(self.affair.recording_consent, event))

    def recording(self, recording: Recording, event: RecordingEvent, **changes: Any) -> None:
        self.put_recording(replace(recording, state=RECORDING.next(recording.state, event), **changes))

    # --- Parts without a machine ---

    def set(self, **changes: Any) -> None:
        """Replace fields of the affair that hold no state."""
        self.affair = replace(self.affair, **changes)

    def put_command(self, command: Command) -> None:
        """Add a command, or put it in the place of the older one with its id."""
        self.set(commands=_put(self.affair.commands, self.affair.command(command.command_id), command))

    def put_page(self, page: Page) -> None:
        """Add a page, or put it in the place of the older one with its id."""
        self.set(pages=_put(self.affair.pages, self.affair.page(page.announced.page_id), page))

    def put_recording(self, recording: Recording) -> None:
        """Add a recording, or put it in the place of the older state of it."""
        before = self.affair.recording(recording.recording_id)
        self.set(recordings=_put(self.affair.recordings, before, recording))

    def join_room(self) -> None:
        self._rooms.append(Join(self.affair.affair_id, self.affair.participants))

    # --- Steps that several decisions share ---

    def end_session(self) -> None:
        """The counter and the booth part: open commands are withdrawn, the session ends, the room closes."""
        self.withdraw_commands()
        session = self.affair.session
        if session is not None and session.state is not SessionState.ENDED:
            self.session(SessionEvent.END, down=())
            self.note(EntryKind.SESSION_ENDED, n=session.n)
        self.close_room()  # a ticket that was called has one before it has a session

    def interrupt_session(self, what: str) -> None:
        """Something that the session needs is away. It waits; it does not end."""
        session = self.affair.session
        if session is None or session.state is SessionState.ENDED or what in session.down:
            return
        down = (*session.down, what)
        if session.state is SessionState.INTERRUPTED:
            self.set(session=replace(session, down=down))
        else:
            self.session(SessionEvent.INTERRUPT, down=down)
            self.note(EntryKind.SESSION_INTERRUPTED, n=session.n, by=what)

    def restore_session(self, what: str) -> None:
        """What was away is back; the session goes on when nothing else is away."""
        session = self.affair.session
        if session is None or what not in session.down:
            return
        down = tuple(each for each in session.down if each != what)
        if down:
            self.set(session=replace(session, down=down))
        else:
            self.session(SessionEvent.RESTORE, down=())
            self.note(EntryKind.SESSION_RESTORED, n=session.n, by=what)

    def withdraw_commands(self) -> None:
        for command in self.affair.commands:
            if command.state is CommandState.ISSUED:
                self.command(command, CommandEvent.WITHDRAW)
                self.note(EntryKind.COMMAND_WITHDRAWN, command_id=command.command_id)
                self.tell(CommandWithdrawn(command_id=command.command_id))

    def close_room(self) -> None:
        self._rooms.append(Close(self.affair.affair_id))

    def abandon(self, why: str) -> None:
        """The resident is gone: nothing is shown any more, and a case that was not received yet is withdrawn."""
        self.ticket(TicketEvent.ABANDON)
        self.note(EntryKind.TICKET_ABANDONED, why=why)
        self.end_session()
        if CASE.allows(self.affair.case.state, CaseEvent.WITHDRAW):
            self.case(CaseEvent.WITHDRAW)
            self.note(EntryKind.CASE_WITHDRAWN)
        self.set(visit_open=False)
        self.note(EntryKind.VISIT_CLOSED, why=why)

    def put_form(self, form: dict[str, str]) -> None:
        """The form's new values; whatever was asked or signed before falls. Equal values are no change."""
        case = self.affair.case
        if form == case.form:
            return
        self.set(case=replace(case, form=form, revision=case.revision + 1))
        self.signature(SignatureEvent.CHANGE_FORM, form_sha256=None, strokes=(), signed_at_ms=None)
        self.note(EntryKind.FORM_CHANGED, revision=case.revision + 1)

    def _follow_recording(self) -> None:
        """While booth and counter are together, and the resident agrees, there is a recording; else there is none."""
        affair, session = self.affair, self.affair.session
        wanted = (
            affair.recording_consent is RecordingConsent.GIVEN
            and affair.ticket.state in (TicketState.CONNECTING, TicketState.SERVING)
            and session is not None
            and session.state is not SessionState.ENDED
        )
        running = [each for each in affair.recordings if each.ended_at_ms is None]
        if wanted and not running:
            n = len(affair.recordings) + 1
            recording = Recording(f"{affair.affair_id}-r{n}", n, RECORDING.initial, requested_at_ms=self.now_ms)
            self.put_recording(recording)
            self.note(EntryKind.RECORDING_REQUESTED, recording_id=recording.recording_id)
            self._rooms.append(StartRecording(recording.recording_id, affair.affair_id))
        elif running and not wanted:
            for each in running:
                self.put_recording(replace(each, ended_at_ms=self.now_ms))
                self._rooms.append(StopRecording(each.recording_id))


def _put(items: tuple[T, ...], before: T | None, item: T) -> tuple[T, ...]:
    """`item` in the place of `before`, or at the end."""
    if before is None:
        return (*items, item)
    return tuple(item if each is before else each for each in items)
