"""The bounded field types that the messages are made of.

Every text, list and number that comes over a wire has a limit here; what goes beyond is
refused when it is decoded, before anybody looks at it.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

BoothId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""A booth's name in configuration, addresses and logs, e.g. `yanchang-02`."""

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
"""An opaque identifier; whoever makes the thing makes its id (`secrets.token_urlsafe`)."""

ItemId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_]{0,47}$")]
FieldId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Label = Annotated[str, Meta(max_length=80)]
Line = Annotated[str, Meta(max_length=400)]
Text = Annotated[str, Meta(max_length=4000)]
Sdp = Annotated[str, Meta(max_length=60_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
"""A message's number, a size in bytes or a Unix time in milliseconds."""
Milliseconds = Annotated[int, Meta(ge=0, le=2**53)]
"""Unix time, or a duration, in milliseconds."""
Grade = Annotated[int, Meta(ge=1, le=5)]
"""好差评: 5 very satisfied … 1 very dissatisfied (GB/T 39735-2020, five grades)."""


class Message(Struct, frozen=True, forbid_unknown_fields=False):
    """Base of everything on a wire. Unknown fields are ignored, so that a newer peer may add some."""


class Personal(Message, frozen=True):
    """Base of messages that hold personal data: the `repr` says the type and nothing else."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Wording(Message, frozen=True):
    """One text for people in both languages."""

    zh: Line
    en: Line
