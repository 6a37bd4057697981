"""Reading a social security card, command by command, without a reader."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.devices.card import ssc
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.records import Sex, SocialSecurityCard
from rigs.virtual_card import VirtualCard


def card(version: str = "2.00", name: str = "林晓梅") -> SocialSecurityCard:
    return SocialSecurityCard(
        version=version,
        card_number="X00000019",
        name=name,
        number="319999195803120028",
        number_valid=True,
        sex=Sex.FEMALE,
        birth_date="1958-03-12",
        issued="2015-06-01",
        expires="2035-05-31",
    )


def read(virtual: VirtualCard) -> SocialSecurityCard:
    reading = ssc.read_card()
    command = next(reading)
    try:
        while True:
            command = reading.send(virtual.answer(command))
    except StopIteration as end:
        assert isinstance(end.value, SocialSecurityCard)
        return end.value


def refusal(virtual: VirtualCard) -> ErrorCode:
    with pytest.raises(DeviceError) as refused:
        read(virtual)
    return refused.value.code


@pytest.mark.parametrize("version", ["1.00", "2.00", "3.00"])
def test_every_version_is_read_by_tag_wherever_its_records_stand(version: str) -> None:
    assert read(VirtualCard.of(card(version))) == card(version)


def test_the_application_is_selected_by_its_name_as_the_standard_writes_it() -> None:
    assert next(ssc.read_card()) == bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF")


def test_a_long_name_goes_on_in_its_extension() -> None:
    name = "阿依古丽·司马义·买买提·吐尔逊江"
    assert read(VirtualCard.of(card(name=name))).name == name


def test_a_rare_character_is_kept() -> None:
    assert read(VirtualCard.of(card(name="赵𠮷安"))).name == "赵𠮷安"


def test_a_third_generation_card_that_locks_its_holder_asks_for_a_psam() -> None:
    locked = VirtualCard.of(card("3.00"))
    locked.locked = frozenset({ssc.CARD_NUMBER, ssc.NUMBER, ssc.NAME})
    record = read(locked)
    assert record.psam_required
    assert (record.name, record.number, record.number_valid, record.card_number) == (None, None, False, "")
    assert (record.issued, record.expires) == ("2015-06-01", "2035-05-31")


def test_what_a_locked_card_does_tell_stands_beside_the_psam() -> None:
    locked = VirtualCard.of(card("3.00"))
    locked.locked = frozenset({ssc.NUMBER})
    record = read(locked)
    assert record.psam_required
    assert (record.name, record.number, record.birth_date) == ("林晓梅", None, "1958-03-12")


def test_an_older_card_that_locks_its_holder_is_unsupported() -> None:
    locked = VirtualCard.of(card("2.00"))
    locked.locked = frozenset({ssc.NUMBER})
    assert refusal(locked) is ErrorCode.CARD_UNSUPPORTED


def test_a_card_without_the_application_is_unsupported() -> None:
    assert refusal(VirtualCard({}, application=b"another")) is ErrorCode.CARD_UNSUPPORTED


def test_a_version_that_is_not_known_is_unsupported() -> None:
    assert refusal(VirtualCard.of(card("4.00"))) is ErrorCode.CARD_UNSUPPORTED


def test_records_of_a_wrong_length_are_a_damaged_card() -> None:
    assert refusal(VirtualCard.of(card(), damaged=True)) is ErrorCode.CARD_DAMAGED


@pytest.mark.parametrize("missing", [ssc.EF_CARD, ssc.EF_HOLDER])
def test_a_missing_file_is_a_damaged_card(missing: int) -> None:
    virtual = VirtualCard.of(card())
    del virtual.files[missing]
    assert refusal(virtual) is ErrorCode.CARD_DAMAGED


def test_a_record_under_another_tag_is_not_taken_for_the_one_that_was_asked() -> None:
    reading = ssc.read_card()
    next(reading)
    reading.send(b"\x90\x00")
    reading.send(b"\x90\x00")
    with pytest.raises(DeviceError) as refused:
        reading.send(b"\x04\x042.00\x90\x00")
    assert refused.value.code is ErrorCode.CARD_DAMAGED


def version_answers(answers: list[bytes]) -> list[bytes]:
    """The commands that follow when the record with the version is answered like this."""
    reading = ssc.read_card()
    next(reading)
    reading.send(b"\x90\x00")
    commands = [reading.send(b"\x90\x00")]
    commands += [reading.send(answer) for answer in answers]
    return commands


def test_a_wrong_length_is_asked_again_with_the_right_one() -> None:
    asked, again, following = version_answers([b"\x6c\x06", b"\x03\x042.00\x90\x00"])
    assert asked == bytes.fromhex("00B2030000")
    assert again == bytes.fromhex("00B2030006")
    assert following[:3] == bytes.fromhex("00B205")


def test_the_rest_of_an_answer_is_fetched() -> None:
    _, rest, following = version_answers([b"\x03\x042\x61\x03", b".00\x90\x00"])
    assert rest == bytes.fromhex("00C0000003")
    assert following[:3] == bytes.fromhex("00B205")


def test_a_card_that_never_ends_its_answer_is_damaged() -> None:
    with pytest.raises(DeviceError) as refused:
        version_answers([b"\x61\x10"] * 20)
    assert refused.value.code is ErrorCode.CARD_DAMAGED


words = st.sampled_from(["9000", "6110", "6C06", "6982", "6983", "6A82", "6A83", "6986"]).map(bytes.fromhex)
answers = st.binary(max_size=40) | st.tuples(st.binary(max_size=40), words).map(b"".join)


@given(st.lists(answers, min_size=1, max_size=30))
def test_no_answers_give_anything_but_a_record_that_may_cross_the_wire_or_a_device_error(given: list[bytes]) -> None:
    check(given * 10)


@given(
    st.dictionaries(st.integers(0, 12), st.binary(max_size=60), max_size=3), st.sampled_from(["1.00", "2.00", "3.00"])
)
def test_a_card_with_a_few_wrong_answers_gives_a_record_or_a_device_error(
    wrong: dict[int, bytes], version: str
) -> None:
    virtual, reading = VirtualCard.of(card(version)), ssc.read_card()
    command, number = next(reading), 0
    try:
        while True:
            answer = virtual.answer(command)
            command = reading.send(wrong.get(number, answer))
            number += 1
    except StopIteration as end:
        assert_crosses_the_wire(end.value)
    except DeviceError as error:
        assert error.code in (ErrorCode.CARD_DAMAGED, ErrorCode.CARD_UNSUPPORTED)


@given(st.data())
def test_any_values_in_well_formed_records_give_a_record_or_a_device_error(data: st.DataObject) -> None:
    virtual = VirtualCard.of(card("2.00"))
    for records in virtual.files.values():
        for place, record in enumerate(records):
            if record[0] != ssc.VERSION and data.draw(st.booleans()):
                value = data.draw(st.binary(max_size=200))
                records[place] = bytes([record[0], len(value)]) + value
    try:
        assert_crosses_the_wire(read(virtual))
    except DeviceError as error:
        assert error.code in (ErrorCode.CARD_DAMAGED, ErrorCode.CARD_UNSUPPORTED)


def check(given: list[bytes]) -> None:
    reading = ssc.read_card()
    next(reading)
    try:
        for answer in given:
            reading.send(answer)
    except StopIteration as end:
        assert_crosses_the_wire(end.value)
    except DeviceError as error:
        assert error.code in (ErrorCode.CARD_DAMAGED, ErrorCode.CARD_UNSUPPORTED)


def assert_crosses_the_wire(record: SocialSecurityCard) -> None:
    assert msgspec.json.decode(msgspec.json.encode(record), type=SocialSecurityCard) == record


def test_a_select_that_is_told_another_length_keeps_its_data() -> None:
    reading = ssc.read_card()
    select = next(reading)
    assert reading.send(b"\x6c\x10") == select + b"\x10"
    assert reading.send(b"\x6c\x20") == select + b"\x20"
