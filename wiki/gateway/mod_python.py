"""mod_python: Apache's handler in Python, answered by a WSGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import cgi
from .cgi import answer, complete

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

OK = 0
LENGTH_REQUIRED = 411


def handling(application: WSGIApplication) -> Callable[[Any], int]:
    """Return a handler as mod_python wants it: `handler = handling(application)`."""

    def handler(request: Any) -> int:
        reply = Reply(request)
        try:
            environ = environment(request)
            if "HTTP_TRANSFER_ENCODING" in environ:
                # mod_python reads no chunks; without this the first read fails inside the application.
                return LENGTH_REQUIRED
            answer(application, environ, reply)
        except BrokenPipeError:
            # The visitor has gone.
            pass
        except Exception:
            # The edge: mod_python would show the visitor a traceback.
            reply.fail()
        return OK

    return handler


def environment(request: Any) -> WSGIEnvironment:
    """Return a request's WSGI environ (PEP 3333); its mount is what `PythonOption mount` says."""
    request.add_cgi_vars()
    table = request.subprocess_env
    environ: WSGIEnvironment = {name: latin(table.get, name) for name in table.keys()}  # noqa: SIM118  # not a dict
    # What is there so far was decoded and cleaned by Apache.
    environ["REQUEST_URI"] = latin(getattr, request, "unparsed_uri")
    environ["SCRIPT_NAME"] = request.get_options().get("mount", "")
    complete(environ)
    environ["wsgi.url_scheme"] = "https" if request.is_https() else "http"
    environ["wsgi.input"] = request
    environ["wsgi.multithread"] = True
    environ["wsgi.run_once"] = False
    return environ


def latin(read: Callable[..., str | None], *arguments: object) -> str:
    """Return what a function of mod_python reads, its bytes as Latin-1.

    mod_python decodes everything as UTF-8, and fails where it is none; the bytes are then in the error. Of its tables,
    only `get` may be asked: `table[name]` ends the process in this case, and `items` loses the others.
    """
    try:
        # It is None for a variable without a value.
        return (read(*arguments) or "").encode().decode("latin-1")
    except UnicodeDecodeError as error:
        return error.object.decode("latin-1")


class Reply(cgi.Reply):
    """A response on its way to Apache, which is told the head before the first piece."""

    def __init__(self, request: Any) -> None:
        super().__init__(-1)
        self.request = request
        self._wanted: tuple[str, list[tuple[str, str]]] = ("", [])

    def written(self, status: str, headers: list[tuple[str, str]]) -> bytes:
        """Return the head as CGI has it, and keep what Apache is told; raise ValueError for what is no header."""
        self._wanted = status, headers
        return super().written(status, headers)

    def send(self, piece: bytes) -> None:
        """Write a piece of the body, after the head if that is still to be sent; raise BrokenPipeError."""
        if not self.sent:
            if not self.head:
                raise RuntimeError("the application sent a body before its headers")
            self.sent = True
            self._begin(*self._wanted)
        try:
            self.request.write(piece, 0)
        except OSError as error:
            raise BrokenPipeError from error

    def _begin(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.request.status = int(status[:3])
        for name, value in headers:
            if name.lower() == "content-type":
                self.request.content_type = value
            elif name.lower() == "content-length":
                self.request.set_content_length(int(value))
            else:
                self.request.headers_out.add(name, value)
