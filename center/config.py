"""The center's configuration: one TOML file, read once."""

import ipaddress
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from yarl import URL

from center.core.item import Item, read_item
from center.errors import ConfigError
from center.media.interface import MediaSettings
from protocol.fields import Id, Wording

_TURN_URL = re.compile(r"turns?:(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(\?transport=(udp|tcp))?")
"""RFC 7065."""

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


class GatewaySection(Struct, frozen=True, forbid_unknown_fields=True):
    """The city's gateway for codes. Without `url` there is none, and codes can't be verified."""

    url: str | None = None
    key_file: Path | None = None


class MediaSection(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the forwarder's UDP sockets are bound. Without ports the system chooses; without addresses all are used."""

    addresses: tuple[str, ...] = ()
    first_port: Port = 0
    last_port: Port = 0

    def settings(self) -> MediaSettings:
        return MediaSettings(addresses=self.addresses, first_port=self.first_port, last_port=self.last_port)


class TurnSection(Struct, frozen=True, forbid_unknown_fields=True):
    """The TURN server for participants without a direct way. Without `urls` there is none, and nothing waits for one.
    `lifetime_s` is how long credentials last; newer ones are given out at half of it."""

    urls: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=8)] = ()
    secret_file: Path | None = None
    lifetime_s: Annotated[int, Meta(ge=60, le=7 * 86400)] = 3600


class RecordingsSection(Struct, frozen=True, forbid_unknown_fields=True):
    """`keep_days` 0 keeps them until somebody deletes them by hand."""

    enabled: bool = True
    keep_days: Annotated[int, Meta(ge=0, le=36_500)] = 90


class ReadingSection(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether pages are read (`python -m reading`). Where its libraries are not installed nothing is read anyway."""

    enabled: bool = True


class CenterConfig(Struct, frozen=True, forbid_unknown_fields=True):
    center: CenterSection
    http: HttpSection
    store: StoreSection
    pages: FolderSection
    catalogue: FolderSection
    gateway: GatewaySection = GatewaySection()
    media: MediaSection = MediaSection()
    turn: TurnSection = TurnSection()
    recordings: RecordingsSection = RecordingsSection()
    reading: ReadingSection = ReadingSection()


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
    _check_gateway(path, config.gateway)
    _check_turn(path, config.turn)
    return config


def load_gateway_key(section: GatewaySection) -> str:
    """The credential that the gateway knows us by. Raises `ConfigError`, which never quotes it. Blocks."""
    return _read_secret(section.key_file or Path(), "gateway's key")


def load_turn_secret(section: TurnSection) -> str:
    """What the TURN server has as `static-auth-secret`. Raises `ConfigError`, which never quotes it. Blocks."""
    return _read_secret(section.secret_file or Path(), "TURN server's secret")


def _read_secret(file: Path, what: str) -> str:
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigError(f"{file}: the {what} must be readable by its owner alone (chmod 600)")
        key = file.read_text("ascii").strip()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not a key of printable ASCII") from None
    if not 8 <= len(key) <= 512 or not key.isprintable() or " " in key:
        raise ConfigError(f"{file}: not a key: one line of 8 to 512 printable characters")
    return key


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


def _check_gateway(path: Path, gateway: GatewaySection) -> None:
    if gateway.url is None:
        if gateway.key_file is not None:
            raise ConfigError(f"{path}: [gateway] has a key_file and no url")
        return
    try:
        url = URL(gateway.url)
    except ValueError:
        url = URL()
    host = url.host
    if not host or url.scheme not in ("http", "https") or url.user or url.query_string or url.fragment:
        raise ConfigError(f"{path}: [gateway] url must be https://HOST[:PORT][/PATH]")
    if url.scheme != "https" and not _is_loopback(host):
        raise ConfigError(f"{path}: [gateway] url must begin with https://; only loopback may do without")
    if gateway.key_file is None:
        raise ConfigError(f"{path}: [gateway] key_file is missing: the credential that the gateway knows us by")


def _check_turn(path: Path, turn: TurnSection) -> None:
    if bool(turn.urls) != (turn.secret_file is not None):
        raise ConfigError(f"{path}: [turn] needs both urls and secret_file, or neither")
    for url in turn.urls:
        if _TURN_URL.fullmatch(url) is None:
            raise ConfigError(
                f"{path}: [turn] {url!r} is not turn:HOST:PORT or turns:HOST:PORT (?transport=udp or tcp)"
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
