"""What a card says about the resident, and which fields of the form it fills."""

from center.core.affair import Affair, Identity
from center.core.item import Item
from protocol.counter import FieldKind, FormField, IdentitySource
from protocol.records import Card, IdCard, PermanentResidentCard, ResidencePermit, SocialSecurityCard


def identity_of(card: Card, now_ms: int) -> Identity:
    match card:
        case IdCard():
            return Identity(IdentitySource.ID_CARD, now_ms, card)
        case ResidencePermit():
            return Identity(IdentitySource.RESIDENCE_PERMIT, now_ms, card)
        case PermanentResidentCard():
            return Identity(IdentitySource.PERMANENT_RESIDENT_CARD, now_ms, card)
        case SocialSecurityCard():
            return Identity(IdentitySource.SOCIAL_SECURITY_CARD, now_ms, card)


def with_identity(affair: Affair, identity: Identity) -> tuple[Identity, ...]:
    """The affair's identities with this one; the newest of a source replaces the older."""
    return (*(each for each in affair.identities if each.source is not identity.source), identity)


def first_form(item: Item) -> dict[str, str]:
    """The form before anybody filled in anything."""
    return {field.field_id: field.default for field in item.fields}


def filled(item: Item, form: dict[str, str], card: Card) -> dict[str, str]:
    """The form with its empty fields filled from the card; what somebody wrote stays."""
    return {
        field.field_id: (form.get(field.field_id, "").strip() and form[field.field_id]) or _from_card(field, card)
        for field in item.fields
    }


def _from_card(field: FormField, card: Card) -> str:
    value = getattr(card, field.fill_from, None) if field.fill_from else None
    if field.fill_from == "name" and isinstance(card, PermanentResidentCard):
        value = card.name or card.name_en  # few foreigners have a Chinese name
    if field.fill_from == "address" and isinstance(card, IdCard | ResidencePermit):
        value = card.added_address or card.address
    if value is None:
        return ""
    text = str(value)
    if field.kind is FieldKind.CHOICE and text not in [choice.value for choice in field.choices]:
        return ""
    return text
