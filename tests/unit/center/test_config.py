"""The center's configuration."""

from pathlib import Path

import pytest

from center.config import load_config, load_gateway_key
from center.errors import ConfigError
from tests.unit.center.samples import ROOT

EXAMPLE = ROOT / "deploy" / "center.example.toml"


def written(folder: Path, old: str = "", new: str = "") -> Path:
    text = EXAMPLE.read_text("utf-8")
    assert old in text
    path = folder / "center.toml"
    path.write_text(text.replace(old, new, 1) if old else text, "utf-8")
    return path


def test_the_shipped_example_loads_and_documents_every_key() -> None:
    config = load_config(EXAMPLE)
    assert config.http.port == 8440
    assert config.catalogue.folder.resolve() == ROOT / "catalogue" / "items"
    text = EXAMPLE.read_text("utf-8")
    for section in config.__struct_fields__:
        assert f"[{section}]" in text
        for key in getattr(config, section).__struct_fields__:
            assert f"{key} = " in text


def test_relative_paths_start_at_the_files_own_folder(tmp_path: Path) -> None:
    config = load_config(written(tmp_path))
    assert config.store.folder == tmp_path / "center-data"
    assert config.store.key_path == tmp_path / "center-data" / "store.key"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("port = 8440", "port_number = 8440", "port"),
        ("port = 8440", "port = 8440\nbacklog = 3", "unknown field `backlog`"),
        ("port = 8440", 'port = "8440"', "Expected `int`"),
        ("port = 8440", "port = 70000", "65535"),
        ('folder = "center-data"', "folder = 3", "store.folder"),
        ('case_prefix = "SQ"', 'case_prefix = "sq"', "case_prefix"),
        ('host = "127.0.0.1"', 'host = "0.0.0.0"', "needs certificate_file"),
        ('host = "127.0.0.1"', 'host = "center.example"', "needs certificate_file"),
        ("# certificate_file", "certificate_file", "both certificate_file and key_file"),
        ("[pages]", "[pages", "Expected"),
    ],
)
def test_a_faulty_configuration_is_refused_in_one_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault) as caught:
        load_config(written(tmp_path, old, new))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.3.2.1", "::1", "localhost"])
def test_loopback_needs_no_certificate(tmp_path: Path, host: str) -> None:
    assert load_config(written(tmp_path, "127.0.0.1", host)).http.host == host


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ('url = "http://gateway.example"\nkey_file = "k"', "must begin with https"),
        ('url = "ftp://gateway.example"\nkey_file = "k"', "must be https"),
        ('url = "https://user@gateway.example"\nkey_file = "k"', "must be https"),
        ('url = "https://gateway.example"', "key_file is missing"),
        ('key_file = "k"', "no url"),
        ('url = "https://["\nkey_file = "k"', "must be https"),
    ],
)
def test_a_gateway_is_reached_by_https_and_with_a_key(tmp_path: Path, section: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault) as caught:
        load_config(written(tmp_path, "[gateway]", f"[gateway]\n{section}"))
    assert "\n" not in str(caught.value)


def test_the_gateways_key_is_the_owners_alone(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "[gateway]", '[gateway]\nurl = "http://127.0.0.1:1"\nkey_file = "k"'))
    with pytest.raises(ConfigError, match="No such file"):
        load_gateway_key(config.gateway)
    key = tmp_path / "k"
    key.write_text("a-credential\n", "ascii")
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="owner alone"):
        load_gateway_key(config.gateway)
    key.chmod(0o600)
    assert load_gateway_key(config.gateway) == "a-credential"
    key.write_text("two words here\n", "ascii")
    with pytest.raises(ConfigError, match="one line"):
        load_gateway_key(config.gateway)


def test_certificates_must_be_there(tmp_path: Path) -> None:
    path = written(tmp_path, "# certificate_file", "certificate_file")
    path.write_text(path.read_text("utf-8").replace('# key_file = "tls', 'key_file = "tls'), "utf-8")
    with pytest.raises(ConfigError, match=r"center\.pem is not there"):
        load_config(path)
    (tmp_path / "tls").mkdir()
    for name in ("center.pem", "center.key"):
        (tmp_path / "tls" / name).touch()
    assert load_config(path).http.certificate_file == tmp_path / "tls" / "center.pem"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load_config(tmp_path / "none.toml")
