"""CGI (RFC 3875): one request per process, answered by a WSGI application. A cached hit loads nothing but this."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

PRIVATE = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_PROXY", "REDIRECT_HTTP_AUTHORIZATION")


def run(application: "WSGIApplication") -> None:
    """Answer the request that this process was started for, and return when all is sent.

    Arguments are not looked at: a query without `=` arrives as such. Whoever prints meanwhile prints to the error log.
    """
    output = os.dup(1)
    os.dup2(2, 1)
    environ = environment()
    reply = Reply(output)
    try:
        try:
            answer(application, environ, reply)
        except BrokenPipeError:
            # The visitor has gone.
            pass
        except Exception:
            # The edge: no traceback may reach the visitor.
            if environ.get("wiki.hit"):
                raise
            reply.fail()
    finally:
        os.close(output)
    if environ.get("wiki.hit"):
        # Nothing was loaded that needs to be put away, and an interpreter takes its time to end.
        sys.stderr.flush()
        os._exit(0)


def environment() -> "WSGIEnvironment":
    """Return the WSGI environ of this process (PEP 3333), and hide the visitor's secrets from programs it may start."""
    environ: WSGIEnvironment = {name.decode("latin-1"): value.decode("latin-1") for name, value in os.environb.items()}
    for name in PRIVATE:
        if name in environ:
            del os.environ[name]
    complete(environ)
    environ["wsgi.input"] = sys.stdin.buffer
    environ["wsgi.multithread"] = False
    environ["wsgi.run_once"] = True
    if not environ.get("CONTENT_LENGTH") and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        # The server has taken the chunks apart; the input ends where the body does.
        environ["wsgi.input_terminated"] = True
    return environ


def complete(environ: "WSGIEnvironment") -> None:
    """Put what PEP 3333 demands into an environ that has a server's CGI variables; the input is still to come."""
    environ.setdefault("REQUEST_METHOD", "GET")
    environ.setdefault("SERVER_NAME", "localhost")
    environ.setdefault("SERVER_PORT", "80")
    environ.setdefault("SERVER_PROTOCOL", "HTTP/1.0")
    environ["wsgi.version"] = (1, 0)
    environ["wsgi.url_scheme"] = "https" if environ.get("HTTPS", "").lower() in ("on", "1", "yes") else "http"
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.multiprocess"] = True


def answer(application: "WSGIApplication", environ: "WSGIEnvironment", reply: "Reply") -> None:
    """Have an application answer by a reply, and close what it returned whatever happens (PEP 3333)."""
    result = application(environ, reply.start)
    try:
        for piece in result:
            if piece:
                reply.send(piece)
                if reply.complete:
                    break
        reply.finish()
    finally:
        close = getattr(result, "close", None)
        if close:
            close()


def head(status: str, headers: list[tuple[str, str]]) -> bytes:
    """Return a response's head as CGI has it (RFC 3875, 6.3); raise ValueError for what is no header."""
    lines = [f"Status: {status}", *[f"{name}: {value}" for name, value in headers], "\r\n"]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        raise ValueError("a header contains a line break")
    return text.encode("latin-1")


class Reply:
    """A response on its way to the server. Head and first piece leave together."""

    complete = False
    """Whether all was sent that was announced; known only to servers that look at the headers."""

    def __init__(self, output: int) -> None:
        self.output = output
        self.head = b""
        self.sent = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: "Any" = None) -> "Any":
        """Take status and headers, as PEP 3333's start_response."""
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1]
            finally:
                exc_info = None
        elif self.head:
            raise RuntimeError("start_response was called twice")
        self.head = self.written(status, headers)
        return self.send

    def written(self, status: str, headers: list[tuple[str, str]]) -> bytes:
        """Return the head as it is sent; raise ValueError for what is no header."""
        return head(status, headers)

    def send(self, piece: bytes) -> None:
        """Write a piece of the body, after the head if that is still to be sent; raise BrokenPipeError."""
        if not self.sent:
            if not self.head:
                raise RuntimeError("the application sent a body before its headers")
            self.sent = True
            piece = self.head + piece
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self.output, rest) :]

    def finish(self) -> None:
        """See to it that the head is sent even if there is no body."""
        if not self.sent:
            self.send(b"")

    def fail(self) -> None:
        """Log the exception that is being handled, and if nothing was sent yet, send a page with its number."""
        from ..faults import number, page

        body = page(500, number())
        if not self.sent:
            headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
            self.head = b""
            self.start("500 Internal Server Error", headers)
            try:
                self.send(body)
            except BrokenPipeError:
                # The visitor has gone.
                pass
