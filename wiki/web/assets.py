"""Static files, cacheable for ever under a URL that changes with them, and the health check."""

from __future__ import annotations

import mimetypes

from flask import Response

from ..model import NoSuchPage
from .dispatch import CannotFind
from .exchange import Exchange

TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".woff2": "font/woff2"}
ICON = "favicon.svg"
COMPRESSED = (".js", ".css", ".svg")

ROBOTS = """\
User-agent: *
Disallow: /*?
Disallow: /-/
Allow: /-/static/
Allow: /-/p/
"""
"""Pages and what they are drawn with; no old revisions, editors and lists without end."""


def static(exchange: Exchange, path: str) -> Response:
    """Send a static file: `<mark>/<name>`, where the mark is only there to change with the file."""
    _mark, _, name = path.partition("/")
    file = exchange.site.static_file(name)
    if file is None:
        raise CannotFind()
    content = file.read_bytes()
    media = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    response = Response(content, mimetype=media)
    if file.suffix in COMPRESSED and exchange.request.accept_encodings["gzip"]:
        import gzip

        response.set_data(gzip.compress(content, 9, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def health(exchange: Exchange, path: str) -> Response:
    """Say `ok` if the storage can be read: for load balancers and monitors.

    `wiki doctor` sees in the header Wiki-Heard what of its request came through.
    """
    try:
        exchange.site.wiki.storage.page(exchange.site.wiki.rules.front_page)
    except NoSuchPage:
        pass
    response = Response("ok\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    heard = " authorization" if "Authorization" in exchange.request.headers else ""
    response.headers["Wiki-Heard"] = exchange.request.scheme + heard
    return response


def robots(exchange: Exchange, path: str) -> Response:
    """Tell robots what not to fetch (RFC 9309)."""
    response = Response(ROBOTS, mimetype="text/plain")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def icon(exchange: Exchange, path: str) -> Response:
    """Lead those who do not read the page's head to the wiki's icon."""
    response = exchange.redirect(exchange.urls.special(f"static/-/{ICON}"), 302)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def well_known(exchange: Exchange, path: str) -> Response:
    """Raise CannotFind: nobody wants to be asked for a new page here (RFC 8615)."""
    raise CannotFind()
