"""The desk's side for booths: enrolment, links, messages exactly once."""

import hashlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from center.card_photos import CardPhotos
from center.core import decide_booth
from center.core.affair import Entry, EntryKind, Join
from center.core.identity import NotRedeemed, Redemption, redemption_key, source_of
from center.core.item import Item
from center.core.queue import center_day, ticket_no
from center.desk_work import Work, Works
from center.errors import DeskError
from center.gateway.interface import Gateway
from center.store import affairs, booths, links
from protocol.errors import ErrorCode, IllegalTransition, ProtocolError
from protocol.fields import Wording
from protocol.messages import (
    BoothMessage,
    BoothReported,
    CallAnswered,
    CardPresented,
    CatalogueOffered,
    CenterMessage,
    CommandFailed,
    CommandHindered,
    FaceCompared,
    FirstFrameSeen,
    FormDisputed,
    FormSigned,
    Rated,
    RatingDeclined,
    RecordingConsentSaid,
    RequestRefused,
    RequestWithdrawn,
    SeparateConsentSaid,
    TicketAbandoned,
    TicketRequested,
    VisitChanged,
    VisitWiped,
)
from protocol.records import Card, CodeShown
from protocol.stream import is_next

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkOpened:
    """`received`: the last number that the center has from the booth in this epoch. `pending`: what the booth has not,
    in order."""

    received: int
    pending: Sequence[tuple[int, CenterMessage]]


