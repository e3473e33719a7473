"""Our SCGI server, spoken to byte by byte. What it shares with FastCGI is tested there."""

from __future__ import annotations

import random
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wiki.gateway.exchange import BUFFERED, Malformed
from wiki.gateway.scgi import Scgi, headers

from .wire import BIG, PATIENCE, Application, Connect, netstring, parsed, rest, scgi, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wire import Connect


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
def connect(app: Application) -> Iterator[Connect]:
    with served(app, Scgi) as connect:
        yield connect


def test_a_request_is_answered_and_the_connection_closed(app: Application, connect: Connect) -> None:
    connection = connect()
    connection.sendall(scgi("/echo", b"text", "POST", HTTP_X="é", HTTPS="on"))
    answer = parsed(rest(connection))
    assert (answer.status, answer.body) == (200, b"text")
    environ = app.environs[0]
    assert (environ["CONTENT_LENGTH"], environ["HTTP_X"], environ["wsgi.url_scheme"]) == ("4", "é", "https")


@pytest.mark.parametrize("size", [1, 3, 50])
def test_a_request_may_be_cut_anywhere(connect: Connect, size: int) -> None:
    body = bytes(range(256)) * 2
    whole = scgi("/echo", body)
    connection = connect()
    for at in range(0, len(whole), size):
        connection.sendall(whole[at : at + size])
    assert parsed(rest(connection)).body == body


@pytest.mark.parametrize("size", [0, BUFFERED, BUFFERED + 1, 5 << 20])
def test_bodies_of_any_size_go_through_and_what_follows_is_not_theirs(connect: Connect, size: int) -> None:
    body = random.Random(size).randbytes(size)
    connection = connect()
    sender = threading.Thread(target=connection.sendall, args=(scgi("/echo", body) + b"more",))
    sender.start()
    assert parsed(rest(connection)).body == body
    sender.join()


@pytest.mark.parametrize("size", [10, 3 << 20])
def test_a_body_that_nobody_reads_does_not_spoil_the_answer(connect: Connect, size: int) -> None:
    connection = connect()
    sender = threading.Thread(target=connection.sendall, args=(scgi("/unread", b"x" * size),))
    sender.start()
    assert parsed(rest(connection)).body == b"too large"
    sender.join(PATIENCE)
    assert not sender.is_alive()


def test_twenty_megabytes_come_out(app: Application, connect: Connect) -> None:
    connection = connect()
    connection.sendall(scgi("/big"))
    assert len(parsed(rest(connection)).body) == BIG
    assert app.closed.wait(PATIENCE)


def test_a_hundred_are_answered_at_once(connect: Connect) -> None:
    connections = [connect() for _ in range(100)]
    for at, connection in enumerate(connections):
        connection.sendall(scgi("/echo", b"%d" % at))
    assert [parsed(rest(each)).body for each in connections] == [b"%d" % at for at in range(100)]


@pytest.mark.parametrize("path", ["/endless", "/big"])
def test_who_goes_away_is_noticed(app: Application, connect: Connect, path: str) -> None:
    connection = connect()
    connection.sendall(scgi(path))
    connection.recv(100)
    connection.close()
    assert app.closed.wait(PATIENCE)


def test_who_has_said_all_may_close_his_side(connect: Connect) -> None:
    connection = connect()
    connection.sendall(scgi("/hello"))
    connection.shutdown(socket.SHUT_WR)
    assert parsed(rest(connection)).body == b"hello"


def test_an_exception_is_a_page_with_a_number(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    connection = connect()
    connection.sendall(scgi("/raises"))
    answer = parsed(rest(connection))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "secret detail" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b":,",
        b"012:CONTENT_LENGTH\x000\0,",
        b"-5:CONTENT_LENGTH\x000\0,",
        b"99999999",
        b"9999999:",
        b"200000:CONTENT_LENGTH",
        netstring(b"CONTENT_LENGTH\x000\0")[:-1] + b";",
        netstring(b"CONTENT_LENGTH\x000"),
        netstring(b"CONTENT_LENGTH\0"),
        netstring(b"CONTENT_LENGTH\0\0"),
        netstring(b"CONTENT_LENGTH\0-1\0"),
        netstring(b"CONTENT_LENGTH\0+1\0"),
        netstring(b"CONTENT_LENGTH\x001\0CONTENT_LENGTH\x002\0"),
        netstring(b"SCGI\x001\0CONTENT_LENGTH\x000\0"),
        netstring(b"CONTENT_LENGTH\0" + b"9" * 30 + b"\0"),
    ],
)
def test_what_is_no_scgi_ends_its_own_connection_only(connect: Connect, sent: bytes) -> None:
    other, hostile = connect(), connect()
    other.sendall(scgi("/hello")[:10])
    hostile.sendall(sent)
    assert rest(hostile) == b""
    other.sendall(scgi("/hello")[10:])
    assert parsed(rest(other)).body == b"hello"


@given(st.binary())
def test_any_bytes_are_headers_or_more_is_waited_for_or_they_are_refused(sent: bytes) -> None:
    for whole in (sent, netstring(sent), netstring(b"CONTENT_LENGTH\x000\0" + sent)):
        if not whole:
            continue
        try:
            found = headers(whole)
        except Malformed:
            continue
        assert found is None or found[0]["CONTENT_LENGTH"].isdigit()


def test_mutated_requests_kill_no_server(connect: Connect) -> None:
    whole = scgi("/echo", b"text")

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
    connection = connect()
    connection.sendall(whole)
    assert parsed(rest(connection)).body == b"text"
