"""`python -m center.gateway.sandbox --config sandbox.toml run`: the sandbox as a process, on loopback alone."""

import asyncio
import contextlib
import logging
import signal
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from aiohttp import web
from msgspec import Meta, Struct

from center.gateway.sandbox.app import Sandbox

cli = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


class SandboxSection(Struct, frozen=True, forbid_unknown_fields=True):
    port: Annotated[int, Meta(ge=0, le=65535)]
    key_file: str


class SandboxConfig(Struct, frozen=True, forbid_unknown_fields=True):
    sandbox: SandboxSection


@cli.callback()
def prepare(context: typer.Context, config: Annotated[Path, typer.Option("--config")]) -> None:
    """The city's gateway for demonstrations and tests."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        context.obj = msgspec.toml.decode(config.read_bytes(), type=SandboxConfig).sandbox
    except (OSError, msgspec.MsgspecError) as error:
        typer.echo(f"{config}: {error}", err=True)
        raise typer.Exit(2) from None


@cli.command()
def run(context: typer.Context) -> None:
    """Serve until stopped."""
    section: SandboxSection = context.obj
    key = Path(section.key_file).read_text("ascii").strip()
    asyncio.run(_serve(section.port, key))


async def _serve(port: int, key: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sandbox = Sandbox(key, lambda: time.time_ns() // 1_000_000)
    async with contextlib.AsyncExitStack() as stack:
        runner = web.AppRunner(sandbox.app(), access_log=None, shutdown_timeout=0.5)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        typer.echo(f"sandbox: {runner.addresses[0][0]}:{runner.addresses[0][1]}")
        await stopped.wait()


if __name__ == "__main__":
    cli()
