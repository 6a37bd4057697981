"""Credentials for the TURN server: made here, checked there by the shared secret alone. Pure.

coturn's `use-auth-secret` (its README.turnserver, "TURN REST API"): the user name is the Unix time of the end and a
name, the password the base64 of the HMAC-SHA1 over the user name.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from protocol.media import IceServer, IceServers


def ice_servers(urls: Sequence[str], secret: str, participant: str, now_ms: int, lifetime_s: int) -> IceServers:
    """What `participant` may use for `lifetime_s` seconds from now on."""
    username = f"{now_ms // 1000 + lifetime_s}:{participant}"
    digest = hmac.new(secret.encode("utf8"), username.encode("utf8"), hashlib.sha1).digest()
    return IceServers([IceServer(list(urls), username, base64.b64encode(digest).decode("ascii"))], lifetime_s)
