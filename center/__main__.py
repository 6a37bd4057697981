"""`bangban-center`: make a store, add clerks and booths, run the center, verify its journal."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from center.administration import add_clerk, check_name, issue_code, make_store, open_configured, read_password
from center.config import CenterConfig, load_catalogue, load_config, load_gateway_key, load_turn_secret
from center.errors import ConfigError
from center.media.interface import MediaPlane, ParticipantUp
from center.reader import ReaderProcess
from center.recordings_cli import cli as recordings_cli
from center.retention import clean
from center.store import journal
from center.store.store import Store, upgrade_store
from center.terminal import or_give_up
from protocol.fields import Wording
from protocol.wording import say

if TYPE_CHECKING:
    from center.desk import Desk

log = logging.getLogger("center")

TICK_S = 1.0
CLEAN_S = 3600.0
DAY_MS = 24 * 3_600_000
SHUTDOWN_S = 5.0
"""How long requests under way may take when the center stops."""

cli = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=say("center.help"))
cli.add_typer(recordings_cli, name="recordings")


class Role(StrEnum):
    CLERK = "clerk"
    SUPERVISOR = "supervisor"


PasswordFile = Annotated[Path | None, typer.Option("--password-file", help=say("center.help_password_file"))]
DisplayName = Annotated[str | None, typer.Option("--display-name", help=say("center.help_display_name"))]
Counter = Annotated[str, typer.Option("--counter", help=say("center.help_counter"))]


@cli.callback()
def prepare(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", help=say("center.help_config"))],
    verbose: Annotated[bool, typer.Option("--verbose", help=say("center.help_verbose"))] = False,
) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Their lines would quote rows and SDP, which is personal, or addresses of browsers.
    for library in ("aiosqlite", "sqlalchemy", "alembic", "aioice", "aiortc", "asyncio", "aiohttp.access"):
        logging.getLogger(library).setLevel(logging.WARNING)
    context.obj = or_give_up(lambda: load_config(config))


@cli.command(help=say("center.help_init"))
def init(
    context: typer.Context,
    supervisor: Annotated[str, typer.Option("--supervisor", help=say("center.help_supervisor"))],
    display_name: DisplayName = None,
    counter: Counter = "1",
    password_file: PasswordFile = None,
) -> None:
    def work() -> None:
        password, new = read_password(password_file)
        check_name(supervisor)
        make_store(context.obj)
        asyncio.run(_add_clerk(context.obj, supervisor, display_name, counter, Role.SUPERVISOR, password))
        typer.echo(say("center.initialised", folder=str(context.obj.store.folder), name=supervisor))
        if new:
            typer.echo(say("center.password", password=password))

    or_give_up(work)


@cli.command("add-clerk", help=say("center.help_add_clerk"))
def add(
    context: typer.Context,
    name: str,
    display_name: DisplayName = None,
    counter: Counter = "1",
    role: Annotated[Role, typer.Option("--role", help=say("center.help_role"))] = Role.CLERK,
    password_file: PasswordFile = None,
) -> None:
    def work() -> None:
        password, new = read_password(password_file)
        asyncio.run(_add_clerk(context.obj, name, display_name, counter, role, password))
        typer.echo(say("center.clerk_added", name=name, counter=counter))
        if new:
            typer.echo(say("center.password", password=password))

    or_give_up(work)


@cli.command(help=say("center.help_enroll"))
def enroll(
    context: typer.Context,
    booth: str,
    name_zh: Annotated[str, typer.Option("--name-zh")],
    name_en: Annotated[str, typer.Option("--name-en")],
    address_zh: Annotated[str, typer.Option("--address-zh")],
    address_en: Annotated[str, typer.Option("--address-en")],
) -> None:
    async def issue() -> str:
        async with open_configured(context.obj) as store:
            return await issue_code(store, booth, Wording(name_zh, name_en), Wording(address_zh, address_en), now_ms())

    code = or_give_up(lambda: asyncio.run(issue()))
    typer.echo(say("center.enrolment_code", booth=booth, code=code))


@cli.command(help=say("center.help_verify"))
def verify(context: typer.Context) -> None:
    async def check() -> journal.Verdict:
        async with open_configured(context.obj) as store, store.read() as tx:
            return await journal.verify(tx, store)

    verdict = or_give_up(lambda: asyncio.run(check()))
    if verdict.fault is not None:
        typer.echo(say("center.broken", fault=verdict.fault), err=True)
        raise typer.Exit(1)
    typer.echo(say("center.verified", entries=verdict.entries, documents=verdict.documents))


@cli.command(help=say("center.help_migrate"))
def migrate(context: typer.Context) -> None:
    before = or_give_up(lambda: upgrade_store(context.obj.store.folder))
    typer.echo(say("center.migrated", before=before or "–"))


@cli.command(help=say("center.help_run"))
def run(context: typer.Context) -> None:
    def work() -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_until_signal(serve(context.obj)))

    or_give_up(work)


async def serve(config: CenterConfig) -> None:
    """Run the center until cancelled. Raises `ConfigError` before anything was begun."""
    # Slow to import, and only this command needs them.
    from aiohttp import web

    from center.desk import Desk
    from center.gateway.http import open_gateway
    from center.heartbeats import Heartbeats
    from center.media.process.client import MediaProcess
    from center.web.app import make_app
    from center.web.feed import CounterFeed
    from center.web.link import LinkHub
    from center.web.relays import Relays

    items = load_catalogue(config.catalogue.folder)
    tls = _tls(config)
    gateway_key = load_gateway_key(config.gateway) if config.gateway.url else None
    turn = config.turn
    relays = Relays(now_ms, turn.urls, load_turn_secret(turn), turn.lifetime_s) if turn.urls else Relays(now_ms)
    store = await asyncio.to_thread(open_configured, config)
    listener = _listener(config)
    links, counters = LinkHub(), CounterFeed()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(contextlib.closing(listener))
        await stack.enter_async_context(store)
        media = await stack.enter_async_context(MediaProcess(config.media.settings()))
        heartbeats = Heartbeats(media, now_ms)
        gateway = None
        if config.gateway.url and gateway_key:
            gateway = await stack.enter_async_context(open_gateway(config.gateway.url, gateway_key))
        reader = await stack.enter_async_context(ReaderProcess()) if config.reading.enabled else None
        desk = Desk(
            store=store,
            items=items,
            center_name=config.center.name,
            case_prefix=config.center.case_prefix,
            post=links,
            feed=counters,
            rooms=heartbeats,
            now_ms=now_ms,
            gateway=gateway,
            records=config.recordings.enabled,
            reader=reader,
        )
        await desk.start()
        runner = web.AppRunner(
            make_app(desk, links, counters, media, heartbeats, relays, config),
            access_log=None,
            shutdown_timeout=SHUTDOWN_S,
        )
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=tls).start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_ticks(desk), name="ticks")
            tasks.create_task(heartbeats.keep(store), name="heartbeats")
            if config.recordings.keep_days:
                keep_ms = config.recordings.keep_days * DAY_MS
                tasks.create_task(_clean_recordings(store, keep_ms), name="clean recordings")
            tasks.create_task(desk.read_pages(), name="reading")
            tasks.create_task(_follow_media(desk, links.media_down, media), name="media events")
            tasks.create_task(_follow_recordings(desk, media), name="recording news")
            typer.echo(say("center.listening", url=_url(config, listener)))


async def _ticks(desk: "Desk") -> None:
    """Let the deadlines act. A supervisor: one tick that fails must not end the center."""
    while True:
        await asyncio.sleep(TICK_S)
        try:
            await desk.tick()
        except Exception:
            log.exception("a tick failed")


async def _clean_recordings(store: Store, keep_ms: int) -> None:
    """Delete what was kept long enough, at the start and every hour. A supervisor, like `_ticks`."""
    while True:
        try:
            if deleted := await clean(store, keep_ms, now_ms()):
                log.info("%d recordings deleted: kept long enough", deleted)
        except Exception:
            log.exception("cleaning recordings failed")
        await asyncio.sleep(CLEAN_S)


async def _follow_media(desk: "Desk", media_down: Callable[[str], None], media: MediaPlane) -> None:
    """Tell the desk, and the booths, how the media connections fare. A supervisor, like `_ticks`."""
    async for event in media.events():
        up = isinstance(event, ParticipantUp)
        if not up:
            media_down(event.participant)
        try:
            await desk.media_changed(event.participant, up)
        except Exception:
            log.exception("a media event of %s failed", event.participant)


async def _follow_recordings(desk: "Desk", media: MediaPlane) -> None:
    """Tell the desk how the recordings fare. A supervisor, like `_ticks`."""
    async for news in media.recording_news():
        try:
            await desk.recording_news(news)
        except Exception:
            log.exception("news of recording %s failed", news.recording_id)


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


async def _add_clerk(
    config: CenterConfig, name: str, display_name: str | None, counter: str, role: Role, password: str
) -> None:
    async with open_configured(config) as store:
        await add_clerk(
            store,
            name=name,
            display_name=display_name or name,
            counter=counter,
            role=role,
            password=password,
            now_ms=now_ms(),
        )


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _listener(config: CenterConfig) -> socket.socket:
    """Raises `ConfigError` when the address can't be had."""
    http = config.http
    try:
        family, _, _, _, address = socket.getaddrinfo(http.host, http.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((address[0], address[1]), family=family, backlog=256)
    except OSError as error:
        raise ConfigError(f"[http] {http.host} port {http.port}: {error.strerror or error}") from error


def _tls(config: CenterConfig) -> ssl.SSLContext | None:
    http = config.http
    if http.certificate_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(http.certificate_file, http.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"[http] {http.certificate_file}: not a certificate with its key in PEM") from error
    return context


def _url(config: CenterConfig, listener: socket.socket) -> str:
    host = f"[{config.http.host}]" if ":" in config.http.host else config.http.host
    scheme = "https" if config.http.certificate_file else "http"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
