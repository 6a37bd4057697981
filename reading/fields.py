"""Where the fields of a document stand: the value that belongs to each label. Pure.

A value follows its label in the same line, or is the next line to the right. What lies there may be another label, of
an empty cell's neighbour: then there is no value.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from protocol.reading import Attribute, PageKind
from reading.dates import date_in
from reading.kinds import find
from reading.lines import Span, Written, in_reading_order, right_of, same_row

Labels = Mapping[Attribute, tuple[str, ...]]

_ID_CARD_FRONT: Labels = {
    Attribute.NAME: ("姓名",),
    Attribute.SEX: ("性别",),
    Attribute.ETHNICITY: ("民族",),
    Attribute.BIRTH_DATE: ("出生",),
    Attribute.ADDRESS: ("住址",),
    Attribute.NUMBER: ("公民身份号码",),
}
_ID_CARD_BACK: Labels = {Attribute.ISSUER: ("签发机关",), Attribute.VALID_FROM: ("有效期限",)}
_HOUSEHOLD: Labels = {
    Attribute.NAME: ("姓名", "户主姓名"),
    Attribute.RELATION: ("户主或与户主关系", "户主或关系", "与户主关系"),
    Attribute.SEX: ("性别",),
    Attribute.ETHNICITY: ("民族",),
    Attribute.BIRTH_DATE: ("出生日期",),
    Attribute.NUMBER: ("公民身份证件编号", "公民身份号码", "公民身份证号码"),
    Attribute.ADDRESS: ("住址",),
}
_BOOKLET: Labels = {
    Attribute.NAME: ("姓名",),
    Attribute.SEX: ("性别",),
    Attribute.INSURANCE_NUMBER: ("医保卡号", "医保号"),
    Attribute.BOOKLET_NUMBER: ("册号",),
}
_SOCIAL_CARD: Labels = {
    Attribute.NAME: ("姓名",),
    Attribute.SEX: ("性别",),
    Attribute.NUMBER: ("社会保障号码", "公民身份号码", "社会保障号"),
    Attribute.CARD_NUMBER: ("社会保障卡卡号", "社保卡号", "卡号"),
}
_FORM: Labels = {
    Attribute.NAME: ("申请人姓名", "领取人姓名", "残疾人姓名", "姓名", "申请人"),
    Attribute.SEX: ("性别",),
    Attribute.ETHNICITY: ("民族",),
    Attribute.BIRTH_DATE: ("出生日期", "出生年月日"),
    Attribute.NUMBER: ("公民身份号码", "身份证号码", "身份证号", "证件号码"),
    Attribute.PHONE: ("联系电话", "手机号码", "联系方式", "手机", "电话"),
    Attribute.ADDRESS: ("居住地址", "联系地址", "家庭住址", "现住址", "住址"),
    Attribute.INSURANCE_NUMBER: ("医保号",),
}
_LABELS: Mapping[PageKind, Labels] = {
    PageKind.ID_CARD_FRONT: _ID_CARD_FRONT,
    PageKind.ID_CARD_BACK: _ID_CARD_BACK,
    PageKind.HOUSEHOLD_REGISTER: _HOUSEHOLD,
    PageKind.MEDICAL_BOOKLET: _BOOKLET,
    PageKind.SOCIAL_SECURITY_CARD: _SOCIAL_CARD,
    PageKind.FORM: _FORM,
    PageKind.OTHER: {},
}

_OTHER_LABELS = (
    "曾用名 出生地 籍贯 文化程度 婚姻状况 服务处所 职业 何时由何地迁来 宗教信仰 身高 血型 兵役状况 "
    "办理类型 原册册号 原册页数 代办人 与本人关系 受理单位 编号 申请理由 本人承诺 登记日期 承办人 "
    "户别 户号 发卡日期 有效期 监护人 邮编"
)
"""Labels of fields that nobody asks for; a value is never one of them."""

_ASKED = {word for labels in _LABELS.values() for words in labels.values() for word in words}
_ALL_LABELS = tuple(sorted(_ASKED | set(_OTHER_LABELS.split())))
_AFTER_LABEL = "：:；;,，.·'`|-—_"
GAP = 2.2
"""How far to the right of its label, in the label's heights, a value of one character begins and ends."""

DATE_FROM_TO = (0.1, 8.8)
"""The same for an ID card's date (GA 461); beyond it the portrait begins."""

_BARE_DATE = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日?$")

ADDRESS_LINES = 3
"""GB/T 2261 leaves 住址 35 characters; the card prints up to three lines of them."""


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """A value as it stands on the page; `more` are the further lines of an address."""

    attribute: Attribute
    value: Written
    more: tuple[Written, ...] = ()

    @property
    def text(self) -> str:
        return self.value.text + "".join(line.text for line in self.more)

    @property
    def span(self) -> Span:
        span = self.value.span
        for line in self.more:
            span = span.joined(line.span)
        return span

    @property
    def chance(self) -> float:
        return min([self.value.chance, *(line.chance for line in self.more)])


