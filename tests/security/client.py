"""A browser that sends exactly the bytes it is told to, to the wiki's one WSGI callable, and reads headers strictly."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

MOUNT = "/wiki"
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
BOUNDARY = "b0und4ry"


@dataclass(frozen=True)
class Answer:
    """A status, headers in order, and the body."""

    target: str
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    hit: bool = False

    def header(self, name: str) -> str:
        """Return a header's value, '' without one."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), "")

    def headers(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @property
    def kind(self) -> str:
        """The media type without its parameters."""
        return self.header("Content-Type").partition(";")[0]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Client:
    """One browser: its cookies, and where it sends requests. Targets are raw, below the mount, with their query."""

    app: Any
    host: str = "localhost"
    scheme: str = "http"
    mount: str = MOUNT
    address: str = "192.0.2.7"
    cookies: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def open(
        self,
        target: str,
        method: str = "GET",
        body: bytes = b"",
        type: str = "",
        headers: Mapping[str, str] | None = None,
        keep: bool = True,
        length: str | None = None,
    ) -> Answer:
        """Send a request; with `keep` the cookies of the answer are kept. `length` is a false Content-Length."""
        target = self.mount + target
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": self.mount,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1")[len(self.mount) :],
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "REMOTE_ADDR": self.address,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443" if self.scheme == "https" else "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self.host,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if body or method == "POST":
            environ["CONTENT_LENGTH"] = str(len(body)) if length is None else length
        if type:
            environ["CONTENT_TYPE"] = type
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        for key, value in (headers or {}).items():
            environ["HTTP_" + key.upper().replace("-", "_")] = value
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, sent: list[tuple[str, str]], problem: Any = None) -> Any:
            started.append((status, sent))
            return lambda data: None

        result = self.app(environ, start)
        try:
            content = b"".join(result)
        finally:
            getattr(result, "close", lambda: None)()
        status, sent = started[-1]
        for key, value in sent:
            assert not CONTROL.search(key + value), f"{target}: a control character in {key}: {value!r}"
            value.encode("latin-1")
        answer = Answer(target, int(status[:3]), tuple(sent), content, "wiki.hit" in environ)
        self.answers.append(answer)
        if keep:
            for line in answer.headers("Set-Cookie"):
                for name, morsel in SimpleCookie(line).items():
                    if morsel["max-age"] == "0" or not morsel.value:
                        self.cookies.pop(name, None)
                    else:
                        self.cookies[name] = morsel.value
        return answer

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a target."""
        return self.open(target, headers=headers)

    def post(
        self,
        target: str,
        data: Mapping[str, str | bytes],
        headers: Mapping[str, str] | None = None,
        multi: bool = False,
    ) -> Answer:
        """Send fields; bytes are files, which need `multi`."""
        if multi:
            return self.open(target, "POST", multipart(data), f"multipart/form-data; boundary={BOUNDARY}", headers)
        body = urlencode(data, errors="surrogatepass").encode()
        return self.open(target, "POST", body, "application/x-www-form-urlencoded", headers)

    @property
    def token(self) -> str:
        """A token that this browser's forms carry."""
        found = TOKEN.search(self.get("/-/appearance").text)
        assert found, "the form has no token"
        return found[1]

    def send(self, target: str, multi: bool = False, /, **data: str | bytes) -> Answer:
        """Send a form of this wiki, with its token."""
        return self.post(target, {"csrf_token": self.token, **data}, multi=multi)


def multipart(data: Mapping[str, str | bytes]) -> bytes:
    """Return fields as a multipart body; bytes become a file, whose name stands before a NUL in them if there is one."""
    parts = []
    for name, value in data.items():
        if isinstance(value, bytes):
            file, mark, content = value.partition(b"\0")
            shown = file if mark else b"a.bin"
            head = b'Content-Disposition: form-data; name="%s"; filename="%s"\r\n' % (name.encode(), shown)
            parts.append(head + b"Content-Type: application/octet-stream\r\n\r\n" + (content if mark else value))
        else:
            parts.append(b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (name.encode(), value.encode()))
    line = f"--{BOUNDARY}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
