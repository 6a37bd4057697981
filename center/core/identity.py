"""What a card or a redeemed code says about the resident, and which fields of the form it fills."""

import hashlib

import msgspec

from center.core.affair import Affair, Identity
from center.core.item import Item
from protocol.counter import FieldKind, FormField, IdentitySource
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.fields import Message
from protocol.records import (
    CodeHolder,
    FaceAdvice,
    IdCard,
    IdentityRecord,
    PermanentResidentCard,
    ResidencePermit,
    SocialSecurityCard,
)


class NotRedeemed(Message, frozen=True):
    """A code that says nothing: `code_expired` when another one may, `code_unverifiable` when nobody can tell now."""

    code: ErrorCode


Redemption = CodeHolder | NotRedeemed
"""What came of a code at the city's gateway."""


def redemption_key(booth_id: str, request_id: str) -> str:
    """What the gateway tells a repetition by: the same for each try of one code shown, another for every other one.

    The booth makes a request's id once for each code shown, so whoever tries again after a crash finds the same key
    without anything having been kept. Nothing of the code is in it.
    """
    return hashlib.sha256(msgspec.json.encode(["redeem", booth_id, request_id])).hexdigest()


def identity_of(
    record: IdentityRecord, now_ms: int, booth_id: str, device: DeviceKind | None, insertion: int | None
) -> Identity:
    return Identity(source_of(record), now_ms, record, booth_id, device, insertion)


def source_of(record: IdentityRecord) -> IdentitySource:
    match record:
        case IdCard():
            return IdentitySource.ID_CARD
        case ResidencePermit():
            return IdentitySource.RESIDENCE_PERMIT
        case PermanentResidentCard():
            return IdentitySource.PERMANENT_RESIDENT_CARD
        case SocialSecurityCard():
            return IdentitySource.SOCIAL_SECURITY_CARD
        case CodeHolder():
            return IdentitySource.SUISHEN_CODE
        case FaceAdvice():
            return IdentitySource.FACE_LOCAL


def with_identity(affair: Affair, identity: Identity) -> tuple[Identity, ...]:
    """The affair's identities with this one; the newest of a source replaces the older."""
    return (*(each for each in affair.identities if each.source is not identity.source), identity)


def first_form(item: Item) -> dict[str, str]:
    """The form before anybody filled in anything."""
    return {field.field_id: field.default for field in item.fields}


def filled(item: Item, form: dict[str, str], record: IdentityRecord) -> dict[str, str]:
    """The form with its empty fields filled from the record; what somebody wrote stays."""
    return {
        field.field_id: (form.get(field.field_id, "").strip() and form[field.field_id]) or _from_record(field, record)
        for field in item.fields
    }


def _from_record(field: FormField, record: IdentityRecord) -> str:
    value = getattr(record, field.fill_from, None) if field.fill_from else None
    if field.fill_from == "name" and isinstance(record, PermanentResidentCard):
        value = record.name or record.name_en  # few foreigners have a Chinese name
    if field.fill_from == "address" and isinstance(record, IdCard | ResidencePermit):
        value = record.added_address or record.address
    if value is None:
        return ""
    text = str(value)
    if field.kind is FieldKind.CHOICE and text not in [choice.value for choice in field.choices]:
        return ""
    return text
