"""A web server's connection, a request that came by it, and the application's answer; what all protocols share."""

from __future__ import annotations

import io
import os
import select
import socket
import tempfile
import threading
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from . import cgi

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

PIECE = 64 * 1024
BLOCK = 4 * 65528
"""Bytes that are put into frames and sent at once: four of FastCGI's largest records."""

CONNECTIONS = 512
"""Connections that a process keeps open; beyond that the oldest of the idle ones is closed."""

BUFFERED = 256 * 1024
"""Bytes of a body that are kept in memory until all of it has arrived; more goes to a temporary file."""

SPOOLED = 256 << 20
"""Bytes that all temporary files of a process have together. A body for which there is no room any more is received
while it is answered, by a thread that waits for it."""

PARAMETERS = 128 * 1024
"""Bytes of headers and other variables that a request may have; nginx and Apache allow less by default."""

PATIENCE = 30.0
"""Seconds that a peer may take to go on, and a request to arrive."""

SLOWEST = 1024
"""Bytes per second, on the average, below which a peer that is being waited for is given up."""


class Gone(BrokenPipeError):
    """The peer has closed the connection, or is too slow, or takes the request back."""


class Malformed(Exception):
    """What arrived is not the protocol; the connection ends."""


_counting = threading.Lock()


class Request:
    """A request: its CGI variables, and of its body what has arrived."""

    spooled = 0
    """Bytes in the temporary files of this process."""

    def __init__(self, variables: dict[str, str]) -> None:
        # Names with a dot are the servers' and ours (PEP 3333): nobody else's come in.
        self.environ: WSGIEnvironment = {name: value for name, value in variables.items() if "." not in name}
        self.body = bytearray()
        """What has arrived and is not in the file."""
        self.file: IO[bytes] | None = None
        self.received = 0
        self.ended = False
        self.handed = False
        """Whether it is being answered: then it is for the application to take the body away."""

    def take(self, piece: bytes | memoryview) -> None:
        """Take a piece of the body."""
        self.body += piece
        self.received += len(piece)
        if len(self.body) > BUFFERED and not self.handed and Request.spooled < SPOOLED:
            try:
                if self.file is None:
                    self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed with the request
                written = self.file.write(self.body)
            except OSError:
                # No room, or no right to it.
                return
            with _counting:
                Request.spooled += written
            del self.body[:written]

    def ready(self) -> bool:
        """Say, once, that it can be answered: its body is whole, or as much of it as there is room for."""
        if self.handed or not (self.ended or len(self.body) > BUFFERED):
            return False
        self.handed = True
        if self.file is not None:
            self.file.seek(0)
        return True

    def close(self) -> None:
        """Give up its temporary file."""
        if self.file is not None:
            with _counting:
                Request.spooled -= os.fstat(self.file.fileno()).st_size
            self.file.close()
            self.file = None


class Connection:
    """A connection from a web server: understands what it receives and frames what it sends, as a protocol has it.

    Its socket never blocks by itself; who has to wait does so in `_wait`, where patience has an end.
    """

    keep = False
    """Whether another request may follow the one that is answered."""

    unread = False
    """Whether the peer may still be sending the request after its answer: closing now could destroy the answer."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.data = b""
        """Received and not yet understood."""
        self.request: Request | None = None
        """The request that is arriving or being answered."""
        self.until: float | None = None
        """The time by which its request must have arrived, if one is arriving; or by which it must have been closed."""
        self.idle = False
        self.fresh = True
        """Whether nothing has been received yet: who has just connected is about to ask."""
        self.lingering = False
        self.waiting = False
        """Whether a thread waits for the peer in the middle of a request."""
        self._waited = 0.0
        self._moved = 0
        connected.setblocking(False)

    # -- what a protocol says ---------------------------------------------------------------------------------------

    def parse(self) -> Request | None:
        """Understand what was received; return a request that has become `ready`. Raises Malformed.

        While one is being answered, its body may go on to arrive, and None is returned.
        """
        raise NotImplementedError

    def head(self, status: str, headers: list[tuple[str, str]]) -> bytes:
        """Return a response's head; raise ValueError for what cannot be one."""
        return cgi.head(status, headers)

    def framed(self, head: bytes, content: bytes | memoryview, last: bool) -> bytes:
        """Return a response's head (empty: sent already) and a piece of its body as they are sent, `last` its end."""
        raise NotImplementedError

    def done(self) -> None:
        """Be ready for the next request, if `keep`."""
        if self.request is not None:
            self.request.close()
            self.request = None

    def close(self) -> None:
        """Close it, whatever is going on."""
        Connection.done(self)
        self.socket.close()

    def ask(self) -> None:
        """Have the peer send more of the body, where it waits to be asked; raise Gone."""

    def glance(self) -> None:
        """See, in the middle of an answer, whether it is still wanted, where the protocol can say so; raise Gone."""

    # -- bytes ------------------------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Receive what is there; return whether there was something. Raises Gone at the end."""
        try:
            data = self.socket.recv(PIECE)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        self._moved += len(data)
        self.data = self.data + data if self.data else data
        return True

    def more(self) -> None:
        """Wait for more of the body of the request that is being answered; raise Gone."""
        request = self.request
        if request is None:
            raise Gone
        before = request.received
        self.ask()
        while True:
            try:
                # First what was received along with the beginning.
                self.parse()
            except Malformed as error:
                raise Gone from error
            if request.received > before or request.ended:
                return
            while not self.receive():
                self._wait(select.POLLIN)

    def send(self, data: bytes) -> None:
        """Send all of it; raise Gone."""
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise Gone from error
        self._moved += sent
        if sent == len(data):
            return
        rest = memoryview(data)[sent:]
        while rest:
            self._wait(select.POLLOUT)
            try:
                sent = self.socket.send(rest)
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone from error
            self._moved += sent
            rest = rest[sent:]

    def say(self, data: bytes) -> None:
        """Send a word that is not part of an answer; raise Gone if the peer does not take it at once."""
        try:
            if self.socket.send(data) == len(data):
                return
        except OSError as error:
            raise Gone from error
        raise Gone

    def patient(self) -> None:
        """Begin to be patient anew: a request is being answered."""
        self.until = None
        self._waited = 0.0
        self._moved = 0

    def overdue(self, now: float) -> bool:
        """Say whether a request has been arriving for too long, in view of how much of it did."""
        allowed = 0 if self.lingering else self._moved / SLOWEST
        return self.until is not None and now > self.until + allowed

    def _wait(self, event: int) -> None:
        began = monotonic()
        allowed = PATIENCE + self._moved / SLOWEST - self._waited
        waiting = select.poll()
        waiting.register(self.socket, event)
        self.waiting = True
        try:
            if allowed <= 0 or not waiting.poll(min(allowed, PATIENCE) * 1000):
                raise Gone
        finally:
            self.waiting = False
        self._waited += monotonic() - began


