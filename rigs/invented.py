"""Invented people for pictures of cards: nobody in here exists. The same seed gives the same people.

The areas in their numbers are ones that were never given out (third and fourth digit from 80 to 89).
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from protocol.records import Sex

_COMMON = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛"
    "叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_RARE = "佘仝逄亓乜麴郄郗鄢蔺阚隗璩暴夔厍妫宓逯仉缪谌佟冼禤眭晁酆濮阮邝祢訾"
_DOUBLE = ("欧阳", "司徒", "上官", "诸葛", "皇甫", "尉迟", "令狐", "慕容")
_GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂香玉梅红建国华志新春生文斌宇浩凯鹏飞婷雪琳倩佳欣怡梦瑶"
    "思远博雅轩子涵一诺昊天梓萱晓东海燕淑珍凤金荣福来顺德宝成永康庆立少波俊辉振宏学良家豪邦素云美玲惠芬月仙阿根妹弟"
)
_GIVEN_RARE = (
    "喆珺煊赟翀旻璟犇垚淼焱骉燊彧曌堃甯晟骁祎昀姝婠嫣妘婳玥珩瑄琰祺禛翯耀芃苡茜荇菡葳薇邈鑫钧铮隽霁靓颢颛麒黛龑奡韡"
    "翊偲劼孖孓弢忞昉曦朓杲湉濬炘煜瓅皞睿筠绮翮茝蕤裎谡贇逵鋆锜霈韫頔馥鬯鹍"
)
_ETHNICITIES = (*["汉"] * 12, "回", "满", "蒙古", "壮", "苗", "土家", "维吾尔", "朝鲜", "彝", "藏")
_PROVINCES = "11 12 13 21 31 32 33 34 35 36 37 41 42 43 44 50 51 61"
_CITIES = ("上海市虚构区", "样例市新桥区", "江苏省样例市河东区", "浙江省虚构县", "安徽省样例县石桥镇")
_ROADS = "桂雨 云溪 长宁支 民生 石泉 岚皋西 中山北 枫桥 曹杨 梅川 古浪 武威东"
_FIRST = ("阿依古丽", "买买提江", "古丽娜尔")
_LAST = ("艾山", "吐尔逊", "阿不都热依木")


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    name: str
    sex: Sex
    ethnicity: str
    birth_date: date
    address: str
    number: str


def invent(seed: int) -> Person:
    chance = random.Random(f"person {seed}")
    sex = chance.choice((Sex.MALE, Sex.FEMALE))
    born = date(1928, 1, 1) + timedelta(days=chance.randrange(365 * 90))
    return Person(
        name=_name(chance),
        sex=sex,
        ethnicity=chance.choice(_ETHNICITIES),
        birth_date=born,
        address=_address(chance),
        number=_number(chance, born, sex),
    )


def _name(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.03:
        return (
            chance.choice(("阿依古丽", "买买提江", "古丽娜尔"))
            + "·"
            + chance.choice(("艾山", "吐尔逊", "阿不都热依木"))
        )
    surname = chance.choice(_DOUBLE) if kind < 0.07 else chance.choice(_RARE if kind < 0.15 else _COMMON)
    length = 1 if chance.random() < 0.25 else 2
    given = "".join(chance.choice(_GIVEN_RARE if chance.random() < 0.2 else _GIVEN) for _ in range(length))
    return surname + given


def _address(chance: random.Random) -> str:
    lane = f"{chance.randrange(1, 2000)}弄" if chance.random() < 0.6 else ""
    room = f"{chance.randrange(1, 30) * 100 + chance.randrange(1, 9)}室" if chance.random() < 0.8 else ""
    road = chance.choice(_ROADS.split())
    house = chance.randrange(1, 300)
    return f"{chance.choice(_CITIES)}{road}路{lane}{house}号{room}"


def _number(chance: random.Random, born: date, sex: Sex) -> str:
    area = f"{chance.choice(_PROVINCES.split())}{chance.randrange(80, 90)}{chance.randrange(1, 100):02d}"
    order = chance.randrange(1, 500) * 2 - (sex is Sex.MALE)
    body = f"{area}{born:%Y%m%d}{order:03d}"
    return body + check_character(body)


def check_character(body: str) -> str:
    """GB 11643, ISO 7064 MOD 11-2, of the first 17 digits."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return "10X98765432"[total % 11]
