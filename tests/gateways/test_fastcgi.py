"""Our FastCGI server, spoken to record by record."""

from __future__ import annotations

import random
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wiki.gateway import exchange
from wiki.gateway.exchange import Malformed
from wiki.gateway.fastcgi import FastCgi, variables

from .wire import BIG, PATIENCE, Application, Connect, fastcgi, outcome, pairs, parsed, record, rest, served, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wire import Connect

ABORT, END, PARAMS, STDIN, DATA = 2, 3, 4, 5, 8


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
def connect(app: Application) -> Iterator[Connect]:
    with served(app, FastCgi) as connect:
        yield connect


def test_a_request_is_answered_and_the_connection_closed(connect: Connect) -> None:
    connection = connect()
    connection.sendall(fastcgi("/hello"))
    sent, status = outcome(connection)
    answer = parsed(sent)
    assert (answer.status, answer.body, status) == (200, b"hello", 0)
    assert answer.headers == {"content-type": "text/plain", "content-length": "5"}
    assert rest(connection) == b""


def test_a_kept_connection_carries_one_request_after_another(connect: Connect) -> None:
    connection = connect()
    for id in (1, 1, 2, 65535):
        connection.sendall(fastcgi("/echo", b"text", id, keep=True, CONTENT_LENGTH="4"))
        assert parsed(outcome(connection, id)[0]).body == b"text"
    # Two at once, the second before the first is answered.
    connection.sendall(fastcgi("/hello", id=1, keep=True) + fastcgi("/hello", id=2, keep=False))
    assert parsed(outcome(connection, 1)[0]).body == b"hello"
    assert parsed(outcome(connection, 2)[0]).body == b"hello"
    assert rest(connection) == b""


def test_a_small_answer_leaves_in_one_piece(connect: Connect) -> None:
    connection = connect()
    for path in ("/hello", "/nothing", "/unchanged", "/raises"):
        connection.sendall(fastcgi(path, keep=True))
        sent = connection.recv(1 << 16)
        assert sent[-16:-12] == struct.pack(">BBH", 1, END, 1)


def test_the_environ_is_what_pep_3333_says(app: Application, connect: Connect) -> None:
    connection = connect()
    given = {"HTTP_X_LONG": "ä" * 5000, "N" * 200: "long", "QUERY_STRING": "a=é", "EMPTY": "", "HTTPS": "on"}
    connection.sendall(fastcgi("/hello", **given))
    outcome(connection)
    environ = app.environs[0]
    assert {name: environ[name] for name in given} == given
    assert all(type(value) is str for name, value in environ.items() if "." not in name)
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["wsgi.version"] == (1, 0)
    told = [environ[f"wsgi.{name}"] for name in ("multithread", "multiprocess", "run_once", "input_terminated")]
    assert told == [True, True, False, True]


def test_the_last_of_equal_names_counts_and_names_of_ours_do_not(app: Application, connect: Connect) -> None:
    sent = [("PATH_INFO", "/raises"), ("PATH_INFO", "/hello"), ("wiki.hit", "1"), ("wsgi.input", "x"), ("A", "1")]
    connection = connect()
    connection.sendall(record(1, struct.pack(">HB5x", 1, 0)) + stream(PARAMS, pairs(sent)) + record(STDIN))
    assert parsed(outcome(connection)[0]).body == b"hello"
    assert "wiki.hit" not in app.environs[0]
    assert app.environs[0]["REQUEST_METHOD"] == "GET"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_records_may_be_cut_anywhere(connect: Connect, size: int) -> None:
    body = bytes(range(256)) * 8
    whole = record(1, struct.pack(">HB5x", 1, 1)) + stream(
        PARAMS, pairs({"PATH_INFO": "/echo", "CONTENT_LENGTH": str(len(body))}), size=9
    )
    whole += stream(STDIN, body, size=100)
    connection = connect()
    for at in range(0, len(whole), size):
        connection.sendall(whole[at : at + size])
    assert parsed(outcome(connection)[0]).body == body


@pytest.mark.parametrize("size", [exchange.BUFFERED - 1, exchange.BUFFERED, exchange.BUFFERED + 1, 5 << 20])
@pytest.mark.parametrize("length", ["announced", "not announced"])
def test_large_bodies_go_through(connect: Connect, size: int, length: str) -> None:
    body = random.Random(size).randbytes(size)
    connection = connect()
    given = {"CONTENT_LENGTH": str(size)} if length == "announced" else {}
    sender = threading.Thread(target=connection.sendall, args=(fastcgi("/echo", body, keep=True, **given),))
    sender.start()
    assert parsed(outcome(connection)[0]).body == body
    sender.join()
    connection.sendall(fastcgi("/lines", b"a\nb", keep=True))
    assert parsed(outcome(connection)[0]).body == b"a\n|b"


