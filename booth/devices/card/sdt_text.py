"""The 256 bytes of text of a resident ID card or one of its family (GA/T 467-2019, UTF-16LE) as a record. Pure.

The type character at 248 decides the layout: `J` is the residence permit for people from Hong Kong, Macao and Taiwan,
laid out like a resident card with two fields more; `I` (2017) and `Y` (2023) are the foreigners' permanent resident
cards, which have layouts of their own. Anything else is a resident card.
"""

import unicodedata
from datetime import date
from types import MappingProxyType

from booth.devices.card.sdt_frames import ADDED_ADDRESS_BYTES, TEXT_BYTES
from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.records import (
    IdCard,
    PermanentResidentCard,
    PermanentResidentCardVersion,
    ResidencePermit,
    Sex,
    is_valid_foreign_number,
    is_valid_number,
    is_valid_permit_number,
)

ResidentCard = IdCard | ResidencePermit | PermanentResidentCard
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

# A resident card and a permit; a foreigner's card of 2023 where it has the same
_NAME = slice(0, 30)
_SEX = slice(30, 32)
_ETHNICITY = slice(32, 36)
_BIRTH = slice(36, 52)
_ADDRESS = slice(52, 122)
_NUMBER = slice(122, 158)
_ISSUER = slice(158, 188)
_FROM = slice(188, 204)
_UNTIL = slice(204, 220)

# A permit alone
_PASS_NUMBER = slice(220, 238)
_ISSUES = slice(238, 242)

# A foreigner's card of 2017
_I_NAME_EN = slice(0, 120)
_I_SEX = slice(120, 122)
_I_NUMBER = slice(122, 152)
_I_NATIONALITY = slice(152, 158)
_I_NAME = slice(158, 188)
_I_BIRTH = slice(220, 236)
_I_AUTHORITY = slice(240, 248)

# A foreigner's card of 2023
_Y_RENEWALS = slice(32, 36)
_Y_NAME_EN = slice(52, 122)
_Y_NAME_EN_REST = slice(220, 242)
_Y_NATIONALITY = slice(242, 248)


def parse_text(text: bytes) -> ResidentCard:
    """The record, or `DeviceError` (`card_damaged`) for nonsense.

    A wrong check character, an unknown ethnicity's code and an impossible date are no nonsense: the number is marked,
    the code is kept as it is, the date is None. Rare characters are kept, private-use ones too (old names).
    """
    if len(text) != TEXT_BYTES:
        raise _damaged("the text has the wrong length")
    match _field(text, _TYPE):
        case "I":
            return _card_of_2017(text)
        case "Y":
            return _card_of_2023(text)
        case "J":
            return _permit(text)
        case _:
            return _id_card(text)


def parse_added_address(data: bytes) -> str:
    """The address of a reply to ADDED_ADDRESS; raises `DeviceError` (`card_damaged`)."""
    if len(data) != ADDED_ADDRESS_BYTES:
        raise _damaged("the added address has the wrong length")
    return _field(data, slice(0, ADDED_ADDRESS_BYTES))


def _id_card(text: bytes) -> IdCard:
    number, ethnicity = _number(text, _NUMBER), _field(text, _ETHNICITY)
    valid_until, long_term = _until(text)
    return IdCard(
        name=_required(text, _NAME),
        sex=_sex(text, _SEX),
        ethnicity=ETHNICITIES.get(ethnicity, ethnicity),
        birth_date=_date(text, _BIRTH),
        address=_field(text, _ADDRESS),
        number=number,
        number_valid=is_valid_number(number),
        issuer=_field(text, _ISSUER),
        valid_from=_date(text, _FROM),
        valid_until=valid_until,
        long_term=long_term,
    )


def _permit(text: bytes) -> ResidencePermit:
    number = _number(text, _NUMBER)
    valid_until, long_term = _until(text)
    return ResidencePermit(
        name=_required(text, _NAME),
        sex=_sex(text, _SEX),
        birth_date=_date(text, _BIRTH),
        address=_field(text, _ADDRESS),
        number=number,
        number_valid=is_valid_permit_number(number),
        issuer=_field(text, _ISSUER),
        valid_from=_date(text, _FROM),
        valid_until=valid_until,
        pass_number=_field(text, _PASS_NUMBER),
        issues=_field(text, _ISSUES),
        long_term=long_term,
    )


def _card_of_2017(text: bytes) -> PermanentResidentCard:
    number, birth_date = _number(text, _I_NUMBER), _date(text, _I_BIRTH)
    valid_until, long_term = _until(text)
    return PermanentResidentCard(
        version=PermanentResidentCardVersion.V2017,
        name_en=_required(text, _I_NAME_EN),
        name=_field(text, _I_NAME),
        sex=_sex(text, _I_SEX),
        nationality=_nationality(text, _I_NATIONALITY),
        birth_date=birth_date,
        number=number,
        number_valid=is_valid_foreign_number(number, birth_date),
        valid_from=_date(text, _FROM),
        valid_until=valid_until,
        authority=_field(text, _I_AUTHORITY),
        long_term=long_term,
    )


def _card_of_2023(text: bytes) -> PermanentResidentCard:
    """The English name is cut in two: a name that fills the first piece goes on in the second one."""
    number, birth_date = _number(text, _NUMBER), _date(text, _BIRTH)
    valid_until, long_term = _until(text)
    name_en = _required(text[_Y_NAME_EN] + text[_Y_NAME_EN_REST], slice(None))
    return PermanentResidentCard(
        version=PermanentResidentCardVersion.V2023,
        name_en=name_en,
        name=_field(text, _NAME),
        sex=_sex(text, _SEX),
        nationality=_nationality(text, _Y_NATIONALITY),
        birth_date=birth_date,
        number=number,
        number_valid=is_valid_foreign_number(number, birth_date),
        valid_from=_date(text, _FROM),
        valid_until=valid_until,
        renewals=_field(text, _Y_RENEWALS),
        long_term=long_term,
    )


def _required(text: bytes, where: slice) -> str:
    if not (value := _field(text, where)):
        raise _damaged("the name is missing")
    return value


def _number(text: bytes, where: slice) -> str:
    number = _field(text, where)
    if not number or not number.isascii():
        raise _damaged("the number is missing or none")
    return number


def _sex(text: bytes, where: slice) -> Sex:
    if (sex := SEXES.get(_field(text, where))) is None:
        raise _damaged("the sex is missing")
    return sex


def _nationality(text: bytes, where: slice) -> str:
    """ISO 3166-1 alpha-3; the form is checked, the list is not: countries come and go."""
    nationality = _field(text, where)
    if len(nationality) != 3 or not (nationality.isascii() and nationality.isalpha() and nationality.isupper()):
        raise _damaged("the nationality is none")
    return nationality


def _date(text: bytes, where: slice) -> str | None:
    return iso_date(_field(text, where))


def _until(text: bytes) -> tuple[str | None, bool]:
    """The last day, and whether there is none (长期)."""
    until = _field(text, _UNTIL)
    return (None, True) if until == LONG_TERM else (iso_date(until), False)


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
