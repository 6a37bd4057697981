"""One booth, put together and run."""

import asyncio
import contextlib
import secrets
from functools import partial

import aiohttp
import typer

from booth.closeup import Closeup
from booth.config import Config
from booth.core.visit import VisitCore
from booth.fitting import bench_of, fit, media_leg_of
from booth.kiosk.phone import Phone
from booth.kiosk.preview import Preview
from booth.kiosk.server import KioskServer
from booth.kiosk.socket import PageSockets
from booth.link.address import trust
from booth.link.enrol import software_name
from booth.link.exchange import Exchange
from booth.link.key import load_key
from booth.link.line import UploadLine, UrgentLine
from booth.link.outbox import Outbox
from booth.link.socket import Link
from booth.link.uploader import Uploader
from booth.process import Booth
from booth.taking import PageTaker
from protocol.fields import Wording
from protocol.media import MediaReport, PeerKind
from protocol.wording import say


async def serve(config: Config) -> None:
    """Run one booth until cancelled. Raises `ConfigError` before anything was begun."""
    key = load_key(config.key_file)
    trusted = trust(config.center.ca_file)
    address = config.center.address
    fitting = fit(config)
    name = Wording(config.booth.name_zh, config.booth.name_en)
    async with contextlib.AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(Outbox(config.outbox_dir))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        link = Link(address, trusted, config.booth.id, key, software_name(), session)
        exchange = Exchange(link.tell, _new_id)
        line, urgent_line = UploadLine(), UrgentLine()
        uploads = await stack.enter_async_context(aiohttp.ClientSession(connector=line.connector()))
        urgent = await stack.enter_async_context(aiohttp.ClientSession(connector=urgent_line.connector()))
        closeup = Closeup()
        uploader = Uploader(
            outbox, address, trusted, uploads, line.round_trips_s, urgent, closeup.give_way, urgent_line.silence
        )
        for reader in fitting.readers.values():
            await stack.enter_async_context(reader)
        for codes in fitting.code_readers:
            await stack.enter_async_context(codes)
        taker = None
        if fitting.camera is not None:
            from booth.documents.workshop import PictureWorkshop

            await stack.enter_async_context(fitting.camera)
            workshop = PictureWorkshop(config.document_camera.view_width_mm)
            taker = PageTaker(fitting.camera, outbox, workshop, _new_id, closeup.give_way)
            await stack.enter_async_context(taker)
        core = VisitCore(name, fitting.kinds, idle_s=config.kiosk.idle_s, new_id=_new_id)
        booth = Booth(
            core,
            link,
            exchange,
            uploader,
            fitting.readers,
            fitting.camera,
            taker,
            code_readers=fitting.code_readers,
            closeup=closeup,
            comparer=fitting.comparer,
            headless=config.media.watch_clerk,
        )
        leg = media_leg_of(
            config,
            fitting.camera,
            partial(exchange.offer, PeerKind.BOOTH),
            booth.clerk_seen,
            closeup,
            lambda figures: link.tell(MediaReport(PeerKind.BOOTH, figures)),
        )
        if leg is not None:
            booth.use_leg(leg)
        codes_url = config.device_bench.codes_url
        phone = Phone(codes_url, session) if codes_url else None
        preview = Preview(fitting.camera, taker.preview) if fitting.camera and taker else None
        server = KioskServer(
            config.kiosk.host,
            config.kiosk.port,
            config.kiosk.pages_dir,
            PageSockets(booth.hub, booth, exchange, link.tell),
            lambda: link.up,
            preview=preview,
            bench=bench_of(fitting, name, booth.act, phone),
        )
        async with server, asyncio.TaskGroup() as tasks:
            tasks.create_task(booth.run(), name="booth")
            if preview is not None:
                tasks.create_task(preview.run(), name="preview")
            typer.echo(say("booth.listening", url=server.url))


def _new_id() -> str:
    return secrets.token_urlsafe(15)
