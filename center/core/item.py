"""Service items (事项): the catalogue's TOML files as frozen structs.

What a community affair asks of a resident differs from item to item and changes with the rules, so all of it is data.
An affair keeps the item as it was when its ticket was taken.
"""

import tomllib
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta

from center.errors import ConfigError
from protocol.counter import FieldKind, FormField, ItemView, MaterialRequirement
from protocol.fields import Count, ItemId, Label, Message, Wording
from protocol.records import Card
from protocol.visit import ItemSummary

CARD_ATTRIBUTES = frozenset(name for card in get_args(Card) for name in card.__struct_fields__)


class Item(Message, frozen=True):
    """One version of a service item."""

    item_id: ItemId
    version: Label
    name: Wording
    summary: Wording
    minutes: Count
    bring: Annotated[list[Wording], Meta(max_length=20)]
    guide: Annotated[list[Wording], Meta(min_length=1, max_length=30)]
    fields: Annotated[list[FormField], Meta(min_length=1, max_length=60)]
    materials: Annotated[list[MaterialRequirement], Meta(max_length=30)] = msgspec.field(default_factory=list)
    must_record: bool = False
    """Whether the affair ends when the resident refuses to be recorded (录音录像)."""

    def summarised(self) -> ItemSummary:
        """The item as the kiosk offers it."""
        return ItemSummary(
            item_id=self.item_id, name=self.name, summary=self.summary, minutes=self.minutes, bring=self.bring
        )

    def viewed(self) -> ItemView:
        """The item as the clerk works with it."""
        return ItemView(
            item_id=self.item_id,
            version=self.version,
            name=self.name,
            guide=self.guide,
            fields=self.fields,
            materials=self.materials,
        )

    def material(self, material_id: str) -> MaterialRequirement | None:
        return next((each for each in self.materials if each.material_id == material_id), None)


def read_item(text: str, origin: str) -> Item:
    """The item that a TOML text describes; raises `ConfigError`, naming `origin` and the fault."""
    try:
        raw = tomllib.loads(text)
        item = msgspec.convert(raw, Item)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{origin}: {error}") from error
    fault = _unknown_key(raw, msgspec.to_builtins(item), "") or _contradiction(item)
    if fault:
        raise ConfigError(f"{origin}: {fault}")
    return item


def _unknown_key(raw: Any, known: Any, path: str) -> str | None:
    """The first key that the structs do not have: a misspelt key must not pass for an absent one."""
    if isinstance(raw, dict) and isinstance(known, dict):
        for key, value in raw.items():
            if key not in known:
                return f"unknown key {path}{key}"
            if fault := _unknown_key(value, known[key], f"{path}{key}."):
                return fault
    elif isinstance(raw, list) and isinstance(known, list):
        for n, (one, other) in enumerate(zip(raw, known, strict=True)):
            if fault := _unknown_key(one, other, f"{path}{n}."):
                return fault
    return None


def _contradiction(item: Item) -> str | None:
    """What the types can't say."""
    for names in ([field.field_id for field in item.fields], [each.material_id for each in item.materials]):
        if twice := {name for name in names if names.count(name) > 1}:
            return f"{min(twice)} is there twice"
    for field in item.fields:
        values = [choice.value for choice in field.choices]
        if (field.kind is FieldKind.CHOICE) != bool(values):
            return f"field {field.field_id}: `choices` belong to the kind `choice`, and to no other"
        if field.default and values and field.default not in values:
            return f"field {field.field_id}: the default is not one of the choices"
        if field.fill_from is not None and field.fill_from not in CARD_ATTRIBUTES:
            return f"field {field.field_id}: no card has an attribute {field.fill_from}"
    return None
