"""What our servers share: the socket, processes and threads, signals, the end. With FastCGI, in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wiki.gateway import exchange, listening, threads
from wiki.gateway.ajp import Ajp
from wiki.gateway.fastcgi import FastCgi
from wiki.gateway.scgi import Scgi
from wiki.gateway.server import _welcome

from .wire import (
    PATIENCE,
    ROOT,
    SECRET,
    Application,
    ajp,
    connected,
    exactly,
    fastcgi,
    outcome,
    parsed,
    process,
    rest,
    scgi,
    served,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wiki.gateway.exchange import Connection

ASKED = b"AB\0\3\6\x1f\xfa"
"""AJP's request for a piece of a body."""


def ask(path: Path | tuple[str, int], name: str) -> bytes:
    """Ask a FastCGI server and return its answer's body."""
    with connected(path) if isinstance(path, Path) else socket.create_connection(path, PATIENCE) as connection:
        connection.sendall(fastcgi(name))
        return parsed(outcome(connection)[0]).body


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wiki.sock"


@pytest.fixture
def listener(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(50)
        yield listener


# -- the socket -----------------------------------------------------------------------------------------------------


def test_a_unix_socket_is_its_owners_alone_and_goes_with_the_server(tmp_path: Path, path: Path) -> None:
    old = os.umask(0)
    try:
        with process(tmp_path, "fastcgi", "--bind", f"unix:{path}") as server:
            assert ask(path, "/hello") == b"hello"
            assert path.stat().st_mode & 0o777 == 0o600
            server.process.terminate()
            assert server.wait() == 0
    finally:
        os.umask(old)
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to any group")
def test_a_group_may_be_let_in(tmp_path: Path, path: Path) -> None:
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}", "--group", "www-data"):
        assert ask(path, "/hello") == b"hello"
        assert path.stat().st_mode & 0o777 == 0o660
        assert path.group() == "www-data"
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}", "--group", "no such group") as server:
        assert server.wait() == 1
        assert "there is no group no such group" in server.log.read_text()


def test_a_socket_that_a_dead_server_left_is_taken_over(tmp_path: Path, path: Path) -> None:
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}") as server:
        assert ask(path, "/hello") == b"hello"
        os.killpg(server.process.pid, signal.SIGKILL)
        server.wait()
    assert path.exists()
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}"):
        # The old one refuses; it is there until the new one has come.
        end = time.monotonic() + PATIENCE
        while True:
            try:
                assert ask(path, "/hello") == b"hello"
                break
            except (EOFError, ConnectionResetError):
                assert time.monotonic() < end
        with process(tmp_path, "fastcgi", "--bind", f"unix:{path}") as second:
            assert second.wait() == 1
            assert "another server answers there" in second.log.read_text()
        assert ask(path, "/hello") == b"hello", "the second took the first one's socket away"


