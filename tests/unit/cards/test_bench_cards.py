"""The invented cards of the bench."""

import msgspec

from booth.devices.card.bench_cards import BENCH_CARDS
from protocol.fields import Id
from protocol.messages import DeviceKind
from protocol.records import Card, IdCard, SocialSecurityCard, is_valid_number


def test_every_id_is_there_once_and_may_cross_the_wire() -> None:
    ids = [bench.card_id for bench in BENCH_CARDS]
    assert len(set(ids)) == len(ids)
    msgspec.convert(ids, list[Id])


def test_cards_lie_on_the_reader_that_reads_them_and_may_cross_the_wire() -> None:
    readers = {IdCard: DeviceKind.ID_CARD_READER, SocialSecurityCard: DeviceKind.SOCIAL_SECURITY_CARD_READER}
    for bench in BENCH_CARDS:
        if bench.card is not None:
            assert bench.kind is readers[type(bench.card)]
            assert msgspec.json.decode(msgspec.json.encode(bench.card), type=Card) == bench.card


def test_numbers_say_of_themselves_whether_their_check_character_holds() -> None:
    cards = [bench.card for bench in BENCH_CARDS if bench.card is not None]
    assert all(card.number_valid == is_valid_number(card.number or "") for card in cards)
    assert [card.number for card in cards if not card.number_valid and card.number] == ["319999196802140225"]


def test_no_number_can_be_somebodys() -> None:
    cards = [bench.card for bench in BENCH_CARDS if bench.card is not None and bench.card.number]
    assert all(card.number is not None and card.number.startswith("319999") for card in cards)


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
