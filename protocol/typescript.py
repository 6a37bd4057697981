"""The pages' types, generated: `python -m protocol.typescript > web/lib/protocol.ts`.

Every struct and enum that the pages can meet becomes a TypeScript type of the same name, straight from the Python
types, so the two can't drift apart; `make check` fails when the file is stale.
"""

from enum import Enum
from typing import Any

from msgspec import inspect as kinds

from protocol import counter, kiosk, suggestions
from protocol.desk import Region
from protocol.errors import ErrorCode
from protocol.states import VisitState

ROOTS: tuple[Any, ...] = (
    kiosk.KioskEvent,
    kiosk.KioskAction,
    kiosk.BenchView,
    counter.CounterEvent,
    counter.CounterBeat,
    counter.ErrorReply,
    counter.LogIn,
    counter.CommandWanted,
    counter.FormChanged,
    counter.PageAdjusted,
    counter.PageFiled,
    counter.PageMarked,
    counter.PageMoved,
    counter.PageTurned,
    suggestions.SuggestionAnswered,
    counter.FinishWanted,
    counter.ClerkOffer,
    counter.ClerkAnswer,
    counter.ClerkFirstFrame,
    ErrorCode,
    Region,
    VisitState,
)

UNIONS = {
    "KioskEvent": kiosk.KioskEvent,
    "KioskAction": kiosk.KioskAction,
    "CounterEvent": counter.CounterEvent,
}

HEADER = """\
// Generated from the Python types by `make types`; do not edit.
"""


def render() -> str:
    """The whole file, in a stable order."""
    declarations: dict[str, str] = {}
    for info in kinds.multi_type_info(ROOTS):
        _declare(info, declarations)
    for name, union in UNIONS.items():
        declarations[name] = f"export type {name} = {_reference(kinds.type_info(union))}\n"
    return "\n".join([HEADER, *(declarations[name] for name in sorted(declarations))])


def _declare(info: kinds.Type, into: dict[str, str]) -> None:
    """Add the declarations of every struct and enum reachable from `info`."""
    match info:
        case kinds.EnumType(cls=cls) if cls.__name__ not in into:
            into[cls.__name__] = _enum(cls)
        case kinds.StructType(cls=cls, fields=fields) if cls.__name__ not in into:
            into[cls.__name__] = ""
            for field in fields:
                _declare(field.type, into)
            into[cls.__name__] = _struct(info)
        case kinds.UnionType(types=types):
            for member in types:
                _declare(member, into)
        case kinds.ListType(item_type=item):
            _declare(item, into)
        case kinds.DictType(value_type=value):
            _declare(value, into)
        case kinds.Metadata(type=inner):
            _declare(inner, into)
        case _:
            pass


def _enum(cls: type[Enum]) -> str:
    members = "\n".join(f"  | '{member.value}'" for member in cls)
    return f"export type {cls.__name__} =\n{members}\n"


def _struct(info: kinds.StructType) -> str:
    lines = [f"export interface {info.cls.__name__} {{"]
    if info.tag_field is not None:
        lines.append(f"  {info.tag_field}: '{info.tag}'")
    lines += [f"  {field.encode_name}: {_reference(field.type)}" for field in info.fields]
    return "\n".join([*lines, "}", ""])


def _reference(info: kinds.Type) -> str:
    match info:
        case kinds.EnumType(cls=cls) | kinds.StructType(cls=cls):
            return str(cls.__name__)
        case kinds.UnionType(types=types):
            return " | ".join(_reference(member) for member in types)
        case kinds.ListType(item_type=item):
            inner = _reference(item)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case kinds.DictType(key_type=key, value_type=value):
            return f"Record<{_reference(key)}, {_reference(value)}>"
        case kinds.Metadata(type=inner):
            return _reference(inner)
        case kinds.StrType() | kinds.BytesType():
            return "string"  # bytes travel as base64
        case kinds.IntType() | kinds.FloatType():
            return "number"
        case kinds.BoolType():
            return "boolean"
        case kinds.NoneType():
            return "null"
        case _:
            raise TypeError(f"no TypeScript for {type(info).__name__}")


if __name__ == "__main__":
    print(render(), end="")
