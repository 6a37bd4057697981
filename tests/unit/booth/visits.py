"""A visit core with a clock and a center that tests drive by hand. Everybody here is invented."""

from collections.abc import Sequence
from itertools import count
from typing import Any, TypeVar

import msgspec

from booth.core.events import (
    Acted,
    Attended,
    CardLaid,
    CardWasRead,
    CenterSaid,
    Effect,
    EpochBegan,
    Event,
    LinkChanged,
    ReadCard,
    Send,
    TimePassed,
    VisitAction,
    Wipe,
    Wiped,
)
from booth.core.visit import VisitCore
from protocol.devices import DeviceKind
from protocol.fields import Wording
from protocol.kiosk import ItemChosen, Touched
from protocol.messages import BoothMessage, CatalogueOffered, CenterMessage, TicketRequested, VisitChanged
from protocol.records import IdCard, Sex
from protocol.states import SignatureState, TicketState, VisitState
from protocol.visit import FormLine, FormShown, ItemSummary, Visit

NAME = "欧阳测试甲"
ITEM = "medical_booklet"
SHA = "ab" * 32
ID_READER = DeviceKind.ID_CARD_READER
SOCIAL_READER = DeviceKind.SOCIAL_SECURITY_CARD_READER

CATALOGUE = CatalogueOffered(
    Wording(zh="受理中心", en="Service centre"),
    [ItemSummary(ITEM, Wording(zh="就医记录册", en="Medical booklet"), Wording(zh="", en=""), 10, [])],
)
M = TypeVar("M")


def card(name: str = NAME) -> IdCard:
    """An invented card; the text is made anew each time, so that nothing but what holds it keeps it alive."""
    return IdCard(
        name="".join(name),
        sex=Sex.FEMALE,
        ethnicity="汉",
        birth_date="1958-03-12",
        address="上海市虚构区桂雨路 18 弄",
        number="319999195803120028",
        number_valid=True,
        issuer="虚构分局",
        valid_from="2009-06-01",
        valid_until=None,
        long_term=True,
    )


def snapshot(ticket: TicketState, affair: str = "affair-1", **more: Any) -> Visit:
    form = None
    if more.get("signature", SignatureState.NONE) is not SignatureState.NONE:
        form = FormShown(1, SHA, [FormLine("name", Wording(zh="姓名", en="Name"), "".join(NAME))])
    whole = Visit(affair, "A001", ITEM, Wording(zh="就医记录册", en="Medical booklet"), ticket, 0, form=form)
    return msgspec.structs.replace(whole, **more)


class Desk:
    """Drives a core: `now_ms` moves only when a test says so, and wiping is done at once unless `wipes` is False."""

    def __init__(self, fitted: Sequence[DeviceKind] = tuple(DeviceKind), *, attended: bool = True) -> None:
        ids = count(1)
        self.core = VisitCore(
            Wording(zh="测试亭", en="Test booth"), fitted, idle_s=60, new_id=lambda: f"request-{next(ids)}"
        )
        self.now_ms = 1_000_000
        self.wipes = True
        self.sent: list[BoothMessage] = []
        self.effects: list[Effect] = []
        self.tell(EpochBegan(), LinkChanged(True), Attended(attended))
        self.say(CATALOGUE)
        self.sent.clear()

    def shows(self) -> VisitState:
        return self.core.state

    def tell(self, *events: Event) -> list[Effect]:
        """What followed from the events."""
        new: list[Effect] = []
        for event in events:
            new += self.core.handle(event, self.now_ms)
            if Wipe() in new and self.wipes and self.core.state is VisitState.WIPE:
                new += self.core.handle(Wiped(), self.now_ms)
        self.effects += new
        self.sent += [effect.message for effect in new if isinstance(effect, Send)]
        return new

    def act(self, *actions: VisitAction) -> list[Effect]:
        return self.tell(*[Acted(action) for action in actions])

    def say(self, *messages: CenterMessage) -> list[Effect]:
        return self.tell(*[CenterSaid(message) for message in messages])

    def visit(self, ticket: TicketState, affair: str = "affair-1", **more: Any) -> list[Effect]:
        return self.say(VisitChanged(snapshot(ticket, affair, **more)))

    def say_changed(self, visit: Visit | None) -> list[Effect]:
        return self.say(VisitChanged(visit))

    def say_finished(self) -> list[Effect]:
        return self.visit(TicketState.FINISHED)

    def say_closed(self) -> list[Effect]:
        return self.say_changed(None)

    def wiped(self) -> list[Effect]:
        return self.tell(Wiped())

    def wait_ms(self, span_ms: int) -> list[Effect]:
        """Let time pass, deadline by deadline, as the shell does."""
        new: list[Effect] = []
        end_ms = self.now_ms + span_ms
        while (deadline := self.core.deadline_ms()) is not None and deadline <= end_ms:
            self.now_ms = max(self.now_ms, deadline)
            new += self.tell(TimePassed())
        self.now_ms = end_ms
        return new

    def said(self, kind: type[M]) -> list[M]:
        """The messages of this kind sent so far."""
        return [message for message in self.sent if isinstance(message, kind)]

    # Ways into the middle of a visit

    def identify(self) -> None:
        self.act(Touched(), ItemChosen(ITEM))
        assert self.shows() is VisitState.IDENTIFY

    def request(self, insertion: int = 1, name: str = NAME) -> TicketRequested:
        self.identify()
        assert ReadCard(ID_READER, insertion) in self.tell(CardLaid(ID_READER, insertion))
        self.tell(CardWasRead(ID_READER, insertion, card(name), 900))
        return self.said(TicketRequested)[-1]

    def serve(self) -> None:
        self.visit(TicketState.SERVING)
        assert self.shows() is VisitState.SERVE
