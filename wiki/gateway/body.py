"""A request's body: never more of it than was announced, and nothing of it left unread when the answer begins."""

from __future__ import annotations

import errno
import io
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
        """Read into a buffer and return how many bytes; 0 at the end.

        Raises ConnectionResetError where the input ends before its length: half a form must not be taken for a whole.
        """
        wanted = len(buffer)
        if self.left is not None:
            wanted = min(wanted, self.left)
        found = self.source.read(wanted) if wanted else b""
        if isinstance(found, str):
            # flup's SCGI server gives text for an empty body.
            found = found.encode("latin-1")
        if not found:
            missing, self.left = self.left, 0
            if missing and wanted:
                raise ConnectionResetError(errno.ECONNRESET, "the request ended early")
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
    servers would wait for the client for ever. What the application gets has an end, and no chunks any more; nginx's
    FastCGI says both a length and `Transfer-Encoding: chunked`, of which Werkzeug would believe the second.
    """
    length = environ.get("CONTENT_LENGTH")
    if length:
        left: int | None = int(length)
    else:
        left = None if environ.get("wsgi.input_terminated") else 0
    body = Body(environ["wsgi.input"], left)
    environ["wsgi.input"] = io.BufferedReader(body, PIECE)
    environ["wsgi.input_terminated"] = True
    environ.pop("HTTP_TRANSFER_ENCODING", None)
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
                if not body.drain():
                    return Last(result)
            except OSError:
                # The visitor has gone; the answer will find out by itself.
                pass
        return result


class Last:
    """An answer after which the connection is closed, since more of the request would still come.

    WSGI has no word for it; but to servers a broken pipe means a visitor who has gone, and they close without ado.
    """

    def __init__(self, result: Iterable[bytes]) -> None:
        self.result = result

    def __iter__(self) -> Iterator[bytes]:
        """Yield the answer, then raise BrokenPipeError."""
        yield from self.result
        raise BrokenPipeError(errno.EPIPE, "the request is too large to be read to its end")

    def close(self) -> None:
        """Close the answer."""
        close = getattr(self.result, "close", None)
        if close:
            close()
