"""The center's configuration: one TOML file, read once."""

import ipaddress
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from center.core.item import Item, read_item
from center.errors import ConfigError
from protocol.fields import Id, Wording

Port = Annotated[int, Meta(ge=0, le=65535)]
NonEmpty = Annotated[str, Meta(min_length=1, max_length=80)]


class CenterSection(Struct, frozen=True, forbid_unknown_fields=True):
    """`id` is what booths prove their keys to; `case_prefix` begins every case number."""

    id: Id
    name_zh: NonEmpty
    name_en: NonEmpty
    case_prefix: Annotated[str, Meta(pattern=r"^[A-Z]{1,6}$")] = "SQ"

    @property
    def name(self) -> Wording:
        return Wording(self.name_zh, self.name_en)


class HttpSection(Struct, frozen=True, forbid_unknown_fields=True):
    """Without a certificate only a loopback `host` is allowed. `port` 0 takes a free one."""

    host: NonEmpty
    port: Port
    certificate_file: Path | None = None
    key_file: Path | None = None


class StoreSection(Struct, frozen=True, forbid_unknown_fields=True):
    folder: Path
    key_file: Path | None = None

    @property
    def key_path(self) -> Path:
        """The key's file; in the store's folder when the configuration names none."""
        return self.key_file or self.folder / "store.key"


class FolderSection(Struct, frozen=True, forbid_unknown_fields=True):
    folder: Path


class CenterConfig(Struct, frozen=True, forbid_unknown_fields=True):
    center: CenterSection
    http: HttpSection
    store: StoreSection
    pages: FolderSection
    catalogue: FolderSection


def load_config(path: Path) -> CenterConfig:
    """Read and check a configuration. Relative paths in it start at its own folder.

    Raises `ConfigError`, in one line that names file and fault.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        config = msgspec.convert(raw, CenterConfig, dec_hook=_path_hook(path.resolve().parent))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _check_http(path, config.http)
    return config


def load_catalogue(folder: Path) -> dict[str, Item]:
    """The items of every `.toml` file in the folder, by id, in the order of the file names. Raises `ConfigError`."""
    paths: Sequence[Path] = sorted(folder.glob("*.toml"))
    if not paths:
        raise ConfigError(f"{folder}: no items (*.toml) here")
    items: dict[str, Item] = {}
    for path in paths:
        try:
            item = read_item(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from error
        if item.item_id in items:
            raise ConfigError(f"{path}: item {item.item_id} is in another file too")
        items[item.item_id] = item
    return items


def _path_hook(folder: Path) -> Any:
    def hook(kind: type, value: Any) -> Any:
        if kind is Path and isinstance(value, str) and value:
            return folder / value
        raise ValueError("Expected a path")

    return hook


def _check_http(path: Path, http: HttpSection) -> None:
    if (http.certificate_file is None) != (http.key_file is None):
        raise ConfigError(f"{path}: [http] needs both certificate_file and key_file, or neither")
    for file in (http.certificate_file, http.key_file):
        if file is not None and not file.is_file():
            raise ConfigError(f"{path}: [http] {file} is not there")
    if http.certificate_file is None and not _is_loopback(http.host):
        raise ConfigError(
            f"{path}: [http] host {http.host} needs certificate_file and key_file; only loopback does not"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
