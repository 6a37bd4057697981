"""The desk's side for pages: from the first announcement to the image in the clerk's browser."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from center.binder import ReadLine, Sheet, bind
from center.core import decide_booth
from center.core.affair import Affair, Entry, EntryKind, Page
from center.desk_work import Works
from center.errors import DeskError, StoreError
from center.store import affairs, readings
from center.store.documents import content_type_of
from center.store.readings import PageText
from protocol.errors import ErrorCode
from protocol.marks import FULL_SCALE
from protocol.messages import PageStored
from protocol.pages import PageAnnounced, PagePart
from protocol.states import PageState


@dataclass(frozen=True, slots=True, repr=False)
class PageBytes:
    """A stored image, decrypted, for a clerk's browser."""

    data: bytes
    content_type: str
    sha256: str


class Pages:
    def __init__(self, works: Works, stored: Callable[[], None] = lambda: None) -> None:
        """`stored` is called after a page was stored in full; it never blocks."""
        self._works = works
        self._stored = stored
        self._documents = works.store.documents
        # One upload of a page at a time: a booth that reconnects may still have an older request under way.
        self._uploads: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def announce(self, booth_id: str, announced: PageAnnounced) -> bool:
        async with self._works.work() as work:
            known = await affairs.of_page(work.tx, announced.page_id)
            affair = _of_booth(await affairs.load(work.tx, known or announced.affair_id), booth_id)
            page = affair.page(announced.page_id)
            if page is None:
                await work.apply(f"booth:{booth_id}", affair, decide_booth.announce(affair, announced, work.now_ms))
                return True
            if page.announced != announced:
                raise DeskError(ErrorCode.PAGE_UNKNOWN)
            if decide_booth.is_whole(page):
                # The booth restarted before it heard of it, and would keep the page for ever.
                await work.tell(booth_id, PageStored(announced.page_id))
            return False

    async def offset(self, booth_id: str, page_id: str, part: PagePart) -> int:
        lock = self._lock(page_id)
        async with lock:
            page = await self._page(booth_id, page_id)
            if decide_booth.is_stored(page, part):
                return _size(page, part)
            offset = await self._documents.offset(page_id, part)
            if offset < _size(page, part):
                return offset
            # All the bytes came, but a crash or a full disk kept them from being stored.
            try:
                await self._complete(booth_id, page, part)
            except DeskError as error:
                if error.code is ErrorCode.DISK_FULL:
                    raise
                return 0
            return offset

    async def append(self, booth_id: str, page_id: str, part: PagePart, offset: int, chunk: bytes) -> int:
        lock = self._lock(page_id)
        async with lock:
            page = await self._page(booth_id, page_id)
            size = _size(page, part)
            if decide_booth.is_stored(page, part):
                return size
            if offset != await self._documents.offset(page_id, part):
                raise DeskError(ErrorCode.WRONG_OFFSET)
            if offset + len(chunk) > size:
                raise DeskError(ErrorCode.TOO_LARGE)
            if chunk:
                offset = await self._documents.append(page_id, part, chunk)
            if offset == size:
                await self._complete(booth_id, page, part)
            else:
                self._works.feed.changed()
            return offset

    async def image(self, clerk_id: str, page_id: str, part: PagePart) -> PageBytes:
        async with self._works.store.read() as tx:
            affair_id = await affairs.of_page(tx, page_id)
            affair = await affairs.load(tx, affair_id) if affair_id is not None else None
        clerk = affair.ticket.clerk if affair is not None else None
        page = affair.page(page_id) if affair is not None else None
        if page is None or clerk is None or clerk.clerk_id != clerk_id or not decide_booth.is_stored(page, part):
            raise DeskError(ErrorCode.PAGE_UNKNOWN)
        sha256 = _sha256(page, part)
        data = await self._documents.get(sha256)
        content_type = content_type_of(data)
        if content_type is None:
            raise StoreError(f"page {page_id}: not an image")
        return PageBytes(data, content_type, sha256)

    async def pdf(self, clerk_id: str, affair_id: str, material_id: str | None) -> bytes:
        """The affair's pages that stand and are stored, or those of one material, in the clerk's order, as one PDF."""
        async with self._works.store.read() as tx:
            affair = await affairs.load(tx, affair_id)
        clerk = affair.ticket.clerk if affair is not None else None
        if affair is None or clerk is None or clerk.clerk_id != clerk_id:
            raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
        chosen = [
            page
            for page in affair.standing_pages()
            if page.state is PageState.STORED and material_id in (None, page.material_id)
        ]
        if not chosen:
            raise DeskError(ErrorCode.PAGE_UNKNOWN)
        async with self._works.store.read() as tx:
            texts = [await readings.text_of(tx, page.announced.page_id) for page in chosen]
        sheets = [
            Sheet(await self._documents.get(page.announced.sha256), page.turn, page.marks, _read_lines(text))
            for page, text in zip(chosen, texts, strict=True)
        ]
        title = affair.case.case_no or affair.ticket.ticket_no
        try:
            bound = await asyncio.to_thread(bind, sheets, title)
        except ValueError as error:
            raise StoreError(f"affair {affair_id}: {error}") from error
        async with self._works.work() as work:
            ids = [page.announced.page_id for page in chosen]
            await work.note(f"clerk:{clerk_id}", affair_id, Entry(EntryKind.PAGES_EXPORTED, {"page_ids": ids}))
        return bound

    async def received(self, affair: Affair) -> dict[str, int]:
        """How many bytes of each page that is under way are there."""
        return {
            page.announced.page_id: await self._documents.offset(page.announced.page_id, PagePart.FULL)
            for page in affair.pages
            if page.state is not PageState.STORED
        }

    async def _page(self, booth_id: str, page_id: str) -> Page:
        async with self._works.store.read() as tx:
            affair_id = await affairs.of_page(tx, page_id)
            affair = _of_booth(await affairs.load(tx, affair_id) if affair_id is not None else None, booth_id)
        page = affair.page(page_id)
        if page is None:
            raise DeskError(ErrorCode.PAGE_UNKNOWN)
        return page

    async def _complete(self, booth_id: str, page: Page, part: PagePart) -> None:
        """Verify a part that is whole, store it, and say so. What is not what was announced starts again at 0."""
        page_id = page.announced.page_id
        data = await self._documents.assemble(page_id, part)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if digest != _sha256(page, part) or content_type_of(data) is None:
            await self._documents.discard(page_id, part)
            right = digest == _sha256(page, part)
            raise DeskError(ErrorCode.NOT_AN_IMAGE if right else ErrorCode.WRONG_HASH)
        await self._documents.put(data)
        async with self._works.work() as work:
            affair = await work.load(page.announced.affair_id)
            present = affair.page(page_id)
            if present is not None and not decide_booth.is_stored(present, part):
                decision = decide_booth.store_page(affair, page_id, part, work.now_ms)
                await work.apply(f"booth:{booth_id}", affair, decision)
        await self._documents.discard(page_id, part)
        if part is PagePart.FULL:
            self._stored()

    def _lock(self, page_id: str) -> asyncio.Lock:
        lock = self._uploads.get(page_id)
        if lock is None:
            lock = self._uploads[page_id] = asyncio.Lock()
        return lock


