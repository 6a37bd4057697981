"""What every request and reply passes: the header that only our own pages send, the headers that bind the browser."""

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from center.web.errors import ForeignPage, Handler

OWN_HEADER = "X-Bangban"
_SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_BOOTH_PATHS = ("/api/booth/", "/api/enrol")
"""Booths are programs with a key or a token of their own; no cookie is involved that another page could abuse."""

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "Server": "bangban",
    "X-Content-Type-Options": "nosniff",
}


@web.middleware
async def own_page_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a changing request that lacks our header, which another site's page can't send without our leave."""
    changes = request.method not in _SAFE_METHODS and request.path.startswith("/api/")
    if changes and not request.path.startswith(_BOOTH_PATHS) and request.headers.get(OWN_HEADER) != "1":
        raise ForeignPage("a changing request carries X-Bangban: 1")
    return await handler(request)


def check_origin(request: web.Request) -> None:
    """Refuse a WebSocket of another origin's page. A program, which sends no `Origin`, has no cookie to abuse."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        host = ""
    if host.lower() != request.host.lower():
        raise ForeignPage("a page of another origin opens no WebSocket here")


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Runs for every reply just before its headers go out."""
    response.headers.update(_HEADERS)
    if request.path.startswith("/api/"):
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
