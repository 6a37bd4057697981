"""One whole affair, 就医记录册申领, from touch to rating: what each of the two robots does, and what is measured."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from demo.clerk import Clerk
from demo.resident import SIGNATURE, Resident
from protocol.counter import AffairView, CounterView, PageView
from protocol.kiosk import GradeGiven, ItemChosen, KioskView, ReceiptRead, RecordingAnswered, Signed, Touched
from protocol.pages import PagePart
from protocol.states import CommandState, PageState, RecordingConsent, SignatureState, TicketState, VisitState
from protocol.visit import CommandKind, Outcome

ITEM_ID = "medical_booklet"
STEP_WITHIN_S = 60.0
"""No step of the robots' affair takes longer on a slow machine; one that does has failed."""

FORM = {"phone": "13800000000", "reason": "exchange"}
"""What the clerk asks and types; the rest comes from the card and the item's defaults."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the affair; `name` is a key of the message catalogue (`demo.step.<name>`)."""

    name: str
    ms: int


@dataclass(slots=True)
class Record:
    """What `var/demo/affair.json` holds."""

    item_id: str = ITEM_ID
    outcome: str = "unfinished"
    case_no: str | None = None
    steps: list[Step] = field(default_factory=list)
    called_to_first_frame_ms: dict[str, int] = field(default_factory=dict)
    card_read_ms: int | None = None
    page_delivered_ms: list[int] = field(default_factory=list)
    pages_sent: int = 0
    pages_verified: int = 0
    journal_verified: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "item_id": self.item_id,
            "outcome": self.outcome,
            "case_no": self.case_no,
            "steps": [{"name": step.name, "ms": step.ms} for step in self.steps],
            "called_to_first_frame_ms": self.called_to_first_frame_ms,
            "card_read_ms": self.card_read_ms,
            "page_delivered_ms": self.page_delivered_ms,
            "pages_sent": self.pages_sent,
            "pages_verified": self.pages_verified,
            "journal_verified": self.journal_verified,
        }


