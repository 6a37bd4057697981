"""The invented cards of the bench."""

from typing import get_args

import msgspec

from booth.devices.card.bench_cards import BENCH_CARDS
from protocol.devices import DeviceKind
from protocol.fields import Id
from protocol.records import (
    Card,
    IdCard,
    PermanentResidentCard,
    PermanentResidentCardVersion,
    ResidencePermit,
    SocialSecurityCard,
    is_valid_foreign_number,
    is_valid_number,
    is_valid_permit_number,
)


def test_every_id_is_there_once_and_may_cross_the_wire() -> None:
    ids = [bench.card_id for bench in BENCH_CARDS]
    assert len(set(ids)) == len(ids)
    msgspec.convert(ids, list[Id])


def test_cards_lie_on_the_reader_that_reads_them_and_may_cross_the_wire() -> None:
    for bench in BENCH_CARDS:
        if bench.card is not None:
            is_social = isinstance(bench.card, SocialSecurityCard)
            assert (bench.kind is DeviceKind.SOCIAL_SECURITY_CARD_READER) == is_social
            assert msgspec.json.decode(msgspec.json.encode(bench.card), type=Card) == bench.card


def valid(card: Card) -> bool:
    match card:
        case ResidencePermit():
            return is_valid_permit_number(card.number)
        case PermanentResidentCard():
            return is_valid_foreign_number(card.number, card.birth_date)
        case IdCard() | SocialSecurityCard():
            return is_valid_number(card.number or "")


def test_numbers_say_of_themselves_whether_their_check_character_holds() -> None:
    cards = [bench.card for bench in BENCH_CARDS if bench.card is not None]
    assert all(card.number_valid == valid(card) for card in cards)
    assert [card.number for card in cards if not card.number_valid and card.number] == ["319999196802140225"]


def test_no_number_can_be_somebodys() -> None:
    for card in [bench.card for bench in BENCH_CARDS if bench.card is not None and bench.card.number]:
        if isinstance(card, ResidencePermit):
            assert card.number[14:17] == "000"
        elif isinstance(card, PermanentResidentCard):
            assert card.nationality == "UTO"
        else:
            assert card.number is not None
            assert card.number.startswith("319999")


def test_there_is_a_card_of_every_kind() -> None:
    there = {type(bench.card) for bench in BENCH_CARDS if bench.card is not None}
    assert there == set(get_args(Card))
    versions = {bench.card.version for bench in BENCH_CARDS if isinstance(bench.card, PermanentResidentCard)}
    assert versions == set(PermanentResidentCardVersion)


def test_numbers_sexes_and_birthdays_agree() -> None:
    for card in [bench.card for bench in BENCH_CARDS if isinstance(bench.card, IdCard)]:
        assert card.number[6:14] == (card.birth_date or "").replace("-", "")
        assert card.sex == ("male" if int(card.number[16]) % 2 else "female")


def test_there_is_a_card_for_everything_that_a_demonstration_shows() -> None:
    id_cards = [bench.card for bench in BENCH_CARDS if bench.kind is DeviceKind.ID_CARD_READER]
    social = [bench.card for bench in BENCH_CARDS if isinstance(bench.card, SocialSecurityCard)]
    assert sum(isinstance(card, IdCard) and card.number_valid for card in id_cards) >= 4
    assert None in id_cards
    assert any(
        isinstance(card, IdCard) and any(ord(character) > 0x1FFFF for character in card.name) for card in id_cards
    )
    assert {card.psam_required for card in social} == {True, False}


def test_a_bench_card_does_not_show_whose_it_is() -> None:
    assert "林" not in "".join(repr(bench) for bench in BENCH_CARDS)
