"""SCGI: `run(application)` in an entry file; `--help` tells how it is started. A connection carries one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exchange import PARAMETERS, Connection, Malformed, Request

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIApplication


def run(application: WSGIApplication) -> None:
    """Serve an application as the command line says, until stopped."""
    from .server import serve

    serve(application, Scgi)


class Scgi(Connection):
    """A connection on which a web server speaks SCGI."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self._left = 0
        """Bytes of the body that have not arrived."""

    def parse(self) -> Request | None:
        """Take headers and body; return the request when it has become ready."""
        if self.request is None:
            found = headers(self.data)
            if found is None:
                return None
            variables, self.data = found
            self._left = int(variables["CONTENT_LENGTH"])
            self.request = Request(variables)
        request = self.request
        if self._left and self.data:
            piece = self.data[: self._left]
            self._left -= len(piece)
            request.take(piece)
        # There is nothing that could follow.
        self.data = b""
        request.ended = not self._left
        return request if request.ready() else None

    def framed(self, head: bytes, content: bytes | memoryview, last: bool) -> bytes:
        """Return it as it is: the end of the connection is the end of the response."""
        return b"".join((head, content))

    def done(self) -> None:
        """Have the connection closed, when the peer has sent what it was sending."""
        self.unread = self._left > 0
        super().done()


def headers(sent: bytes) -> tuple[dict[str, str], bytes] | None:
    """Return the headers of a request and what follows them, None if they are not complete; raise Malformed.

    A netstring of names and values, each ended by NUL, `CONTENT_LENGTH` the first of them.
    """
    colon = sent.find(b":", 0, 8)
    length = sent[:8] if colon < 0 else sent[:colon]
    if not length.isdigit() or length[:1] == b"0" or int(length) > PARAMETERS:
        raise Malformed("length")
    end = colon + 1 + int(length)
    if colon < 0 or len(sent) <= end:
        return None
    text = sent[colon + 1 : end].decode("latin-1")
    parts = text.split("\0")
    if sent[end : end + 1] != b"," or parts[-1] or len(parts) % 2 == 0 or parts[0] != "CONTENT_LENGTH":
        raise Malformed("headers")
    found = dict(zip(parts[::2], parts[1::2], strict=False))
    size = parts[1]
    if found["CONTENT_LENGTH"] != size or not size.isascii() or not size.isdigit() or len(size) > 15:
        raise Malformed("CONTENT_LENGTH")
    return found, sent[end + 1 :]
