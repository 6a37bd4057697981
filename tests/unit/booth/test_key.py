"""The booth's key file."""

from pathlib import Path

import pytest

from booth.errors import ConfigError
from booth.link.key import load_key, load_or_make_key, public_bytes, write_secret


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "link.key"
    key = load_or_make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_or_make_key(file)) == public_bytes(key)
    assert public_bytes(load_key(file)) == public_bytes(key)
    assert [path.name for path in file.parent.iterdir()] == ["link.key"]


def test_a_booth_that_is_not_enrolled_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="enroll"):
        load_key(tmp_path / "link.key")


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "link.key"
    load_or_make_key(file)
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="600"):
        load_key(file)


def test_a_key_of_the_wrong_size_is_not_used(tmp_path: Path) -> None:
    write_secret(tmp_path / "link.key", b"short")
    with pytest.raises(ConfigError, match="32 bytes"):
        load_key(tmp_path / "link.key")


def test_an_existing_secret_is_never_overwritten(tmp_path: Path) -> None:
    write_secret(tmp_path / "key", b"1" * 32)
    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "key", b"2" * 32)
    assert (tmp_path / "key").read_bytes() == b"1" * 32
