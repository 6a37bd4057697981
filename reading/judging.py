"""From what stands in the fields to what a clerk is offered: values in the form's shape, each with its doubts. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from protocol.reading import Attribute, Doubt, PageKind
from protocol.records import Sex
from reading.dates import date_in, is_birth_date, term_in
from reading.fields import Found
from reading.lines import Span
from reading.numbers import Beside, Reread, judge_number

SURE, SURE_NAME = 0.6, 0.8
"""Text below this chance in one character is doubtful, a name sooner; chosen on generated cards, see
docs/benchmarks.md."""

_AS_THEY_ARE = frozenset("昇陞氾祕贇")
"""Characters that people's names have beside their simple forms: all but the last are in 通用规范汉字表 (2013); of ten
generated cards with it or with 赟 all were read rightly."""

_NAME = re.compile(r"[㐀-鿿\U00020000-\U000323af]{1,15}(?:[·•.][㐀-鿿]{1,15}){0,4}")
_ETHNICITIES = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 "
    "东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 "
    "俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺 其他 穿青人"
)
ETHNICITIES = frozenset(_ETHNICITIES.split())
"""GB/T 3304, as cards print them."""

_PHONE = re.compile(r"[0-9\-+() ]{7,20}")
_SEXES = {"男": Sex.MALE, "女": Sex.FEMALE}
_BOTH_PRINTED = frozenset({PageKind.ID_CARD_FRONT, PageKind.HOUSEHOLD_REGISTER})
"""The kinds that print date of birth and sex beside the number."""

Judged = tuple[Attribute, str, Span, list[Doubt]]
"""What, its value, where it stands, and why it is doubtful."""


def judge(
    kind: PageKind,
    found: Sequence[Found],
    again: Mapping[Attribute, Sequence[Reread]],
    today: date,
    simplified: Callable[[str], str],
) -> list[Judged]:
    """`again`: the further readings of a name or a number, each made independently of the page's; `simplified`: a text
    in simple characters."""
    beside = _beside(kind, found)
    judged: list[Judged] = []
    for each in found:
        if each.attribute is Attribute.NUMBER:
            first = Reread(each.text.upper(), each.chance)
            number, doubts = judge_number([first, *again.get(Attribute.NUMBER, ())], beside, today)
            judged.append((Attribute.NUMBER, number, each.span, doubts))
        elif each.attribute is Attribute.VALID_FROM:
            judged += _term(each)
        elif value := _VALUES[each.attribute](each.text):
            more = again.get(each.attribute, ())
            readings = [Reread(value, each.chance)]
            readings += [Reread(_VALUES[each.attribute](reading.text), reading.chance) for reading in more]
            value = _in_print(_surest(readings), simplified)
            judged.append((each.attribute, value, each.span, _doubts(each, value, readings, today)))
    if any(Doubt.BIRTH_DATE_DIFFERS in doubts for _, _, _, doubts in judged):
        # Either of the two was misread.
        for attribute, _, _, doubts in judged:
            if attribute is Attribute.BIRTH_DATE:
                doubts.append(Doubt.BIRTH_DATE_DIFFERS)
    return judged


def _beside(kind: PageKind, found: Sequence[Found]) -> Beside:
    texts = {each.attribute: each.text for each in found}
    born = date_in(texts.get(Attribute.BIRTH_DATE, ""))
    sex = _SEXES.get(texts.get(Attribute.SEX, "")[:1])
    return Beside(born, sex, expected=kind in _BOTH_PRINTED)


def _term(each: Found) -> list[Judged]:
    term = term_in(each.text)
    if term is None:
        return []
    begins, ends, long_term = term
    doubts = [Doubt.FAINT] if each.chance < SURE else []
    if begins is None or (ends is None and not long_term) or (ends is not None and ends <= begins):
        doubts.append(Doubt.IMPLAUSIBLE)
    judged: list[Judged] = []
    if begins is not None:
        judged.append((Attribute.VALID_FROM, begins.isoformat(), each.span, doubts))
    if ends is not None or long_term:
        until = ends.isoformat() if ends is not None else "长期"
        judged.append((Attribute.VALID_UNTIL, until, each.span, list(doubts)))
    return judged


def _surest(readings: Sequence[Reread]) -> str:
    """What most readings say; of as many, what the surest one says."""
    texts = [reading.text for reading in readings]
    return max(readings, key=lambda reading: (texts.count(reading.text), reading.chance)).text


def _in_print(text: str, simplified: Callable[[str], str]) -> str:
    """Cards of the mainland print the simple forms; the model tends to the others where print is small. Each by itself:
    in a name a character has no neighbours that say what it means. What it changes is doubtful, for no reading said it.
    """
    return "".join(_letter_in_print(letter, simplified(letter)) for letter in text)


def _letter_in_print(letter: str, simple: str) -> str:
    """The simple form, but where the letter itself is a mainland one (GB/T 2312: 麴, 徵, 乾), or no card can show the
    simple one (it is not in GBK: 𬱖 for 頔)."""
    if letter in _AS_THEY_ARE or _written_in("gb2312", letter) or not _written_in("gbk", simple):
        return letter
    return simple


def _written_in(characters: str, letter: str) -> bool:
    try:
        letter.encode(characters)
    except UnicodeEncodeError:
        return False
    return True


def _doubts(each: Found, value: str, readings: Sequence[Reread], today: date) -> list[Doubt]:
    doubts = []
    if any(reading.text != value for reading in readings):
        doubts.append(Doubt.READINGS_DIFFER)
    sure = SURE_NAME if each.attribute is Attribute.NAME else SURE
    if any(reading.chance < sure for reading in readings):
        doubts.append(Doubt.FAINT)
    match each.attribute:
        case Attribute.NAME if not _NAME.fullmatch(value) or len(value) < 2:
            doubts.append(Doubt.IMPLAUSIBLE)
        case Attribute.BIRTH_DATE if not is_birth_date(date.fromisoformat(value), today):
            doubts.append(Doubt.IMPLAUSIBLE)
        case Attribute.ETHNICITY if value not in ETHNICITIES:
            doubts.append(Doubt.IMPLAUSIBLE)
        case Attribute.PHONE if not _PHONE.fullmatch(value):
            doubts.append(Doubt.IMPLAUSIBLE)
        case _:
            pass
    return doubts


def _as_it_is(text: str) -> str:
    return text


_DOTS = str.maketrans("•・.", "···")
"""What stands between the parts of a name is read as any dot."""


def _name(text: str) -> str:
    return text.translate(_DOTS).strip("·")


def _sex(text: str) -> str:
    sex = _SEXES.get(text[:1])
    return str(sex) if sex is not None else ""


def _ethnicity(text: str) -> str:
    """Without the word that some registers add."""
    return text.replace("漢", "汉").removesuffix("族") or text


def _date(text: str) -> str:
    day = date_in(text)
    return day.isoformat() if day is not None else ""


_VALUES: Mapping[Attribute, Callable[[str], str]] = {
    Attribute.NAME: _name,
    Attribute.SEX: _sex,
    Attribute.ETHNICITY: _ethnicity,
    Attribute.BIRTH_DATE: _date,
    Attribute.ADDRESS: _as_it_is,
    Attribute.NUMBER: str.upper,
    Attribute.ISSUER: _as_it_is,
    Attribute.VALID_FROM: _as_it_is,
    Attribute.VALID_UNTIL: _as_it_is,
    Attribute.CARD_NUMBER: str.upper,
    Attribute.RELATION: _as_it_is,
    Attribute.INSURANCE_NUMBER: str.upper,
    Attribute.BOOKLET_NUMBER: _as_it_is,
    Attribute.PHONE: _as_it_is,
}
