"""The kiosk's server, on loopback: the built pages, their socket, the preview, the bench."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import hdrs, web

from booth.errors import ConfigError
from booth.kiosk.bench import Bench
from booth.kiosk.guard import guard, set_headers
from booth.kiosk.preview import Preview
from booth.kiosk.socket import PageSockets

STOP_S = 2.0
"""How long a request may still take when the booth stops."""


class KioskServer:
    """An async context manager: entering listens, leaving closes every connection. Leaving twice is harmless."""

    def __init__(
        self,
        host: str,
        port: int,
        pages_dir: Path,
        sockets: PageSockets,
        link_up: Callable[[], bool],
        *,
        preview: Preview | None = None,
        bench: Bench | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._pages_dir = pages_dir
        self._sockets = sockets
        self._link_up = link_up
        self._runner = web.AppRunner(self._app(preview, bench), access_log=None, shutdown_timeout=STOP_S)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self._port)
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigError(f"kiosk.port {self._port} can't be listened on: {error.strerror}") from error
        address = self._runner.addresses[0]
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"http://{host}:{address[1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def _app(self, preview: Preview | None, bench: Bench | None) -> web.Application:
        app = web.Application(middlewares=[guard])
        app.on_response_prepare.append(set_headers)
        app.on_shutdown.append(self._close_sockets)
        app.router.add_get("/", self._kiosk_page)
        app.router.add_get("/ws", self._sockets.serve)
        app.router.add_get("/health", self._health)
        if (self._pages_dir / "assets").is_dir():
            app.router.add_static("/assets", self._pages_dir / "assets")
        if preview is not None:
            app.router.add_get("/preview.mjpg", preview.serve)
        if bench is not None:
            app.router.add_get("/bench", self._bench_page)
            app.router.add_routes(bench.routes())
        return app

    async def _close_sockets(self, _app: web.Application) -> None:
        await self._sockets.close()

    async def _kiosk_page(self, _request: web.Request) -> web.StreamResponse:
        return self._page("kiosk")

    async def _bench_page(self, _request: web.Request) -> web.StreamResponse:
        return self._page("bench")

    def _page(self, name: str) -> web.StreamResponse:
        file = self._pages_dir / name / "index.html"
        if not file.is_file():
            raise web.HTTPNotFound(text="the pages are not built: see kiosk.pages_dir\n")
        return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "link_up": self._link_up()})
