"""Service items: what the catalogue's files may say."""

from pathlib import Path

import pytest

from center.config import load_catalogue
from center.core.item import read_item
from center.errors import ConfigError
from tests.unit.center.samples import ROOT

ITEMS = ROOT / "catalogue" / "items"
GOOD = (ITEMS / "medical_booklet.toml").read_text("utf-8")


def test_the_catalogue_holds_the_four_items() -> None:
    items = load_catalogue(ITEMS)
    assert list(items) == [
        "disability_assessment_change",
        "medical_booklet",
        "pension_card_loss",
        "social_card_replacement",
    ]
    for item in items.values():
        assert any(field.fill_from == "name" for field in item.fields)
        assert [each.material_id for each in item.materials if each.required] == ["id_card"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("minutes = 6", "minuets = 6\nminutes = 6", "unknown key minuets"),
        ('fill_from = "name"', 'filled_from = "name"', "unknown key fields.0.filled_from"),
        ('fill_from = "name"', 'fill_from = "nick_name"', "no card has an attribute nick_name"),
        ('field_id = "phone"', 'field_id = "applicant_name"', "applicant_name is there twice"),
        ('default = "booth"', 'default = "pigeon"', "not one of the choices"),
        ('kind = "phone"', 'kind = "choice"', "choices"),
        ("minutes = 6", 'minutes = "six"', "minutes"),
        ("minutes = 6", "minutes =", "Invalid value"),
    ],
)
def test_a_faulty_item_is_refused_with_its_fault(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=fault) as caught:
        read_item(GOOD.replace(old, new, 1), "x.toml")
    assert str(caught.value).startswith("x.toml: ")


def test_an_item_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    with pytest.raises(ConfigError, match="in another file too"):
        load_catalogue(tmp_path)


def test_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no items"):
        load_catalogue(tmp_path)
