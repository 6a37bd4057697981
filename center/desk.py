"""The center's shell round its core: one method for each thing that somebody outside wants.

Each method loads the affair, asks the core what follows, and writes the new state, the journal's entries and the
messages for the booth in one transaction; only then does anything leave the process. Methods refuse with `DeskError` or
`IllegalTransition`. Cancelling one before its transaction commits changes nothing; after that it only delays the
sending, which a reconnection repeats.
"""

import secrets
from collections.abc import Callable, Mapping

from center.card_photos import CardPhotos
from center.core import decide_clerk, decide_media, decide_pages, decide_time
from center.core.affair import Affair, Decision
from center.core.item import Item
from center.core.queue import case_no, center_day, next_to_call
from center.desk_booths import Booths, LinkOpened
from center.desk_log_in import LogIns
from center.desk_pages import PageBytes, Pages
from center.desk_readings import Readings
from center.desk_recordings import Recordings
from center.desk_view import Views
from center.desk_work import BoothPost, Feed, Rooms, Work, Works
from center.errors import DeskError
from center.gateway.interface import Gateway, NoGateway
from center.media.interface import RecordingNews
from center.passwords import Passwords
from center.reader import PageReader
from center.store import affairs, links, readings
from center.store.store import Store
from protocol.counter import BoothRow, ClerkView, CounterView, IdentitySource
from protocol.errors import ErrorCode
from protocol.fields import Wording
from protocol.marks import Mark
from protocol.messages import BoothMessage
from protocol.pages import PageAnnounced, PagePart
from protocol.reading import Attribute
from protocol.suggestions import SuggestionAnswer
from protocol.visit import CommandKind, Outcome

__all__ = ["BoothPost", "Desk", "Feed", "LinkOpened", "PageBytes", "Rooms"]


