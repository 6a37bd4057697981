"""The beginning of a link: a booth proves that it holds the key with which it was enrolled."""

import secrets
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from center.web.sockets import receive_text, send_text
from protocol import PROTOCOL_VERSION
from protocol.errors import ErrorCode, ProtocolError
from protocol.link import Challenge, Hello, Proof, proof_text, read_booth_frame, write_frame

NONCE_BYTES = 32
_SEND_LIMIT_S = 5.0


class KeyDesk(Protocol):
    async def booth_key(self, booth_id: str) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Proven:
    """A booth that proved its key. `received`: the last number that it has from the center in this epoch."""

    booth_id: str
    epoch: str
    received: int


async def prove(socket: web.WebSocketResponse, desk: KeyDesk, center_id: str) -> Proven:
    """Challenge the booth and verify its proof. Raises `ProtocolError`: `protocol_version`, `unknown_booth`,
    `bad_proof`, `malformed`; `SocketGone` when it goes away. The caller sets the time-out; cancelling leaves nothing
    behind."""
    hello = read_booth_frame(await receive_text(socket))
    if not isinstance(hello, Hello):
        raise ProtocolError(ErrorCode.MALFORMED, "a link begins with Hello")
    if hello.version != PROTOCOL_VERSION:
        raise ProtocolError(ErrorCode.PROTOCOL_VERSION, "the booth speaks another version")
    key = await desk.booth_key(hello.booth_id)
    if key is None:
        raise ProtocolError(ErrorCode.UNKNOWN_BOOTH, "the booth is not enrolled")

    nonce = secrets.token_bytes(NONCE_BYTES)
    await send_text(socket, write_frame(Challenge(center_id, nonce)), _SEND_LIMIT_S)
    proof = read_booth_frame(await receive_text(socket))
    if not isinstance(proof, Proof):
        raise ProtocolError(ErrorCode.MALFORMED, "a challenge is answered by Proof")
    _verify(key, proof.signature, proof_text(center_id, hello.booth_id, nonce))
    return Proven(hello.booth_id, proof.epoch, proof.received)


def _verify(key: bytes, signature: bytes, text: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        raise ProtocolError(ErrorCode.BAD_PROOF, "the signature is not the enrolled key's") from None
