"""WSGI applications that only the benchmark runs: one that says hello, and the wiki with its cache hits marked."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HIT = "X-Hit"
_headers = [(key, value) for key, value in json.loads(os.environ.get("HELLO_HEADERS", "[]"))]
_body = b"x" * int(os.environ.get("HELLO_BYTES", "12"))


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with as many bytes and the same headers as the environment says."""
    start_response("200 OK", _headers)
    return [_body]


def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as the wiki, with a header on what came from the page cache."""
    from wiki.wsgi import application

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if environ.get("wiki.hit"):
            headers = [*headers, (HIT, "1")]
        return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

    return application(environ, start)
