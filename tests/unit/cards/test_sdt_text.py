"""The text of a resident ID card: a record or a `DeviceError`, and the record that the card holds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.sdt_text import ETHNICITIES, iso_date, parse_text
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.records import IdCard, Sex
from tests.support.sdt_module import text_of
from tests.unit.cards.strategies import id_cards

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


def field(text: bytes, at: int, value: str) -> bytes:
    raw = value.encode("utf-16-le")
    return text[:at] + raw + text[at + len(raw) :]


@given(id_cards())
def test_every_record_that_fits_a_card_is_read_back_as_it_is(card: IdCard) -> None:
    assert parse_text(text_of(card)) == card


@given(st.binary(min_size=256, max_size=256) | st.binary(max_size=300))
def test_no_bytes_give_anything_but_a_record_that_may_cross_the_wire_or_a_device_error(text: bytes) -> None:
    check(text)


@given(id_cards(), st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=4))
def test_a_card_with_wrong_bytes_gives_a_record_or_a_device_error(card: IdCard, wrong: list[tuple[int, int]]) -> None:
    text = bytearray(text_of(card))
    for at, value in wrong:
        text[at] = value
    check(bytes(text))


def check(text: bytes) -> None:
    try:
        card = parse_text(text)
    except DeviceError as error:
        assert error.code in (ErrorCode.CARD_DAMAGED, ErrorCode.CARD_UNSUPPORTED)
    else:
        assert msgspec.json.decode(msgspec.json.encode(card), type=IdCard) == card


@pytest.mark.parametrize("bench", [bench for bench in BENCH_CARDS if isinstance(bench.card, IdCard)], ids=repr)
def test_the_cards_of_the_bench_are_what_a_real_card_could_hold(bench: object) -> None:
    card = bench.card  # type: ignore[attr-defined]  # a BenchCardRecord
    assert parse_text(text_of(card)) == card


def test_a_residence_permit_is_read_like_a_resident_card() -> None:
    permit = msgspec.structs.replace(PERSON, ethnicity="")
    assert parse_text(text_of(permit, "J")) == permit


@pytest.mark.parametrize("kind", ["I", "Y"])
def test_a_foreigners_card_is_unsupported_rather_than_damaged(kind: str) -> None:
    with pytest.raises(DeviceError) as refused:
        parse_text(text_of(PERSON, kind))
    assert refused.value.code is ErrorCode.CARD_UNSUPPORTED


def test_spaces_inside_and_before_a_field_are_kept() -> None:
    assert parse_text(field(text_of(PERSON), 52, " 一 二  三")).address.startswith(" 一 二  三")


def test_zeros_pad_a_field_as_well_as_spaces() -> None:
    text = text_of(PERSON)
    assert parse_text(text[:158] + "虚构局".encode("utf-16-le").ljust(30, b"\0") + text[188:]).issuer == "虚构局"


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
    assert parse_text(field(text_of(PERSON), 32, code)).ethnicity == name


def test_all_58_codes_of_ethnicities_have_a_name_of_their_own() -> None:
    assert sorted(ETHNICITIES) == [f"{code:02}" for code in (*range(1, 57), 97, 98)]
    assert len(set(ETHNICITIES.values())) == 58


def test_an_unknown_ethnicity_keeps_its_code() -> None:
    assert parse_text(field(text_of(PERSON), 32, "77")).ethnicity == "77"


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
