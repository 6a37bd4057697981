"""Which kind of document a page is, by the words that only this kind bears. Pure.

A word counts where a line holds it, one misread character of five forgiven. The kinds are tried in an order: a form
names other documents in its title, so it comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.reading import PageKind
from reading.lines import Written

FORM_TITLES = ("申请表", "登记表", "审批表", "申报表", "承诺书", "委托书", "申请书", "告知书", "证明")
"""What the title of a form ends with."""

TITLE_PART = 0.3
"""The title stands in this upper part of the page."""


@dataclass(frozen=True, slots=True)
class _Signs:
    kind: PageKind
    words: tuple[str, ...]
    enough: int = 1
    """So many of the words must be there."""


_SIGNS = (
    # GA 461: the side with the portrait has its labels, the other one the emblem with two titles.
    _Signs(PageKind.ID_CARD_BACK, ("居民身份证", "签发机关", "有效期限"), 2),
    _Signs(PageKind.SOCIAL_SECURITY_CARD, ("社会保障卡", "社会保障号码")),
    _Signs(
        PageKind.HOUSEHOLD_REGISTER,
        ("常住人口登记卡", "居民户口簿", "户主或与户主关系", "户主或关系", "户主姓名", "户别"),
    ),
    _Signs(PageKind.MEDICAL_BOOKLET, ("就医记录册", "门急诊就医", "门诊病历", "门急诊病历", "病历册")),
    _Signs(PageKind.ID_CARD_FRONT, ("公民身份号码",)),
    _Signs(PageKind.ID_CARD_FRONT, ("姓名", "性别", "民族", "出生", "住址"), 3),
    _Signs(PageKind.SOCIAL_SECURITY_CARD, ("人力资源和社会保障", "发卡日期"), 2),
)


def kind_of(lines: Sequence[Written], height: float) -> PageKind:
    """`height`: of the upright page, in the lines' unit."""
    if _has_form_title(lines, height):
        return PageKind.FORM
    texts = [line.text for line in lines]
    for signs in _SIGNS:
        if sum(any(holds(text, word) for text in texts) for word in signs.words) >= signs.enough:
            return signs.kind
    return PageKind.OTHER


def holds(text: str, word: str) -> bool:
    """Whether the text holds the word; of five characters and more one may be misread."""
    return find(text, word) is not None


def find(text: str, word: str) -> int | None:
    """Where the word begins in the text; of five characters and more one may be misread."""
    at = text.find(word)
    if at >= 0:
        return at
    size = len(word)
    if size < 5:
        return None
    for start in range(len(text) - size + 1):
        wrong = sum(one != other for one, other in zip(word, text[start : start + size], strict=True))
        if wrong <= 1:
            return start
    return None


def _has_form_title(lines: Sequence[Written], height: float) -> bool:
    """A line in the page's upper part that ends like a form's title and is no sentence."""
    return any(
        line.span.top <= TITLE_PART * height and line.text.endswith(FORM_TITLES) and 4 <= len(line.text) <= 40
        for line in lines
    )
