"""The web server's side of FastCGI, SCGI and AJP, reduced to what tests say; and servers of ours to say it to."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wiki.gateway.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from wiki.gateway.exchange import Connection

ROOT = Path(__file__).parent.parent.parent
BIG = 20 << 20
PATIENCE = 60
"""Seconds that a test waits for what must come."""

SECRET = "0123456789abcdef0123"


# -- an application -------------------------------------------------------------------------------------------------


class Closing:
    """An iterable that tells when it is closed."""

    def __init__(self, pieces: Iterable[bytes], closed: threading.Event) -> None:
        self.pieces = pieces
        self.closed = closed

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces."""
        return iter(self.pieces)

    def close(self) -> None:
        """Tell it."""
        self.closed.set()


@dataclass
class Application:
    """Answers as the path says, and notes what it was given."""

    environs: list[dict[str, Any]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    working: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    together: threading.Barrier | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        self.environs.append(dict(environ))
        return getattr(self, "at_" + environ["PATH_INFO"].strip("/"))(environ, start_response)  # type: ignore[no-any-return]

    def _plain(self, start: StartResponse, body: bytes, *more: tuple[str, str]) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *more])
        return [body]

    def at_hello(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._plain(start, b"hello")

    def at_echo(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._plain(start, environ["wsgi.input"].read())

    def at_lines(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._plain(start, b"|".join(environ["wsgi.input"]))

    def at_unread(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._plain(start, b"too large")

    def at_big(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", str(BIG))])
        return Closing((b"%08d" % at * 8192 for at in range(BIG >> 16)), self.closed)

    def at_whole(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._plain(start, b"%08d" % 7 * (BIG >> 3))

    def at_endless(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def pieces() -> Iterator[bytes]:
            while True:
                yield b"x" * 4096
                self.working.set()
                time.sleep(0.001)

        start("200 OK", [])
        return Closing(pieces(), self.closed)

    def at_pieces(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def pieces() -> Iterator[bytes]:
            yield b""
            yield b"one "
            self.working.set()
            assert self.go_on.wait(PATIENCE)
            yield b"two"

        start("200 OK", [("Content-Type", "text/plain")])
        return Closing(pieces(), self.closed)

    def at_written(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        write = start("200 OK", [("Content-Type", "text/plain")])
        write(b"one ")
        write(b"two ")
        return [b"three"]

    def at_late(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        # A generator: nothing is started before the first piece is asked for.
        start("200 OK", [("Content-Length", "4")])
        yield b"late"

    def at_nothing(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("204 No Content", [])
        return []

    def at_unchanged(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("304 Not Modified", [("ETag", '"a"')])
        return [b"not to be sent"]

    def at_raises(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        raise RuntimeError("secret detail")

    def at_exits(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        sys.exit("secret detail")

    def at_raises_late(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "100")])
        yield b"begun"
        raise RuntimeError("secret detail")

    def at_too_long(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "5")])
        return [b"hel", b"lo and more", b"and more"]

    def at_too_short(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "500")])
        return [b"hello"]

    def at_bad_header(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("X", "a\r\nSet-Cookie: b")])
        return [b"hello"]

    def at_negative(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "-5")])
        return [b"hello"]

    def at_silent(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return []

    def at_other(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "1000")])
        try:
            raise ValueError
        except ValueError:
            start("500 Oh", [("Content-Length", "2")], sys.exc_info())  # type: ignore[arg-type]
        return [b"oh"]

    def at_slow(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.working.set()
        assert self.go_on.wait(PATIENCE)
        return self._plain(start, b"done")

    def at_together(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        assert self.together
        self.together.wait(PATIENCE)
        return self._plain(start, b"together")


@dataclass
class Connect:
    """Connects to threads of ours."""

    threads: Threads
    listener: socket.socket
    opened: list[socket.socket] = field(default_factory=list)

    def __call__(self) -> socket.socket:
        """Return a new connection."""
        connected = socket.socket(self.listener.family)
        connected.settimeout(PATIENCE)
        connected.connect(self.listener.getsockname())
        self.opened.append(connected)
        return connected

    def stop(self, grace: float) -> bool:
        """Stop the threads and return whether they ended in time; then, close nothing yet."""
        assert all(thread.is_alive() for thread in self.threads._threads), "a thread has died"
        return self.threads.stop(grace)


@contextmanager
def served(
    application: WSGIApplication,
    protocol: Callable[[socket.socket], Connection],
    count: int = 4,
    family: socket.AddressFamily = socket.AF_UNIX,
) -> Iterator[Connect]:
    """Serve an application in threads of this process, and yield what connects to it."""
    listener = socket.socket(family)
    # An abstract address or a free port: nothing is left behind.
    listener.bind("" if family == socket.AF_UNIX else ("127.0.0.1", 0))
    listener.listen(500)
    threads = Threads(application, protocol, listener, count)
    threads.start()
    connect = Connect(threads, listener)
    try:
        yield connect
        if threads.stopping is None:
            assert all(thread.is_alive() for thread in threads._threads), "a thread has died"
    finally:
        for each in connect.opened:
            each.close()
        assert threads.stopping is not None or threads.stop(PATIENCE)
        threads.close()
        listener.close()


# -- processes ------------------------------------------------------------------------------------------------------


SCRIPT = """
import os, sys, time
sys.path[:0] = [{root!r}]
from wiki.gateway.{protocol} import run
def app(environ, start):
    path = environ["PATH_INFO"]
    body = b"hello"
    if path == "/pid":
        body = str(os.getpid()).encode()
    elif path == "/raise":
        raise RuntimeError
    elif path == "/die":
        os._exit(3)
    elif path == "/save":
        open({folder!r} + "/begun", "w").close()
        time.sleep(1.5)
        open({folder!r} + "/saved", "w").write("saved")
        body = b"saved"
    elif path == "/stdin":
        import subprocess
        body = subprocess.run(["readlink", "/proc/self/fd/0"], capture_output=True).stdout
        print("noise")
    start("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body]
run(app{more})
"""


@dataclass
class Served:
    """A server of ours in a process of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for its end and return how it ended."""
        return self.process.wait(seconds)


@contextmanager
def process(
    folder: Path,
    protocol: str,
    *arguments: str,
    listener: socket.socket | None = None,
    more: str = "",
    closed: str = "",
    **environ: str,
) -> Iterator[Served]:
    """Run a server of ours as an entry file does, its standard input a socket if one is given.

    `closed` are the shell's words for descriptors that it shall not have.
    """
    script = folder / f"wiki.{protocol}"
    script.write_text(SCRIPT.format(root=str(ROOT), protocol=protocol, folder=str(folder), more=more))
    log = folder / "log"
    with log.open("ab") as errors, (folder / "output").open("ab") as output:
        started = subprocess.Popen(
            ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, str(script), *arguments], stdin=listener or subprocess.DEVNULL, stdout=output,
            stderr=errors, env={"PATH": os.environ["PATH"], **environ}, start_new_session=True,
        )  # fmt: skip
    try:
        yield Served(started, log)
    finally:
        if started.poll() is None:
            started.terminate()
            try:
                started.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


def connected(path: Path) -> socket.socket:
    """Connect to a Unix socket as soon as it is there."""
    end = time.monotonic() + PATIENCE
    while True:
        asked = socket.socket(socket.AF_UNIX)
        asked.settimeout(PATIENCE)
        try:
            asked.connect(str(path))
        except OSError:
            asked.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return asked


def rest(connection: socket.socket) -> bytes:
    """Return all that comes until the connection is closed."""
    found = []
    try:
        while piece := connection.recv(1 << 16):
            found.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(found)


# -- CGI's head -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


def parsed(sent: bytes) -> Answer:
    """Return a response that has CGI's head."""
    head, mark, body = sent.partition(b"\r\n\r\n")
    assert mark, sent[:200]
    lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")]
    headers = {name.lower(): value for name, _, value in lines}
    return Answer(int(headers.pop("status")[:3]), headers, body)


# -- FastCGI --------------------------------------------------------------------------------------------------------


def pairs(variables: dict[str, str] | list[tuple[str, str]]) -> bytes:
    """Return FastCGI's name-value pairs."""
    found = []
    for name, value in variables.items() if isinstance(variables, dict) else variables:
        encoded = name.encode("latin-1"), value.encode("latin-1")
        found += [
            bytes((len(each),)) if len(each) < 128 else struct.pack(">I", len(each) | 1 << 31) for each in encoded
        ]
        found += encoded
    return b"".join(found)


def record(kind: int, content: bytes = b"", id: int = 1, padding: int = 0) -> bytes:
    """Return a FastCGI record."""
    return struct.pack(">BBHHBx", 1, kind, id, len(content), padding) + content + b"p" * padding


def stream(kind: int, content: bytes, id: int = 1, size: int = 65535) -> bytes:
    """Return a FastCGI stream, with its end."""
    pieces = [record(kind, content[at : at + size], id, at % 7) for at in range(0, len(content), size)]
    return b"".join([*pieces, record(kind, b"", id)])


def fastcgi(
    path: str, body: bytes = b"", id: int = 1, keep: bool = False, role: int = 1, method: str = "GET", **variables: str
) -> bytes:
    """Return a FastCGI request."""
    given = {"REQUEST_METHOD": method, "PATH_INFO": path, **variables}
    begin = record(1, struct.pack(">HB5x", role, keep), id)
    return begin + stream(4, pairs(given), id) + stream(5, body, id)


def exactly(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes; raise EOFError if they do not come."""
    found = b""
    while len(found) < size:
        piece = connection.recv(size - len(found))
        if not piece:
            raise EOFError(found)
        found += piece
    return found


def next_record(connection: socket.socket) -> tuple[int, int, bytes]:
    """Return a record's kind, id and content."""
    version, kind, id, length, padding = struct.unpack(">BBHHBx", exactly(connection, 8))
    assert version == 1
    content = exactly(connection, length + padding)
    return kind, id, content[:length]


def outcome(connection: socket.socket, id: int = 1) -> tuple[bytes, int]:
    """Return what a request's STDOUT brings until its end, and the protocol's status."""
    found = []
    while True:
        kind, number, content = next_record(connection)
        assert number == id
        if kind == 3:
            application, status = struct.unpack(">IB3x", content)
            assert application == 0
            return b"".join(found), status
        assert kind == 6
        found.append(content)


# -- SCGI -----------------------------------------------------------------------------------------------------------


def scgi(path: str, body: bytes = b"", method: str = "GET", **variables: str) -> bytes:
    """Return an SCGI request."""
    given = {"CONTENT_LENGTH": str(len(body)), "SCGI": "1", "REQUEST_METHOD": method, "PATH_INFO": path, **variables}
    return netstring("".join(f"{name}\0{value}\0" for name, value in given.items()).encode("latin-1")) + body


def netstring(content: bytes) -> bytes:
    """Return a netstring."""
    return b"%d:%b," % (len(content), content)


# -- AJP ------------------------------------------------------------------------------------------------------------


def packet(content: bytes) -> bytes:
    """Return a packet from the web server."""
    return struct.pack(">HH", 0x1234, len(content)) + content


def string(text: str | None) -> bytes:
    """Return AJP's string."""
    if text is None:
        return b"\xff\xff"
    return struct.pack(">H", len(text.encode("latin-1"))) + text.encode("latin-1") + b"\0"


def ajp(
    path: str, method: int = 2, headers: dict[int | str, str] | None = None, secret: str | None = SECRET,
    attributes: bytes = b"", tls: bool = False,
) -> bytes:  # fmt: skip
    """Return the packet of a forwarded request."""
    found = bytes((2, method)) + string("HTTP/1.1") + string(path) + string("192.0.2.7") + string(None)
    found += string("wiki.example") + struct.pack(">HB", 8443, tls) + struct.pack(">H", len(headers or {}))
    for name, value in (headers or {}).items():
        found += (struct.pack(">H", 0xA000 | name) if isinstance(name, int) else string(name)) + string(value)
    if secret is not None:
        found += b"\x0c" + string(secret)
    return packet(found + attributes + b"\xff")


def next_packet(connection: socket.socket) -> bytes:
    """Return the content of a packet from the container."""
    magic, length = struct.unpack(">2sH", exactly(connection, 4))
    assert magic == b"AB"
    assert length <= 8188
    return exactly(connection, length)


def ajp_answer(connection: socket.socket, body: Iterator[bytes] | None = None) -> tuple[Answer, bool]:
    """Return the answer to a request, its body given as it is asked for, and whether the connection is used again."""
    status, headers, found = 0, {}, []
    while True:
        content = next_packet(connection)
        if content[0] == 6:
            piece = next(body or iter(()), b"")
            assert len(piece) <= struct.unpack(">H", content[1:])[0]
            connection.sendall(packet(struct.pack(">H", len(piece)) + piece if piece else b""))
        elif content[0] == 4:
            status, at = struct.unpack_from(">H", content, 1)[0], 3
            texts = []
            for turn in range(10**6):
                if turn == 1:
                    count, at = struct.unpack_from(">H", content, at)[0], at + 2
                if turn and len(texts) == 1 + 2 * count:
                    break
                length = struct.unpack_from(">H", content, at)[0]
                texts.append(content[at + 2 : at + 2 + length].decode("latin-1"))
                assert content[at + 2 + length] == 0
                at += 3 + length
            assert at == len(content)
            headers = dict(zip([name.lower() for name in texts[1::2]], texts[2::2], strict=True))
        elif content[0] == 3:
            length = struct.unpack_from(">H", content, 1)[0]
            assert len(content) == length + 4
            found.append(content[3:-1])
        else:
            assert content[0] == 5
            return Answer(status, headers, b"".join(found)), bool(content[1])
