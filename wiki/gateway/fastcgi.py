"""FastCGI 1.0, the responder's side: `run(application)` in an entry file; `--help` tells how it is started.

One request at a time on a connection, as all web servers have it; a second one meanwhile is refused as the
specification says (FCGI_CANT_MPX_CONN). What the application writes to `wsgi.errors` goes to the process's stderr, not
to FCGI_STDERR: there, in the server's error log or the journal, are all other messages too, and whole.
"""

from __future__ import annotations

import struct
from struct import Struct
from time import monotonic
from typing import TYPE_CHECKING

from .exchange import CONNECTIONS, PARAMETERS, PATIENCE, Connection, Gone, Malformed, Request

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIApplication

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER = 1
KEEP_CONN = 1
REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = range(4)
HEADER = Struct(">BBHHBx")
BEGIN = Struct(">HB")
END = Struct(">BBHHBxIB3x")
UNKNOWN = Struct(">BBHHBxB7x")
LONG = Struct(">I")
RECORD = 65528
"""The most that a record of ours carries: a multiple of 8, so that none is padded but the last."""
PADDING = bytes(8)

VALUES = {"FCGI_MAX_CONNS": str(CONNECTIONS), "FCGI_MAX_REQS": str(CONNECTIONS), "FCGI_MPXS_CONNS": "0"}


def run(application: WSGIApplication) -> None:
    """Serve an application as the command line says, until stopped."""
    from .server import serve

    serve(application, FastCgi)


class FastCgi(Connection):
    """A connection on which a web server speaks FastCGI."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self.id = 0
        """The request that is arriving or being answered; 0 between requests."""
        self._variables: list[bytes] = []
        self._size = 0

    def parse(self) -> Request | None:
        """Take whole records; return a request that has become ready."""
        data, at, size = self.data, 0, len(self.data)
        found = None
        while found is None and size - at >= 8:
            version, kind, id, length, padding = HEADER.unpack_from(data, at)
            if version != 1:
                raise Malformed(f"version {version}")
            end = at + 8 + length
            if end + padding > size:
                break
            content = data[at + 8 : end]
            at = end + padding
            if id == 0:
                self._manage(kind, content)
            elif kind == BEGIN_REQUEST:
                self._begin(id, content)
            elif id == self.id:
                # Records of other requests belong to those that were refused or have been answered.
                found = self._record(kind, content)
        self.data = data[at:]
        return found

    def framed(self, head: bytes, content: bytes | memoryview, last: bool) -> bytes:
        """Return records of the response, `last` with its end."""
        size = len(head) + len(content)
        parts: list[bytes | memoryview] = []
        if 0 < size <= RECORD:
            padding = -size % 8
            parts = [HEADER.pack(1, STDOUT, self.id, size, padding), head, content, PADDING[:padding]]
        elif size:
            whole = memoryview(b"".join((head, content)) if head else content)
            for at in range(0, size, RECORD):
                piece = whole[at : at + RECORD]
                padding = -len(piece) % 8
                parts += HEADER.pack(1, STDOUT, self.id, len(piece), padding), piece, PADDING[:padding]
        if last:
            parts.append(HEADER.pack(1, STDOUT, self.id, 0, 0))
            parts.append(END.pack(1, END_REQUEST, self.id, 8, 0, 0, REQUEST_COMPLETE))
        return b"".join(parts)

    def done(self) -> None:
        """Be ready for the next request; what still comes of the body of this one is thrown away."""
        self.unread = self.request is not None and not self.request.ended
        super().done()
        self.id = 0
        self._variables = []
        self._size = 0

    def glance(self) -> None:
        """See whether the request that is being answered was taken back; raise Gone."""
        if self.request is not None and self.request.ended and self.receive():
            try:
                self.parse()
            except Malformed as error:
                raise Gone from error

    def _manage(self, kind: int, content: bytes) -> None:
        """Answer a management record."""
        if kind == GET_VALUES:
            known = b"".join(
                bytes((len(name), len(VALUES[name]))) + name.encode() + VALUES[name].encode()
                for name in variables(content)
                if name in VALUES
            )
            self.say(HEADER.pack(1, GET_VALUES_RESULT, 0, len(known), 0) + known)
        else:
            self.say(UNKNOWN.pack(1, UNKNOWN_TYPE, 0, 8, 0, kind))

    def _begin(self, id: int, content: bytes) -> None:
        if id == self.id or len(content) < 8:
            raise Malformed("begin")
        if self.id:
            self._end(id, CANT_MPX_CONN)
            return
        role, flags = BEGIN.unpack_from(content)
        self.keep = bool(flags & KEEP_CONN)
        if role == RESPONDER:
            self.id = id
            self.until = monotonic() + PATIENCE
        else:
            self._end(id, UNKNOWN_ROLE)
            if not self.keep:
                raise Gone

    def _record(self, kind: int, content: bytes) -> Request | None:
        request = self.request
        if kind == STDIN and request is not None and not request.ended:
            if content:
                request.take(content)
            else:
                request.ended = True
            if request.ready():
                return request
        elif kind == PARAMS and request is None:
            self._size += len(content)
            if self._size > PARAMETERS:
                self._end(self.id, OVERLOADED)
                raise Malformed("variables")
            if content:
                self._variables.append(content)
            else:
                self.request = Request(variables(b"".join(self._variables)))
                self.request.environ["wsgi.input_terminated"] = True
        elif kind == ABORT_REQUEST:
            self._end(self.id, REQUEST_COMPLETE)
            if not self.keep or (request is not None and request.handed):
                raise Gone
            self.until = None
            self.done()
        return None

    def _end(self, id: int, status: int) -> None:
        self.say(END.pack(1, END_REQUEST, id, 8, 0, 0, status))


def variables(sent: bytes) -> dict[str, str]:
    """Return the name-value pairs of a stream, bytes as Latin-1, of equal names the last; raise Malformed."""
    text = sent.decode("latin-1")
    found = {}
    at, end = 0, len(sent)
    try:
        while at < end:
            name = sent[at]
            at += 1
            if name > 127:
                name = LONG.unpack_from(sent, at - 1)[0] & 0x7FFFFFFF
                at += 3
            value = sent[at]
            at += 1
            if value > 127:
                value = LONG.unpack_from(sent, at - 1)[0] & 0x7FFFFFFF
                at += 3
            middle = at + name
            after = middle + value
            if after > end:
                raise Malformed("a value is cut off")
            found[text[at:middle]] = text[middle:after]
            at = after
    except (IndexError, struct.error) as error:
        raise Malformed("a length is cut off") from error
    return found