def test_no_file_is_taken_for_a_socket(tmp_path: Path, path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(listening.Unusable, match="in use"):
        listening.made(f"unix:{path}")
    assert path.read_text() == "precious"


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_this_machine_may_be_listened_on(address: str) -> None:
    try:
        listener = listening.made(address)
    except listening.Unusable as error:
        assert "::1" in address
        pytest.skip(str(error))
    with listener:
        assert listener.getsockname()[0] in ("127.0.0.1", "::1")


@pytest.mark.parametrize("address", ["0.0.0.0:9000", "192.0.2.1:9000", "[::]:9000", "example.org:9000"])
def test_other_addresses_are_only_for_who_says_whose_web_servers_they_are_for(address: str) -> None:
    with pytest.raises(listening.Unusable, match=r"--from|IP address"):
        listening.made(address)
    if address.startswith("0"):
        listening.made("0.0.0.0:0", everywhere=True).close()


@pytest.mark.parametrize(
    "address", ["", "9000", "x", ":", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "unix:", "unix:/no/such"]
)
def test_what_is_no_address_is_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(listening.Unusable):
        listening.made(address)


def test_small_answers_over_tcp_do_not_wait_for_each_other() -> None:
    with served(Application(), FastCgi, family=socket.AF_INET) as connect:
        connection = connect()
        connection.sendall(fastcgi("/hello", keep=True))
        outcome(connection)
        [other] = connect.threads.connections.values()
        assert other.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_only_the_named_web_servers_may_connect() -> None:
    welcome = _welcome(["192.0.2.0/24", "2001:db8::1"])
    assert [welcome(each) for each in ("192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1", "127.0.0.1", "")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    application = Application()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threads.Threads(application, FastCgi, listener, 1, welcome)
        serving.start()
        with socket.create_connection(listener.getsockname(), PATIENCE) as connection:
            assert rest(connection) == b""
        assert serving.stop(PATIENCE)
        serving.close()
    assert not application.environs


# -- started by a web server ----------------------------------------------------------------------------------------


def test_the_standard_input_may_be_the_socket(tmp_path: Path, path: Path, listener: socket.socket) -> None:
    with process(tmp_path, "fastcgi", listener=listener) as server:
        assert ask(path, "/hello") == b"hello"
        assert ask(path, "/pid") == str(server.process.pid).encode(), "a web server counts its processes itself"
        assert ask(path, "/stdin") == b"/dev/null\n", "the wiki's programs got the socket"
        assert "noise" in server.log.read_text(), "what is printed does not go to the error log"
        server.process.send_signal(signal.SIGUSR1)
        assert server.wait() == 0
    assert path.exists(), "it is not ours to remove"


def test_so_may_one_that_several_processes_share(tmp_path: Path, path: Path, listener: socket.socket) -> None:
    with process(tmp_path, "fastcgi", "--processes", "2", listener=listener) as server:
        pid = int(ask(path, "/pid"))
        assert pid != server.process.pid
        server.process.terminate()
        assert server.wait() == 0


@pytest.mark.parametrize("protocol", ["scgi", "ajp"])
def test_the_other_protocols_are_started_the_same_way(
    tmp_path: Path, path: Path, listener: socket.socket, protocol: str
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    more = f", {str(tmp_path / 'secret')!r}" if protocol == "ajp" else ""
    with process(tmp_path, protocol, listener=listener, more=more), connected(path) as connection:
        if protocol == "scgi":
            connection.sendall(scgi("/hello"))
            assert parsed(rest(connection)).body == b"hello"
        else:
            connection.sendall(b"\x12\x34\0\1\x0a")
            assert exactly(connection, 5) == b"AB\0\1\x09"


def test_as_a_cgi_program_it_answers_and_looks_at_no_arguments(tmp_path: Path, path: Path) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/hello"}
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}", **environ) as server:
        assert server.wait() == 0
        answer = parsed((tmp_path / "output").read_bytes())
        assert (answer.status, answer.body, server.log.read_bytes()) == (200, b"hello", b"")
    assert not path.exists()


def test_without_a_socket_it_says_what_it_needs(tmp_path: Path) -> None:
    with process(tmp_path, "fastcgi") as server:
        assert server.wait() == 2
        assert "--bind" in server.log.read_text()


def test_closed_outputs_are_no_place_for_files(tmp_path: Path) -> None:
    script = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from wiki.gateway import listening; listening.given()\n"
    )
    script += f"file = os.open({str(tmp_path / 'file')!r}, os.O_CREAT | os.O_WRONLY); os._exit(file)"
    command = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    assert subprocess.run(command, timeout=PATIENCE).returncode > 2


def test_without_an_error_log_it_serves_as_well(tmp_path: Path, path: Path, listener: socket.socket) -> None:
    with process(tmp_path, "fastcgi", listener=listener, closed=">&- 2>&-"):
        for _ in range(2):
            assert b"<code>" in ask(path, "/raise")
            assert ask(path, "/stdin") == b"/dev/null\n"


def test_who_starts_it_may_say_which_web_servers_may_connect(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with (
            process(tmp_path, "fastcgi", listener=listener, FCGI_WEB_SERVER_ADDRS="192.0.2.1,192.0.2.2"),
            socket.create_connection(address, PATIENCE) as connection,
        ):
            assert rest(connection) == b""
        with process(tmp_path, "fastcgi", listener=listener, FCGI_WEB_SERVER_ADDRS="192.0.2.1,127.0.0.1"):
            assert ask(address, "/hello") == b"hello"


# -- the end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_save_in_progress_is_not_lost(
    tmp_path: Path, path: Path, listener: socket.socket, number: int, processes: str
) -> None:
    with process(tmp_path, "fastcgi", "--processes", processes, listener=listener) as server:
        idle, saving = connected(path), connected(path)
        idle.sendall(fastcgi("/hello", keep=True))
        outcome(idle)
        saving.sendall(fastcgi("/save", keep=True))
        wait_for(tmp_path / "begun")
        server.process.send_signal(number)
        assert rest(idle) == b""
        assert not (tmp_path / "saved").exists(), "this was no test"
        assert parsed(outcome(saving)[0]).body == b"saved"
        assert rest(saving) == b""
        assert server.wait() == 0
        idle.close()
        saving.close()
    assert (tmp_path / "saved").read_text() == "saved"


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_who_has_written_already_is_answered_at_the_end() -> None:
    application = Application()
    with served(application, FastCgi, count=1) as connect:
        first, second = connect(), connect()
        second.sendall(fastcgi("/hello", keep=True))
        outcome(second)
        first.sendall(fastcgi("/slow"))
        assert application.working.wait(PATIENCE)
        # No thread is free for these when the word comes to stop.
        second.sendall(fastcgi("/hello", keep=True))
        third = connect()
        third.sendall(fastcgi("/hello"))
        threading.Timer(0.1, application.go_on.set).start()
        assert connect.stop(PATIENCE)
        assert parsed(outcome(first)[0]).body == b"done"
        assert parsed(outcome(second)[0]).body == b"hello"
        assert parsed(outcome(third)[0]).body == b"hello"
        assert rest(second) == b""


def test_slow_peers_do_not_hold_up_the_end() -> None:
    with served(Application(), FastCgi, count=3) as connect:
        for sent in (fastcgi("/big"), fastcgi("/echo", b"x" * 1000)[:-100], fastcgi("/echo", b"x" * 600_000)[:500_000]):
            connect().sendall(sent)
        # They are given up long before patience with them would end.
        assert connect.stop(exchange.PATIENCE / 2)


def test_a_child_that_dies_is_replaced(tmp_path: Path, path: Path) -> None:
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}", "--processes", "1", "--threads", "1"):
        first = ask(path, "/pid")
        time.sleep(1.1)
        with pytest.raises(EOFError):
            ask(path, "/die")
        assert ask(path, "/pid") not in (first, b"")


