"""A bundle's first visit: a zip was unpacked into a shared host's web space, and there is no data folder yet.

What is not in order is said to the visitor in a sentence, and nothing is made until it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..gateway.environ import regular

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def opening(root: str) -> WSGIApplication:
    """Return an application for a bundle in a folder that finds a place for its data, and then is the wiki."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        from .settling import NotYet, settled

        seen = dict(environ)
        regular(seen)
        try:
            data = settled(root, seen)
        except NotYet as why:
            return _told(why.page(), environ, start_response)
        os.environ["WIKI_DATA"] = data
        from ..wsgi import application as wiki

        return wiki(environ, start_response)

    return application


def _told(body: bytes, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ]
    start_response("503 Service Unavailable", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