def test_an_upload_that_is_slow_holds_no_thread(app: Application) -> None:
    with served(app, FastCgi, count=1) as connect:
        whole = fastcgi("/echo", random.Random(2).randbytes(3 << 20), keep=True)
        slow = [connect() for _ in range(5)]
        for connection in slow:
            connection.sendall(whole[:-1000])
        other = connect()
        other.sendall(fastcgi("/hello"))
        assert parsed(outcome(other)[0]).body == b"hello"
        assert exchange.Request.spooled > 10 << 20
        for connection in slow:
            connection.sendall(whole[-1000:])
            assert len(parsed(outcome(connection)[0]).body) == 3 << 20
        slow[0].sendall(whole[:-1000])
        slow[0].close()
    assert exchange.Request.spooled == 0, "a temporary file was not closed"


def test_a_large_body_is_received_while_it_is_read_where_there_is_no_room(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SPOOLED", 1 << 20)
    body = random.Random(3).randbytes(3 << 20)
    for _ in range(2):
        connection = connect()
        sender = threading.Thread(target=connection.sendall, args=(fastcgi("/echo", body),))
        sender.start()
        assert parsed(outcome(connection)[0]).body == body
        sender.join()
        monkeypatch.setattr("tempfile.TemporaryFile", no_file)
    assert exchange.Request.spooled == 0


def no_file(**how: int) -> None:
    """Behave as a full disk does."""
    raise OSError("no space left on device")


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("size", [10, 3 << 20])
def test_a_body_that_nobody_reads_does_not_spoil_the_answer(connect: Connect, keep: bool, size: int) -> None:
    connection = connect()
    # As a server that sends all before it reads.
    sender = threading.Thread(target=connection.sendall, args=(fastcgi("/unread", b"x" * size, keep=keep),))
    sender.start()
    assert parsed(outcome(connection)[0]).body == b"too large"
    sender.join(PATIENCE)
    assert not sender.is_alive()
    if keep:
        connection.sendall(fastcgi("/hello"))
        assert parsed(outcome(connection)[0]).body == b"hello"
    connection.shutdown(socket.SHUT_WR)
    assert rest(connection) == b""


@pytest.mark.parametrize("path", ["/big", "/whole"])
def test_twenty_megabytes_come_out_and_the_iterable_is_closed(app: Application, connect: Connect, path: str) -> None:
    connection = connect()
    connection.sendall(fastcgi(path))
    sent, _ = outcome(connection)
    answer = parsed(sent)
    assert len(answer.body) == BIG
    assert answer.body[-8:] == (b"%08d" % ((BIG >> 16) - 1) if path == "/big" else b"%08d" % 7)
    assert path == "/whole" or app.closed.wait(PATIENCE)


def test_pieces_are_sent_when_they_are_made(app: Application, connect: Connect) -> None:
    connection = connect()
    connection.sendall(fastcgi("/pieces"))
    received = b""
    while b"one " not in received:
        received += connection.recv(1000)
    app.go_on.set()
    assert b"two" in rest(connection)
    assert app.closed.wait(PATIENCE)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/written", 200, b"one two three"),
        ("/late", 200, b"late"),
        ("/nothing", 204, b""),
        ("/unchanged", 304, b""),
        ("/too_long", 200, b"hello"),
        ("/other", 500, b"oh"),
    ],
)
def test_applications_may_answer_in_every_way(connect: Connect, path: str, status: int, body: bytes) -> None:
    connection = connect()
    for _ in range(2):
        connection.sendall(fastcgi(path, keep=True))
        answer = parsed(outcome(connection)[0])
        assert (answer.status, answer.body) == (status, body)


def test_head_has_the_headers_and_no_body(connect: Connect) -> None:
    connection = connect()
    for path, size in (
        ("/hello", "5"),
        ("/whole", str(BIG)),
        ("/late", "4"),
        ("/big", str(BIG)),
        ("/too_short", "500"),
    ):
        connection.sendall(fastcgi(path, method="HEAD", keep=True))
        answer = parsed(outcome(connection)[0])
        assert (answer.headers["content-length"], answer.body) == (size, b"")


@pytest.mark.parametrize("path", ["/raises", "/exits", "/bad_header", "/negative", "/silent"])
def test_an_exception_is_a_page_with_a_number(connect: Connect, capsys: pytest.CaptureFixture[str], path: str) -> None:
    connection = connect()
    for _ in range(2):
        connection.sendall(fastcgi(path, keep=True))
        answer = parsed(outcome(connection)[0])
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert b"Traceback" not in answer.body
        assert "set-cookie" not in answer.headers
        number = answer.body.partition(b"<code>")[2].partition(b"</code>")[0].decode()
        assert number
        assert f"error {number}" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/raises_late", "/too_short"])
