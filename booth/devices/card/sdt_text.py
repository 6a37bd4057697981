"""The 256 bytes of text of a resident ID card (GA/T 467-2019, UTF-16LE) as a record. Pure.

The type character at 248 decides the layout: `J` is the residence permit for people from Hong Kong, Macao and Taiwan,
laid out like a resident card; `I` (2017) and `Y` (2023) are the foreigners' permanent resident cards, which have
layouts of their own and are not read yet.
"""

import unicodedata
from datetime import date
from types import MappingProxyType

from booth.devices.card.sdt_frames import TEXT_BYTES
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.records import IdCard, Sex, is_valid_number

FOREIGN_TYPES = ("I", "Y")
LONG_TERM = "长期"

SEXES = MappingProxyType({"0": Sex.UNKNOWN, "1": Sex.MALE, "2": Sex.FEMALE, "9": Sex.UNSTATED})
"""GB/T 2261.1."""

_NAMES = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 "
    "土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 "
    "柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 "
    "乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
)
ETHNICITIES = MappingProxyType(
    {f"{code:02}": name for code, name in enumerate(_NAMES.split(), 1)} | {"97": "其他", "98": "外国血统中国籍人士"}
)
"""GB/T 3304, as the card prints them (汉, not 汉族); 97 and 98 as the card's standard adds them."""

_TYPE = slice(248, 250)
_NAME = slice(0, 30)
_SEX = slice(30, 32)
_ETHNICITY = slice(32, 36)
_BIRTH = slice(36, 52)
_ADDRESS = slice(52, 122)
_NUMBER = slice(122, 158)
_ISSUER = slice(158, 188)
_FROM = slice(188, 204)
_UNTIL = slice(204, 220)


def parse_text(text: bytes) -> IdCard:
    """The record, or `DeviceError`: `card_unsupported` for a foreigner's card, `card_damaged` for nonsense.

    A wrong check character, an unknown ethnicity's code and an impossible date are no nonsense: the number is marked,
    the code is kept as it is, the date is None. Rare characters are kept, private-use ones too (old names).
    """
    if len(text) != TEXT_BYTES:
        raise _damaged("the text has the wrong length")
    if _field(text, _TYPE) in FOREIGN_TYPES:
        raise DeviceError(ErrorCode.CARD_UNSUPPORTED, "a permanent resident card for foreigners")
    name, number, sex = _field(text, _NAME), _field(text, _NUMBER), SEXES.get(_field(text, _SEX))
    if not name or not number or sex is None:
        raise _damaged("name, number or sex is missing")
    if not number.isascii():
        raise _damaged("the number is none")
    ethnicity, until = _field(text, _ETHNICITY), _field(text, _UNTIL)
    return IdCard(
        name=name,
        sex=sex,
        ethnicity=ETHNICITIES.get(ethnicity, ethnicity),
        birth_date=iso_date(_field(text, _BIRTH)),
        address=_field(text, _ADDRESS),
        number=number,
        number_valid=is_valid_number(number),
        issuer=_field(text, _ISSUER),
        valid_from=iso_date(_field(text, _FROM)),
        valid_until=None if until == LONG_TERM else iso_date(until),
        long_term=until == LONG_TERM,
    )


def iso_date(digits: str) -> str | None:
    """`20150601` as `2015-06-01`; None for what is no date."""
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None


def is_text(field: str) -> bool:
    """Whether a person could have written it: no control characters. Unassigned and private-use ones are names that
    Unicode learns later.
    """
    return not any(unicodedata.category(character) == "Cc" for character in field)


def _field(text: bytes, where: slice) -> str:
    """One field without its padding, which stands on the right only: addresses and foreign names hold spaces."""
    try:
        field = text[where].decode("utf-16-le").rstrip(" \0\u3000")
    except UnicodeDecodeError:
        raise _damaged("a field is no UTF-16") from None
    if not is_text(field):
        raise _damaged("a field holds control characters")
    return field


def _damaged(what: str) -> DeviceError:
    return DeviceError(ErrorCode.CARD_DAMAGED, what)
