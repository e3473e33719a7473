"""Our AJP server, spoken to packet by packet. What it shares with FastCGI is tested there."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wiki.gateway.ajp import Ajp, Reader, forwarded
from wiki.gateway.environ import regular
from wiki.gateway.exchange import BUFFERED, Malformed

from .wire import (
    BIG,
    PATIENCE,
    ROOT,
    SECRET,
    Application,
    ajp,
    ajp_answer,
    exactly,
    packet,
    rest,
    served,
    string,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .wire import Connect

PING, PONG = packet(b"\x0a"), b"AB\0\1\x09"
GET, HEAD, POST = 2, 3, 4
LENGTH = 8


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
def connect(app: Application) -> Iterator[Connect]:
    with served(app, partial(Ajp, secret=SECRET.encode()), family=socket.AF_INET) as connect:
        yield connect


def pieces(body: bytes, size: int = 8186) -> Iterator[bytes]:
    """Yield a body as Apache sends it, and then empty pieces."""
    for at in range(0, len(body), size):
        yield body[at : at + size]


def test_a_connection_carries_one_request_after_another(connect: Connect) -> None:
    connection = connect()
    for path, status, body in (("/hello", 200, b"hello"), ("/nothing", 204, b""), ("/written", 200, b"one two three")):
        connection.sendall(PING)
        assert exactly(connection, 5) == PONG
        connection.sendall(ajp(path))
        answer, again = ajp_answer(connection)
        assert (answer.status, answer.body, again) == (status, body, True)


def test_the_environ_is_what_other_gateways_give(app: Application, connect: Connect) -> None:
    connection = connect()
    headers: dict[int | str, str] = {
        11: "wiki.example:8443",
        9: "a=b",
        "X-Own": "é",
        7: "x/y",
        "Cookie": "c=d",
        5: "Basic eA==",
    }
    attributes = b"\x05" + string("q=%20x&y") + b"\x03" + string("ann") + b"\x04" + string("Basic")
    attributes += b"\x0a" + string("AJP_REMOTE_PORT") + string("4711") + b"\x0b" + struct.pack(">H", 256)
    attributes += b"\x0a" + string("AJP_LOCAL_ADDR") + string("192.0.2.1") + b"\x06" + string("route")
    attributes += b"\x0a" + string("HTTP_COOKIE") + string("evil") + b"\x0a" + string("wsgi.input") + string("evil")
    attributes += b"\x0a" + string("REQUEST_METHOD") + string("POST") + b"\x0a" + string("SITE") + string("one")
    attributes += b"\x0a" + string("javax.servlet.include.servlet_path") + string("/WEB-INF/web.xml")
    connection.sendall(ajp("/hello/../hello", GET, headers, attributes=attributes, tls=True))
    assert ajp_answer(connection)[0].status == 500
    connection.sendall(ajp("/%68ello", GET, headers, attributes=attributes, tls=True))
    assert ajp_answer(connection)[0].body == b"hello"
    environ = {name: value for name, value in app.environs[-1].items() if "." not in name}
    assert environ == {
        "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "wiki.example", "SERVER_PORT": "8443",
        "REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "4711", "SERVER_ADDR": "192.0.2.1", "HTTPS": "on",
        "REQUEST_URI": "/%68ello?q=%20x&y", "SCRIPT_NAME": "", "PATH_INFO": "/hello", "QUERY_STRING": "q=%20x&y",
        "CONTENT_TYPE": "x/y", "HTTP_HOST": "wiki.example:8443", "HTTP_COOKIE": "a=b; c=d", "HTTP_X_OWN": "é",
        "HTTP_AUTHORIZATION": "Basic eA==", "REMOTE_USER": "ann", "AUTH_TYPE": "Basic",
        "SSL_CIPHER_USEKEYSIZE": "256", "SITE": "one",
    }  # fmt: skip
    assert app.environs[-1]["wsgi.url_scheme"] == "https"
    regular(environ)
    assert "REMOTE_USER" not in environ, "it is for the settings to say whether it counts"


@pytest.mark.parametrize("size", [1, 8186, 8187, BUFFERED, BUFFERED + 1, 5 << 20])
@pytest.mark.parametrize("length", ["announced", "chunked"])
def test_bodies_arrive_as_they_are_asked_for(connect: Connect, size: int, length: str) -> None:
    body = random.Random(size).randbytes(size)
    connection = connect()
    for _ in range(2):
        coming = pieces(body)
        if length == "announced":
            connection.sendall(ajp("/echo", POST, {LENGTH: str(size)}))
            first = next(coming)
            connection.sendall(packet(struct.pack(">H", len(first)) + first))
        else:
            connection.sendall(ajp("/echo", POST, {"Transfer-Encoding": "chunked"}))
        answer, again = ajp_answer(connection, coming)
        assert answer.body == body
        assert again


def test_a_body_that_nobody_reads_does_not_spoil_the_next_request(connect: Connect) -> None:
    connection = connect()
    for size in (10, 8000, 3 << 20):
        coming = pieces(b"x" * size)
        first = next(coming)
        connection.sendall(ajp("/unread", POST, {LENGTH: str(size)}) + packet(struct.pack(">H", len(first)) + first))
        assert ajp_answer(connection, coming)[0].body == b"too large"
        connection.sendall(ajp("/hello"))
        assert ajp_answer(connection)[0].body == b"hello"


def test_a_body_that_ends_early_is_seen_to_end(connect: Connect) -> None:
    connection = connect()
    connection.sendall(ajp("/echo", POST, {LENGTH: "100"}) + packet(struct.pack(">H", 4) + b"text"))
    assert ajp_answer(connection)[0].body == b"text"


@pytest.mark.parametrize("path", ["/big", "/whole"])
def test_twenty_megabytes_come_out(connect: Connect, path: str) -> None:
    connection = connect()
    connection.sendall(ajp(path))
    assert len(ajp_answer(connection)[0].body) == BIG
    connection.sendall(ajp(path, HEAD))
    answer, _ = ajp_answer(connection)
    assert (answer.headers["content-length"], answer.body) == (str(BIG), b"")


def test_a_method_may_be_spelt_out(app: Application, connect: Connect) -> None:
    connection = connect()
    connection.sendall(ajp("/hello", 0xFF, attributes=b"\x0d" + string("PATCH")))
    assert ajp_answer(connection)[0].status == 200
    assert app.environs[0]["REQUEST_METHOD"] == "PATCH"


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "x", SECRET.upper()])
def test_nobody_is_answered_without_the_secret(app: Application, connect: Connect, secret: str | None) -> None:
    connection = connect()
    # A forwarded attribute of that name is not it.
    connection.sendall(ajp("/hello", secret=secret, attributes=b"\x0a" + string("secret") + string(SECRET)))
    answer, again = ajp_answer(connection)
    assert (answer.status, again) == (403, False)
    assert rest(connection) == b""
    assert not app.environs


def test_who_goes_away_is_noticed(app: Application, connect: Connect) -> None:
    connection = connect()
    connection.sendall(ajp("/endless"))
    assert app.working.wait(PATIENCE)
    connection.close()
    assert app.closed.wait(PATIENCE)


def test_headers_that_ajp_cannot_carry_are_an_error(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    connection = connect()
    connection.sendall(ajp("/bad_header"))
    assert ajp_answer(connection)[0].status == 500
    assert "line break" in capsys.readouterr().err
    with socket.socket() as unused, pytest.raises(ValueError, match="too large"):
        Ajp(unused, b"").head("200 OK", [("X", "x" * 8200)])


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        packet(b""),
        packet(b"\x07"),
        packet(b"\x63"),
        packet(b"\x02"),
        ajp("/hello", 200),
        ajp("/hello", headers={99: "x"}),
        ajp("/hello", attributes=b"\x63"),
        ajp("/hello", attributes=b"\x05\x7f\xff"),
        packet(ajp("/hello")[4:-1]),
        ajp("/echo", POST, {LENGTH: "10"}) + packet(struct.pack(">H", 500) + b"x"),
        ajp("/echo", POST, {LENGTH: "1"}) + packet(struct.pack(">H", 2) + b"xx"),
        ajp("/echo", POST, {LENGTH: "1"}) + ajp("/hello"),
    ],
)
def test_what_is_no_ajp_ends_its_own_connection_only(connect: Connect, sent: bytes) -> None:
    other, hostile = connect(), connect()
    other.sendall(ajp("/hello")[:30])
    hostile.sendall(sent)
    assert b"hello" not in rest(hostile)
    other.sendall(ajp("/hello")[30:])
    assert ajp_answer(other)[0].body == b"hello"


@given(st.binary())
def test_any_packet_is_a_request_or_refused(content: bytes) -> None:
    try:
        variables, _ = forwarded(Reader(content))
    except Malformed:
        return
    assert variables["REQUEST_METHOD"]


def test_mutated_requests_kill_no_server(connect: Connect) -> None:
    whole = ajp("/echo", POST, {LENGTH: "4", 11: "x"}) + packet(b"\0\4text") + PING + ajp("/hello")
    steady = connect()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(whole) - 1), st.binary(max_size=3), st.integers(0, 5))
    def hostile(at: int, put: bytes, over: int) -> None:
        with connect() as connection:
            try:
                connection.sendall(whole[:at] + put + whole[at + over :])
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                # The server has closed it already.
                return
            rest(connection)

    hostile()
    steady.sendall(ajp("/hello"))
    assert ajp_answer(steady)[0].body == b"hello"


@pytest.mark.parametrize(
    "content", [None, "", "\n", "Define WIKI_AJP_SECRET short", "Define WIKI_AJP_SECRET ü" + 20 * "x"]
)
def test_it_does_not_start_without_a_secret(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "secret.conf"
    if content is not None:
        file.write_text(content)
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from wiki.gateway.ajp import run; run(None, {str(file)!r})"
    )
    command = [sys.executable, "-c", script, "--bind", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "has no secret" in done.stderr
    # What it says to do works.
    file.unlink(missing_ok=True)
    subprocess.run(done.stderr.splitlines()[1], shell=True, check=True)
    assert file.stat().st_mode & 0o077 == 0
    assert len(file.read_text().split()[-1]) == 48


def test_a_secret_that_everybody_may_read_is_none(tmp_path: Path) -> None:
    file = tmp_path / "secret.conf"
    file.write_text(f"Define WIKI_AJP_SECRET {SECRET}")
    file.chmod(0o644)
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from wiki.gateway.ajp import run; run(None, {str(file)!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert f"chmod o= {file}" in done.stderr