def find_fields(kind: PageKind, lines: Sequence[Written]) -> list[Found]:
    """The fields that this kind of document has and this page shows, in the kind's order."""
    lines = [piece for line in in_reading_order(lines) for piece in _pieces(line)]
    labels = _LABELS[kind]
    found = []
    for attribute, words in labels.items():
        value = _value(lines, words, near=kind is PageKind.ID_CARD_FRONT)
        if value is None and attribute is Attribute.NUMBER:
            value = _bare_number(lines)
        if value is None and attribute is Attribute.NAME and kind is PageKind.ID_CARD_FRONT:
            value = _bare_name(lines)
        if value is None and attribute is Attribute.BIRTH_DATE and kind is PageKind.ID_CARD_FRONT:
            value = next((line for line in lines if _BARE_DATE.match(line.text)), None)
        if value is None:
            continue
        more = _continued(value, lines) if attribute is Attribute.ADDRESS else ()
        found.append(Found(attribute, value, more))
    return found


def unseen(kind: PageKind, lines: Sequence[Written], found: Sequence[Found]) -> dict[Attribute, Span]:
    """Where a value should stand beside its label although none was found there, or not all of it: single characters
    are easily overlooked, and so are single pieces of an ID card's date."""
    missing: dict[Attribute, Span] = {}
    if Attribute.SEX in _LABELS[kind] and _of(found, Attribute.SEX) is None:
        missing |= _beside(lines, "性别", Attribute.SEX, 0.0, GAP)
    if kind is PageKind.ID_CARD_FRONT:
        born = _of(found, Attribute.BIRTH_DATE)
        if born is None or date_in(born.text) is None:
            missing |= _beside(lines, "出生", Attribute.BIRTH_DATE, *DATE_FROM_TO)
    return missing


def _of(found: Sequence[Found], attribute: Attribute) -> Found | None:
    return next((each for each in found if each.attribute is attribute), None)


def _beside(
    lines: Sequence[Written], label: str, attribute: Attribute, begins: float, ends: float
) -> dict[Attribute, Span]:
    """A place to the right of the label, from and to in the label's heights."""
    for line in lines:
        if line.text == label:
            span, high = line.span, line.span.height
            return {attribute: Span(span.right + begins * high, span.top, span.right + ends * high, span.bottom)}
    return {}


def _pieces(line: Written) -> Iterable[Written]:
    """`性别女民族汉` is one line on many pictures and two fields on all."""
    at = line.text.find("民族")
    if at > 0 and line.text[:at].endswith(("男", "女")):
        return line.part(0, at), line.part(at)
    return (line,)


def _value(lines: Sequence[Written], words: Sequence[str], near: bool) -> Written | None:
    for word in sorted(words, key=len, reverse=True):
        for line in lines:
            if (at := _label_at(line.text, word)) is not None and (value := _after(line, at, lines)) is not None:
                return value
    if near:  # 姓 or 名 alone was misread; no other line of an ID card begins so.
        for line in lines:
            if _nearly(line.text, words) and (value := _after(line, 2, lines)) is not None:
                return value
    return None


def _nearly(text: str, words: Sequence[str]) -> bool:
    """Whether the text begins with a label of two characters one of which was misread."""
    return any(len(word) == 2 and (text[:1] == word[0] or text[1:2] == word[1]) for word in words)


def _label_at(text: str, word: str) -> int | None:
    """Where the value begins, when the text begins with this label and not with a longer one."""
    if find(text[: len(word)], word) != 0:
        return None
    longer = (other for other in _ALL_LABELS if len(other) > len(word) and other.startswith(word))
    return None if any(text.startswith(other) for other in longer) else len(word)


def _after(label: Written, at: int, lines: Sequence[Written]) -> Written | None:
    text = label.text
    while at < len(text) and text[at] in _AFTER_LABEL:
        at += 1
    if at < len(text):
        return label.part(at)
    value = right_of(label, lines)
    if value is not None and value.span.left < label.span.right and value.text[:1] == text[-1:]:
        value = value.part(1)  # The two boxes overlap: the label's last character was read twice.
    return value if value is not None and value.text and not _begins_with_label(value.text) else None


def _bare_number(lines: Sequence[Written]) -> Written | None:
    """A line that is hardly anything but a citizen number: its label was not read."""
    for line in lines:
        digits = sum(letter in "0123456789Xx" for letter in line.text)
        if len(line.text) <= 20 and digits >= 16:
            return line
    return None


def _bare_name(lines: Sequence[Written]) -> Written | None:
    """The line just above 性别 or 民族, when nothing but its label was overlooked."""
    below = [line.span.top for line in lines if line.text.startswith(("性别", "民族"))]
    if not below:
        return None
    above = [line for line in lines if line.span.bottom <= min(below) + 0.3 * line.span.height]
    names = [line for line in above if len(line.text) >= 2 and not _begins_with_label(line.text)]
    return max(names, key=lambda line: line.span.bottom, default=None)


def _continued(first: Written, lines: Sequence[Written]) -> tuple[Written, ...]:
    """The lines under an address that begin where it begins."""
    more: list[Written] = []
    above = first
    height = first.span.height
    for line in lines:
        below = line.span.top - above.span.bottom
        if same_row(line.span, above.span) or not -0.6 * height <= below <= 0.9 * height:
            continue
        if abs(line.span.left - first.span.left) > 1.2 * height or _begins_with_label(line.text):
            continue
        more.append(line)
        above = line
        if len(more) == ADDRESS_LINES - 1:
            break
    return tuple(more)


def _begins_with_label(text: str) -> bool:
    return any(text.startswith(word) for word in _ALL_LABELS)
