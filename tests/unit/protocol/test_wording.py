"""The message catalogue: both languages say the same things."""

import json
import re
from pathlib import Path

import pytest

import protocol
from protocol.errors import ErrorCode
from protocol.wording import LANGUAGES, say

FOLDER = Path(protocol.__file__).parent / "text"
AREAS = sorted(path.stem for path in (FOLDER / "zh-CN").glob("*.json"))


def texts(language: str, area: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((FOLDER / language / f"{area}.json").read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_have_the_same_keys_and_placeholders(area: str) -> None:
    chinese, english = (texts(language, area) for language in LANGUAGES)
    assert chinese.keys() == english.keys()
    for key in chinese:
        assert sorted(re.findall(r"{\w+}", chinese[key])) == sorted(re.findall(r"{\w+}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_has_words(language: str) -> None:
    for code in ErrorCode:
        assert say(f"common.error.{code}", language)


def test_no_area_exists_in_one_language_only() -> None:
    assert sorted(path.stem for path in (FOLDER / "en").glob("*.json")) == AREAS


def test_the_chinese_texts_are_chinese() -> None:
    for area in AREAS:
        for key, text in texts("zh-CN", area).items():
            if key == "language.other":  # the button to the other language is in that language
                continue
            assert re.search(r"[\u4e00-\u9fff]", text) or not re.search(r"[A-Za-z]{4}", re.sub(r"{\w+}", "", text)), (
                area,
                key,
            )