def _of_booth(affair: Affair | None, booth_id: str) -> Affair:
    if affair is None or affair.ticket.booth_id != booth_id:
        raise DeskError(ErrorCode.PAGE_UNKNOWN)
    return affair


def _size(page: Page, part: PagePart) -> int:
    return _announced(page, part)[1]


def _sha256(page: Page, part: PagePart) -> str:
    return _announced(page, part)[0]


def _announced(page: Page, part: PagePart) -> tuple[str, int]:
    """The part's hash and size; a page without a frame refuses one."""
    announced = page.announced
    match part:
        case PagePart.LIGHT:
            return announced.light_sha256, announced.light_size_bytes
        case PagePart.FULL:
            return announced.sha256, announced.size_bytes
        case PagePart.FRAME:
            if announced.frame_sha256 is None or announced.frame_size_bytes is None:
                raise DeskError(ErrorCode.PAGE_UNKNOWN)
            return announced.frame_sha256, announced.frame_size_bytes


def _read_lines(text: PageText | None) -> list[ReadLine]:
    """What was read on a page, with its boxes in parts of the page."""
    if text is None or not text.width_px or not text.height_px:
        return []
    across, down = FULL_SCALE / text.width_px, FULL_SCALE / text.height_px
    return [
        ReadLine(
            line.text,
            (
                round(line.box.left * across),
                round(line.box.top * down),
                round(line.box.right * across),
                round(line.box.bottom * down),
            ),
        )
        for line in text.lines
    ]
