"""A desk, a media plane and a configuration in memory, for the web layer alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from center.desk import BoothPost, LinkOpened, PageBytes
from center.errors import DeskError
from center.media.interface import MediaError, RecordingOrder
from protocol.counter import BoothRow, ClerkView, CounterView, IdentitySource
from protocol.errors import ErrorCode
from protocol.fields import Wording
from protocol.marks import Mark
from protocol.media import TrackOffer
from protocol.messages import BoothMessage, CenterMessage
from protocol.pages import PageAnnounced, PagePart
from protocol.reading import Attribute
from protocol.stream import is_next
from protocol.suggestions import SuggestionAnswer
from protocol.visit import CommandKind, Outcome

CLERK = ClerkView(clerk_id="clerk-1", name="沈予安", role="clerk", counter="3")
PASSWORD = "only for tests"
TOKEN = "a-token-for-tests"


class FakeDesk:
    """Numbers messages and keeps pages as the real one does; says `until` when something was called."""

    def __init__(self) -> None:
        self.post: BoothPost | None = None
        self.keys: dict[str, bytes] = {}
        self.calls: list[tuple[object, ...]] = []
        self.refusal: Exception | None = None
        """Raised by the next clerk's action."""
        self.on_link_up: Callable[[], None] = lambda: None
        """Runs within `link_up` after the pending messages were read: what happens at the same moment."""
        self.link_down_may_end = asyncio.Event()
        self.link_down_may_end.set()
        self.message_may_end = asyncio.Event()
        self.message_may_end.set()
        self.log_ins = {TOKEN}
        self.position = 1
        self.finished_today = 0
        self.center_name = Wording("示例事务中心", "Sample centre")
        self.views_read = 0
        self.pages: dict[str, PageAnnounced] = {}
        self.parts: dict[tuple[str, PagePart], bytes] = {}
        self._epochs: dict[str, str] = {}
        self._received: dict[str, int] = {}
        self._out: dict[str, list[tuple[int, CenterMessage]]] = {}
        self._sent: dict[str, int] = {}
        self._changed = asyncio.Condition()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(condition)

    def called(self, name: str) -> list[tuple[object, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    def commit(self, booth_id: str, message: CenterMessage) -> int:
        """What a transaction does: number the message and keep it."""
        n = self._sent[booth_id] = self._sent.get(booth_id, 0) + 1
        self._out.setdefault(booth_id, []).append((n, message))
        return n

    def send(self, booth_id: str, message: CenterMessage) -> int:
        n = self.commit(booth_id, message)
        if self.post is not None:
            self.post.send(booth_id, n, message)
        return n

    async def _note(self, *call: object) -> None:
        async with self._changed:
            self.calls.append(call)
            self._changed.notify_all()

    # --- Booths ---

    async def enrol(self, code: str, booth_id: str, public_key: bytes) -> None:
        if code != "ABCD-1234":
            raise DeskError(ErrorCode.BAD_CODE)
        self.keys[booth_id] = public_key

    async def booth_key(self, booth_id: str) -> bytes | None:
        return self.keys.get(booth_id)

    async def link_up(self, booth_id: str, epoch: str, received: int) -> LinkOpened:
        if self._epochs.get(booth_id) != epoch:
            self._epochs[booth_id] = epoch
            self._received[booth_id] = self._sent[booth_id] = 0
            self._out[booth_id] = []
        self._out[booth_id] = [(n, message) for n, message in self._out[booth_id] if n > received]
        opened = LinkOpened(self._received[booth_id], list(self._out[booth_id]))
        self.on_link_up()
        await asyncio.sleep(0)
        await self._note("link_up", booth_id, epoch, received)
        return opened

    async def link_down(self, booth_id: str) -> None:
        await self._note("link_down_begins", booth_id)
        await self.link_down_may_end.wait()
        await self._note("link_down", booth_id)

    async def booth_message(self, booth_id: str, epoch: str, n: int, message: BoothMessage) -> None:
        if is_next(self._received[booth_id], n):
            await self._note("booth_message_begins", booth_id, n)
            await self.message_may_end.wait()
            self._received[booth_id] = n
            await self._note("booth_message", booth_id, n, message)

    async def booth_acknowledged(self, booth_id: str, ack: int) -> None:
        self._out[booth_id] = [(n, message) for n, message in self._out[booth_id] if n > ack]
        await self._note("booth_acknowledged", booth_id, ack)

    # --- Pages ---

    async def announce_page(self, booth_id: str, page: PageAnnounced) -> bool:
        known = self.pages.get(page.page_id)
        if known not in (None, page):
            raise DeskError(ErrorCode.PAGE_UNKNOWN)
        self.pages[page.page_id] = page
        return known is None

    async def page_offset(self, booth_id: str, page_id: str, part: PagePart) -> int:
        if page_id not in self.pages:
            raise DeskError(ErrorCode.PAGE_UNKNOWN)
        return len(self.parts.get((page_id, part), b""))

    async def append_page(self, booth_id: str, page_id: str, part: PagePart, offset: int, chunk: bytes) -> int:
        self._refuse()
        held = self.parts.get((page_id, part), b"")
        if await self.page_offset(booth_id, page_id, part) != offset:
            raise DeskError(ErrorCode.WRONG_OFFSET)
        page = self.pages[page_id]
        full = part is PagePart.FULL
        size_bytes, digest = (page.size_bytes, page.sha256) if full else (page.light_size_bytes, page.light_sha256)
        held += chunk
        if len(held) > size_bytes:
            raise DeskError(ErrorCode.TOO_LARGE)
        if len(held) == size_bytes and sha256(held).hexdigest() != digest:
            self.parts[page_id, part] = b""
            raise DeskError(ErrorCode.WRONG_HASH)
        self.parts[page_id, part] = held
        return len(held)

    async def page_bytes(self, clerk_id: str, page_id: str, part: PagePart) -> PageBytes:
        data = self.parts.get((page_id, part))
        if data is None:
            raise DeskError(ErrorCode.PAGE_UNKNOWN)
        return PageBytes(data, "image/jpeg", sha256(data).hexdigest())

    # --- Clerks ---

    async def log_in(self, name: str, password: str, remote: str) -> str:
        if password != PASSWORD:
            raise DeskError(ErrorCode.WRONG_PASSWORD)
        self.log_ins.add(TOKEN)
        await self._note("log_in", name, remote)
        return TOKEN

    async def log_out(self, token: str) -> None:
        self.log_ins.discard(token)

    async def clerk_of(self, token: str) -> ClerkView | None:
        return CLERK if token in self.log_ins else None

    async def view(self, clerk: ClerkView) -> CounterView:
        self._refuse()
        self.views_read += 1
        view = CounterView(
            position=self.position,
            center_name=self.center_name,
            clerk=clerk,
            waiting=[],
            missed=[],
            booths=[],
            affair=None,
            finished_today=self.finished_today,
        )
        await self._note("view", self.position)
        return view

    async def booths(self) -> list[BoothRow]:
        return []

    async def _act(self, *call: object) -> None:
        self._refuse()
        await self._note(*call)

    def _refuse(self) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal

    async def take(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("take", clerk.clerk_id, affair_id)

    async def call_next(self, clerk: ClerkView) -> str:
        await self._act("call_next", clerk.clerk_id)
        return "affair-1"

    async def release(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("release", clerk.clerk_id, affair_id)

    async def miss(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("miss", clerk.clerk_id, affair_id)

    async def hold(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("hold", clerk.clerk_id, affair_id)

    async def resume(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("resume", clerk.clerk_id, affair_id)

    async def card_photo(self, clerk: ClerkView, affair_id: str, source: IdentitySource) -> bytes:
        await self._act("card_photo", clerk.clerk_id, affair_id, source)
        return b"\xff\xd8\xff photo"

    async def see_identity(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("see_identity", clerk.clerk_id, affair_id)

    async def order(
        self,
        clerk: ClerkView,
        affair_id: str,
        kind: CommandKind,
        material_id: str | None = None,
        *,
        replaces: str | None = None,
        corners: list[int] | None = None,
        more: bool = False,
    ) -> str:
        await self._act("order", clerk.clerk_id, affair_id, kind, material_id, replaces, corners)
        return "command-1"

    async def press_shutter(self, clerk: ClerkView, affair_id: str, command_id: str) -> None:
        await self._act("press_shutter", clerk.clerk_id, affair_id, command_id)

    async def withdraw_command(self, clerk: ClerkView, affair_id: str, command_id: str) -> None:
        await self._act("withdraw_command", clerk.clerk_id, affair_id, command_id)

    async def file_page(self, clerk: ClerkView, affair_id: str, page_id: str, material_id: str | None) -> None:
        await self._act("file_page", clerk.clerk_id, affair_id, page_id, material_id)

    async def booth_served(self, clerk: ClerkView, affair_id: str) -> str:
        await self._act("booth_served", clerk.clerk_id, affair_id)
        return "sample-01"

    async def pages_pdf(self, clerk: ClerkView, affair_id: str, material_id: str | None) -> bytes:
        await self._act("pages_pdf", clerk.clerk_id, affair_id, material_id)
        return b"%PDF-1.7"

    async def move_page(self, clerk: ClerkView, affair_id: str, page_id: str, before: str | None) -> None:
        await self._act("move_page", clerk.clerk_id, affair_id, page_id, before)

    async def turn_page(self, clerk: ClerkView, affair_id: str, page_id: str, quarters: int) -> None:
        await self._act("turn_page", clerk.clerk_id, affair_id, page_id, quarters)

    async def mark_page(self, clerk: ClerkView, affair_id: str, page_id: str, marks: list[Mark]) -> None:
        await self._act("mark_page", clerk.clerk_id, affair_id, page_id, marks)

    async def answer_suggestion(
        self, clerk: ClerkView, affair_id: str, page_id: str, attribute: Attribute, answer: SuggestionAnswer
    ) -> None:
        await self._act("answer_suggestion", clerk.clerk_id, affair_id, page_id, attribute, answer)

    async def change_form(self, clerk: ClerkView, affair_id: str, revision: int, values: dict[str, str]) -> None:
        await self._act("change_form", clerk.clerk_id, affair_id, revision, values)

    async def ask_signature(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act("ask_signature", clerk.clerk_id, affair_id)

    async def finish(self, clerk: ClerkView, affair_id: str, outcome: Outcome, message: str) -> None:
        await self._act("finish", clerk.clerk_id, affair_id, outcome, message)

    async def clerk_saw(self, clerk: ClerkView, affair_id: str, after_ms: int) -> None:
        await self._act("clerk_saw", clerk.clerk_id, affair_id, after_ms)


class FakeMedia:
    """Answers an offer with `answer to <its text>`; `bad` is refused; `hold` keeps it waiting until `go`."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.disconnected: asyncio.Queue[str] = asyncio.Queue()
        self.holding = asyncio.Event()
        self.go = asyncio.Event()

    async def connect(self, participant: str, sdp: str, tracks: Sequence[TrackOffer]) -> str:
        if sdp == "bad":
            raise MediaError("not SDP")
        if sdp == "hold":
            self.holding.set()
            await self.go.wait()
        self.connected.append(participant)
        return f"answer to {sdp}"

    async def disconnect(self, participant: str) -> None:
        self.disconnected.put_nowait(participant)

    async def join(self, room: str, participant: str) -> None:
        pass

    async def close_room(self, room: str) -> None:
        pass

    async def start_recording(self, order: RecordingOrder) -> None:
        pass

    async def stop_recording(self, recording_id: str) -> None:
        pass


@dataclass(frozen=True)
class CenterPart:
    id: str = "center-test"


@dataclass(frozen=True)
class HttpPart:
    certificate_file: Path | None = None


@dataclass(frozen=True)
class PagesPart:
    folder: Path = Path("/nonexistent")


@dataclass(frozen=True)
class FakeConfig:
    center: CenterPart = field(default_factory=CenterPart)
    http: HttpPart = field(default_factory=HttpPart)
    pages: PagesPart = field(default_factory=PagesPart)
