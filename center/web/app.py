"""The center's web application: every route, and what surrounds them."""

from pathlib import Path
from typing import Protocol

from aiohttp import web

from center.web.affair_pages import AffairPageDesk, AffairPages
from center.web.affairs import AffairDesk, Affairs
from center.web.body import MAX_JSON_BYTES, json_reply
from center.web.booth_pages import BoothPageDesk, BoothPages
from center.web.enrol import EnrolDesk, Enrolments
from center.web.errors import errors_middleware
from center.web.feed import CounterFeed, FeedDesk, Feeds
from center.web.guard import own_page_middleware, set_headers
from center.web.link import BoothLinks, LinkDesk, LinkHub
from center.web.log_in import LogInDesk, LogIns
from center.web.media import ClerkMedia
from center.web.offers import BoothMedia, ListensToHeartbeats
from center.web.pages import PageDesk, Pages
from center.web.relays import RelayRoute, Relays
from center.web.static import StaticPages


class WebDesk(AffairPageDesk, AffairDesk, BoothPageDesk, EnrolDesk, FeedDesk, LinkDesk, LogInDesk, PageDesk, Protocol):
    """The desk as the web layer sees it."""


class CenterPart(Protocol):
    @property
    def id(self) -> str: ...


class HttpPart(Protocol):
    @property
    def certificate_file(self) -> Path | None:
        """None on plain HTTP."""
        ...


class PagesPart(Protocol):
    @property
    def folder(self) -> Path:
        """The built pages: `counter/index.html` and `assets/`."""
        ...


class WebConfig(Protocol):
    """The parts of the center's configuration that the web layer needs."""

    @property
    def center(self) -> CenterPart: ...

    @property
    def http(self) -> HttpPart: ...

    @property
    def pages(self) -> PagesPart: ...


def make_app(
    desk: WebDesk,
    links: LinkHub,
    counters: CounterFeed,
    media: BoothMedia,
    heartbeats: ListensToHeartbeats,
    relays: Relays,
    config: WebConfig,
) -> web.Application:
    """The application, ready to be served. `links` and `counters` are those that the desk was given.

    Shutting it down ends every link and feed; `desk` must be usable until its clean-up is over: it is told that the
    links are down.
    """
    static = StaticPages(config.pages.folder)
    log_ins = LogIns(desk, counters, media, secure=config.http.certificate_file is not None)
    app = web.Application(middlewares=[errors_middleware, own_page_middleware], client_max_size=MAX_JSON_BYTES)
    for resource in (
        log_ins,
        Enrolments(desk),
        BoothLinks(desk, links, media, heartbeats, relays, config.center.id, counters.desk_seen),
        BoothPages(desk, links),
        Feeds(desk, counters, heartbeats, log_ins),
        ClerkMedia(media, log_ins),
        RelayRoute(relays, log_ins),
        Affairs(desk, log_ins),
        AffairPages(desk, links, log_ins),
        Pages(desk, log_ins),
        static,
    ):
        app.router.add_routes(resource.routes())
    app.router.add_get("/api/health", _health)
    app.on_startup.append(static.load)
    app.on_response_prepare.append(set_headers)

    async def end_sockets(_: web.Application) -> None:
        links.end_all()
        counters.end_all()

    app.on_shutdown.append(end_sockets)
    return app


async def _health(request: web.Request) -> web.Response:
    return json_reply({"status": "ok"})
