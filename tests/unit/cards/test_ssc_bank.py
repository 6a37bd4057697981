"""The bank's number of a social security card: read only when asked for, and never at the cost of the record."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.devices.card import ssc
from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.ssc_bank import APPLICATIONS, DEEPEST, MOST_RECORDS, PAN, read_bank_number, tlvs, value_of
from protocol.records import SocialSecurityCard
from rigs.virtual_card import VirtualCard

BENCH = next(bench for bench in BENCH_CARDS if bench.bank_number is not None)
NUMBER = str(BENCH.bank_number)


def card(number: str | None) -> VirtualCard:
    assert isinstance(BENCH.card, SocialSecurityCard)
    return VirtualCard.of(msgspec.structs.replace(BENCH.card, bank_number=number))


def read(virtual: VirtualCard, bank_number: bool) -> tuple[SocialSecurityCard, list[bytes]]:
    """The record, and the commands that it took."""
    reading, commands = ssc.read_card(bank_number), list[bytes]()
    command = next(reading)
    try:
        while True:
            commands.append(command)
            command = reading.send(virtual.answer(command))
    except StopIteration as end:
        assert isinstance(end.value, SocialSecurityCard)
        return end.value, commands


def number_of(answers: list[bytes]) -> str | None:
    """What a bank's application that answers so says; after the last answer it says that there is nothing."""
    reading, turn = read_bank_number(), iter(answers)
    next(reading)
    try:
        while True:
            reading.send(next(turn, b"\x6a\x83"))
    except StopIteration as end:
        assert end.value is None or isinstance(end.value, str)
        return end.value


def test_the_bank_is_not_even_asked_unless_it_is_wanted() -> None:
    record, commands = read(card(NUMBER), bank_number=False)
    assert record.bank_number is None
    assert not [command for command in commands if any(name in command for name in APPLICATIONS)]


@pytest.mark.parametrize("number", [NUMBER, NUMBER[:-1], NUMBER[:16]])
def test_the_number_is_read_when_it_is_wanted_and_the_record_is_the_same(number: str) -> None:
    record, _ = read(card(number), bank_number=True)
    assert record == msgspec.structs.replace(BENCH.card, bank_number=number)  # type: ignore[type-var]  # it is a card


def test_a_card_that_is_no_bank_card_is_read_without() -> None:
    record, _ = read(card(None), bank_number=True)
    assert record == BENCH.card


def test_a_number_on_the_track_is_taken_when_no_other_is_there() -> None:
    options = bytes.fromhex("80067C00080101009000")
    track = bytes.fromhex("700A5708" + NUMBER[:13] + "D25") + b"\x90\x00"
    selected = b"\x6f\x02\x84\x00\x90\x00"
    assert number_of([selected, options, track]) == NUMBER[:13]


def test_a_card_that_names_more_records_than_there_can_be_is_left_in_peace() -> None:
    reading, asked = read_bank_number(), 0
    command = next(reading)
    with pytest.raises(StopIteration):
        while True:
            asked += 1
            match command[1]:
                case 0xA4:
                    command = reading.send(b"\x6f\x02\x84\x00\x90\x00")
                case 0xA8:
                    command = reading.send(bytes.fromhex("800A7C000801FF001001FF009000"))
                case _:
                    command = reading.send(b"\x90\x00")
    assert asked == 2 + MOST_RECORDS


def test_a_number_of_letters_or_of_a_wrong_length_is_none() -> None:
    selected, options = b"\x6f\x02\x84\x00\x90\x00", bytes.fromhex("80067C00080101009000")
    for digits in ("ABCDEF0123456789", "62000031", "6200003199991958030062"):
        pan = bytes([PAN, len(digits) // 2]) + bytes.fromhex(digits)
        assert number_of([selected, options, bytes([0x70, len(pan)]) + pan + b"\x90\x00"]) is None


def test_templates_in_templates_come_to_an_end() -> None:
    data = b"\x5a\x01\x07"
    for _ in range(40):
        data = bytes([0x70, len(data)]) + data
    assert len(list(tlvs(data))) == DEEPEST + 1
    assert value_of(data, PAN) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_apart_without_an_end_to_it(data: bytes) -> None:
    found = list(tlvs(data))
    assert len(found) <= len(data) * (DEEPEST + 1)
    assert all(value in data for _, value in found)


@given(st.lists(st.binary(max_size=80), max_size=40))
def test_any_answers_give_a_number_or_none(answers: list[bytes]) -> None:
    number = number_of(answers)
    assert number is None or number.isdigit()