class Body(io.RawIOBase):
    """A request's body for its application: what was spooled, what came since, and what is still to arrive."""

    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__()
        self.connection = connection
        self.request = request

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer and return how many bytes; 0 at the end. Raises Gone."""
        request = self.request
        if request.file is not None:
            found = request.file.read(len(buffer))
            if found:
                buffer[: len(found)] = found
                return len(found)
            request.close()
        while not request.body:
            if request.ended:
                return 0
            self.connection.more()
        size = min(len(buffer), len(request.body))
        buffer[:size] = request.body[:size]
        del request.body[:size]
        return size


class Answer(cgi.Reply):
    """An answer on its way: cut to the length that it announces, without a body where there can be none.

    A small one leaves in a single piece, with its end.
    """

    def __init__(self, connection: Connection, method: str) -> None:
        self.connection = connection
        self.head = b""
        self.sent = False
        self.left: int | None = None
        self._method = method
        self._empty = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take status and headers, as PEP 3333's start_response."""
        send = super().start(status, headers, exc_info)
        self._empty = self._method == "HEAD" or status[:3] in ("204", "304") or status[:1] == "1"
        self.left = None
        for name, value in headers:
            if len(name) == 14 and name.lower() == "content-length":
                self.left = int(value)
                if self.left < 0:
                    raise ValueError(f"Content-Length: {value}")
        return send

    def written(self, status: str, headers: list[tuple[str, str]]) -> bytes:
        """Return the head as the protocol has it."""
        return self.connection.head(status, headers)

    def send(self, piece: bytes) -> None:
        """Send a piece of the body, after the head if that is still to be sent; raise Gone."""
        if self.complete:
            return
        if not self.head:
            raise RuntimeError("the application sent a body before its headers")
        if self._empty:
            self._put(b"", True)
        elif self.left is None:
            self._put(piece, False)
        else:
            if len(piece) > self.left:
                piece = piece[: self.left]
            self.left -= len(piece)
            self._put(piece, not self.left)

    def finish(self) -> None:
        """Send what ends the answer; raise RuntimeError if less of it came than was announced."""
        if self.complete:
            return
        if not self.head:
            raise RuntimeError("the application did not answer")
        if self.left and not self._empty:
            raise RuntimeError(f"the answer is {self.left} bytes shorter than announced")
        self._put(b"", True)

    def _put(self, content: bytes, last: bool) -> None:
        connection = self.connection
        head = b""
        if self.sent:
            connection.glance()
        else:
            head = self.head
            # Even if only a part of it can be sent.
            self.sent = True
        if len(content) <= BLOCK:
            connection.send(connection.framed(head, content, last))
        else:
            view = memoryview(content)
            for at in range(0, len(view), BLOCK):
                block = view[at : at + BLOCK]
                connection.send(connection.framed(head, block, last and at + BLOCK >= len(view)))
                head = b""
        self.complete = last


def exchange(application: WSGIApplication, connection: Connection, request: Request) -> None:
    """Have a request answered on its connection; its `keep` tells afterwards whether another may follow."""
    connection.patient()
    environ = request.environ
    cgi.complete(environ)
    environ["wsgi.multithread"] = True
    environ["wsgi.run_once"] = False
    if request.ended and request.file is None:
        environ["wsgi.input"] = io.BytesIO(request.body)
    else:
        environ["wsgi.input"] = io.BufferedReader(Body(connection, request), PIECE)
    reply = Answer(connection, environ["REQUEST_METHOD"])
    try:
        try:
            try:
                cgi.answer(application, environ, reply)
            except Gone:
                raise
            except BrokenPipeError:
                # `body.Last` has the connection closed after the answer.
                connection.keep = False
                reply.finish()
        except Gone:
            raise
        except BaseException:
            # The edge: no traceback may reach the visitor, and not even a SystemExit ends the thread.
            reply.fail()
    except Gone:
        # The visitor has gone, or the web server.
        pass
    if not reply.complete:
        # What was begun and not ended must not look whole.
        connection.keep = False
