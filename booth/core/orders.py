"""The clerk's commands that run just now: one for each device, each with a deadline. Pure."""

from dataclasses import dataclass, field

from booth.core.cards import Cards
from booth.core.events import Effect, PressShutter, ReadCard, RemakePage, Send, StopTaking, TakePage
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.kiosk import Activity
from protocol.messages import CardPresented, CommandFailed, CommandHindered, CommandIssued
from protocol.records import Card
from protocol.visit import CommandKind

RETRY_MS = 1_500
"""Between two tries of a device that failed by itself. Long enough to read the hint, short enough not to wait for."""

DEVICE_OF = {
    CommandKind.READ_ID_CARD: DeviceKind.ID_CARD_READER,
    CommandKind.READ_SOCIAL_SECURITY_CARD: DeviceKind.SOCIAL_SECURITY_CARD_READER,
    CommandKind.TAKE_PAGE: DeviceKind.DOCUMENT_CAMERA,
}
_ABSENT = {
    DeviceKind.ID_CARD_READER: ErrorCode.READER_ABSENT,
    DeviceKind.SOCIAL_SECURITY_CARD_READER: ErrorCode.READER_ABSENT,
    DeviceKind.DOCUMENT_CAMERA: ErrorCode.CAMERA_ABSENT,
}
_LAY = {
    CommandKind.READ_ID_CARD: Activity.LAY_ID_CARD,
    CommandKind.READ_SOCIAL_SECURITY_CARD: Activity.LAY_SOCIAL_SECURITY_CARD,
    CommandKind.TAKE_PAGE: Activity.LAY_PAGE,
}
LAY_ANEW = frozenset(
    {ErrorCode.CARD_REMOVED, ErrorCode.CARD_DAMAGED, ErrorCode.CARD_UNSUPPORTED, ErrorCode.CARD_ABSENT}
)
"""Reading the same insertion again would not help: the resident must lay a card."""
_MENDABLE = LAY_ANEW | {
    ErrorCode.READER_ABSENT,
    ErrorCode.CAMERA_ABSENT,
    ErrorCode.CAMERA_FROZEN,
    ErrorCode.DEVICE_FAILED,
    ErrorCode.DEVICE_BUSY,
    ErrorCode.DISK_FULL,
    ErrorCode.PAGE_NOT_FOUND,
    ErrorCode.TIMED_OUT,
}
"""What may go away while the command lasts; anything else fails it at once."""


@dataclass(slots=True)
class _Order:
    command_id: str
    affair_id: str
    kind: CommandKind
    ends_at_ms: int
    more: bool = False
    problem: ErrorCode | None = None
    told: ErrorCode | None = None
    taking: bool = False
    retry_at_ms: int | None = None


