"""The journal: whole, or found out."""

import sqlite3
from pathlib import Path

import pytest

from center.store import journal, schema
from center.store.journal import Verdict
from tests.integration.center_store.center import Center, reopened
from tests.integration.center_store.test_affair import take_page
from tests.unit.center.samples import ID_CARD


@pytest.fixture
async def used(folder: Path) -> Path:
    """A closed store with an affair and a stored page in it."""
    async with reopened(folder) as center:
        await center.link()
        clerk = await center.clerk()
        await take_page(center, clerk, await center.serve(clerk))
    return folder


async def verdict(folder: Path) -> Verdict:
    async with reopened(folder) as center, center.store.read() as tx:
        return await journal.verify(tx, center.store)


def tamper(folder: Path, statement: str) -> None:
    """As somebody would who has the file: past the triggers."""
    with sqlite3.connect(folder / "center.sqlite") as connection:
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("DROP TRIGGER journal_no_delete")
        assert connection.execute(statement).rowcount == 1
    connection.close()


async def test_a_journal_that_nobody_touched_is_whole(used: Path) -> None:
    found = await verdict(used)
    assert found.fault is None
    assert found.documents == 2
    assert found.entries > 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET payload = '{}' WHERE kind = 'page_stored'",
        "UPDATE journal SET at_ms = at_ms + 1 WHERE position = 7",
        "UPDATE journal SET actor = 'clerk:nobody' WHERE position = 7",
        "UPDATE journal SET hash = previous WHERE position = 7",
        "DELETE FROM journal WHERE position = 7",
        "DELETE FROM journal WHERE position = 1",
    ],
)
async def test_tampering_with_an_entry_is_found(used: Path, statement: str) -> None:
    tamper(used, statement)
    fault = (await verdict(used)).fault
    assert fault is not None and fault.startswith("entry ")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE pages SET announced = replace(announced, 'simulated', 'other')", "is not what was announced"),
        (
            "UPDATE pages SET announced = replace(announced, '\"flat\":true', '\"flat\":false')",
            "is not what was announced",
        ),
        ("DELETE FROM pages", "is missing"),
    ],
)
async def test_a_page_whose_row_was_changed_is_found(used: Path, statement: str, fault: str) -> None:
    tamper(used, statement)
    found = (await verdict(used)).fault
    assert found is not None and fault in found


@pytest.mark.parametrize("damage", ["removed", "changed", "swapped"])
async def test_damage_to_a_document_is_found(used: Path, damage: str) -> None:
    first, second = (path for path in sorted((used / "documents").rglob("*")) if path.is_file())
    data = bytearray(first.read_bytes())
    if damage == "removed":
        first.unlink()
    elif damage == "changed":
        data[-1] ^= 1
        first.write_bytes(data)
    else:
        first.write_bytes(second.read_bytes())
    fault = (await verdict(used)).fault
    assert fault is not None and "document" in fault


def test_the_database_itself_refuses_changes_of_the_journal(used: Path) -> None:
    connection = sqlite3.connect(used / "center.sqlite")
    for statement in ("UPDATE journal SET at_ms = 0", "DELETE FROM journal"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


async def test_no_payload_says_who_the_resident_is(center: Center) -> None:
    clerk = await center.clerk()
    affair_id = await center.serve(clerk)
    await take_page(center, clerk, affair_id)
    affair = (await center.desk.view(clerk)).affair
    assert affair is not None
    await center.desk.change_form(clerk, affair_id, affair.form_revision, {**affair.form, "phone": "12345678"})
    async with center.store.read() as tx:
        rows = await tx.rows(schema.journal.select())
    text = " ".join(" ".join(map(str, row)) for row in rows)
    for personal in (ID_CARD.name, ID_CARD.number, ID_CARD.address, "12345678"):
        assert personal not in text