class Booths:
    def __init__(
        self,
        works: Works,
        items: Mapping[str, Item],
        center_name: Wording,
        gateway: Gateway,
        photos: CardPhotos,
        *,
        records: bool,
    ) -> None:
        self._works = works
        self._photos = photos
        self._records = records
        self._gateway = gateway
        self._items = items
        self._catalogue = CatalogueOffered(center_name, [item.summarised() for item in items.values()])
        self._catalogue_sha256 = hashlib.sha256(msgspec.json.encode(self._catalogue)).hexdigest()

    # --- Enrolment ---

    async def enrol(self, code: str, booth_id: str, public_key: bytes) -> None:
        async with self._works.work() as work:
            if not await booths.use_code(work.tx, code, booth_id, work.now_ms):
                raise DeskError(ErrorCode.BAD_CODE)
            await booths.set_key(work.tx, booth_id, public_key)
            fingerprint = hashlib.sha256(public_key).hexdigest()
            await work.note(f"booth:{booth_id}", booth_id, Entry(EntryKind.BOOTH_ENROLLED, {"key_sha256": fingerprint}))

    async def key(self, booth_id: str) -> bytes | None:
        async with self._works.store.read() as tx:
            return await booths.key(tx, booth_id)

    # --- Link ---

    async def recover(self) -> None:
        """After a start: no link is up, whatever the tables say, and those who were together are together again."""
        async with self._works.work() as work:
            for booth_id in await links.still_up(work.tx):
                await self._lost(work, booth_id)
            for affair_id in await affairs.in_room(work.tx):
                affair = await work.load(affair_id)
                work.rooms.append(Join(affair_id, affair.participants))

    async def link_up(self, booth_id: str, epoch: str, received: int) -> LinkOpened:
        async with self._works.work() as work:
            tx = work.tx
            link = await links.load(tx, booth_id)
            restarted = link is None or link.epoch != epoch
            if link is None or restarted:
                await links.begin_epoch(tx, booth_id, epoch)
            elif link.overflowed:
                raise ProtocolError(ErrorCode.BACKLOG_FULL, "the booth was away for too long; a new epoch is needed")
            else:
                await links.acknowledged(tx, booth_id, received)
            await links.set_up(tx, booth_id)
            await work.note(f"booth:{booth_id}", booth_id, Entry(EntryKind.BOOTH_LINKED, {"restarted": restarted}))
            if link is None or restarted or link.catalogue_sha256 != self._catalogue_sha256:
                await work.tell(booth_id, self._catalogue)
                await links.set_catalogue(tx, booth_id, self._catalogue_sha256)
            await self._back(work, booth_id, restarted)
            # The link hands these over itself; sending them as well would only be dropped as known.
            work.posts = [each for each in work.posts if each.booth_id != booth_id]
            return LinkOpened(0 if link is None or restarted else link.received, await links.pending(tx, booth_id))

    async def link_down(self, booth_id: str) -> None:
        async with self._works.work() as work:
            await self._lost(work, booth_id)

    async def acknowledged(self, booth_id: str, ack: int) -> None:
        # Not one of the works: nobody's view changes with it, and it comes with every message.
        async with self._works.store.write() as tx:
            await links.acknowledged(tx, booth_id, ack)

    async def message(self, booth_id: str, epoch: str, n: int, message: BoothMessage) -> None:
        """Handle message `n` in one transaction, exactly once.

        A code is redeemed before that transaction begins: nobody's write waits for the gateway, and only this booth's
        next messages do. Until the commit nothing of the request is anywhere but in the booth, which sends the message
        again until it is acknowledged. So when the center dies in between, the request is not lost; and because the key
        comes from the request's id, the second try gets the first redemption's answer and redeems nothing again. The
        code itself is never written down on the way.
        """
        redemption = None
        if isinstance(message, TicketRequested) and isinstance(message.shown, CodeShown):
            redemption = await self._redeem(booth_id, epoch, n, message, message.shown)
        async with self._works.work() as work:
            if redemption is not None and not isinstance(redemption, NotRedeemed):
                # Also when the request is refused or its booth restarted meanwhile: the code is used up.
                entry = Entry(EntryKind.CODE_REDEEMED, {"verified_at_ms": redemption.verified_at_ms})
                await work.note(f"booth:{booth_id}", booth_id, entry)
            link = await links.load(work.tx, booth_id)
            if link is None or link.epoch != epoch or not is_next(link.received, n):
                return
            try:
                async with work.attempt():
                    await self._handle(work, booth_id, message, redemption)
            except (DeskError, IllegalTransition) as refusal:
                await self._refuse(work, booth_id, message, refusal.code)
            await links.set_received(work.tx, booth_id, n)

    # --- Inside ---

    async def _lost(self, work: Work, booth_id: str) -> None:
        await links.set_down(work.tx, booth_id, work.now_ms)
        await work.note(f"booth:{booth_id}", booth_id, Entry(EntryKind.BOOTH_UNLINKED))
        affair_id = await affairs.at_booth(work.tx, booth_id)
        if affair_id is not None:
            affair = await work.load(affair_id)
            await work.apply(f"booth:{booth_id}", affair, decide_booth.link_lost(affair, work.now_ms))

    async def _back(self, work: Work, booth_id: str, restarted: bool) -> None:
        affair_id = await affairs.at_booth(work.tx, booth_id)
        if affair_id is None:
            if restarted:
                await work.tell(booth_id, VisitChanged(None))
            return
        before = await work.load(affair_id)
        decision = decide_booth.link_back(before, work.now_ms, restarted=restarted)
        told = len(work.posts)
        await work.apply(f"booth:{booth_id}", before, decision)
        if restarted and len(work.posts) == told:
            await work.show_visit(decision.affair)

    async def _redeem(
        self, booth_id: str, epoch: str, n: int, request: TicketRequested, shown: CodeShown
    ) -> Redemption | None:
        """What the gateway says; None, unasked, for a request that a ticket can't follow from anyway."""
        async with self._works.store.read() as tx:
            link = await links.load(tx, booth_id)
            if link is None or link.epoch != epoch or not is_next(link.received, n):
                return None
            known = await affairs.of_request(tx, booth_id, request.request_id)
            if known is not None or await affairs.at_booth(tx, booth_id) is not None:
                return None
        if request.item_id not in self._items:
            return None
        return await self._gateway.redeem(shown.code, redemption_key(booth_id, request.request_id))

    async def _handle(self, work: Work, booth_id: str, message: BoothMessage, redemption: Redemption | None) -> None:
        match message:
            case BoothReported(devices=devices):
                await booths.set_devices(work.tx, booth_id, devices)
                states = {str(device.kind): str(device.state) for device in devices}
                await work.note(f"booth:{booth_id}", booth_id, Entry(EntryKind.BOOTH_REPORTED, states))
            case TicketRequested():
                await self._request(work, booth_id, message, redemption)
                await self._keep_photo(work, booth_id, message)
            case RequestWithdrawn():
                raise DeskError(ErrorCode.WITHDRAWN)
            case _:
                affair_id = await _subject(work, message)
                before = await work.load(affair_id)
                if before.ticket.booth_id != booth_id:
                    raise DeskError(ErrorCode.AFFAIR_UNKNOWN)
                await work.apply(f"booth:{booth_id}", before, decide_booth.hear(before, message, work.now_ms))
                if isinstance(message, CardPresented) and message.photo is not None:
                    self._photos.put(before.affair_id, source_of(message.card), message.photo)
                if isinstance(message, VisitWiped):
                    self._photos.drop(before.affair_id)

    async def _keep_photo(self, work: Work, booth_id: str, request: TicketRequested) -> None:
        affair_id = await affairs.of_request(work.tx, booth_id, request.request_id)
        if affair_id is not None and request.photo is not None and isinstance(request.shown, Card):
            self._photos.put(affair_id, source_of(request.shown), request.photo)

    async def _request(
        self, work: Work, booth_id: str, request: TicketRequested, redemption: Redemption | None
    ) -> None:
        """A second request with the same id is the first one, repeated: the booth is told its visit again."""
        present = await affairs.at_booth(work.tx, booth_id)
        if await affairs.of_request(work.tx, booth_id, request.request_id) is not None:
            if present is None:
                await work.tell(booth_id, VisitChanged(None))
            else:
                await work.show_visit(await work.load(present))
            return
        if present is not None:
            raise DeskError(ErrorCode.BOOTH_OCCUPIED)
        decision = decide_booth.open_affair(
            request,
            self._items.get(request.item_id),
            affair_id=secrets.token_urlsafe(12),
            booth_id=booth_id,
            place=await affairs.count_up(work.tx, "place"),
            number=ticket_no(await affairs.count_up(work.tx, f"ticket-{center_day(work.now_ms)}")),
            now_ms=work.now_ms,
            redemption=redemption,
            records=self._records,
        )
        await work.apply(f"booth:{booth_id}", None, decision)

    async def _refuse(self, work: Work, booth_id: str, message: BoothMessage, code: ErrorCode) -> None:
        tag = str(message.__struct_config__.tag)
        LOG.info("booth %s: %s refused: %s", booth_id, tag, code)
        if isinstance(message, TicketRequested | RequestWithdrawn):
            await work.tell(booth_id, RequestRefused(message.request_id, code))
            entry = Entry(EntryKind.REQUEST_REFUSED, {"request_id": message.request_id, "code": code})
            await work.note(f"booth:{booth_id}", booth_id, entry)
        else:
            entry = Entry(EntryKind.MESSAGE_REFUSED, {"message": tag, "code": code})
            subject = None if isinstance(message, BoothReported) else await _subject(work, message)
            await work.note(f"booth:{booth_id}", subject or booth_id, entry)


async def _subject(work: Work, message: decide_booth.AffairMessage) -> str | None:
    """The affair that a message is about."""
    match message:
        case CardPresented(command_id=command_id) | FaceCompared(command_id=command_id):
            return await affairs.of_command(work.tx, command_id)
        case CommandHindered(command_id=command_id):
            return await affairs.of_command(work.tx, command_id)
        case CommandFailed(command_id=command_id):
            return await affairs.of_command(work.tx, command_id)
        case (
            CallAnswered(affair_id=affair_id)
            | SeparateConsentSaid(affair_id=affair_id)
            | FirstFrameSeen(affair_id=affair_id)
            | FormSigned(affair_id=affair_id)
            | FormDisputed(affair_id=affair_id)
            | Rated(affair_id=affair_id)
            | RatingDeclined(affair_id=affair_id)
            | RecordingConsentSaid(affair_id=affair_id)
            | TicketAbandoned(affair_id=affair_id)
            | VisitWiped(affair_id=affair_id)
        ):
            return affair_id
