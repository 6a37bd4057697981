"""Where the center is, and how its name is proved."""

import ipaddress
import ssl
from pathlib import Path

from yarl import URL

from booth.errors import ConfigError


def read_address(text: str) -> URL:
    """The center's base URL. Raises `ConfigError` for anything but `https://`, or `http://` on this machine."""
    try:
        url = URL(text)
    except ValueError:
        raise ConfigError("center.url is not a URL") from None
    if url.host is None or url.scheme not in ("http", "https"):
        raise ConfigError("center.url must be https://HOST[:PORT], or http:// for this machine only")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigError("center.url must be https:// unless the center runs on this machine")
    if url.path not in ("", "/") or url.query_string or url.user:
        raise ConfigError("center.url must name the host alone, without a path")
    return url.origin()


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def trust(ca_file: Path | None) -> ssl.SSLContext | None:
    """What the center's certificate is checked against: the given file alone, or None for the system's own store."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"center.ca_file {ca_file} can't be read as certificates") from error
