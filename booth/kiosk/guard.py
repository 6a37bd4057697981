"""Who may speak to the kiosk's server: the kiosk's own page on this machine, and no other site in its browser.

Binding to loopback keeps other machines out; checking `Host` keeps out names that another site made point here (DNS
rebinding); checking `Origin` keeps out other sites' scripts and forms.
"""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from protocol.errors import ProtocolError

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse foreign hosts and foreign sites; turn the family of errors into statuses."""
    if request.headers.get(hdrs.HOST, "").lower() not in _own_hosts(request):
        raise web.HTTPMisdirectedRequest(text="this address is the kiosk's alone\n")
    if request.method not in READING and hdrs.ORIGIN in request.headers:
        require_own_origin(request)
    try:
        return await handler(request)
    except ProtocolError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error


def require_own_origin(request: web.Request) -> None:
    """Raise 403 unless a page of the kiosk itself asks."""
    origin = request.headers.get(hdrs.ORIGIN, "").lower()
    if origin not in {f"http://{host}" for host in _own_hosts(request)}:
        raise web.HTTPForbidden(text="only the kiosk's own page may do this\n")


async def set_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, also on errors."""
    response.headers.update(HEADERS)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def _own_hosts(request: web.Request) -> set[str]:
    """The names under which this very socket is reached."""
    address = request.transport.get_extra_info("sockname") if request.transport is not None else None
    if address is None:
        return set()
    host, port = address[0], address[1]
    return {f"[{host}]:{port}" if ":" in host else f"{host}:{port}", f"localhost:{port}"}