def test_what_fails_late_does_not_look_whole(connect: Connect, capsys: pytest.CaptureFixture[str], path: str) -> None:
    connection = connect()
    connection.sendall(fastcgi(path, keep=True))
    with pytest.raises(EOFError):
        outcome(connection)
    assert "Traceback" in capsys.readouterr().err


# -- what the specification has beside requests ---------------------------------------------------------------------


def test_values_are_told(connect: Connect) -> None:
    connection = connect()
    connection.sendall(record(9, pairs({"FCGI_MPXS_CONNS": "", "FCGI_MAX_REQS": "", "OTHER": ""}), id=0))
    header = connection.recv(8)
    kind, id, length = struct.unpack(">xBHHxx", header)
    assert (kind, id) == (10, 0)
    found = variables(connection.recv(length))
    assert found == {"FCGI_MPXS_CONNS": "0", "FCGI_MAX_REQS": "512"}
    connection.sendall(fastcgi("/hello"))
    assert parsed(outcome(connection)[0]).body == b"hello"


def test_an_unknown_management_record_is_called_so(connect: Connect) -> None:
    connection = connect()
    connection.sendall(record(99, b"whatever", id=0, padding=3))
    assert connection.recv(100) == struct.pack(">BBHHBxB7x", 1, 11, 0, 8, 0, 99)
    # Unknown and needless records of a request are passed over.
    connection.sendall(record(DATA, b"x") + record(77, b"x") + fastcgi("/hello", id=3))
    assert parsed(outcome(connection, 3)[0]).body == b"hello"


def test_another_role_is_refused(connect: Connect) -> None:
    connection = connect()
    connection.sendall(fastcgi("/hello", role=2, keep=True))
    assert outcome(connection) == (b"", 3)
    connection.sendall(fastcgi("/hello", role=3))
    assert outcome(connection) == (b"", 3)
    assert rest(connection) == b""


def test_a_second_request_meanwhile_is_refused_and_the_first_answered(connect: Connect) -> None:
    connection = connect()
    first = fastcgi("/echo", b"first", id=1, keep=True)
    connection.sendall(first[:-8] + fastcgi("/hello", id=2))
    assert outcome(connection, 2) == (b"", 1)
    connection.sendall(first[-8:])
    assert parsed(outcome(connection, 1)[0]).body == b"first"


def test_a_request_may_be_taken_back_while_it_arrives(app: Application, connect: Connect) -> None:
    connection = connect()
    begun = fastcgi("/echo", b"text", keep=True)
    connection.sendall(begun[:-8] + record(ABORT))
    assert outcome(connection) == (b"", 0)
    connection.sendall(begun)
    assert parsed(outcome(connection)[0]).body == b"text"
    assert len(app.environs) == 1
    connection.sendall(fastcgi("/hello")[:16] + record(ABORT))
    assert outcome(connection) == (b"", 0)
    assert rest(connection) == b""


@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_request_may_be_taken_back_while_it_is_answered(app: Application, connect: Connect, how: str) -> None:
    connection = connect()
    connection.sendall(fastcgi("/endless", keep=True))
    assert app.working.wait(PATIENCE)
    if how == "abort":
        connection.sendall(record(ABORT))
        assert outcome(connection)[1] == 0
    else:
        connection.close()
    assert app.closed.wait(PATIENCE), "the iterable was not closed"


def test_who_goes_away_in_the_middle_of_twenty_megabytes_is_noticed(app: Application, connect: Connect) -> None:
    connection = connect()
    connection.sendall(fastcgi("/big"))
    connection.recv(1000)
    connection.close()
    assert app.closed.wait(PATIENCE)


