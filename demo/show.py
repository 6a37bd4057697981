"""The demo's face: each step and its duration as it happens, live in a terminal and line by line elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table

from demo.stage import Stage
from protocol.wording import say


class Show:
    """A context manager: while it is open, `step` shows what goes on."""

    def __init__(self, console: Console, language: str) -> None:
        self._console = console
        self._language = language
        self._done: list[tuple[str, int]] = []
        self._now: str | None = None
        self._live = Live(self._table(), console=console, refresh_per_second=12) if console.is_terminal else None

    def step(self, name: str, ms: int | None) -> None:
        """A step began (`ms` None) or ended."""
        if ms is None:
            self._now = name
        else:
            self._now = None
            self._done.append((name, ms))
            if self._live is None:
                self._console.print(f"{self._say(f'step.{name}'):<28} {ms:>6} ms", highlight=False)
        if self._live is not None:
            self._live.update(self._table())

    def _say(self, key: str) -> str:
        return say(f"demo.{key}", self._language)

    def _table(self) -> Table:
        table = Table(title=self._say("title"), title_style="bold", expand=False)
        table.add_column(self._say("column.step"))
        table.add_column(self._say("column.ms"), justify="right", min_width=10)
        for name, ms in self._done:
            table.add_row(f"[green]✓[/] {self._say(f'step.{name}')}", f"{ms:,}")
        if self._now is not None:
            table.add_row(Spinner("dots", text=self._say(f"step.{self._now}")), "")
        return table

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        else:
            self._console.print(self._say("title"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()


def invitation(stage: Stage, language: str) -> Panel:
    """The addresses and log-ins with which people can play both sides."""
    table = Table.grid(padding=(0, 3))
    table.add_row(f"[bold]{say('demo.counter', language)}", stage.site.url, "")
    for clerk in stage.clerks:
        who = f"{clerk.display_name} · {say('demo.counter_no', language, counter=clerk.counter)}"
        table.add_row("", f"{clerk.name} / {clerk.password}", who)
    for plan in stage.booths:
        name = plan.name_zh if language == "zh-CN" else plan.name_en
        table.add_row(f"[bold]{name}", plan.url, say("demo.kiosk", language))
        table.add_row("", f"{plan.url}/bench", say("demo.bench", language))
    return Panel(table, title=say("demo.play", language), subtitle=say("demo.stop", language), expand=False)
