"""Recorded environs, a file per gateway: after `regular` they are all the same, but for exceptions that have a reason.

`environs/record.py` records them from the real servers.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from wiki.gateway.body import bounded
from wiki.gateway.environ import regular

from ..test_environ import known
from .environs.record import REQUESTS

FILES = {path.stem: path for path in sorted((Path(__file__).parent / "environs").glob("*.json"))}
MOUNTS = ("/", "/wiki")

ASCII_ONLY = "takes nothing but ASCII in a request line; browsers send nothing else"
NORMAL = "hands on the path as it reads it, without what it holds for superfluous"
NO_SLASH = "redirects to the mount with a slash itself"

EXCEPTIONS: dict[tuple[str, str], tuple[Any, str]] = {
    # gateway, request: a status if the server answers by itself, else what PATH_INFO is instead
    **{
        (gateway, request): (400, ASCII_ONLY)
        for gateway in (
            *("gunicorn", "waitress", "cheroot", "bjoern", "uvicorn", "hypercorn", "apache-passenger"),
            *("nginx-gunicorn", "nginx-gunicorn-stripped", "apache-gunicorn", "apache-gunicorn-stripped"),
        )
        for request in ("raw utf-8", "query")
    },
    ("cheroot", "absolute"): (400, "does so only as a proxy"),
    ("apache-mod_proxy_uwsgi", "slash"): (500, "refuses %2F in a path; no URL of ours has it"),
    ("apache-mod_proxy_uwsgi", "chunked"): (411, "wants a length"),
    ("apache-mod_proxy_scgi", "chunked"): (411, "wants a length"),
    ("apache-htaccess", "mount"): (301, NO_SLASH),
    ("nginx-gunicorn-stripped", "mount"): (301, NO_SLASH),
    ("apache-gunicorn-stripped", "mount"): (301, NO_SLASH),
    ("lighttpd-gunicorn-stripped", "mount"): ("/", "has no bare mount once it is taken off"),
    **{
        (gateway, request): (path, NORMAL)
        for gateway in ("lighttpd-gunicorn", "lighttpd-gunicorn-stripped", "nginx-gunicorn-stripped")
        for request, path in (("double slash", "/a/b"), ("dots", "/b"))
    },
}
ENDLESS = {
    "wsgiref": "does not take the chunks apart",
    "uwsgi-http": "gives the chunks only to programs that ask uWSGI for them",
}
"""Gateways that hand over no body that was sent in chunks: to be read as empty, never waited for."""

TOLD = [
    name
    for name in FILES
    if name.endswith("stripped")
    or name.startswith(
        (
            *("apache-mod_cgi", "apache-htaccess", "apache-mod_fcgid", "apache-mod_wsgi", "apache-mod_proxy_ajp"),
            *("lighttpd-mod", "nginx-fastcgi", "nginx-fcgiwrap", "nginx-scgi", "nginx-uwsgi"),
        )
    )
]
"""Gateways that say what the mount is, where the wiki's settings do not."""

UNTRUE = ("apache-mod_proxy_fcgi", "apache-mod_proxy_scgi", "apache-mod_proxy_uwsgi")
"""Gateways that take the whole path for the script: even at the root the setting must say so (`mount = "/"`)."""


def rows() -> list[tuple[str, str, str | None]]:
    """Return each gateway with each mount, and what the setting says of it: '' for nothing."""
    found: list[tuple[str, str, str | None]] = []
    for gateway, path in FILES.items():
        for mount in json.loads(path.read_text()):
            found.append((gateway, mount, mount))
            if gateway in TOLD or (mount == "/" and gateway not in UNTRUE):
                found.append((gateway, mount, None))
    return found


def expected(mount: str, request: str) -> tuple[str, str, str]:
    """Return SCRIPT_NAME, PATH_INFO and QUERY_STRING of a request."""
    target = REQUESTS[request][1]
    if target.startswith(b"http:"):
        target = target.partition(b"PORT")[2]
    path, _, query = target.partition(b"?")
    script = mount.rstrip("/")
    encoded = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in query)
    return script, unquote_to_bytes(path).decode("latin-1") or ("" if script else "/"), encoded


@pytest.mark.parametrize(("gateway", "mount", "setting"), rows())
def test_every_gateways_environ_comes_out_the_same(gateway: str, mount: str, setting: str | None) -> None:
    environs = json.loads(FILES[gateway].read_text())[mount]
    always = environs.pop("always")
    for request, recorded in environs.items():
        exception, _reason = EXCEPTIONS.get((gateway, request), (None, ""))
        if isinstance(recorded, int):
            assert recorded == exception, request
            continue
        environ: dict[str, Any] = {**always, **recorded}
        regular(environ, known(setting and setting.rstrip("/"), proxies="127.0.0.1"))
        script, path, query = expected(mount, request)
        path = exception or path
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["QUERY_STRING"]) == (script, path, query), request
        assert (environ["wsgi.url_scheme"], environ["HTTP_HOST"]) == ("http", "127.0.0.1:8000"), request
        assert isinstance(environ["SERVER_PORT"], str)
        assert "HTTP_PROXY" not in environ
        assert "REMOTE_USER" not in environ
        sent = b"hello" if REQUESTS[request][0] == "POST" and not (request == "chunked" and gateway in ENDLESS) else b""
        environ["wsgi.input"] = io.BytesIO(sent)
        bounded(environ)
        assert environ["wsgi.input"].read() == sent, request
        assert environ.get("CONTENT_LENGTH", "0") in ("0", "5"), request
        # Werkzeug goes by the first and, where the second is there, forgets a length.
        assert environ["wsgi.input_terminated"] is True
        assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize(("gateway", "request_"), EXCEPTIONS)
def test_no_exception_is_kept_that_is_none_any_more(gateway: str, request_: str) -> None:
    exception = EXCEPTIONS[gateway, request_][0]
    for mount, environs in json.loads(FILES[gateway].read_text()).items():
        recorded = environs.get(request_)
        if isinstance(exception, int):
            assert recorded in (exception, None)
        else:
            environ = {**environs["always"], **recorded}
            regular(environ, known(mount.rstrip("/"), proxies="127.0.0.1"))
            assert environ["PATH_INFO"] != expected(mount, request_)[1]


def test_every_gateway_that_was_recorded_was_recorded_whole() -> None:
    for path in FILES.values():
        for mount, environs in json.loads(path.read_text()).items():
            missing = REQUESTS.keys() - environs.keys()
            assert missing <= ({"mount"} if mount == "/" else set()), path
