"""The cards that can be laid on a simulated reader. Every person and every street here is invented.

The numbers begin with 319999, an area code that was never given out, so none of them can be somebody's. Where the
kind of card prescribes the beginning, the order within the day is 000 (orders begin with 001), or the nationality is
Utopia's, which ICAO keeps for specimens. The bank number's issuer, 620000, is none.
"""

from dataclasses import dataclass

from protocol.devices import DeviceKind
from protocol.fields import Wording
from protocol.records import (
    Card,
    IdCard,
    PermanentResidentCard,
    PermanentResidentCardVersion,
    ResidencePermit,
    Sex,
    SocialSecurityCard,
)


@dataclass(frozen=True, slots=True)
class BenchCardRecord:
    """A card of the bench. `card` is None for a damaged one: it is found but can't be read. `bank_number` is on the
    chip too, for a booth that is configured to read it.
    """

    card_id: str
    name: Wording
    kind: DeviceKind
    card: Card | None
    bank_number: str | None = None

    def __repr__(self) -> str:
        return f"BenchCardRecord({self.card_id!r})"


_ID = DeviceKind.ID_CARD_READER
_SOCIAL = DeviceKind.SOCIAL_SECURITY_CARD_READER
_ISSUER = "上海市公安局虚构分局"

BENCH_CARDS: tuple[BenchCardRecord, ...] = (
    BenchCardRecord(
        "id-lin",
        Wording(zh="林晓梅的身份证（长期有效）", en="Lin Xiaomei's ID card (valid for good)"),
        _ID,
        IdCard(
            name="林晓梅",
            sex=Sex.FEMALE,
            ethnicity="汉",
            birth_date="1958-03-12",
            address="上海市虚构区桂雨路 18 弄 6 号 402 室",
            number="319999195803120028",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2009-06-01",
            valid_until=None,
            long_term=True,
        ),
    ),
    BenchCardRecord(
        "id-chen",
        Wording(zh="陈雨桐的身份证", en="Chen Yutong's ID card"),
        _ID,
        IdCard(
            name="陈雨桐",
            sex=Sex.FEMALE,
            ethnicity="回",
            birth_date="1991-07-26",
            address="上海市虚构区听潮路 233 号 1501 室",
            number="319999199107260148",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2018-04-20",
            valid_until="2038-04-20",
        ),
    ),
    BenchCardRecord(
        "id-zhou",
        Wording(zh="周德昌的身份证（长期有效）", en="Zhou Dechang's ID card (valid for good)"),
        _ID,
        IdCard(
            name="周德昌",
            sex=Sex.MALE,
            ethnicity="满",
            birth_date="1947-01-05",
            address="上海市虚构区桂雨路 18 弄 2 号 101 室",
            number="319999194701050319",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2007-11-15",
            valid_until=None,
            long_term=True,
        ),
    ),
    BenchCardRecord(
        "id-ayiguli",
        Wording(zh="阿依古丽·司马义的身份证（号码以 X 结尾）", en="Ayiguli Simayi's ID card (number ends in X)"),
        _ID,
        IdCard(
            name="阿依古丽·司马义",
            sex=Sex.FEMALE,
            ethnicity="维吾尔",
            birth_date="2005-09-18",
            address="上海市虚构区望野路 5 号学生公寓 3 幢",
            number="31999920050918004X",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2021-09-30",
            valid_until="2031-09-30",
        ),
    ),
    BenchCardRecord(
        "id-rare-character",
        Wording(zh="赵𠮷安的身份证（生僻字）", en="Zhao Ji'an's ID card (rare character)"),
        _ID,
        IdCard(
            name="赵𠮷安",
            sex=Sex.MALE,
            ethnicity="汉",
            birth_date="1983-04-30",
            address="上海市虚构区听潮路 77 号",
            number="319999198304300132",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2015-02-09",
            valid_until="2035-02-09",
        ),
    ),
    BenchCardRecord(
        "id-wrong-check",
        Wording(zh="吴晚晴的身份证（校验位不符）", en="Wu Wanqing's ID card (wrong check digit)"),
        _ID,
        IdCard(
            name="吴晚晴",
            sex=Sex.FEMALE,
            ethnicity="汉",
            birth_date="1968-02-14",
            address="上海市虚构区望野路 40 弄 9 号",
            number="319999196802140225",
            number_valid=False,
            issuer=_ISSUER,
            valid_from="2016-08-22",
            valid_until="2036-08-22",
        ),
    ),
    BenchCardRecord(
        "id-added-address",
        Wording(zh="何静好的身份证（有追加住址）", en="He Jinghao's ID card (with an added address)"),
        _ID,
        IdCard(
            name="何静好",
            sex=Sex.FEMALE,
            ethnicity="土家",
            birth_date="1976-10-08",
            address="上海市虚构区听潮路 9 号",
            number="319999197610080022",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2012-03-19",
            valid_until="2032-03-19",
            added_address="上海市虚构区望野路 88 弄 3 号 502 室",
        ),
    ),
    BenchCardRecord(
        "permit-hongkong",
        Wording(zh="梁启朗的港澳居民居住证", en="Leung Kai Long's residence permit (Hong Kong)"),
        _ID,
        ResidencePermit(
            name="梁启朗",
            sex=Sex.MALE,
            birth_date="1994-08-23",
            address="上海市虚构区桂雨路 66 号 1203 室",
            number="810000199408230005",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2022-05-10",
            valid_until="2027-05-10",
            pass_number="H00000000",
            issues="01",
        ),
    ),
    BenchCardRecord(
        "permit-taiwan",
        Wording(zh="简淑惠的台湾居民居住证", en="Chien Shu-hui's residence permit (Taiwan)"),
        _ID,
        ResidencePermit(
            name="简淑惠",
            sex=Sex.FEMALE,
            birth_date="1966-11-02",
            address="上海市虚构区望野路 12 号",
            number="830000196611020003",
            number_valid=True,
            issuer=_ISSUER,
            valid_from="2023-09-01",
            valid_until="2028-09-01",
            pass_number="00000000",
            issues="02",
        ),
    ),
    BenchCardRecord(
        "resident-2017",
        Wording(zh="外国人永久居留身份证（2017 版）", en="A foreigner's permanent resident card of 2017"),
        _ID,
        PermanentResidentCard(
            version=PermanentResidentCardVersion.V2017,
            name_en="ERIKSSON, ANNA MARIA",
            name="",
            sex=Sex.FEMALE,
            nationality="UTO",
            birth_date="1972-03-09",
            number="UTO319972030902",
            number_valid=True,
            valid_from="2019-07-01",
            valid_until="2029-06-30",
            authority="3199",
        ),
    ),
    BenchCardRecord(
        "resident-2023",
        Wording(zh="外国人永久居留身份证（2023 版，长英文名）", en="A foreigner's permanent resident card of 2023"),
        _ID,
        PermanentResidentCard(
            version=PermanentResidentCardVersion.V2023,
            name_en="MONTGOMERY-FEATHERSTONE, MAXIMILIAN A.",
            name="孟思远",
            sex=Sex.MALE,
            nationality="UTO",
            birth_date="1985-06-17",
            number="931999198506170004",
            number_valid=True,
            valid_from="2024-02-20",
            valid_until="2034-02-19",
            renewals="01",
        ),
    ),
    BenchCardRecord("id-damaged", Wording(zh="损坏的身份证", en="A damaged ID card"), _ID, None),
    BenchCardRecord(
        "social-lin",
        Wording(zh="林晓梅的社会保障卡（第二代）", en="Lin Xiaomei's social security card (2nd generation)"),
        _SOCIAL,
        SocialSecurityCard(
            version="2.00",
            card_number="X00000019",
            name="林晓梅",
            number="319999195803120028",
            number_valid=True,
            sex=Sex.FEMALE,
            birth_date="1958-03-12",
            issued="2015-06-01",
            expires="2035-05-31",
        ),
        bank_number="6200003199991958031",
    ),
    BenchCardRecord(
        "social-zhou",
        Wording(
            zh="周德昌的社会保障卡（第三代，需 PSAM）",
            en="Zhou Dechang's social security card (3rd generation, needs a PSAM)",
        ),
        _SOCIAL,
        SocialSecurityCard(
            version="3.00",
            card_number="",
            name=None,
            number=None,
            number_valid=False,
            sex=Sex.UNKNOWN,
            birth_date=None,
            issued="2021-03-08",
            expires="2031-03-07",
            psam_required=True,
        ),
    ),
    BenchCardRecord(
        "social-damaged", Wording(zh="损坏的社会保障卡", en="A damaged social security card"), _SOCIAL, None
    ),
)
