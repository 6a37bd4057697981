"""The built pages. The files are listed once, at the start, so no request can name any other."""

import asyncio
import logging
from pathlib import Path

from aiohttp import hdrs, web

LOG = logging.getLogger(__name__)

NOT_BUILT = (
    "窗口页面尚未构建。请在 web/ 目录运行 npm ci && npm run build,然后重新启动中心程序。\n\n"
    "The counter's page has not been built. Run `npm ci && npm run build` in the folder web/, "
    "then start the center again.\n"
)


class StaticPages:
    """`GET /` is the counter's page, `GET /assets/…` its parts. `folder` holds `counter/index.html` and `assets/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._page: bytes | None = None
        self._assets: dict[str, Path] = {}

    async def load(self, _: web.Application) -> None:
        """Read the page and the list of assets; runs when the application starts."""
        self._page, self._assets = await asyncio.to_thread(_read, self._folder)
        if self._page is None:
            LOG.warning("the counter's page is not built; run npm run build in web/")

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self._counter), web.get("/assets/{name:.+}", self._asset)]

    async def _counter(self, request: web.Request) -> web.Response:
        if self._page is None:
            return web.Response(status=503, text=NOT_BUILT)
        headers = {hdrs.CACHE_CONTROL: "no-cache"}
        return web.Response(body=self._page, content_type="text/html", charset="utf-8", headers=headers)

    async def _asset(self, request: web.Request) -> web.FileResponse:
        path = self._assets.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        # The build puts a hash of the content into each name.
        return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"})


def _read(folder: Path) -> tuple[bytes | None, dict[str, Path]]:
    """The counter's page, if it was built, and the assets by their names. Blocks."""
    page, assets = folder / "counter" / "index.html", folder / "assets"
    names = {path.relative_to(assets).as_posix(): path for path in assets.rglob("*") if _is_inside(path, assets)}
    return page.read_bytes() if page.is_file() else None, names


def _is_inside(path: Path, folder: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())
