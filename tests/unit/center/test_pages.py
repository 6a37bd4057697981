"""What a clerk does with pages: filing, order, turns, marks, and pages in the place of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from center.core import decide_booth, decide_clerk, decide_pages
from center.core.affair import Affair, Decision, EntryKind
from center.errors import DeskError
from protocol.marks import Mark, MarkKind
from protocol.messages import CommandIssued
from protocol.pages import PagePart
from protocol.visit import CommandKind
from tests.unit.center import samples
from tests.unit.center.samples import CLERK, NOW_MS, OTHER_CLERK

CORNERS = [100, 200, 9000, 150, 9100, 9900, 50, 9800]


def with_pages(count: int) -> Affair:
    affair = samples.serving()
    for n in range(1, count + 1):
        affair = samples.ordered(affair, CommandKind.TAKE_PAGE, f"k{n}", "id_card")
        affair = decide_booth.announce(affair, samples.announced(f"p{n}", f"k{n}", sha=f"{n:064x}"), NOW_MS).affair
    return affair


def order_of(affair: Affair) -> list[str]:
    return [page.announced.page_id for page in affair.pages]


def test_each_page_carries_when_where_by_what_and_after_which_page_it_was_taken() -> None:
    affair = samples.ordered(with_pages(1), CommandKind.TAKE_PAGE, "k2")
    decision = decide_booth.announce(affair, samples.announced("p2", "k2", sha="2" * 64), NOW_MS)
    (said,) = (entry.payload for entry in decision.entries if entry.kind is EntryKind.PAGE_ANNOUNCED)
    assert said["previous_sha256"] == f"{1:064x}"
    assert (said["booth_id"], said["device"], said["session"]) == ("b-01", "simulated", 1)
    assert (said["taken_at_ms"], said["sha256"], said["light_sha256"]) == (NOW_MS, "2" * 64, "cd" * 32)


@given(st.lists(st.tuples(st.integers(1, 5), st.none() | st.integers(1, 5)), max_size=8))
def test_moving_pages_loses_none_and_puts_each_where_it_was_meant(moves: list[tuple[int, int | None]]) -> None:
    affair = with_pages(5)
    for moved, before in moves:
        if moved == before:
            continue
        page_id, ahead = f"p{moved}", f"p{before}" if before else None
        affair = decide_pages.move_page(affair, CLERK, NOW_MS, page_id=page_id, before=ahead).affair
        order = order_of(affair)
        assert order[order.index(page_id) + 1 : order.index(page_id) + 2] == ([ahead] if ahead else [])
    assert sorted(order_of(affair)) == ["p1", "p2", "p3", "p4", "p5"]


def test_the_chain_of_pages_follows_the_taking_not_the_clerks_order() -> None:
    affair = decide_pages.move_page(with_pages(3), CLERK, NOW_MS, page_id="p3", before="p1").affair
    affair = samples.ordered(affair, CommandKind.TAKE_PAGE, "k4")
    affair = decide_booth.announce(affair, samples.announced("p4", "k4", sha="4" * 64), NOW_MS).affair
    assert affair.pages[-1].previous_sha256 == f"{3:064x}"


def test_a_page_taken_again_stands_in_the_place_of_the_older_one_which_is_kept() -> None:
    affair = with_pages(3)
    affair = decide_clerk.order(
        affair,
        CLERK,
        NOW_MS,
        command_id="k9",
        kind=CommandKind.TAKE_PAGE,
        material_id=None,
        booth_online=True,
        replaces="p2",
    ).affair
    decision = decide_booth.announce(affair, samples.announced("p9", "k9"), NOW_MS)
    assert order_of(decision.affair) == ["p1", "p9", "p2", "p3"]
    assert [page.announced.page_id for page in decision.affair.standing_pages()] == ["p1", "p9", "p3"]
    new, old = decision.affair.pages[1:3]
    assert (new.material_id, old.replaced_by) == ("id_card", "p9")
    assert EntryKind.PAGE_REPLACED in [entry.kind for entry in decision.entries]


def test_a_material_whose_only_page_was_replaced_waits_for_the_new_one() -> None:
    affair = decide_booth.store_page(with_pages(1), "p1", PagePart.FULL, NOW_MS).affair
    assert affair.missing_materials() == []
    affair = remake(affair, "p1", CORNERS)
    affair = decide_booth.announce(affair, samples.announced("p9", "k9"), NOW_MS).affair
    assert affair.missing_materials() == ["id_card"]
    assert decide_booth.store_page(affair, "p9", PagePart.FULL, NOW_MS).affair.missing_materials() == []


def test_adjusted_corners_go_to_the_booth_and_a_replaced_page_is_not_replaced_again() -> None:
    decision = remake_decision(with_pages(1), "p1", CORNERS)
    (issued,) = (message for message in decision.messages if isinstance(message, CommandIssued))
    assert issued.kind is CommandKind.REMAKE_PAGE
    assert issued.remake is not None
    assert (issued.remake.page_id, issued.remake.corners) == ("p1", CORNERS)
    affair = decide_booth.announce(decision.affair, samples.announced("p9", "k9"), NOW_MS).affair
    with pytest.raises(DeskError, match="page_unknown"):
        remake(affair, "p1", CORNERS, "k10")


@pytest.mark.parametrize(
    ("kind", "replaces", "corners"),
    [
        (CommandKind.REMAKE_PAGE, "p1", None),
        (CommandKind.REMAKE_PAGE, None, CORNERS),
        (CommandKind.TAKE_PAGE, "p1", CORNERS),
    ],
)
def test_corners_belong_to_remaking_alone(kind: CommandKind, replaces: str | None, corners: list[int] | None) -> None:
    with pytest.raises(DeskError, match="malformed"):
        decide_clerk.order(
            with_pages(1),
            CLERK,
            NOW_MS,
            command_id="k9",
            kind=kind,
            material_id=None,
            booth_online=True,
            replaces=replaces,
            corners=corners,
        )


def test_turns_and_marks_lie_over_the_page_and_say_nothing_twice() -> None:
    turned = decide_pages.turn_page(with_pages(1), CLERK, NOW_MS, page_id="p1", quarters=3)
    assert (turned.affair.pages[0].turn, turned.affair.pages[0].announced.sha256) == (3, f"{1:064x}")
    assert decide_pages.turn_page(turned.affair, CLERK, NOW_MS, page_id="p1", quarters=3).entries == ()
    marks = (Mark(MarkKind.NOTE, [10, 10], "缺章"), Mark(MarkKind.PEN, [0, 0, 5, 5]))
    marked = decide_pages.mark_page(turned.affair, CLERK, NOW_MS, page_id="p1", marks=marks)
    assert marked.affair.pages[0].marks == marks
    assert [(entry.kind, entry.payload) for entry in marked.entries] == [
        (EntryKind.PAGE_MARKED, {"page_id": "p1", "marks": 2})
    ], "what a note says is not in the journal"


@pytest.mark.parametrize(
    "mark",
    [
        Mark(MarkKind.PEN, [1, 2]),
        Mark(MarkKind.PEN, [1, 2, 3, 4, 5]),
        Mark(MarkKind.BOX, [1, 2, 3, 4, 5, 6]),
        Mark(MarkKind.NOTE, [1, 2], " "),
    ],
)
def test_a_mark_that_lacks_something_is_refused(mark: Mark) -> None:
    with pytest.raises(DeskError, match="malformed"):
        decide_pages.mark_page(with_pages(1), CLERK, NOW_MS, page_id="p1", marks=(mark,))


def test_only_the_clerk_of_the_affair_touches_its_pages() -> None:
    affair = with_pages(2)
    with pytest.raises(DeskError, match="not_yours"):
        decide_pages.turn_page(affair, OTHER_CLERK, NOW_MS, page_id="p1", quarters=1)
    with pytest.raises(DeskError, match="not_yours"):
        decide_pages.move_page(affair, OTHER_CLERK, NOW_MS, page_id="p1", before=None)
    with pytest.raises(DeskError, match="not_yours"):
        decide_pages.mark_page(affair, OTHER_CLERK, NOW_MS, page_id="p1", marks=())
    with pytest.raises(DeskError, match="page_unknown"):
        decide_pages.move_page(affair, CLERK, NOW_MS, page_id="p1", before="p9")


def remake(affair: Affair, page_id: str, corners: list[int], command_id: str = "k9") -> Affair:
    return remake_decision(affair, page_id, corners, command_id).affair


def remake_decision(affair: Affair, page_id: str, corners: list[int], command_id: str = "k9") -> Decision:
    return decide_clerk.order(
        affair,
        CLERK,
        NOW_MS,
        command_id=command_id,
        kind=CommandKind.REMAKE_PAGE,
        material_id=None,
        booth_online=True,
        replaces=page_id,
        corners=corners,
    )