def test_a_hang_up_has_the_processes_begin_anew(tmp_path: Path, path: Path) -> None:
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}", "--processes", "1") as server:
        first = ask(path, "/pid")
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while ask(path, "/pid") == first:
            assert time.monotonic() < end
        assert server.process.poll() is None


def test_children_end_with_their_parent(tmp_path: Path, path: Path) -> None:
    with process(tmp_path, "fastcgi", "--bind", f"unix:{path}", "--processes", "1") as server:
        pid = int(ask(path, "/pid"))
        server.process.kill()
        server.wait()
        end = time.monotonic() + PATIENCE
        while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            assert time.monotonic() < end
            time.sleep(0.02)


# -- threads --------------------------------------------------------------------------------------------------------


def test_systems_without_epoll_are_served_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "Epoll", threads.Selector)
    application = Application()
    with served(application, FastCgi) as connect:
        for _ in range(3):
            connections = [connect() for _ in range(10)]
            for connection in connections:
                connection.sendall(fastcgi("/hello", keep=True))
            for connection in connections:
                assert parsed(outcome(connection)[0]).body == b"hello"


@pytest.mark.parametrize(
    ("protocol", "half", "torn"),
    [
        (FastCgi, fastcgi("/hello")[:24], fastcgi("/hello")[:3]),
        (FastCgi, fastcgi("/echo", b"text")[:-8], fastcgi("/echo", b"text")[:-9]),
        (Scgi, scgi("/hello")[:10], scgi("/echo", b"text")[:-1]),
        (partial(Ajp, secret=SECRET.encode()), ajp("/hello")[:9], ajp("/echo", 4, {8: "4"})),
    ],
)
def test_requests_that_do_not_arrive_are_swept_away(
    protocol: Callable[[socket.socket], Connection], half: bytes, torn: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("fastcgi", "ajp", "threads"):
        monkeypatch.setattr(f"wiki.gateway.{module}.PATIENCE", 0.0)
    monkeypatch.setattr(exchange, "SLOWEST", 1 << 40)
    with served(Application(), protocol) as connect:
        connections = [connect() for _ in range(3)]
        for connection, sent in zip(connections, (half, torn, b""), strict=True):
            connection.sendall(sent)
        while len([each for each in connect.threads.connections.values() if each.until]) < 2:
            time.sleep(0.01)
        connect.threads.sweep()
        assert rest(connections[0]) == rest(connections[1]).removeprefix(ASKED) == b""
        while len(connect.threads.connections) > 1:
            time.sleep(0.01)
        connect.threads.sweep()
        connections[2].settimeout(0.1)
        with pytest.raises(TimeoutError):
            connections[2].recv(1)


def test_the_oldest_that_is_idle_makes_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "CONNECTIONS", 20)
    with served(Application(), FastCgi) as connect:
        connections = []
        for _ in range(40):
            connections.append(connect())
            connections[-1].sendall(fastcgi("/hello", keep=True))
            outcome(connections[-1])
        assert rest(connections[0]) == b""
        connections[-1].sendall(fastcgi("/hello"))
        assert parsed(outcome(connections[-1])[0]).body == b"hello"
