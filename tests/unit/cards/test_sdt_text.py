"""The text of a resident ID card: a record or a `DeviceError`, and the record that the card holds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.devices.card.bench_cards import BENCH_CARDS, BenchCardRecord
from booth.devices.card.sdt_text import ETHNICITIES, ResidentCard, iso_date, parse_added_address, parse_text
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.records import (
    Card,
    IdCard,
    PermanentResidentCard,
    ResidencePermit,
    Sex,
)
from rigs.resident_text import added_address_of, padded, text_of
from tests.unit.cards.strategies import resident_cards, texts

PERSON = IdCard(
    name="赵𠮷安",
    sex=Sex.MALE,
    ethnicity="汉",
    birth_date="1983-04-30",
    address="上海市虚构区听潮路 77 号",
    number="319999198304300132",
    number_valid=True,
    issuer="上海市公安局虚构分局",
    valid_from="2015-02-09",
    valid_until="2035-02-09",
)


PERMIT = next(bench.card for bench in BENCH_CARDS if isinstance(bench.card, ResidencePermit))
OF_2017, OF_2023 = (bench.card for bench in BENCH_CARDS if isinstance(bench.card, PermanentResidentCard))


def field(text: bytes, at: int, value: str) -> bytes:
    raw = value.encode("utf-16-le")
    return text[:at] + raw + text[at + len(raw) :]


def id_card(text: bytes) -> IdCard:
    card = parse_text(text)
    assert isinstance(card, IdCard)
    return card


@given(resident_cards())
def test_every_record_that_fits_a_card_is_read_back_as_it_is(card: ResidentCard) -> None:
    assert parse_text(text_of(card)) == card


@given(st.binary(min_size=256, max_size=256) | st.binary(max_size=300))
def test_no_bytes_give_anything_but_a_record_that_may_cross_the_wire_or_a_device_error(text: bytes) -> None:
    check(text)


@given(resident_cards(), st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=4))
def test_a_card_with_wrong_bytes_gives_a_record_or_a_device_error(
    card: ResidentCard, wrong: list[tuple[int, int]]
) -> None:
    text = bytearray(text_of(card))
    for at, value in wrong:
        text[at] = value
    check(bytes(text))


def check(text: bytes) -> None:
    try:
        card = parse_text(text)
    except DeviceError as error:
        assert error.code is ErrorCode.CARD_DAMAGED
    else:
        assert msgspec.json.decode(msgspec.json.encode(card), type=Card) == card


@pytest.mark.parametrize("bench", [bench for bench in BENCH_CARDS if isinstance(bench.card, ResidentCard)], ids=repr)
def test_the_cards_of_the_bench_are_what_a_real_card_could_hold(bench: BenchCardRecord) -> None:
    card = bench.card
    assert isinstance(card, ResidentCard)
    address = added_address_of(card)
    if address is not None:
        assert parse_added_address(address) == getattr(card, "added_address", None)
        card = msgspec.structs.replace(card, added_address="")
    assert parse_text(text_of(card)) == card


def test_a_permit_tells_its_pass_number_and_how_often_it_was_issued() -> None:
    permit = parse_text(text_of(PERMIT))
    assert isinstance(permit, ResidencePermit)
    assert (permit.pass_number, permit.issues) == ("H00000000", "01")
    assert permit.number_valid


def test_a_permit_whose_number_does_not_begin_as_one_is_marked() -> None:
    permit = parse_text(text_of(msgspec.structs.replace(PERMIT, number=PERSON.number)))
    assert not permit.number_valid


def test_a_foreigners_card_of_2017_is_read_by_its_own_layout() -> None:
    card = parse_text(text_of(OF_2017))
    assert card == OF_2017
    assert card.number_valid


def test_an_english_name_in_two_pieces_is_put_together() -> None:
    card = parse_text(text_of(OF_2023))
    assert isinstance(card, PermanentResidentCard)
    assert card.name_en == "MONTGOMERY-FEATHERSTONE, MAXIMILIAN A."
    assert len(card.name_en) > 35


def test_a_space_at_the_seam_of_an_english_name_is_kept() -> None:
    name = "A" * 34 + " " + "BCD"
    card = parse_text(text_of(msgspec.structs.replace(OF_2023, name_en=name)))
    assert isinstance(card, PermanentResidentCard)
    assert card.name_en == name


@pytest.mark.parametrize("card", [OF_2017, OF_2023], ids=["2017", "2023"])
def test_a_foreigners_number_with_a_wrong_check_digit_or_birthday_is_marked(card: PermanentResidentCard) -> None:
    wrong = card.number[:-1] + str((int(card.number[-1], 36) + 1) % 10)
    assert not parse_text(text_of(msgspec.structs.replace(card, number=wrong))).number_valid
    assert not parse_text(text_of(msgspec.structs.replace(card, birth_date="1999-09-09"))).number_valid


@pytest.mark.parametrize(("card", "at"), [(OF_2017, 152), (OF_2023, 242)], ids=["2017", "2023"])
def test_a_nationality_that_is_no_alpha_3_is_a_damaged_card(card: PermanentResidentCard, at: int) -> None:
    with pytest.raises(DeviceError) as refused:
        parse_text(field(text_of(card), at, "u1 "))
    assert refused.value.code is ErrorCode.CARD_DAMAGED


@given(texts(70, least=1))
def test_an_added_address_is_read_back_as_it_is(address: str) -> None:
    assert parse_added_address(padded(address, 70)) == address


@given(st.binary(max_size=80) | st.binary(min_size=70, max_size=70))
def test_no_bytes_give_anything_but_an_added_address_or_a_device_error(data: bytes) -> None:
    try:
        address = parse_added_address(data)
    except DeviceError as error:
        assert error.code is ErrorCode.CARD_DAMAGED
    else:
        assert len(address) <= 35


def test_spaces_inside_and_before_a_field_are_kept() -> None:
    assert id_card(field(text_of(PERSON), 52, " 一 二  三")).address.startswith(" 一 二  三")


def test_zeros_pad_a_field_as_well_as_spaces() -> None:
    text = text_of(PERSON)
    assert id_card(text[:158] + "虚构局".encode("utf-16-le").ljust(30, b"\0") + text[188:]).issuer == "虚构局"


def test_a_wrong_check_character_is_shown_and_marked() -> None:
    card = parse_text(field(text_of(PERSON), 122, "319999198304300133"))
    assert card.number == "319999198304300133"
    assert not card.number_valid


def test_a_card_that_is_valid_for_good_has_no_last_day() -> None:
    card = parse_text(field(text_of(PERSON), 204, "长期      "))
    assert card.long_term
    assert card.valid_until is None


@pytest.mark.parametrize(
    ("code", "name"), [("01", "汉"), ("05", "维吾尔"), ("29", "柯尔克孜"), ("30", "土"), ("56", "基诺")]
)
def test_ethnicities_are_named_as_in_the_standard(code: str, name: str) -> None:
    assert id_card(field(text_of(PERSON), 32, code)).ethnicity == name


def test_all_58_codes_of_ethnicities_have_a_name_of_their_own() -> None:
    assert sorted(ETHNICITIES) == [f"{code:02}" for code in (*range(1, 57), 97, 98)]
    assert len(set(ETHNICITIES.values())) == 58


def test_an_unknown_ethnicity_keeps_its_code() -> None:
    assert id_card(field(text_of(PERSON), 32, "77")).ethnicity == "77"


@pytest.mark.parametrize(("code", "sex"), [("0", Sex.UNKNOWN), ("1", Sex.MALE), ("2", Sex.FEMALE), ("9", Sex.UNSTATED)])
def test_sexes_are_those_of_the_standard(code: str, sex: Sex) -> None:
    assert parse_text(field(text_of(PERSON), 30, code)).sex is sex


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, " " * 15), (0, "a\x07b"), (122, " " * 18), (122, "三" * 18), (30, "7")],
    ids=["no name", "a control character", "no number", "a number without digits", "no sex"],
)
def test_nonsense_is_a_damaged_card(at: int, value: str) -> None:
    with pytest.raises(DeviceError) as refused:
        parse_text(field(text_of(PERSON), at, value))
    assert refused.value.code is ErrorCode.CARD_DAMAGED


def test_an_error_does_not_say_what_the_card_said() -> None:
    with pytest.raises(DeviceError) as refused:
        parse_text(field(text_of(PERSON), 30, "7"))
    assert "赵" not in str(refused.value)
    assert PERSON.number not in str(refused.value)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("20240229", "2024-02-29"),
        ("20230229", None),
        ("00000000", None),
        ("2024", None),
        ("２０２４０１０１", None),
        ("", None),
    ],
)
def test_only_days_of_the_calendar_are_dates(digits: str, expected: str | None) -> None:
    assert iso_date(digits) == expected
