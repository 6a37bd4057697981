"""`make bench`: every measurement, one after another; `python -m bench NAME` for one of them."""

import json
import os
import platform
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import (
    affair,
    calls,
    cards,
    codes,
    delivery,
    documents,
    documents_read,
    faces,
    loss,
    media,
    networks,
    outline,
    recording,
)
from demo.stage import ROOT

FOLDER = ROOT / "var" / "bench"


class Name(StrEnum):
    DOCUMENTS = "documents"
    CARDS = "cards"
    AFFAIR = "affair"
    CODES = "codes"
    LOSS = "loss"
    CALLS = "calls"
    RECORDING = "recording"
    FACES = "faces"
    MEDIA = "media"
    READING = "reading"
    DELIVERY = "delivery"
    OUTLINE = "outline"
    NETWORKS = "networks"


def _measure(name: Name) -> dict[str, Any]:
    match name:
        case Name.DOCUMENTS:
            return documents.measure()
        case Name.CARDS:
            return {**cards.measure(), "codes": codes.measure()}
        case Name.AFFAIR:
            return affair.measure()
        case Name.CODES:
            return codes.measure()
        case Name.LOSS:
            return loss.measure()
        case Name.CALLS:
            return calls.measure()
        case Name.RECORDING:
            return recording.measure()
        case Name.FACES:
            return faces.measure()
        case Name.MEDIA:
            return media.measure()
        case Name.READING:
            return documents_read.measure()
        case Name.DELIVERY:
            return delivery.measure()
        case Name.OUTLINE:
            return outline.measure()
        case Name.NETWORKS:
            return networks.measure()


def main(
    name: Annotated[Name | None, typer.Argument(help="One measurement; all without it.")] = None,
    sessions: Annotated[int, typer.Option(help="For media: so many whole sessions instead of the comparison.")] = 0,
) -> None:
    console = Console()
    FOLDER.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    for one in [name] if name is not None else list(Name):
        whole = one is Name.MEDIA and sessions > 0
        result = {"machine": machine, **(media.measure_sessions(sessions) if whole else _measure(one))}
        path = FOLDER / ("media-sessions.json" if whole else f"{one}.json")
        path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
        console.print_json(json.dumps(result))
        console.print(f"→ {path.relative_to(ROOT)}")


if __name__ == "__main__":
    typer.run(main)
