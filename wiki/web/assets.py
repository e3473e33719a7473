"""Static files, cacheable for ever under a URL that changes with them, and the health check."""

from __future__ import annotations

import mimetypes

from flask import Response

from ..model import NoSuchPage
from .dispatch import CannotFind
from .exchange import Exchange

TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".woff2": "font/woff2"}
COMPRESSED = (".js", ".css", ".svg")


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
    """Say `ok` if the storage can be read: for load balancers and monitors."""
    try:
        exchange.site.wiki.storage.page(exchange.site.wiki.rules.front_page)
    except NoSuchPage:
        pass
    response = Response("ok\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
