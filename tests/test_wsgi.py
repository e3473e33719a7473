"""The one callable, the CGI runner, and what a visitor sees when the wiki cannot be built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wiki import resources
from wiki.gateway.cgi import Reply
from wiki.wsgi import Door

ROOT = Path(__file__).parent.parent


def ask(door: Door, **environ: Any) -> tuple[str, dict[str, str], bytes]:
    import io

    answers: list[Any] = []
    asked = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), **environ,
    }  # fmt: skip
    body = b"".join(door(asked, lambda status, headers, exc_info=None: answers.append((status, headers))))
    return answers[-1][0], dict(answers[-1][1]), body


def test_a_wiki_that_cannot_be_built_says_so_and_logs_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wiki.toml").write_text("nonsense = [")
    status, headers, body = ask(Door(str(tmp_path)))
    assert status == "503 Service Unavailable"
    assert headers["Cache-Control"] == "no-store"
    assert b"Traceback" not in body
    assert b"nonsense" not in body
    number = body.decode().partition("<code>")[2].partition("</code>")[0]
    assert len(number) == 8
    log = tmp_path / "log" / "error.log"
    assert number in log.read_text()
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert number in capsys.readouterr().err
    assert ask(Door(str(tmp_path)), REQUEST_METHOD="HEAD")[2] == b""


def test_it_is_built_again_once_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    fails = [True]

    def create_app(data: str) -> Any:
        if fails[0]:
            raise RuntimeError(data)
        app = types.SimpleNamespace(extensions={})
        return type("App", (), {"extensions": app.extensions, "__call__": lambda self, environ, start: answer(start)})()

    def answer(start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b"built"]

    monkeypatch.setitem(sys.modules, "wiki.app", types.SimpleNamespace(create_app=create_app))
    door = Door(str(tmp_path))
    assert ask(door)[0].startswith("503")
    fails[0] = False
    assert ask(door)[2] == b"built"
    fails[0] = True
    assert ask(door)[2] == b"built", "it was built twice"


def test_templates_and_static_files_are_found() -> None:
    assert os.path.isdir(resources.templates())
    assert os.path.isdir(resources.static())


APP = """
import sys
sys.path.insert(0, {root!r})
from wiki.gateway.cgi import run
def app(environ, start_response):
    print("noise")
    kind = environ["QUERY_STRING"]
    if kind == "raises":
        raise RuntimeError("secret detail")
    if kind == "late":
        start_response("200 OK", [("Content-Type", "text/plain")])
        def pieces():
            yield b"begun"
            raise RuntimeError("secret detail")
        return pieces()
    if kind == "nothing":
        start_response("204 No Content", [])
        return []
    if kind == "header":
        start_response("200 OK", [("X", "a\\r\\nSet-Cookie: b")])
        return []
    import os
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = [environ["PATH_INFO"], environ["wsgi.url_scheme"], str(sys.argv[1:]), os.environ.get("HTTP_COOKIE", "-"),
            os.environ.get("HTTP_PROXY", "-"), environ["HTTP_COOKIE"]]
    return [" ".join(told).encode("latin-1")] + [b"x" * 100000] * (kind == "large")
run(app)
"""


def cgi(query: str = "", **environ: str) -> subprocess.CompletedProcess[bytes]:
    given = {
        "REQUEST_METHOD": "GET", "QUERY_STRING": query, "PATH_INFO": "/Café", "HTTP_COOKIE": "a=b",
        "HTTP_PROXY": "evil", "HTTPS": "on", "GATEWAY_INTERFACE": "CGI/1.1", **environ,
    }  # fmt: skip
    command = [sys.executable, "-c", APP.format(root=str(ROOT)), "-h", "--help"]
    return subprocess.run(command, env=given, input=b"", capture_output=True, timeout=20)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.ISO-8859-1"])
def test_cgi_speaks_bytes_in_any_locale(locale: str) -> None:
    result = cgi(LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    head, _, body = result.stdout.partition(b"\r\n\r\n")
    assert head == b"Status: 200 OK\r\nContent-Type: text/plain"
    assert body.decode() == "/Café https ['-h', '--help'] - - a=b"
    assert b"noise" in result.stderr


@pytest.mark.parametrize("query", ["raises", "header"])
def test_cgi_shows_a_number_and_not_the_error(query: str) -> None:
    result = cgi(query)
    assert result.stdout.startswith(b"Status: 500 Internal Server Error\r\n")
    assert b"secret" not in result.stdout
    assert b"Traceback" not in result.stdout
    number = result.stdout.partition(b"<code>")[2].partition(b"</code>")[0]
    assert len(number) == 8
    assert number in result.stderr
    assert b"Traceback" in result.stderr


def test_cgi_that_fails_late_ends_what_it_began() -> None:
    result = cgi("late")
    assert result.stdout.endswith(b"\r\n\r\nbegun")
    assert b"secret detail" in result.stderr


def test_cgi_sends_a_head_without_a_body() -> None:
    assert cgi("nothing").stdout == b"Status: 204 No Content\r\n\r\n"


def test_cgi_minds_no_visitor_who_has_gone() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", APP.format(root=str(ROOT))]
    environ = {"QUERY_STRING": "large", "HTTP_COOKIE": "", "PATH_INFO": "/"}
    result = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert result.returncode == 0
    assert b"Error" not in result.stderr


def test_cgi_takes_headers_only_once() -> None:
    reply = Reply(1)
    reply.start("200 OK", [])
    with pytest.raises(RuntimeError):
        reply.start("200 OK", [])
    with pytest.raises(RuntimeError):
        Reply(1).send(b"body")


def test_byte_code_goes_to_the_data_directory_where_it_cannot_lie_beside(tmp_path: Path) -> None:
    import shutil

    package = tmp_path / "program" / "wiki"
    shutil.copytree(ROOT / "wiki", package, ignore=shutil.ignore_patterns("__pycache__", "web", "storage", "markup"))
    # A file where the folder would be: byte code cannot be written, even by root.
    (package / "__pycache__").write_text("")
    (package / "gateway" / "__pycache__").write_text("")
    data = tmp_path / "data"
    data.mkdir()
    code = "import sys, wiki.wsgi; print(sys.pycache_prefix)"
    environ = {**os.environ, "WIKI_DATA": str(data), "PYTHONPATH": str(tmp_path / "program")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, env=environ, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.strip() == str(data / "bytecode")
    assert (data / "bytecode").stat().st_mode & 0o777 == 0o700
    assert list((data / "bytecode").rglob("pagecache.*.pyc"))
    (data / "bytecode").chmod(0o777)
    result = subprocess.run(run, env=environ, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.strip() == "None", "somebody else could have written there"
