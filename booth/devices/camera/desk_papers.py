"""What stands on the papers of the simulated desk. Every person, number and address is invented."""

from booth.devices.camera.desk_pages import BenchPageRecord, Sheet
from protocol.fields import Wording

CARD_LABEL = (58, 110, 168)


def _id_card(sheet: Sheet) -> None:
    """居民身份证, the side with the portrait (GA 461: 85.6 × 54 mm)."""
    sheet.fill((226, 236, 240))
    sheet.waves((206, 170, 186, 110), 1.5, 1.4)
    sheet.waves((120, 170, 206, 110), 2.2, 2.3)
    for y_mm, label in ((5.6, "姓 名"), (12.8, "性 别"), (19.8, "出 生"), (27.2, "住 址")):
        sheet.text(5, y_mm, label, 2.7, CARD_LABEL)
    sheet.text(15, 5.0, "林晓梅", 3.9)
    sheet.text(15, 12.4, "女", 3.2)
    sheet.text(25, 12.8, "民 族", 2.7, CARD_LABEL)
    sheet.text(34.5, 12.4, "汉", 3.2)
    for x_mm, figure, label_x_mm, label in ((15, "1958", 23.2, "年"), (27.4, "3", 30.6, "月"), (35, "12", 40.2, "日")):
        sheet.text(x_mm, 19.4, figure, 3.2)
        sheet.text(label_x_mm, 19.8, label, 2.7, CARD_LABEL)
    sheet.text(15, 26.8, "上海市虚构区桂雨路 18 弄", 3.2)
    sheet.text(15, 31.2, "6 号 402 室", 3.2)
    sheet.text(5, 45.6, "公民身份号码", 2.7, CARD_LABEL)
    sheet.text(29, 44.6, "319999195803120028", 4.0, bold=True, spacing_mm=0.45)
    sheet.portrait(57.5, 7.5, 23, 29)


def _booklet_cover(sheet: Sheet) -> None:
    """门急诊就医记录册, the old cover: worn and full."""
    sheet.fill((176, 206, 196))
    sheet.box(0, 0, 7, sheet.height_mm, fill=(146, 182, 172), edge=None)
    sheet.line(7, 0, 7, sheet.height_mm, width_mm=0.4, colour=(120, 152, 144))
    sheet.text(56, 18, "上海市医疗保险", 6.6, (20, 74, 66), bold=True, anchor="mm", spacing_mm=0.8)
    sheet.text(56, 32, "门急诊就医记录册", 9.2, (20, 74, 66), bold=True, anchor="mm")
    sheet.box(20, 46, 72, 62, fill=(240, 244, 240), edge=(20, 74, 66))
    filled = (
        ("姓    名", "林晓梅"),
        ("性    别", "女"),
        ("医 保 号", "A 0310 6627 5"),
        ("册    号", "第 7 册（已满）"),
    )
    for row, (label, value) in enumerate(filled):
        y_mm = 51 + row * 14
        sheet.text(24, y_mm + 1, label, 4.2)
        sheet.line(43, y_mm + 7.2, 88, y_mm + 7.2, width_mm=0.2)
        sheet.text(45, y_mm, value, 5.0, (24, 44, 140))
    widths_mm = (3, 1, 2, 1, 1, 3, 2, 1, 1, 2, 3, 1, 2, 2, 1, 1, 3, 1, 2, 1, 2, 3, 1, 1, 2, 1, 3)
    x_mm = 30.0
    for place, width in enumerate(widths_mm):
        if place % 2 == 0:
            sheet.box(x_mm, 116, width * 0.45, 11, fill=(30, 30, 30), edge=None)
        x_mm += width * 1.0
    sheet.text(56, 130, "0310 6627 5007", 3.4, anchor="mm", spacing_mm=0.5)
    sheet.text(56, 140, "请妥善保管 · 就医时出示", 3.6, (20, 74, 66), anchor="mm")
    sheet.line(96, 3, 101, 12, 98, 19, 102, 30, width_mm=0.2, colour=(150, 184, 174))
    sheet.line(12, 141, 20, 137, 31, 143, width_mm=0.2, colour=(150, 184, 174))


