"""`bangban-booth`: enrol a booth once, then run it; and test its devices.

What runs is slow to import, and `run` begins twice (`forgetting`): each command imports for itself what it needs.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from booth.config import Config, load_config
from booth.errors import CenterLost, CenterRefused, ConfigError, DeviceError
from booth.forgetting import overwrite_what_is_freed
from protocol.errors import ErrorCode
from protocol.wording import say

if TYPE_CHECKING:
    from booth.inspection import Finding

log = logging.getLogger("booth")

cli = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=say("booth.help"))


@cli.callback()
def prepare(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", help=say("booth.help_config"))],
    verbose: Annotated[bool, typer.Option("--verbose", help=say("booth.help_verbose"))] = False,
) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for library in ("aiosqlite", "aioice", "aiortc", "asyncio", "PIL"):  # their debug lines would quote SDP and rows
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        context.obj = load_config(config)
    except ConfigError as error:
        _give_up(str(error), 2)


@cli.command(help=say("booth.help_enroll"))
def enroll(context: typer.Context, code: str) -> None:
    from booth.link.address import trust
    from booth.link.enrol import enrol, software_name

    config: Config = context.obj
    try:
        asyncio.run(
            enrol(
                config.center.address,
                trust(config.center.ca_file),
                config.booth.id,
                code,
                config.key_file,
                software_name(),
            )
        )
    except ConfigError as error:
        _give_up(str(error), 2)
    except CenterRefused as refusal:
        _give_up(say("booth.enroll_refused", code=str(refusal.code)), 1)
    except CenterLost as loss:
        _give_up(say("booth.enroll_lost", reason=str(loss)), 1)
    typer.echo(say("booth.enrolled", booth=config.booth.id))


@cli.command(help=say("booth.help_run"))
def run(context: typer.Context) -> None:
    overwrite_what_is_freed()
    from booth.serving import serve

    try:
        asyncio.run(_until_signal(serve(context.obj)))
    except ConfigError as error:
        _give_up(str(error), 2)


@cli.command(help=say("booth.help_devices"))
def devices(context: typer.Context) -> None:
    """Ends with status 1 when something that is configured does not work."""
    from booth.fitting import fit
    from booth.inspection import inspect, look_around

    try:
        fitting = fit(context.obj)
    except ConfigError as error:
        _give_up(str(error), 2)
    findings = asyncio.run(inspect(fitting.readers, fitting.camera))
    for finding in findings:
        typer.echo(_finding_line(finding))
    if not findings:
        typer.echo(say("booth.no_devices"))
    around = look_around()
    for kind, names in (
        ("serial", around.serial_ports),
        ("usb", around.usb_modules),
        ("pcsc", around.pcsc_readers),
    ):
        typer.echo(say(f"booth.found_{kind}", names=", ".join(names) or say("booth.found_none")))
    decoder = around.photo_decoder
    typer.echo(say("booth.no_photo_decoder") if decoder is None else say("booth.photo_decoder", name=decoder))
    if any(finding.code is not None for finding in findings):
        raise typer.Exit(1)


@cli.command(help=say("booth.help_read_card"))
def read_card(
    context: typer.Context,
    show: Annotated[bool, typer.Option("--show", help=say("booth.help_show"))] = False,
    wait_s: Annotated[float, typer.Option("--wait", min=0.1, help=say("booth.help_wait"))] = 60.0,
) -> None:
    from booth.fitting import fit
    from booth.inspection import lines_of, read_next_card

    try:
        fitting = fit(context.obj)
    except ConfigError as error:
        _give_up(str(error), 2)
    if not fitting.readers:
        _give_up(say("booth.no_reader"), 2)
    typer.echo(say("booth.lay_card"))
    try:
        read = asyncio.run(read_next_card(fitting.readers.values(), wait_s))
    except DeviceError as error:
        _give_up(say(f"common.error.{error.code}"), 1)
    except TimeoutError:
        _give_up(say(f"common.error.{ErrorCode.TIMED_OUT}"), 1)
    kind = str(read.card.__struct_config__.tag)
    typer.echo(say("booth.card_read", kind=say(f"booth.card.{kind}"), ms=read.took_ms))
    for name, value in lines_of(read.card, show):
        typer.echo(say("booth.card_line", label=say(f"booth.field.{name}"), value=value))
    if not show:
        typer.echo(say("booth.masked"))


def _finding_line(finding: "Finding") -> str:
    device, state = say(f"common.device.{finding.kind}"), say(f"common.device_state.{finding.state}")
    if finding.code is not None:
        return say("booth.device_fails", device=device, state=state, reason=say(f"common.error.{finding.code}"))
    if finding.reader is None:
        picture = say("booth.camera_what", name=finding.camera_name, width=finding.width_px, height=finding.height_px)
        return say("booth.device_works", device=device, state=state, what=picture)
    what = [finding.reader.name]
    if finding.reader.module_id is not None:
        what.append(say("booth.module_id", id=finding.reader.module_id))
    if finding.reader.atr is not None:
        what.append(say("booth.atr", atr=finding.reader.atr))
    return say("booth.device_works", device=device, state=state, what="; ".join(what))


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT, then cancel and let everything close."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("stopped")


def _give_up(text: str, status: int) -> NoReturn:
    typer.echo(" ".join(text.split()), err=True)
    raise typer.Exit(status)


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
