"""`bangban-center`, as an administrator runs it."""

import asyncio
import json
import re
import signal
import sqlite3
import sys
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner, Result

from center.__main__ import cli
from tests.unit.center.samples import ROOT

BOOTH = ["b-01", "--name-zh", "亭", "--name-en", "Booth", "--address-zh", "路", "--address-en", "Road"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a free port and a page that is built."""
    text = (ROOT / "deploy" / "center.example.toml").read_text("utf-8")
    text = text.replace("port = 8440", "port = 0").replace(
        '"../catalogue/items"', json.dumps(str(ROOT / "catalogue/items"))
    )
    (tmp_path / "center.toml").write_text(text.replace('"../web/dist"', '"pages"'), "utf-8")
    return tmp_path / "center.toml"


def center(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), *arguments])


@pytest.fixture
def made(config: Path) -> Path:
    assert center(config, "init", "--supervisor", "wang").exit_code == 0
    return config


def test_init_shows_a_password_once_and_a_second_one_refuses(config: Path) -> None:
    first = center(config, "init", "--supervisor", "wang")
    assert first.exit_code == 0
    assert len(first.stdout.split()[-1].rsplit("：")[-1]) >= 16
    second = center(config, "init", "--supervisor", "wang")
    assert (second.exit_code, second.stdout) == (2, "")
    assert "a store already" in second.stderr and second.stderr.count("\n") == 1


def test_a_password_may_come_from_a_file(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("short\n", "utf-8")
    arguments = ("add-clerk", "li", "--counter", "5", "--role", "clerk", "--password-file", str(file))
    assert center(made, *arguments).exit_code == 2
    file.write_text("a long password\n", "utf-8")
    added = center(made, *arguments)
    assert added.exit_code == 0 and "a long password" not in added.output
    assert center(made, *arguments).exit_code == 2


def test_enroll_prints_a_code_last(made: Path) -> None:
    result = center(made, "enroll", *BOOTH)
    assert result.exit_code == 0
    assert re.search(r"[A-Z2-9]{5}(-[A-Z2-9]{5}){3}$", result.stdout.strip())
    assert center(made, "enroll", "Not A Booth", *BOOTH[1:]).exit_code == 2


def test_verify_says_whether_the_journal_is_whole(made: Path) -> None:
    assert center(made, "verify").exit_code == 0
    assert center(made, "migrate").exit_code == 0
    database = made.parent / "center-data" / "center.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("DROP TRIGGER journal_no_update")
    connection.execute("UPDATE journal SET at_ms = 0 WHERE position = 1")
    connection.commit()
    connection.close()
    broken = center(made, "verify")
    assert broken.exit_code == 1 and "entry 1" in broken.stderr


@pytest.mark.parametrize("command", [["run"], ["verify"], ["migrate"], ["add-clerk", "li"], ["enroll", *BOOTH]])
def test_without_a_store_every_command_says_what_to_do(config: Path, command: list[str]) -> None:
    result = center(config, *command)
    assert result.exit_code == 2
    assert "bangban-center init" in result.stderr and result.stderr.count("\n") == 1


def test_a_faulty_configuration_ends_with_one_line(config: Path) -> None:
    config.write_text(config.read_text("utf-8").replace("port = 0", "prot = 0"), "utf-8")
    result = center(config, "verify")
    assert result.exit_code == 2 and result.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_run_serves_until_it_is_told_to_stop(made: Path, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "center", "--config", str(made), "run"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        address = line.split("：")[-1].strip()
        async with aiohttp.ClientSession() as session, session.get(f"{address}/api/health") as reply:
            assert reply.status == 200
    finally:
        process.send_signal(number)
        async with asyncio.timeout(20):
            _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in errors
