"""The message catalogue: every text for people, Chinese first, in `protocol/text/<language>/<area>.json`.

The pages read the same files when they are built. A key is `<area>.<name>`; a test holds both languages
to the same keys and the same `{placeholders}`.
"""

import json
from functools import cache
from importlib.resources import files

LANGUAGES = ("zh-CN", "en")


def say(key: str, language: str = "zh-CN", **values: str | int) -> str:
    """The text of `key`; a key that is not in the catalogue is a programmer's error and raises `KeyError`."""
    area, _, name = key.partition(".")
    return _texts(language, area)[name].format(**values)


@cache
def _texts(language: str, area: str) -> dict[str, str]:
    if language not in LANGUAGES:
        raise KeyError(language)
    source = files("protocol") / "text" / language / f"{area}.json"
    texts: dict[str, str] = json.loads(source.read_text("utf-8"))
    return texts