class Desk:
    def __init__(
        self,
        *,
        store: Store,
        items: Mapping[str, Item],
        center_name: Wording,
        case_prefix: str,
        post: BoothPost,
        feed: Feed,
        rooms: Rooms,
        now_ms: Callable[[], int],
        passwords: Passwords | None = None,
        gateway: Gateway | None = None,
        records: bool = False,
        reader: PageReader | None = None,
    ) -> None:
        """`items`: the catalogue by item id. `now_ms`: Unix time in milliseconds. `records`: sessions are recorded when
        the resident agrees. Without a `reader` nothing is read."""
        self._case_prefix = case_prefix
        self._works = Works(store, post, feed, rooms, now_ms)
        self._photos = CardPhotos()
        self._booths = Booths(self._works, items, center_name, gateway or NoGateway(), self._photos, records=records)
        self._recordings = Recordings(self._works)
        self._readings = Readings(self._works, reader)
        self._pages = Pages(self._works, self._readings.look)
        self._log_ins = LogIns(self._works, passwords or Passwords())
        self._views = Views(self._works, self._pages, self._readings, self._photos, center_name)

    async def start(self) -> None:
        """Take up what an earlier run of the center left: sessions whose links are gone are interrupted, and the rooms
        of live affairs are joined again. For the one process that serves booths, before it does."""
        await self._booths.recover()
        await self._recordings.recover()

    # --- Booths: enrolment and link ---

    async def enrol(self, code: str, booth_id: str, public_key: bytes) -> None:
        """Trade a one-time code for a registration. Raises `bad_code` when it is wrong, used, old or another's."""
        await self._booths.enrol(code, booth_id, public_key)

    async def booth_key(self, booth_id: str) -> bytes | None:
        """The Ed25519 public key (32 bytes) of an enrolled booth."""
        return await self._booths.key(booth_id)

    async def link_up(self, booth_id: str, epoch: str, received: int) -> LinkOpened:
        """A booth proved its key. A new epoch means that the booth process restarted: commands that it had are failed
        with `booth_restarted`, and the catalogue and the visit are sent afresh.

        Raises `ProtocolError`: `out_of_order` for a `received` that was never sent, `backlog_full` when messages of
        this epoch had to be dropped, so that only a new one helps."""
        return await self._booths.link_up(booth_id, epoch, received)

    async def link_down(self, booth_id: str) -> None:
        """The booth's connection is gone: its session is interrupted, its tickets stay."""
        await self._booths.link_down(booth_id)

    async def booth_message(self, booth_id: str, epoch: str, n: int, message: BoothMessage) -> None:
        """Handle message `n` exactly once; a number handled already is dropped. A refusal goes back as a message or is
        journaled, never raised: the stream goes on. Raises `ProtocolError` for a gap. A code takes as long as
        the gateway does (`Booths.message`)."""
        await self._booths.message(booth_id, epoch, n, message)

    async def booth_acknowledged(self, booth_id: str, ack: int) -> None:
        await self._booths.acknowledged(booth_id, ack)

    # --- Pages ---

    async def announce_page(self, booth_id: str, page: PageAnnounced) -> bool:
        """True when the page is new; False when it was announced before, alike. Finishes its command.
        Raises `page_unknown` when it is not of an affair of this booth or is announced differently."""
        return await self._pages.announce(booth_id, page)

    async def page_offset(self, booth_id: str, page_id: str, part: PagePart) -> int:
        """How many bytes of the part are on disk. Raises `page_unknown`."""
        return await self._pages.offset(booth_id, page_id, part)

    async def append_page(self, booth_id: str, page_id: str, part: PagePart, offset: int, chunk: bytes) -> int:
        """Append and return the new offset; when the part is whole, verify, encrypt, store, journal, and (for `full`)
        send `PageStored`. A part that is stored already returns its full size, whatever the offset.
        Raises `wrong_offset`, `too_large`, `wrong_hash` (the part is then at 0 again), `not_an_image`, `disk_full`."""
        return await self._pages.append(booth_id, page_id, part, offset, chunk)

    async def page_bytes(self, clerk_id: str, page_id: str, part: PagePart) -> PageBytes:
        """Raises `page_unknown`, also for a page of an affair that is not this clerk's."""
        return await self._pages.image(clerk_id, page_id, part)

    async def pages_pdf(self, clerk: ClerkView, affair_id: str, material_id: str | None) -> bytes:
        """The affair's pages as one PDF, or those of one material. Raises `affair_unknown` when the affair is not this
        clerk's, `page_unknown` when no page is there."""
        return await self._pages.pdf(clerk.clerk_id, affair_id, material_id)

    # --- Clerks ---

    async def log_in(self, name: str, password: str, remote: str) -> str:
        """A new log-in's token. Raises `wrong_password`, or `too_many_attempts` after 5 failures of a name or 20 of an
        address in 5 minutes."""
        return await self._log_ins.log_in(name, password, remote)

    async def log_out(self, token: str) -> None:
        await self._log_ins.log_out(token)

    async def clerk_of(self, token: str) -> ClerkView | None:
        """The clerk whose log-in this is, while it lasts."""
        return await self._log_ins.clerk_of(token)

    async def view(self, clerk: ClerkView) -> CounterView:
        return await self._views.of(clerk)

    async def booths(self) -> list[BoothRow]:
        return await self._views.booths()

    async def take(self, clerk: ClerkView, affair_id: str) -> None:
        """Call a waiting ticket, or recall a missed one. Exactly one of two clerks gets it; the other `already_taken`.
        A clerk with an affair that is not held gets `clerk_busy`; a ticket whose booth is away `booth_offline`."""
        async with self._works.work() as work:
            await self._take(work, clerk, affair_id)

    async def call_next(self, clerk: ClerkView) -> str:
        """Take the first waiting ticket whose booth is online; its affair's id. Raises `affair_unknown` when there is
        none."""
        async with self._works.work() as work:
            affair_id = next_to_call(await affairs.queue(work.tx))
            if affair_id is None:
                raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
            await self._take(work, clerk, affair_id)
            return affair_id

    async def release(self, clerk: ClerkView, affair_id: str) -> None:
        """Put a called ticket back to its old place in the queue."""
        await self._act(clerk, affair_id, lambda affair, now_ms: decide_clerk.release(affair, clerk, now_ms))

    async def miss(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act(clerk, affair_id, lambda affair, now_ms: decide_clerk.miss(affair, clerk, now_ms))

    async def hold(self, clerk: ClerkView, affair_id: str) -> None:
        await self._act(clerk, affair_id, lambda affair, now_ms: decide_clerk.hold(affair, clerk, now_ms))

    async def resume(self, clerk: ClerkView, affair_id: str) -> None:
        async with self._works.work() as work:
            affair = await work.load(affair_id)
            busy = await _is_busy(work, clerk, affair_id)
            decision = decide_clerk.resume(affair, clerk, work.now_ms, clerk_busy=busy)
            await work.apply(_actor(clerk), affair, decision)

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
        """Have the booth do something; the command's id. Raises `booth_offline`, `device_busy` while a command of the
        same device runs, `page_unknown` when the page to be replaced is not there or is replaced already."""
        command_id = secrets.token_urlsafe(12)
        async with self._works.work() as work:
            affair = await work.load(affair_id)
            decision = decide_clerk.order(
                affair,
                clerk,
                work.now_ms,
                command_id=command_id,
                kind=kind,
                material_id=material_id,
                booth_online=await links.is_up(work.tx, affair.ticket.booth_id),
                replaces=replaces,
                corners=corners,
                more=more,
            )
            await work.apply(_actor(clerk), affair, decision)
        return command_id

    async def press_shutter(self, clerk: ClerkView, affair_id: str, command_id: str) -> None:
        """Take what lies under the booth's camera now."""
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_clerk.press_shutter(affair, clerk, now_ms, command_id=command_id),
        )

    async def withdraw_command(self, clerk: ClerkView, affair_id: str, command_id: str) -> None:
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_clerk.withdraw(affair, clerk, now_ms, command_id=command_id),
        )

    async def see_identity(self, clerk: ClerkView, affair_id: str) -> None:
        """Note that the clerk checked the resident by sight."""
        await self._act(clerk, affair_id, lambda affair, now_ms: decide_clerk.see_identity(affair, clerk, now_ms))

    async def booth_served(self, clerk: ClerkView, affair_id: str) -> str:
        """The booth with which the clerk is joined in this affair.

        Raises `not_yours`, or `illegal_transition` outside a session.
        """
        async with self._works.store.read() as tx:
            affair = await affairs.load(tx, affair_id)
        if affair is None:
            raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
        decide_clerk.ensure_in_session(affair, clerk)
        return affair.ticket.booth_id

    async def card_photo(self, clerk: ClerkView, affair_id: str, source: IdentitySource) -> bytes:
        """The JPEG on a card. Raises `affair_unknown` for another clerk's affair, and when there is no photo."""
        async with self._works.store.read() as tx:
            affair = await affairs.load(tx, affair_id)
        serving = affair.ticket.clerk if affair is not None else None
        photo = self._photos.get(affair_id, source)
        if serving is None or serving.clerk_id != clerk.clerk_id or photo is None:
            raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
        return photo

    async def file_page(self, clerk: ClerkView, affair_id: str, page_id: str, material_id: str | None) -> None:
        """Say to which material a page belongs."""
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_pages.file_page(
                affair, clerk, now_ms, page_id=page_id, material_id=material_id
            ),
        )

    async def move_page(self, clerk: ClerkView, affair_id: str, page_id: str, before: str | None) -> None:
        """Put a page before another one, or last. Raises `page_unknown`."""
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_pages.move_page(affair, clerk, now_ms, page_id=page_id, before=before),
        )

    async def turn_page(self, clerk: ClerkView, affair_id: str, page_id: str, quarters: int) -> None:
        """Show a page turned, in quarters from how it was taken."""
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_pages.turn_page(affair, clerk, now_ms, page_id=page_id, quarters=quarters),
        )

    async def mark_page(self, clerk: ClerkView, affair_id: str, page_id: str, marks: list[Mark]) -> None:
        """Replace the marks over a page. Raises `malformed` for a mark that lacks its points."""
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_pages.mark_page(affair, clerk, now_ms, page_id=page_id, marks=tuple(marks)),
        )

    async def answer_suggestion(
        self, clerk: ClerkView, affair_id: str, page_id: str, attribute: Attribute, answer: SuggestionAnswer
    ) -> None:
        """Put on record what the clerk did with something that was read on a page; the form is changed elsewhere."""
        async with self._works.work() as work:
            affair = await work.load(affair_id)
            decision = decide_pages.answer_suggestion(
                affair, clerk, work.now_ms, page_id=page_id, attribute=attribute, answer=answer
            )
            await readings.answer(work.tx, page_id, attribute, answer)
            await work.apply(_actor(clerk), affair, decision)

    async def change_form(self, clerk: ClerkView, affair_id: str, revision: int, values: dict[str, str]) -> None:
        """Replace the form's values; a signature of the older form falls. Raises `stale_revision`."""
        await self._act(
            clerk,
            affair_id,
            lambda affair, now_ms: decide_clerk.change_form(affair, clerk, now_ms, revision=revision, values=values),
        )

    async def ask_signature(self, clerk: ClerkView, affair_id: str) -> None:
        """Show the form to the resident for signing. Raises `form_incomplete`, `material_missing`."""
        await self._act(clerk, affair_id, lambda affair, now_ms: decide_clerk.ask_signature(affair, clerk, now_ms))

    async def finish(self, clerk: ClerkView, affair_id: str, outcome: Outcome, message: str) -> None:
        """End the affair. `accepted` needs the resident's signature of the newest form (`not_signed`)."""
        async with self._works.work() as work:
            affair = await work.load(affair_id)
            number = None
            if outcome is not Outcome.WITHDRAWN:
                day = center_day(work.now_ms)
                number = case_no(self._case_prefix, day, await affairs.count_up(work.tx, f"case-{day}"))
            decision = decide_clerk.finish(affair, clerk, work.now_ms, outcome=outcome, message=message, case_no=number)
            await work.apply(_actor(clerk), affair, decision)
        self._photos.drop(affair_id)

    async def clerk_saw(self, clerk: ClerkView, affair_id: str, after_ms: int) -> None:
        """The resident's picture moves at the counter."""
        await self._act(
            clerk, affair_id, lambda affair, now_ms: decide_clerk.saw(affair, clerk, now_ms, after_ms=after_ms)
        )

    async def media_changed(self, participant: str, up: bool) -> None:
        """A media connection came or went: the session of its affair is interrupted or restored."""
        decide = decide_media.media_up if up else decide_media.media_down
        kind, _, name = participant.partition(":")
        async with self._works.work() as work:
            find = affairs.at_counter if kind == "clerk" else affairs.at_booth
            affair_id = await find(work.tx, name)
            if affair_id is not None:
                affair = await work.load(affair_id)
                await work.apply(participant, affair, decide(affair, participant, work.now_ms))

    # --- Recordings ---

    async def recording_news(self, news: RecordingNews) -> None:
        """What the media plane says about a recording; each segment goes into the journal."""
        await self._recordings.heard(news)

    # --- Time ---

    async def tick(self) -> None:
        """Let the deadlines act that have passed; called once a second."""
        async with self._works.store.read() as tx:
            now_ms = self._works.now_ms()
            due = await affairs.due(tx, now_ms)
            stranded = await affairs.of_absent_booths(tx, now_ms - decide_time.OFFLINE_MS)
        for affair_ids, decide in ((due, decide_time.expire), (stranded, decide_time.booth_gone)):
            for affair_id in affair_ids:
                async with self._works.work() as work:
                    affair = await work.load(affair_id)
                    await work.apply("center", affair, decide(affair, work.now_ms))

    async def read_pages(self) -> None:
        """Read the pages that come, until cancelled; returns when nobody can."""
        await self._readings.run()

    # --- Inside ---

    async def _act(self, clerk: ClerkView, affair_id: str, decide: Callable[[Affair, int], Decision]) -> None:
        """A clerk's action that needs nothing but the affair."""
        async with self._works.work() as work:
            affair = await work.load(affair_id)
            await work.apply(_actor(clerk), affair, decide(affair, work.now_ms))

    async def _take(self, work: Work, clerk: ClerkView, affair_id: str) -> None:
        affair = await work.load(affair_id)
        decision = decide_clerk.take(
            affair,
            clerk,
            work.now_ms,
            clerk_busy=await _is_busy(work, clerk, affair_id),
            booth_online=await links.is_up(work.tx, affair.ticket.booth_id),
        )
        await work.apply(_actor(clerk), affair, decision)


async def _is_busy(work: Work, clerk: ClerkView, affair_id: str) -> bool:
    return await affairs.at_counter(work.tx, clerk.clerk_id) not in (None, affair_id)


def _actor(clerk: ClerkView) -> str:
    return f"clerk:{clerk.clerk_id}"
