"""The database's schema, and its making."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError

from center.errors import ConfigError, DeskError, StoreError
from center.store.database import MIGRATIONS, schema_version
from center.store.keys import Seal, load_keys
from center.store.schema import log_ins, login_failures, metadata
from center.store.store import create_store, open_store, upgrade_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    create_store(tmp_path / "store", tmp_path / "store" / "store.key")
    return tmp_path / "store"


def test_the_migrations_make_exactly_the_tables_that_the_program_uses(store: Path) -> None:
    engine = create_engine(f"sqlite:///{store / 'center.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    engine.dispose()
    assert made == {*metadata.tables, "alembic_version"}


def test_a_second_making_is_refused_and_changes_nothing(store: Path) -> None:
    key = (store / "store.key").read_bytes()
    with pytest.raises(ConfigError, match="a store already"):
        create_store(store, store / "store.key")
    assert (store / "store.key").read_bytes() == key


def test_upgrading_the_newest_schema_changes_nothing(store: Path) -> None:
    version = schema_version(store / "center.sqlite")
    assert upgrade_store(store) == version == schema_version(store / "center.sqlite")


def upgraded_from(folder: Path, version: str, *statements: str) -> sqlite3.Connection:
    """The database of an older program, with a ticket and these rows in it, brought up to date."""
    engine = create_engine(f"sqlite:///{folder / 'center.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        connection.exec_driver_sql("INSERT INTO booths VALUES ('b-01', '', '', '', '', NULL, '[]')")
        connection.exec_driver_sql(
            "INSERT INTO tickets VALUES ('a1', 'A001', 'r1', 'b-01', 1, 'waiting', 0, 0, NULL, NULL, NULL, 1, NULL)"
        )
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
    assert upgrade_store(folder) == version
    return sqlite3.connect(folder / "center.sqlite")


def test_an_identity_of_an_older_store_is_of_its_tickets_booth(tmp_path: Path) -> None:
    upgraded = upgraded_from(tmp_path, "0001", "INSERT INTO identities VALUES ('a1', 'id_card', 5, NULL)")
    row = upgraded.execute("SELECT source, at_ms, booth_id, device, insertion FROM identities").fetchone()
    upgraded.close()
    assert row == ("id_card", 5, "b-01", None, None)


def test_pages_of_an_older_store_keep_their_order(tmp_path: Path) -> None:
    page = "INSERT INTO pages VALUES ('{}', 'a1', {}, 'stored', 1, NULL, '{{}}')"
    command = "INSERT INTO commands VALUES ('k1', 'a1', 0, 'take_page', 'done', 5, NULL, NULL)"
    upgraded = upgraded_from(tmp_path, "0002", page.format("p1", 0), page.format("p2", 1), command)
    columns = "page_id, taken_n, session, previous_sha256, turn, marks_sealed, replaced_by"
    rows = upgraded.execute(f"SELECT {columns} FROM pages ORDER BY n").fetchall()
    replaces = upgraded.execute("SELECT replaces FROM commands").fetchone()
    upgraded.close()
    assert rows == [("p1", 1, 0, None, 0, None, None), ("p2", 2, 0, None, 0, None, None)]
    assert replaces == (None,)


def test_a_page_of_an_older_store_has_no_frame(tmp_path: Path) -> None:
    page = "INSERT INTO pages VALUES ('p1', 'a1', 0, 'stored', 1, NULL, '{}', 1, 0, NULL, 0, NULL, NULL)"
    command = "INSERT INTO commands VALUES ('k1', 'a1', 0, 'take_page', 'done', 5, NULL, NULL, NULL)"
    upgraded = upgraded_from(tmp_path, "0003", page, command)
    frames = upgraded.execute("SELECT has_frame FROM pages").fetchall()
    more = upgraded.execute("SELECT more FROM commands").fetchall()
    upgraded.close()
    assert (frames, more) == ([(0,)], [(0,)])


def test_heartbeats_are_kept_for_a_ticket_of_an_older_store_and_for_no_other(tmp_path: Path) -> None:
    page = "INSERT INTO pages VALUES ('p1', 'a1', 0, 'stored', 1, NULL, '{}', 1, 0, NULL, 0, NULL, NULL, 1)"
    upgraded = upgraded_from(tmp_path, "0004", page)
    upgraded.execute("PRAGMA foreign_keys = ON")
    beat = "INSERT INTO media_heartbeats VALUES ({}, 5, '{}', 'booth:b-01', 1, 0, 0, NULL, 900, 900, 0, 'good')"
    upgraded.execute(beat.format(1, "a1"))
    with pytest.raises(sqlite3.IntegrityError):
        upgraded.execute(beat.format(2, "a2"))
    pages = upgraded.execute("SELECT page_id, has_frame FROM pages").fetchall()
    upgraded.close()
    assert pages == [("p1", 1)]


def test_nobody_of_an_older_store_was_asked_to_be_recorded(tmp_path: Path) -> None:
    upgraded = upgraded_from(tmp_path, "0005")
    consents = upgraded.execute("SELECT recording_consent FROM tickets").fetchall()
    recordings = upgraded.execute("SELECT count(*) FROM recordings").fetchone()
    upgraded.close()
    assert (consents, recordings) == ([("none",)], (0,))


def test_a_schema_of_a_newer_program_is_refused_in_one_line(store: Path) -> None:
    connection = sqlite3.connect(store / "center.sqlite")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(ConfigError, match="schema 9999 is of a newer bangban-center") as caught:
        open_store(store, store / "store.key")
    assert "\n" not in str(caught.value)


def test_a_store_that_was_never_made_is_refused(tmp_path: Path) -> None:
    for call in (lambda: open_store(tmp_path, tmp_path / "store.key"), lambda: upgrade_store(tmp_path)):
        with pytest.raises(ConfigError, match="bangban-center init"):
            call()


def test_a_key_that_others_can_read_is_refused(store: Path) -> None:
    (store / "store.key").chmod(0o640)
    with pytest.raises(ConfigError, match="owner alone"):
        load_keys(store / "store.key")
    (store / "store.key").chmod(0o600)
    (store / "store.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="not a key file"):
        load_keys(store / "store.key")


def test_what_was_sealed_opens_at_its_place_alone() -> None:
    seal = Seal(bytes(32))
    sealed = seal.seal(b"personal", "cases.1")
    assert seal.open(sealed, "cases.1") == b"personal"
    assert seal.seal(b"personal", "cases.1") != sealed
    for data, place, key in (
        (sealed, "cases.2", bytes(32)),
        (sealed[:-1], "cases.1", bytes(32)),
        (b"", "cases.1", bytes(32)),
        (sealed, "cases.1", bytes(31) + b"x"),
    ):
        with pytest.raises(StoreError):
            Seal(key).open(data, place)


async def test_a_full_database_is_said_to_be_full_and_an_error_quotes_no_data(store: Path) -> None:
    async with open_store(store, store / "store.key") as opened:
        with pytest.raises(DeskError, match="disk_full"):
            async with opened.write() as tx:
                await tx.connection.exec_driver_sql("PRAGMA max_page_count = 1")
                await tx.run(login_failures.insert().values(name_sha256="personal" * 9000, remote="", at_ms=0))
        with pytest.raises(IntegrityError) as caught:
            async with opened.write() as tx:
                await tx.run(log_ins.insert().values(token_sha256="personal", clerk_id="nobody", expires_at_ms=0))
    assert "personal" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(store: Path) -> None:
    (store / "center.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigError, match="not a database"):
        open_store(store, store / "store.key")


def test_pages_of_an_older_store_can_be_read_after_the_upgrade(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'center.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        assert "readings" not in inspect(connection).get_table_names()
    engine.dispose()
    assert upgrade_store(tmp_path) == "0006"
    upgraded = sqlite3.connect(tmp_path / "center.sqlite")
    assert upgraded.execute("SELECT count(*) FROM readings").fetchone() == (0,)
    upgraded.close()
