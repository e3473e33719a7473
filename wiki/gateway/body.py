"""A request's body: never more of it than was announced, and nothing of it left unread when the answer begins."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAIN_BYTES = 64 << 20
DRAIN_SECONDS = 10.0
PIECE = 64 * 1024


class Body(io.RawIOBase):
    """The bytes of one request: `length` of them, or to the end of the input where it has one (None)."""

    def __init__(self, source: Any, length: int | None) -> None:
        super().__init__()
        self.source = source
        self.left = length

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer and return how many bytes; 0 at the end."""
        wanted = len(buffer)
        if self.left is not None:
            wanted = min(wanted, self.left)
        found = self.source.read(wanted) if wanted else b""
        if isinstance(found, str):
            # flup's SCGI server gives text for an empty body.
            found = found.encode("latin-1")
        if not found:
            self.left = 0
        elif self.left is not None:
            self.left -= len(found)
        buffer[: len(found)] = found
        return len(found)

    def drain(self) -> bool:
        """Read the rest and throw it away; return whether the end came within 64 MB and 10 seconds."""
        end = time.monotonic() + DRAIN_SECONDS
        piece = bytearray(PIECE)
        read = 0
        while read < DRAIN_BYTES and time.monotonic() < end:
            found = self.readinto(piece)
            if not found:
                return True
            read += found
        return False


def bounded(environ: WSGIEnvironment) -> Body:
    """Put a bounded body into an environ and return it.

    Without a length there is no body, unless the gateway says that its input ends (`wsgi.input_terminated`): some
    servers would wait for the client for ever.
    """
    length = environ.get("CONTENT_LENGTH")
    if length:
        left: int | None = int(length)
    else:
        left = None if environ.get("wsgi.input_terminated") else 0
    body = Body(environ["wsgi.input"], left)
    environ["wsgi.input"] = io.BufferedReader(body, PIECE)
    return body


class Drained:
    """WSGI middleware: bounds the body, and reads what the application left of it before its answer begins.

    mod_cgid sends nothing at all, nginx and Apache's proxies an error of their own, if an answer comes before that.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        body = bounded(environ)
        started: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            started.append(status)
            return start_response(status, headers, *exc_info)

        result = self.app(environ, start)
        # One that has not begun to answer may be a generator that is still going to read.
        if started and body.left != 0:
            try:
                body.drain()
            except OSError:
                # The visitor has gone; the answer will find out by itself.
                pass
        return result
