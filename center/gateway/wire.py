"""What the center and the gateway say to each other about codes: `POST {url}/codes/redeem`.

The request carries `Authorization: Bearer KEY` and `Idempotency-Key`. The gateway answers 200 with one of `Answer`; the
same key with the same code gets the same answer again. Any other status is trouble, not an answer. Whatever comes
back is hostile until it is parsed: bounded in size, in every text and in the result's name.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from center.core.identity import NotRedeemed, Redemption
from protocol.errors import ErrorCode
from protocol.fields import Message, Milliseconds, Personal
from protocol.records import CodeHolder, is_valid_number

PATH = "/codes/redeem"
MAX_ANSWER_BYTES = 4096

Name = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,80}\Z")]
Number = Annotated[str, Meta(pattern=r"^[0-9A-Za-z()-]{4,40}\Z")]


class RedeemWanted(Personal, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=512)]


class Redeemed(Personal, frozen=True, tag="redeemed", tag_field="result"):
    name: Name
    number: Number
    verified_at_ms: Milliseconds


class Expired(Message, frozen=True, tag="expired", tag_field="result"):
    """The code's minute is over."""


class Used(Message, frozen=True, tag="used", tag_field="result"):
    """The code was redeemed before, with another key."""


class Unknown(Message, frozen=True, tag="unknown", tag_field="result"):
    """No code of the city's."""


Answer = Redeemed | Expired | Used | Unknown

_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def read_answer(status: int, body: bytes) -> Redemption | None:
    """What an HTTP answer means; None when it is none and asking again with the same key may help. Never raises."""
    if status != 200 or len(body) > MAX_ANSWER_BYTES:
        return None
    try:
        answer = _answers.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    match answer:
        case Redeemed(name=name, number=number, verified_at_ms=verified_at_ms):
            return CodeHolder(name, number, is_valid_number(number), verified_at_ms)
        case Expired() | Used() | Unknown():
            return NotRedeemed(ErrorCode.CODE_EXPIRED)
