"""Credentials for the TURN server."""

import base64
import hashlib
import hmac

from center.core.relay import ice_servers


def test_credentials_are_what_coturn_checks() -> None:
    given = ice_servers(["turn:a:1"], "secret", "booth:yanchang-01", 1_700_000_000_999, 3600)
    [server] = given.servers
    assert given.valid_s == 3600
    assert server.username == "1700003600:booth:yanchang-01"
    expected = hmac.new(b"secret", server.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(server.credential) == expected


def test_a_credential_is_in_no_repr() -> None:
    given = ice_servers(["turn:a:1"], "secret", "clerk:c1", 0, 60)
    assert given.servers[0].credential not in repr(given)
    assert "secret" not in repr(given)