def _application_form(sheet: Sheet) -> None:
    """A one-page application (A4), filled in by hand."""
    sheet.text(105, 24, "门急诊就医记录册申领（更换）申请表", 6.6, bold=True, anchor="mm")
    sheet.text(22, 33, "受理单位：样例街道社区事务受理服务中心", 3.7)
    sheet.text(188, 33, "编号：JY-000127", 3.7, anchor="ra")
    rows = [
        [(28.0, "申请人姓名", False), (55.0, "林晓梅", True), (28.0, "性    别", False), (55.0, "女", True)],
        [(28.0, "身份证号码", False), (83.0, "319999195803120028", True), (20.0, "民  族", False), (35.0, "汉", True)],
        [
            (28.0, "联系电话", False),
            (55.0, "021-5555 0142", True),
            (28.0, "医 保 号", False),
            (55.0, "A 0310 6627 5", True),
        ],
        [(28.0, "居住地址", False), (138.0, "虚构区桂雨路 18 弄 6 号 402 室", True)],
        [(28.0, "办理类型", False), (138.0, "□ 首次申领    ☑ 写满更换    □ 遗失补领    □ 破损更换", False)],
        [(28.0, "原册册号", False), (55.0, "第 7 册", True), (28.0, "原册页数", False), (55.0, "已用完", True)],
        [(28.0, "代 办 人", False), (55.0, "无", True), (28.0, "与本人关系", False), (55.0, "", True)],
    ]
    sheet.table(22, 40, rows, 12)
    sheet.box(22, 124, 166, 52)
    sheet.text(26, 128, "申请理由", 3.7, bold=True)
    sheet.text(30, 138, "原就医记录册已经写满，申请更换新册。", 4.4, (24, 44, 140))
    sheet.text(30, 149, "原册已带来，请收回并在封面注明。", 4.4, (24, 44, 140))
    sheet.box(22, 176, 166, 44)
    sheet.text(26, 180, "本人承诺", 3.7, bold=True)
    promises = (
        "一、以上所填内容真实、完整，所交材料与原件一致；",
        "二、原就医记录册交由受理单位收回，遗失的愿按规定登记；",
        "三、如有不实，愿承担由此产生的责任。",
    )
    for row, promise in enumerate(promises):
        sheet.text(30, 188 + row * 8, promise, 3.7)
    sheet.text(104, 212, "申请人签名：", 3.7)
    signature = (128, 214, 131, 208, 134, 216, 136, 209, 140, 213, 143, 208, 147, 216, 150, 210, 156, 213, 162, 209)
    sheet.line(*signature, width_mm=0.5, colour=(24, 44, 140))
    sheet.box(22, 220, 166, 46)
    sheet.text(26, 224, "受理意见", 3.7, bold=True)
    sheet.text(30, 234, "经核验，材料齐全，符合更换条件。", 3.7)
    sheet.text(150, 258, "2026 年 3 月 16 日", 3.7)
    sheet.seal(150, 243, 17, "样例街道社区事务受理专用章")
    sheet.text(105, 278, "本表一式一份，由受理单位存档；办理进度可在服务中心或延伸点查询。", 3.2, anchor="mm")


def _household_page(sheet: Sheet) -> None:
    """户口簿, one 常住人口登记卡 (143 × 105 mm)."""
    sheet.fill((247, 239, 222))
    sheet.waves((222, 196, 150, 90), 1.8, 0.8)
    sheet.text(71, 10, "常住人口登记卡", 6.0, bold=True, anchor="mm", spacing_mm=1.6)
    rows = [
        [(22.0, "姓  名", False), (42.0, "林晓梅", True), (26.0, "户主或关系", False), (38.0, "户主", True)],
        [(22.0, "曾用名", False), (42.0, "", True), (26.0, "性      别", False), (38.0, "女", True)],
        [(22.0, "出生地", False), (42.0, "上海市虚构区", True), (26.0, "民      族", False), (38.0, "汉", True)],
        [
            (22.0, "籍  贯", False),
            (42.0, "浙江省样例县", True),
            (26.0, "出生日期", False),
            (38.0, "1958年3月12日", True),
        ],
        [(36.0, "公民身份证件编号", False), (92.0, "319999195803120028", True)],
        [(22.0, "文化程度", False), (42.0, "高中", True), (26.0, "婚姻状况", False), (38.0, "已婚", True)],
        [(22.0, "服务处所", False), (42.0, "退休", True), (26.0, "职      业", False), (38.0, "退休人员", True)],
        [(36.0, "何时由何地迁来本址", False), (92.0, "1998年5月6日由样例路88号迁来", True)],
    ]
    sheet.table(7.5, 17, rows, 9)
    sheet.text(10, 94, "承办人签章：", 3.4)
    sheet.text(88, 97, "登记日期：1998 年 5 月 6 日", 3.4)
    sheet.seal(116, 85, 14, "样例派出所户口专用")


BENCH_PAGES: tuple[BenchPageRecord, ...] = (
    BenchPageRecord("id_card", Wording("身份证（人像面）", "ID card, front"), 85.6, 54.0, _id_card, corner_mm=3.18),
    BenchPageRecord(
        "booklet_cover", Wording("就医记录册（旧册封面）", "Medical booklet, old cover"), 105.0, 148.0, _booklet_cover
    ),
    BenchPageRecord("application_form", Wording("更换申请表", "Application form"), 210.0, 297.0, _application_form),
    BenchPageRecord(
        "household_page", Wording("户口簿（本人页）", "Household register page"), 143.0, 105.0, _household_page
    ),
)
"""The papers of the bench, in the order in which it shows them."""
