"""From lines of text to what a clerk is offered."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.reading import Attribute, Doubt, PageKind
from reading.dates import date_in, term_in
from reading.fields import find_fields, unseen
from reading.judging import judge
from reading.kinds import kind_of
from reading.lines import Written
from reading.numbers import Reread
from tests.unit.reading.lines import written

TODAY = date(2026, 11, 25)
NUMBER = "319999195803120028"

CARD = [
    written("姓名林晓梅", 50, 60),
    written("性别女民族汉", 50, 150),
    written("出生1958年3月12日", 50, 240),
    written("住址", 50, 320),
    written("上海市虚构区桂雨路18弄", 170, 320),
    written("6号402室", 170, 370),
    written("公民身份号码", 50, 540, 30),
    written(NUMBER, 340, 535),
]
REGISTER = [
    written("常住人口登记卡", 400, 60),
    written("姓名", 100, 170),
    written("林晓梅", 300, 170),
    written("户主或关系", 700, 170),
    written("户主", 930, 170),
    written("曾用名", 100, 260),
    written("性别", 700, 260),
    written("女", 930, 260),
    written("出生日期", 700, 430),
    written("1958年3月12日", 930, 430),
    written("公民身份证件编号", 100, 520, 30),
    written(NUMBER, 420, 515),
]


def values(kind: PageKind, lines: list[Written], again: int = 1) -> dict[Attribute, str]:
    found = find_fields(kind, lines)
    readings = {Attribute.NUMBER: [Reread(NUMBER, 1.0)] * again}
    return {attribute: value for attribute, value, _, _ in judge(kind, found, readings, TODAY, str)}


def test_an_id_card_gives_its_six_fields() -> None:
    assert kind_of(CARD, 640) is PageKind.ID_CARD_FRONT
    assert values(PageKind.ID_CARD_FRONT, CARD) == {
        Attribute.NAME: "林晓梅",
        Attribute.SEX: "female",
        Attribute.ETHNICITY: "汉",
        Attribute.BIRTH_DATE: "1958-03-12",
        Attribute.ADDRESS: "上海市虚构区桂雨路18弄6号402室",
        Attribute.NUMBER: NUMBER,
    }
    found = find_fields(PageKind.ID_CARD_FRONT, CARD)
    judged = judge(PageKind.ID_CARD_FRONT, found, {Attribute.NUMBER: [Reread(NUMBER, 1.0)]}, TODAY, str)
    assert all(doubts == [] for *_, doubts in judged)


def test_a_value_stands_where_its_characters_stand_without_the_label() -> None:
    (name,) = (each for each in find_fields(PageKind.ID_CARD_FRONT, CARD) if each.attribute is Attribute.NAME)
    assert (name.span.left, name.span.right) == (50 + 2 * 40, 50 + 5 * 40)


def test_a_register_is_read_cell_by_cell_and_an_empty_cell_takes_no_label_for_its_value() -> None:
    assert kind_of(REGISTER, 1000) is PageKind.HOUSEHOLD_REGISTER
    assert values(PageKind.HOUSEHOLD_REGISTER, REGISTER) == {
        Attribute.NAME: "林晓梅",
        Attribute.RELATION: "户主",
        Attribute.SEX: "female",
        Attribute.BIRTH_DATE: "1958-03-12",
        Attribute.NUMBER: NUMBER,
    }
    empty = [line for line in REGISTER if line.text != "女"]
    assert Attribute.SEX not in values(PageKind.HOUSEHOLD_REGISTER, empty)


def test_a_single_character_that_was_overlooked_is_looked_for_beside_its_label() -> None:
    lines = [written("性别", 50, 150), written("民族汉", 290, 150), written("公民身份号码", 50, 540)]
    found = find_fields(PageKind.ID_CARD_FRONT, lines)
    (where,) = unseen(PageKind.ID_CARD_FRONT, lines, found).values()
    assert 130 <= where.left < where.right <= 290
    assert unseen(PageKind.ID_CARD_FRONT, CARD, find_fields(PageKind.ID_CARD_FRONT, CARD)) == {}


def test_a_date_without_its_label_is_found_and_one_in_pieces_is_looked_for() -> None:
    bare = [*CARD[:2], written("1958年3月12日", 170, 240), *CARD[3:]]
    assert values(PageKind.ID_CARD_FRONT, bare)[Attribute.BIRTH_DATE] == "1958-03-12"
    torn = [*CARD[:2], written("出生", 50, 240), written("1958年3月", 170, 240), *CARD[3:]]
    (where,) = unseen(PageKind.ID_CARD_FRONT, torn, find_fields(PageKind.ID_CARD_FRONT, torn)).values()
    assert where.left < 170 and where.right > 170 + 7 * 40


def test_a_date_that_the_number_contradicts_is_as_doubtful_as_the_number() -> None:
    lines = [*CARD[:2], written("出生1958年3月1日", 50, 240), *CARD[3:]]
    found = find_fields(PageKind.ID_CARD_FRONT, lines)
    judged = judge(PageKind.ID_CARD_FRONT, found, {Attribute.NUMBER: [Reread(NUMBER, 1.0)] * 2}, TODAY, str)
    doubts = {attribute: why for attribute, _, _, why in judged}
    assert doubts[Attribute.NUMBER] == doubts[Attribute.BIRTH_DATE] == [Doubt.BIRTH_DATE_DIFFERS]


def test_a_label_half_misread_still_has_its_value() -> None:
    lines = [written("姓各林晓梅", 50, 60), *CARD[1:]]
    assert values(PageKind.ID_CARD_FRONT, lines)[Attribute.NAME] == "林晓梅"
    nameless = [*CARD[:6], written(NUMBER, 340, 535)]
    assert values(PageKind.ID_CARD_FRONT, nameless)[Attribute.NUMBER] == NUMBER


def test_the_other_side_says_who_issued_it_and_for_how_long() -> None:
    lines = [
        written("中华人民共和国", 300, 80),
        written("居民身份证", 300, 180),
        written("签发机关上海市公安局虚构分局", 100, 440),
        written("有效期限2019.04.08-2039.04.08", 100, 520),
    ]
    assert kind_of(lines, 640) is PageKind.ID_CARD_BACK
    assert values(PageKind.ID_CARD_BACK, lines) == {
        Attribute.ISSUER: "上海市公安局虚构分局",
        Attribute.VALID_FROM: "2019-04-08",
        Attribute.VALID_UNTIL: "2039-04-08",
    }


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("门急诊就医记录册申领（更换）申请表", PageKind.FORM),
        ("门急诊就医记录册", PageKind.MEDICAL_BOOKLET),
        ("中华人民共和国社会保障卡", PageKind.SOCIAL_SECURITY_CARD),
        ("居民户口簿", PageKind.HOUSEHOLD_REGISTER),
        ("常往人口登记卡", PageKind.HOUSEHOLD_REGISTER),
        ("会议纪要", PageKind.OTHER),
    ],
)
def test_a_kind_is_told_by_its_own_words(title: str, kind: PageKind) -> None:
    assert kind_of([written(title, 300, 100)], 3508) is kind


def test_what_is_not_as_it_should_be_is_doubtful() -> None:
    lines = [
        written("姓名林3梅", 50, 60),
        written("性别女", 50, 150, chance=0.4),
        written("出生2158年3月12日", 50, 240),
        written("民族漠", 300, 150),
    ]
    found = find_fields(PageKind.ID_CARD_FRONT, lines)
    again = {Attribute.NAME: [Reread("林8梅", 1.0)]}
    doubts = {attribute: why for attribute, _, _, why in judge(PageKind.ID_CARD_FRONT, found, again, TODAY, str)}
    assert doubts == {
        Attribute.NAME: [Doubt.READINGS_DIFFER, Doubt.IMPLAUSIBLE],
        Attribute.SEX: [Doubt.FAINT],
        Attribute.BIRTH_DATE: [Doubt.IMPLAUSIBLE],
        Attribute.ETHNICITY: [Doubt.IMPLAUSIBLE],
    }


def test_dates_are_those_of_the_calendar() -> None:
    assert date_in("出生1958年3月12日") == date(1958, 3, 12)
    assert date_in("19580312") == date(1958, 3, 12)
    assert date_in("1958年2月30日") is None and date_in("一九五八年") is None
    assert term_in("2010.05.04-长期") == (date(2010, 5, 4), None, True)


lines_of_text = st.lists(
    st.builds(
        written,
        st.text(st.sampled_from("姓名性别民族出生住址公身份号码女男汉1958年月日X:：路室签发机关有效期限"), max_size=14),
        st.floats(0, 2000),
        st.floats(0, 2000),
        st.floats(8, 90),
    ),
    max_size=12,
)


@given(lines_of_text, st.sampled_from(PageKind))
def test_whatever_is_read_is_judged(lines: list[Written], kind: PageKind) -> None:
    kind_of(lines, 1000)
    for attribute, value, span, _ in judge(kind, find_fields(kind, lines), {}, TODAY, str):
        assert value and attribute in Attribute and span.left <= span.right


def test_a_character_in_two_boxes_is_read_once() -> None:
    lines = [written("姓名", 50, 60), written("名杨平", 100, 62), written("性别女", 50, 150)]
    assert values(PageKind.ID_CARD_FRONT, lines)[Attribute.NAME] == "杨平"
    apart = [written("姓名", 50, 60), written("名杨平", 140, 62), written("性别女", 50, 150)]
    assert values(PageKind.ID_CARD_FRONT, apart)[Attribute.NAME] == "名杨平"


SIMPLE = {"靜": "静", "昇": "升", "麴": "曲", "贇": "赟", "頔": "𬱖"}


@pytest.mark.parametrize(
    "readings, name",
    [
        (("林靜梅", "林靜梅", "林静梅"), "林静梅"),
        (("林靜梅", "林靜梅", "林靜梅"), "林静梅"),
        (("林昇梅", "林昇梅", "林昇梅"), "林昇梅"),
        (("麴贇頔", "麴贇頔", "麴贇頔"), "麴贇頔"),
        (("林劼梅", "林劼梅", "林劫梅"), "林劼梅"),
        (("阿依·古丽", "阿依・古丽", "阿依•古丽"), "阿依·古丽"),
    ],
)
def test_a_simple_form_is_offered_for_an_old_one_and_is_doubtful_unless_it_was_read(
    readings: tuple[str, str, str], name: str
) -> None:
    found = find_fields(PageKind.ID_CARD_FRONT, [written("姓名" + readings[0], 50, 60)])
    again = {Attribute.NAME: [Reread(reading, 0.9) for reading in readings[1:]]}
    judged = judge(PageKind.ID_CARD_FRONT, found, again, TODAY, lambda letter: SIMPLE.get(letter, letter))
    (value, doubts), *_ = [(value, doubts) for attribute, value, _, doubts in judged if attribute is Attribute.NAME]
    assert value == name
    assert (Doubt.READINGS_DIFFER in doubts) == any(set(one) - set("・•·") != set(name) - {"·"} for one in readings)