def test_who_goes_away_while_sending_leaves_nothing_behind(
    app: Application, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = connect()
    connection.sendall(fastcgi("/echo", b"x" * 500_000)[:400_000])
    connection.close()
    connection = connect()
    connection.sendall(fastcgi("/hello"))
    assert parsed(outcome(connection)[0]).body == b"hello"
    assert "Traceback" not in capsys.readouterr().err


# -- many, slow and hostile ones ------------------------------------------------------------------------------------


def test_a_hundred_are_answered_at_once(app: Application, connect: Connect) -> None:
    connections = [connect() for _ in range(100)]
    for at, connection in enumerate(connections):
        connection.sendall(fastcgi("/echo", b"%d" % at, keep=True))
    for at, connection in enumerate(connections):
        assert parsed(outcome(connection)[0]).body == b"%d" % at


def test_threads_work_together(app: Application, connect: Connect) -> None:
    app.together = threading.Barrier(4)
    connections = [connect() for _ in range(4)]
    for connection in connections:
        connection.sendall(fastcgi("/together"))
    assert [parsed(outcome(each)[0]).body for each in connections] == [b"together"] * 4


def test_who_sends_nothing_or_half_holds_no_thread(connect: Connect) -> None:
    whole = fastcgi("/echo", b"x" * 200_000)
    for at in range(40):
        connect().sendall(whole[: 150_000 * (at % 2) + at])
    connection = connect()
    connection.sendall(fastcgi("/hello"))
    assert parsed(outcome(connection)[0]).body == b"hello"


def test_who_never_reads_holds_a_thread_only_so_long(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.2)
    monkeypatch.setattr(exchange, "SLOWEST", 1 << 40)
    with served(app, FastCgi, count=2) as connect:
        lazy = [connect() for _ in range(6)]
        for connection in lazy:
            connection.sendall(fastcgi("/big"))
        connection = connect()
        connection.sendall(fastcgi("/hello"))
        assert parsed(outcome(connection)[0]).body == b"hello"
        assert app.closed.wait(PATIENCE)


def test_who_sends_a_large_body_too_slowly_is_given_up(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.2)
    monkeypatch.setattr(exchange, "SLOWEST", 1 << 40)
    monkeypatch.setattr(exchange, "SPOOLED", 0)
    with served(app, FastCgi, count=1) as connect:
        slow = connect()
        slow.sendall(fastcgi("/echo", b"x" * 600_000)[:500_000])
        connection = connect()
        connection.sendall(fastcgi("/hello"))
        assert parsed(outcome(connection)[0]).body == b"hello"


def test_more_variables_than_anybody_needs_are_refused(connect: Connect) -> None:
    connection = connect()
    begin = record(1, struct.pack(">HB5x", 1, 1))
    connection.sendall(begin + record(PARAMS, b"x" * 65535) * 3)
    assert outcome(connection) == (b"", 2)
    assert rest(connection) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\2" + record(1)[1:],
        record(1, b"\0\1\0"),
        fastcgi("/hello")[:16] * 2,
        record(1, struct.pack(">HB5x", 1, 1)) + record(PARAMS, b"\xff\xff\xff\xffx") + record(PARAMS),
        record(1, struct.pack(">HB5x", 1, 1)) + record(PARAMS, b"\x80") + record(PARAMS),
        record(1, struct.pack(">HB5x", 1, 1)) + record(PARAMS, b"\x05\x05abc") + record(PARAMS),
    ],
)
def test_what_is_no_fastcgi_ends_its_own_connection_only(connect: Connect, sent: bytes) -> None:
    other, hostile = connect(), connect()
    other.sendall(fastcgi("/hello", keep=True)[:30])
    hostile.sendall(sent)
    assert rest(hostile) == b""
    other.sendall(fastcgi("/hello", keep=True)[30:])
    assert parsed(outcome(other)[0]).body == b"hello"


@given(st.dictionaries(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255))))
def test_variables_are_read_as_they_are_written(given: dict[str, str]) -> None:
    assert variables(pairs(given)) == given


@given(st.binary())
def test_any_bytes_are_variables_or_refused(sent: bytes) -> None:
    try:
        found = variables(sent)
    except Malformed:
        return
    assert sum(len(name) + len(value) for name, value in found.items()) <= len(sent)


PIECES = st.one_of(
    st.builds(
        record, st.integers(0, 13), st.binary(max_size=40), st.sampled_from([0, 1, 1, 1, 2, 65535]), st.integers(0, 9)
    ),
    st.sampled_from([fastcgi("/hello", keep=True), fastcgi("/echo", b"text", keep=True), fastcgi("/raises")]),
    st.binary(max_size=20),
)


def test_no_sequence_of_records_kills_the_server(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    steady = connect()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(PIECES, max_size=12), st.integers(0, 30))
    def hostile(pieces: list[bytes], cut: int) -> None:
        with connect() as connection:
            sent = b"".join(pieces)
            try:
                connection.sendall(sent[: len(sent) - cut])
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                # The server has closed it already.
                return
            rest(connection)

    hostile()
    # The applications own errors come no further than to the exchange.
    assert "threads.py" not in capsys.readouterr().err
    steady.sendall(fastcgi("/hello"))
    assert parsed(outcome(steady)[0]).body == b"hello"


def test_mutated_requests_kill_no_server(connect: Connect) -> None:
    chance = random.Random(1)
    whole = fastcgi("/echo", b"text", keep=True) + fastcgi("/hello", id=2, keep=True)
    steady = connect()
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        with connect() as connection:
            connection.sendall(changed)
    steady.sendall(fastcgi("/hello"))
    assert parsed(outcome(steady)[0]).body == b"hello"
