"""`bangban-demo`: raise the system, let two robots do an affair, then leave it to people."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import aiohttp
import msgspec
import typer
from rich.console import Console

from demo.clerk import clerk_at
from demo.resident import resident_at
from demo.show import Show, invitation
from demo.stage import ROOT, BoothPlan, ClerkPlan, Site, Stage, StageError, example_booth, free_port, raise_stage
from demo.story import Record, Story
from protocol.devices import DeviceKind
from protocol.kiosk import BenchView
from protocol.wording import say

FOLDER = ROOT / "var" / "demo"
CENTER_PORT = 8700
BOOTH_PORTS = (8701, 8702)


def main() -> None:
    typer.run(_demo)


def _demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the robots' affair.")] = False,
    language: Annotated[str, typer.Option(help="zh-CN or en.")] = "zh-CN",
) -> None:
    """Start a center and two booths, and have two robots do a 就医记录册申领."""
    console = Console()
    finished = False
    try:
        finished = asyncio.run(_run(console, once, language))
    except* StageError as failures:
        for failure in failures.exceptions:
            console.print(f"[red]{failure}")
    except* KeyboardInterrupt:
        finished = True
    raise typer.Exit(0 if finished else 1)


async def _run(console: Console, once: bool, language: str) -> bool:
    console.print(say("demo.raising", language))
    async with raise_stage(FOLDER / "run", Site(free_port(CENTER_PORT)), _booths(), _clerks()) as stage:
        if not once:
            console.print(invitation(stage, language))
        finished = await _play(stage, console, language)
        if once:
            return finished
        console.print(invitation(stage, language))
        await _until_stopped(stage)
        return True


async def _play(stage: Stage, console: Console, language: str) -> bool:
    """The robots' affair, and what became of it in `var/demo/affair.json`."""
    booth, clerk_plan = stage.booths[0], stage.clerks[0]
    card_id, page_ids = await _bench(booth.url)
    record = Record()
    try:
        with Show(console, language) as show:
            async with (
                clerk_at(stage.site, clerk_plan) as clerk,
                resident_at(booth) as resident,
            ):
                story = Story(resident, clerk, card_id, page_ids, show.step)
                record = story.record
                await story.play()
    except* (TimeoutError, RuntimeError, aiohttp.ClientError) as failures:
        for failure in failures.exceptions:
            console.print(f"[red]{say('demo.failed', language)} {type(failure).__name__}: {failure}")
    record.journal_verified = await stage.verify()
    path = _write(record)
    console.print(say("demo.written", language, path=str(path.relative_to(ROOT))))
    return (
        record.outcome == "finished"
        and record.journal_verified
        and record.pages_verified == record.pages_sent == len(page_ids)
    )


async def _bench(url: str) -> tuple[str, list[str]]:
    """An ID card and two pages from the booth's bench."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/bench/state") as answer:
        bench = msgspec.json.decode(await answer.read(), type=BenchView)
    card = next(card for card in bench.cards if card.reader == DeviceKind.ID_CARD_READER)
    return card.card_id, [page.page_id for page in bench.pages[:2]]


def _write(record: Record) -> Path:
    path = FOLDER / "affair.json"
    path.write_text(json.dumps(record.as_json(), ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path


async def _until_stopped(stage: Stage) -> None:
    """Until Ctrl-C, or until one of the programs ends, which is said."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    waiting = asyncio.ensure_future(stopped.wait())
    ended = [asyncio.ensure_future(program.wait()) for program in (stage.center, stage.gateway, *stage.booth.values())]
    try:
        await asyncio.wait([waiting, *ended], return_when=asyncio.FIRST_COMPLETED)
        if not stopped.is_set():
            raise StageError(f"a program ended; see the logs in {stage.folder}")
    finally:
        for task in (waiting, *ended):
            task.cancel()


def _booths() -> list[BoothPlan]:
    first, second = (free_port(port) for port in BOOTH_PORTS)
    return [
        example_booth(port=first),
        BoothPlan("guanlong-02", "管弄居民区帮办亭", "Guanlong booth", "管弄路乙2号", "2 Guanlong Road", second),
    ]


def _clerks() -> list[ClerkPlan]:
    return [ClerkPlan("wang", "王窗口", "3"), ClerkPlan("li", "李窗口", "5")]


if __name__ == "__main__":
    main()
