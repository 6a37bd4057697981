"""The frames of the link between a booth and the center, and how they are read.

A connection begins so, each frame one WebSocket text message of JSON:

    booth                                  center
      Hello(booth_id, version)     ──────▶
                                   ◀──────  Challenge(center_id, nonce)   or Refused
      Proof(signature, epoch,
            received)              ──────▶
                                   ◀──────  Welcome(received, upload_token)  or Refused

The signature is Ed25519 over `proof_text`. After `Welcome` both sides resend what the other has not
received and go on with `Numbered`, `Ack` and `Fleeting` frames.
"""

import re
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from protocol import PROTOCOL_VERSION
from protocol.errors import ErrorCode, ProtocolError
from protocol.fields import BoothId, Id, Label, Message, Number
from protocol.messages import BoothFleeting, BoothMessage, CenterFleeting, CenterMessage

MAX_FRAME_BYTES = 256 * 1024
"""The largest frame either side reads; a signature of 60 strokes of 1,000 numbers does not reach it in practice."""

Nonce = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]


PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""An Ed25519 public key; base64 in JSON."""


class Enrolment(Message, frozen=True):
    """`POST /api/enrol`: a booth trades a one-time code for a registration of its public key. Answered by 204."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    booth_id: BoothId
    public_key: PublicKey
    software: Label

    def __repr__(self) -> str:
        return f"Enrolment(booth_id={self.booth_id!r})"


class Hello(Message, frozen=True, tag="hello"):
    booth_id: BoothId
    version: int
    software: Label


class Challenge(Message, frozen=True, tag="challenge"):
    center_id: Id
    nonce: Nonce


class Proof(Message, frozen=True, tag="proof"):
    """`epoch` names one run of the booth process; `received` is the last number it has from the center in it."""

    signature: Signature
    epoch: Id
    received: Number


class Welcome(Message, frozen=True, tag="welcome"):
    """`received` is the last number that the center has from the booth in this epoch; 0 in a new one."""

    received: Number
    upload_token: Annotated[str, Meta(max_length=64)]
    center_time_ms: Number

    def __repr__(self) -> str:
        return f"Welcome(received={self.received})"


class Refused(Message, frozen=True, tag="refused"):
    code: ErrorCode


class BoothNumbered(Message, frozen=True, tag="numbered"):
    n: Number
    ack: Number
    body: BoothMessage


class CenterNumbered(Message, frozen=True, tag="numbered"):
    n: Number
    ack: Number
    body: CenterMessage


class Ack(Message, frozen=True, tag="ack"):
    ack: Number


class BoothPassing(Message, frozen=True, tag="fleeting"):
    body: BoothFleeting


class CenterPassing(Message, frozen=True, tag="fleeting"):
    body: CenterFleeting


BoothFrame = Hello | Proof | BoothNumbered | Ack | BoothPassing
CenterFrame = Challenge | Welcome | Refused | CenterNumbered | Ack | CenterPassing

_F = TypeVar("_F")
_booth_frames: msgspec.json.Decoder[BoothFrame] = msgspec.json.Decoder(BoothFrame)
_center_frames: msgspec.json.Decoder[CenterFrame] = msgspec.json.Decoder(CenterFrame)
_encoder = msgspec.json.Encoder()
_PATH = re.compile(r"`(\$[\w.\[\]]*)`$")


def proof_text(center_id: str, booth_id: str, nonce: bytes) -> bytes:
    """The bytes that a booth signs: bound to this protocol, this center, this booth and this connection."""
    return b"\n".join([b"bangban link %d" % PROTOCOL_VERSION, center_id.encode(), booth_id.encode(), nonce])


def read_booth_frame(data: str | bytes) -> BoothFrame:
    """What a booth sent; raises `ProtocolError` and nothing else, whatever the bytes are."""
    return _read(_booth_frames, data)


def read_center_frame(data: str | bytes) -> CenterFrame:
    """What the center sent; raises `ProtocolError` and nothing else, whatever the bytes are."""
    return _read(_center_frames, data)


def write_frame(frame: BoothFrame | CenterFrame) -> str:
    """The frame as JSON text; raises `ProtocolError` when it would be larger than a peer reads."""
    data = _encoder.encode(frame)
    if len(data) > MAX_FRAME_BYTES:
        raise ProtocolError(ErrorCode.TOO_LARGE, "a frame is at most 256 KiB")
    return data.decode()


def _read(decoder: "msgspec.json.Decoder[_F]", data: str | bytes) -> _F:
    if len(data) > MAX_FRAME_BYTES:
        raise ProtocolError(ErrorCode.TOO_LARGE, "a frame is at most 256 KiB")
    return read_json(decoder, data)


def read_json(decoder: "msgspec.json.Decoder[_F]", data: str | bytes) -> _F:
    """Decode with any of our decoders; what does not fit its type is a `ProtocolError` that quotes no content."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ProtocolError(ErrorCode.MALFORMED, _rule_of(error)) from None


def _rule_of(error: Exception) -> str:
    """Where in the message the fault lies. msgspec's own text may quote the content, its path only our field names."""
    path = _PATH.search(str(error))
    return f"not a known message (at {path[1]})" if path else "not a known message"


__all__ = [
    "MAX_FRAME_BYTES",
    "Ack",
    "BoothFrame",
    "BoothNumbered",
    "BoothPassing",
    "CenterFrame",
    "CenterNumbered",
    "CenterPassing",
    "Challenge",
    "Enrolment",
    "Hello",
    "Proof",
    "Refused",
    "Welcome",
    "proof_text",
    "read_booth_frame",
    "read_center_frame",
    "read_json",
    "write_frame",
]
