"""The pages' types are the ones that Python has."""

from pathlib import Path

from protocol.typescript import render

GENERATED = Path(__file__).parents[3] / "web" / "lib" / "protocol.ts"


def test_the_generated_types_are_not_stale() -> None:
    assert GENERATED.read_text("utf-8") == render(), "run `make types`"


def test_unions_are_told_apart_by_their_tag() -> None:
    text = render()
    assert "export type KioskAction = Touched | ItemChosen" in text
    assert "export interface Touched {\n  type: 'touched'\n}" in text
