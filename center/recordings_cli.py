"""`bangban-center recordings`: list them, make one playable file of a case's, delete what was kept long enough."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from center import retention
from center.administration import open_configured
from center.core.queue import CENTER_TIME
from center.errors import ConfigError
from center.store import recordings
from center.store.recordings import RecordingRow
from center.terminal import or_give_up
from protocol.wording import say

cli = typer.Typer(no_args_is_help=True, help=say("center.help_recordings"))

DAY_MS = 24 * 3_600_000


@cli.command("list", help=say("center.help_recordings_list"))
def list_(
    context: typer.Context, case: Annotated[str | None, typer.Argument(help=say("center.help_case"))] = None
) -> None:
    async def read() -> list[RecordingRow]:
        async with open_configured(context.obj) as store, store.read() as tx:
            return await recordings.listed(tx, await recordings.affairs_of(tx, case) if case else None)

    rows = or_give_up(lambda: asyncio.run(read()))
    if not rows:
        typer.echo(say("center.no_recordings"))
    for row in rows:
        typer.echo(_line(row))


@cli.command(help=say("center.help_recordings_export"))
def export(
    context: typer.Context,
    case: Annotated[str, typer.Argument(help=say("center.help_case"))],
    out: Annotated[Path | None, typer.Option("--out", help=say("center.help_recordings_out"))] = None,
) -> None:
    path = out or Path(f"{case}.webm")

    from center import archive  # it brings the codecs, which only this command needs

    async def write() -> archive.Exported:
        async with open_configured(context.obj) as store:
            return await archive.export(store, case, path, time.time_ns() // 1_000_000)

    done = or_give_up(lambda: asyncio.run(write()))
    typer.echo(
        say("center.recording_exported", file=str(path), minutes=_minutes(done.duration_ms), parts=done.segments)
    )
    for missing in done.faults:
        typer.echo(say("center.recording_incomplete", fault=missing), err=True)
    if done.faults:
        raise typer.Exit(1)


@cli.command(help=say("center.help_recordings_clean"))
def clean(
    context: typer.Context,
    days: Annotated[int | None, typer.Option("--days", min=1, help=say("center.help_recordings_days"))] = None,
) -> None:
    keep_days = context.obj.recordings.keep_days if days is None else days

    async def delete() -> int:
        if not keep_days:
            raise ConfigError("[recordings] keep_days is 0: nothing is deleted; say --days")
        async with open_configured(context.obj) as store:
            return await retention.clean(store, keep_days * DAY_MS, time.time_ns() // 1_000_000)

    count = or_give_up(lambda: asyncio.run(delete()))
    typer.echo(say("center.recordings_deleted", count=count))


def _line(row: RecordingRow) -> str:
    begin = datetime.fromtimestamp(row.recording.requested_at_ms / 1000, UTC).astimezone(CENTER_TIME)
    return say(
        "center.recording_row" if row.has_key else "center.recording_row_deleted",
        recording=row.recording.recording_id,
        case=row.case_no or row.affair_id,
        at=f"{begin:%Y-%m-%d %H:%M:%S}",
        minutes=_minutes(row.duration_ms),
        megabytes=f"{row.size_bytes / 1e6:.1f}",
        state=say(f"center.recording_state_{row.recording.state}"),
    )


def _minutes(duration_ms: int) -> str:
    return f"{duration_ms // 60_000}:{duration_ms // 1000 % 60:02}"
