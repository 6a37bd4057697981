"""Invented persons, an item and a few affairs for the center's tests."""

from pathlib import Path

from center.core import decide_booth, decide_clerk
from center.core.affair import Affair, Decision
from center.core.item import Item, read_item
from protocol.counter import ClerkView
from protocol.messages import CallAnswered, FirstFrameSeen, FormSigned, TicketRequested
from protocol.pages import PageAnnounced, PagePart
from protocol.records import IdCard, Sex, Shown, SocialSecurityCard
from protocol.visit import CommandKind

ROOT = Path(__file__).parents[3]
NOW_MS = 1_795_312_800_000
"""2026-11-22 10:00 at the center."""

CLERK = ClerkView(clerk_id="c1", name="王窗口", role="clerk", counter="3")
OTHER_CLERK = ClerkView(clerk_id="c2", name="李窗口", role="clerk", counter="5")

ID_CARD = IdCard(
    name="测试甲",
    sex=Sex.FEMALE,
    ethnicity="汉",
    birth_date="1950-01-01",
    address="测试路一号",
    number="990101195001010026",
    number_valid=True,
    issuer="测试分局",
    valid_from="2010-01-01",
    valid_until=None,
    long_term=True,
)

SOCIAL_SECURITY_CARD = SocialSecurityCard(
    version="2.00",
    card_number="T00000001",
    name="测试甲",
    number="990101195001010026",
    number_valid=True,
    sex=Sex.FEMALE,
    birth_date="1950-01-01",
    issued="2015-01-01",
    expires="2035-01-01",
)


def item() -> Item:
    """The booklet: name and number from the card, telephone and reason to be asked, the ID card as material."""
    path = ROOT / "catalogue" / "items" / "medical_booklet.toml"
    return read_item(path.read_text("utf-8"), "medical_booklet")


def request(shown: Shown = ID_CARD, request_id: str = "r1", item_id: str = "medical_booklet") -> TicketRequested:
    return TicketRequested(request_id=request_id, item_id=item_id, shown=shown)


def waiting(shown: Shown = ID_CARD, affair_id: str = "a1", place: int = 1) -> Affair:
    return decide_booth.open_affair(
        request(shown), item(), affair_id=affair_id, booth_id="b-01", place=place, number="A001", now_ms=NOW_MS
    ).affair


def called(shown: Shown = ID_CARD) -> Affair:
    return decide_clerk.take(waiting(shown), CLERK, NOW_MS, clerk_busy=False, booth_online=True).affair


def serving(shown: Shown = ID_CARD) -> Affair:
    answered = decide_booth.hear(called(shown), CallAnswered("a1"), NOW_MS).affair
    return decide_booth.hear(answered, FirstFrameSeen("a1", 300), NOW_MS).affair


def ordered(affair: Affair, kind: CommandKind, command_id: str = "k1", material_id: str | None = None) -> Affair:
    return decide_clerk.order(
        affair, CLERK, NOW_MS, command_id=command_id, kind=kind, material_id=material_id, booth_online=True
    ).affair


def announced(
    page_id: str = "p1", command_id: str = "k1", affair_id: str = "a1", sha: str = "ab" * 32
) -> PageAnnounced:
    return PageAnnounced(
        page_id=page_id,
        command_id=command_id,
        affair_id=affair_id,
        sha256=sha,
        size_bytes=2000,
        light_sha256="cd" * 32,
        light_size_bytes=200,
        width_px=2000,
        height_px=1400,
        taken_at_ms=NOW_MS,
        device="simulated",
        flat=True,
    )


def complete() -> Affair:
    """Serving, the ID card taken and stored, the form filled in."""
    affair = ordered(serving(), CommandKind.TAKE_PAGE, material_id="id_card")
    affair = decide_booth.announce(affair, announced(), NOW_MS).affair
    affair = decide_booth.store_page(affair, "p1", PagePart.FULL, NOW_MS).affair
    values = {**affair.case.form, "phone": "00000000", "reason": "exchange"}
    return decide_clerk.change_form(affair, CLERK, NOW_MS, revision=affair.case.revision, values=values).affair


def signed() -> Affair:
    asked = decide_clerk.ask_signature(complete(), CLERK, NOW_MS).affair
    return sign(asked).affair


def sign(affair: Affair) -> Decision:
    message = FormSigned(affair.affair_id, affair.form_shown().form_sha256, [[1, 2, 3, 4]])
    return decide_booth.hear(affair, message, NOW_MS)