@dataclass(slots=True)
class Orders:
    """Runs commands to `CardPresented`, a page in the outbox, or `CommandFailed`.

    Each ends exactly once, or is withdrawn.
    """

    cards: Cards
    fitted: frozenset[DeviceKind]
    _running: dict[DeviceKind, _Order] = field(default_factory=dict)
    _remaking: set[str] = field(default_factory=set)
    """Commands that need neither a device nor the resident's hands: pages made again out of their frames."""

    def issue(self, command: CommandIssued, now_ms: int) -> list[Effect]:
        if command.kind is CommandKind.REMAKE_PAGE:
            return self._remake(command)
        device = DEVICE_OF[command.kind]
        if device not in self.fitted:
            return [Send(CommandFailed(command.command_id, _ABSENT[device]))]
        if device in self._running:
            return [Send(CommandFailed(command.command_id, ErrorCode.DEVICE_BUSY))]
        ends_at_ms = now_ms + command.deadline_s * 1000
        order = _Order(command.command_id, command.affair_id, command.kind, ends_at_ms, command.more)
        self._running[device] = order
        self.cards.forgive(device)
        return self._try(device, order)

    def withdraw(self, command_id: str) -> list[Effect]:
        """Forget the command; one that is not running any more is fine."""
        if command_id in self._remaking:
            self._remaking.discard(command_id)
            return [StopTaking(command_id)]
        for device, order in self._running.items():
            if order.command_id == command_id:
                del self._running[device]
                return [StopTaking(command_id)] if order.taking else []
        return []

    def wants_card(self, reader: DeviceKind) -> bool:
        return reader in self._running

    def card_laid(self, reader: DeviceKind) -> list[Effect]:
        order = self._running.get(reader)
        return self._try(reader, order) if order else []

    def card_read(
        self, reader: DeviceKind, insertion: int, card: Card, took_ms: int, photo: bytes | None = None
    ) -> list[Effect]:
        order = self._running.pop(reader)
        return [Send(CardPresented(order.command_id, card, took_ms, reader, insertion, photo))]

    def card_failed(self, reader: DeviceKind, code: ErrorCode, now_ms: int) -> list[Effect]:
        order = self._running.get(reader)
        return self._hinder(reader, order, code, now_ms) if order else []

    def page_kept(self, command_id: str) -> None:
        self._remaking.discard(command_id)
        order = self._running.get(DeviceKind.DOCUMENT_CAMERA)
        if order is None or order.command_id != command_id:
            return
        if order.more:
            order.problem = order.told = None
        else:
            del self._running[DeviceKind.DOCUMENT_CAMERA]

    def page_hindered(self, command_id: str, code: ErrorCode | None) -> list[Effect]:
        """The resident can mend it, and nothing has to be tried again: the desk is being looked at."""
        order = self._running.get(DeviceKind.DOCUMENT_CAMERA)
        if order is None or order.command_id != command_id:
            return []
        order.problem = code
        if code is None or code == order.told:
            return []
        order.told = code
        return [Send(CommandHindered(command_id, code))]

    def press_shutter(self, command_id: str) -> list[Effect]:
        order = self._running.get(DeviceKind.DOCUMENT_CAMERA)
        return [PressShutter(command_id)] if order is not None and order.command_id == command_id else []

    def page_failed(self, command_id: str, code: ErrorCode, now_ms: int) -> list[Effect]:
        if command_id in self._remaking:
            self._remaking.discard(command_id)
            return [Send(CommandFailed(command_id, code))]
        order = self._running.get(DeviceKind.DOCUMENT_CAMERA)
        if order is None or order.command_id != command_id:
            return []
        order.taking = False
        return self._hinder(DeviceKind.DOCUMENT_CAMERA, order, code, now_ms)

    def time_passed(self, now_ms: int) -> list[Effect]:
        effects: list[Effect] = []
        for device, order in list(self._running.items()):
            if order.ends_at_ms <= now_ms:
                effects += self.withdraw(order.command_id)
                effects.append(Send(CommandFailed(order.command_id, ErrorCode.TIMED_OUT)))
            elif order.retry_at_ms is not None and order.retry_at_ms <= now_ms:
                order.retry_at_ms = None
                self.cards.forgive(device)
                effects += self._try(device, order)
        return effects

    def deadline_ms(self) -> int | None:
        moments = [order.ends_at_ms for order in self._running.values()]
        moments += [order.retry_at_ms for order in self._running.values() if order.retry_at_ms is not None]
        return min(moments, default=None)

    def activity(self) -> Activity:
        """What the hint on the screen says; what happens goes before what is awaited."""
        for device in self._running:
            if self.cards.is_reading(device):
                return Activity.READING_CARD
        return next((_LAY[order.kind] for order in self._running.values()), Activity.IDLE)

    def problem(self) -> ErrorCode | None:
        """What hinders a command just now, for the resident."""
        return next((order.problem for order in self._running.values() if order.problem), None)

    def wipe(self) -> None:
        """Drop every command; the center ends them with the affair."""
        self._running.clear()
        self._remaking.clear()

    def _remake(self, command: CommandIssued) -> list[Effect]:
        if command.remake is None:
            return [Send(CommandFailed(command.command_id, ErrorCode.MALFORMED))]
        self._remaking.add(command.command_id)
        return [RemakePage(command.command_id, command.affair_id, command.remake)]

    def _try(self, device: DeviceKind, order: _Order) -> list[Effect]:
        if order.kind is CommandKind.TAKE_PAGE:
            order.taking = True
            return [TakePage(order.command_id, order.affair_id, order.more)]
        insertion = self.cards.readable(device)
        if insertion is None:
            return []
        self.cards.begin(device, insertion)
        order.problem = None
        return [ReadCard(device, insertion)]

    def _hinder(self, device: DeviceKind, order: _Order, code: ErrorCode, now_ms: int) -> list[Effect]:
        if code not in _MENDABLE:
            del self._running[device]
            return [Send(CommandFailed(order.command_id, code))]
        if code not in LAY_ANEW:
            order.retry_at_ms = now_ms + RETRY_MS
        order.problem = code
        if code == order.told:
            return []  # the clerk knows
        order.told = code
        return [Send(CommandHindered(order.command_id, code))]
