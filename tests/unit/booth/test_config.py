"""The booth's configuration."""

from pathlib import Path

import pytest

from booth.config import CameraDriver, load_config
from booth.errors import ConfigError
from booth.link.address import read_address

EXAMPLE = Path(__file__).parents[3] / "deploy" / "booth.example.toml"

SMALL = """
[booth]
id = "b-1"
name_zh = "亭"
name_en = "Booth"
state_dir = "state"
[center]
url = "http://127.0.0.1:8480"
[kiosk]
port = 0
pages_dir = "pages"
"""


def test_the_shipped_example_is_a_whole_configuration() -> None:
    config = load_config(EXAMPLE)
    assert config.document_camera.driver is CameraDriver.V4L2
    assert config.key_file == Path("/var/lib/bangban-booth/link.key")


def test_the_shipped_example_names_every_key() -> None:
    text = EXAMPLE.read_text("utf-8")
    config = load_config(EXAMPLE)
    for section in config.__struct_fields__:
        assert f"[{section}]" in text
        for key in getattr(config, section).__struct_fields__:
            assert f"{key} = " in text, f"{section}.{key}"


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, SMALL))
    assert config.booth.state_dir == tmp_path / "state"
    assert config.kiosk.pages_dir == tmp_path / "pages"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("port = 0", "port = 0\nportt = 1", "portt"),
        ("port = 0", 'port = "8490"', "kiosk.port"),
        ("port = 0", 'port = 0\nhost = "0.0.0.0"', "kiosk.host"),
        ("port = 0", 'port = 0\nidle = "60 s"', "idle"),
        ("port = 0", "port = 0\nidle_s = 2", "kiosk.idle_s"),
        ("http://127.0.0.1:8480", "http://center.example.org", "center.url"),
        ("http://127.0.0.1:8480", "center.example.org", "center.url"),
        ("http://127.0.0.1:8480", "https://center.example.org/path", "center.url"),
        ('id = "b-1"', 'id = "B 1"', "booth.id"),
        ("[kiosk]", '[id_card_reader]\ndriver = "sdt_serial"\n[kiosk]', "id_card_reader.port"),
        ("[kiosk]", '[document_camera]\ndriver = "v4l2"\n[kiosk]', "document_camera.path"),
        ("[kiosk]", '[document_camera]\ndriver = "webcam"\n[kiosk]', "document_camera.driver"),
        ("[kiosk]", '[media]\nface = "file"\n[kiosk]', "media.face_file"),
        ("[kiosk]", "[kiosk", "line"),
        ('state_dir = "state"', 'state_dir = ""', "booth.state_dir"),
    ],
)
def test_what_can_not_be_used_is_named_in_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(_write(tmp_path, SMALL.replace(old, new)))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"booth\.toml"):
        load_config(tmp_path / "booth.toml")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://10.0.0.1"])
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    assert str(read_address(url)) == url


def _write(folder: Path, text: str) -> Path:
    file = folder / "booth.toml"
    file.write_text(text, "utf-8")
    return file