class Story:
    """Plays the affair and writes down what happened. `on_step(name, ms)` hears of a step's begin (ms None) and end."""

    def __init__(
        self,
        resident: Resident,
        clerk: Clerk,
        card_id: str,
        page_ids: list[str],
        on_step: Callable[[str, int | None], None],
    ) -> None:
        self._resident = resident
        self._clerk = clerk
        self._card_id = card_id
        self._page_ids = page_ids
        self._on_step = on_step
        self.affair_id = ""
        self.record = Record()

    async def play(self) -> Record:
        """From the welcome screen back to it. Raises `TimeoutError` in the step that did not end."""
        await self.arrive()
        await self.meet()
        await self.read_card()
        for number, page_id in enumerate(self._page_ids, 1):
            await self.take_page(number, page_id)
        await self.fill_in_and_sign()
        await self.finish()
        await self.rate()
        return self.record

    # --- The resident comes -----------------------------------------------------------------------

    async def arrive(self) -> None:
        resident = self._resident
        async with self._step("touch"):
            await resident.until(lambda view: view.state is VisitState.WELCOME and view.link_up and bool(view.items))
            await resident.act(Touched())
            await resident.until(_shows(VisitState.CHOOSE))
        async with self._step("choose"):
            await resident.act(ItemChosen(ITEM_ID))
            await resident.until(_shows(VisitState.IDENTIFY))
        async with self._step("identify"):
            await resident.lay_card(self._card_id)
            view = await resident.until(_shows(VisitState.WAIT))
            assert view.visit is not None
            self.affair_id = view.visit.affair_id
            if view.visit.recording_consent is RecordingConsent.ASKED:
                await resident.act(RecordingAnswered(agreed=True))
                await resident.until(_agreed)
        async with self._step("notice"):
            await self._clerk.until(lambda view: any(row.affair_id == self.affair_id for row in view.waiting))

    async def meet(self) -> None:
        async with self._step("meet"):
            seen_ms = await self._clerk.take(self.affair_id)
            await self.affair(lambda affair: affair.ticket_state is TicketState.SERVING)
            view = await self.affair(lambda affair: affair.booth_first_frame_ms is not None)
            assert view.booth_first_frame_ms is not None
            self.record.called_to_first_frame_ms = {"clerk": seen_ms, "booth": view.booth_first_frame_ms}

    # --- Card and pages ---------------------------------------------------------------------------

    async def read_card(self) -> None:
        async with self._step("card") as elapsed:
            command_id = await self._clerk.order(self.affair_id, CommandKind.READ_ID_CARD)
            await self.affair(lambda affair: _ended(affair, command_id))
            self.record.card_read_ms = elapsed()
            await self._resident.lift_card()

    async def take_page(self, number: int, bench_page_id: str) -> None:
        resident, clerk = self._resident, self._clerk
        affair = await self.affair(lambda affair: True)
        material = affair.item.materials[min(number, len(affair.item.materials)) - 1]
        async with self._step(f"page_{number}") as elapsed:
            await resident.lay_page(bench_page_id)
            ordered = elapsed()
            command_id = await clerk.order(self.affair_id, CommandKind.TAKE_PAGE, material.material_id)
            await self.affair(lambda affair: _ended(affair, command_id))
            self.record.pages_sent += 1
            affair = await self.affair(
                lambda affair: len(affair.pages) == number and affair.pages[-1].state is PageState.STORED
            )
            if await self._is_whole(affair.pages[-1]):
                self.record.pages_verified += 1
            self.record.page_delivered_ms.append(elapsed() - ordered)
            await resident.lift_page()

    async def _is_whole(self, page: PageView) -> bool:
        """Whether the picture that the clerk gets has the hash that the booth announced."""
        data = await self._clerk.page(page.page_id, PagePart.FULL)
        return hashlib.sha256(data).hexdigest() == page.sha256 and len(data) == page.size_bytes

    # --- Form, signature, end ---------------------------------------------------------------------

    async def fill_in_and_sign(self) -> None:
        async with self._step("form"):
            affair = await self.affair(lambda affair: True)
            await self._clerk.change_form(self.affair_id, affair.form_revision, {**affair.form, **FORM})
            await self.affair(lambda affair: not affair.missing_fields and not affair.missing_materials)
        async with self._step("sign"):
            await self._clerk.ask_signature(self.affair_id)
            view = await self._resident.until(_shows(VisitState.SIGN))
            assert view.visit is not None and view.visit.form is not None
            await self._resident.act(Signed(view.visit.form.form_sha256, SIGNATURE))
            await self.affair(lambda affair: affair.signature.state is SignatureState.SIGNED)

    async def finish(self) -> None:
        async with self._step("finish"):
            await self._clerk.finish(self.affair_id, Outcome.ACCEPTED, "")
            view = await self._resident.until(_shows(VisitState.RECEIPT))
            assert view.visit is not None
            self.record.case_no = view.visit.case_no

    async def rate(self) -> None:
        async with self._step("rate"):
            await self._resident.act(ReceiptRead())
            await self._resident.until(_shows(VisitState.RATE))
            await self._resident.act(GradeGiven(5))
        async with self._step("wipe"):
            await self._resident.until(lambda view: view.state is VisitState.WELCOME and view.visit is None)
            self.record.outcome = "finished"

    # --- Watching ---------------------------------------------------------------------------------

    async def affair(self, seen: Callable[[AffairView], bool]) -> AffairView:
        """The clerk's view of the affair, once `seen` is true of it."""

        def holds(view: CounterView) -> bool:
            affair = view.affair
            return affair is not None and affair.affair_id == self.affair_id and seen(affair)

        view = await self._clerk.until(holds)
        assert view.affair is not None
        return view.affair

    @asynccontextmanager
    async def _step(self, name: str) -> AsyncIterator[Callable[[], int]]:
        begun = time.monotonic()

        def elapsed() -> int:
            return round((time.monotonic() - begun) * 1000)

        self._on_step(name, None)
        async with asyncio.timeout(STEP_WITHIN_S):
            yield elapsed
        self.record.steps.append(Step(name, elapsed()))
        self._on_step(name, elapsed())


def _shows(state: VisitState) -> Callable[[KioskView], bool]:
    return lambda view: view.state is state


def _agreed(view: KioskView) -> bool:
    return view.visit is not None and view.visit.recording_consent is RecordingConsent.GIVEN


def _ended(affair: AffairView, command_id: str) -> bool:
    """Whether the command is done; raises when it failed, since nothing would ever follow."""
    command = next((command for command in affair.commands if command.command_id == command_id), None)
    if command is None or command.state is CommandState.ISSUED:
        return False
    if command.state is not CommandState.DONE:
        raise RuntimeError(f"{command.kind}: {command.state} ({command.code})")
    return True
