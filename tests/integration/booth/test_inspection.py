"""`bangban-booth devices` and `read-card`: what a technician sees, with a module on a pty and a simulated desk."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from booth.__main__ import cli
from booth.devices.card.bench_cards import BENCH_CARDS, BenchCardRecord
from booth.devices.card.sdt_frames import module_id_of
from booth.inspection import OPEN_FIELDS, lines_of
from protocol.records import IdCard
from protocol.wording import say
from rigs.resident_text import text_of
from rigs.sdt_module import MODULE_ID, SdtModule

CARD = next(bench.card for bench in BENCH_CARDS if isinstance(bench.card, IdCard))
DESK = """[document_camera]
driver = "simulated_desk"
width_px = 1280
height_px = 960
"""


def run(folder: Path, sections: str, *command: str) -> Result:
    config = folder / "booth.toml"
    config.write_text(
        f"""[booth]
id = "b-1"
name_zh = "亭"
name_en = "Booth"
state_dir = "state"
[center]
url = "http://127.0.0.1:8480"
[kiosk]
port = 0
pages_dir = "pages"
{sections}""",
        "utf-8",
    )
    return CliRunner().invoke(cli, ["--config", str(config), *command])


def serial(path: str, driver: str = "sdt_serial") -> str:
    return f'[id_card_reader]\ndriver = "{driver}"\nport = "{path}"\n'


@pytest.mark.parametrize("driver", ["sdt_serial", "auto"])
def test_devices_are_listed_with_what_they_say_of_themselves(tmp_path: Path, driver: str) -> None:
    with SdtModule() as module:
        path = module.path
        result = run(tmp_path, serial(path, driver) + DESK, "devices")
    assert result.exit_code == 0, result.output
    assert f"身份证读卡器：正常（{path}; 模块编号 {module_id_of(MODULE_ID)}）" in result.output
    assert "1280 × 960 像素" in result.output
    assert "证件照片解码器：未安装" in result.output


def test_a_reader_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    result = run(tmp_path, serial(str(tmp_path / "no-such-tty")), "devices")
    assert result.exit_code == 1
    assert "身份证读卡器：未连接：读卡器未连接，请检查USB线" in result.output


def test_a_card_is_printed_covered(tmp_path: Path) -> None:
    with SdtModule() as module:
        module.lay(text_of(CARD))
        result = run(tmp_path, serial(module.path), "read-card")
    assert result.exit_code == 0, result.output
    assert "居民身份证" in result.output
    for personal in (CARD.name, CARD.number, CARD.address, str(CARD.birth_date), CARD.number[:6]):
        assert personal not in result.output


def test_a_card_is_printed_as_it_is_when_asked_for(tmp_path: Path) -> None:
    with SdtModule() as module:
        module.lay(text_of(CARD))
        result = run(tmp_path, serial(module.path), "read-card", "--show")
    assert result.exit_code == 0, result.output
    for personal in (CARD.name, CARD.number, CARD.address, str(CARD.birth_date)):
        assert personal in result.output


def test_a_card_that_can_not_be_read_is_said_so(tmp_path: Path) -> None:
    with SdtModule() as module:
        module.lay(text_of(CARD), unreadable=True)
        result = run(tmp_path, serial(module.path), "read-card")
    assert result.exit_code == 1
    assert say("common.error.card_damaged") in result.output
    assert CARD.name not in result.output


def test_waiting_for_a_card_has_an_end(tmp_path: Path) -> None:
    with SdtModule() as module:
        result = run(tmp_path, serial(module.path), "read-card", "--wait", "0.5")
    assert result.exit_code == 1
    assert say("common.error.card_absent") in result.output


def test_without_readers_nothing_is_waited_for(tmp_path: Path) -> None:
    assert run(tmp_path, DESK, "read-card").exit_code == 2


@pytest.mark.parametrize("bench", [bench for bench in BENCH_CARDS if bench.card is not None], ids=repr)
def test_a_covered_card_says_nothing_of_its_holder(bench: BenchCardRecord) -> None:
    card = bench.card
    assert card is not None
    for name, text in lines_of(card, show=False):
        value = getattr(card, name)
        if name not in OPEN_FIELDS and isinstance(value, str) and len(value) > 1:
            assert value not in text, name
    assert [text for _, text in lines_of(card, show=True) if text == card.number] == [card.number] * bool(card.number)
