"""How a bundle finds its Python, and what it says where there is none that is new enough."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .hosts import ROOT

SCRIPT = (ROOT / "scripts/bundle/wiki.cgi").read_text()
START = ROOT / "scripts/bundle/start.py"

OTHERS = {path.parent.parent.name: path for path in sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin/python"))}
"""Other Pythons on this machine, by their version."""


def is_old(version: str) -> bool:
    return tuple(map(int, version.split(".")[:2])) < (3, 11)


def placed(folder: Path, *interpreters: str) -> Path:
    """Put wiki.cgi into a folder, on a host where just these interpreters are; each says its name and arguments."""
    for name in interpreters:
        path = folder / "host" / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*"\npwd\n')
        path.chmod(0o755)
    text = SCRIPT
    for place in ("/usr/bin/", "/usr/local/bin/", "/opt/alt/", "/opt/cpanel/"):
        text = text.replace(f'"{place}', f'"{folder}/host{place}')
    web = folder / "web"
    web.mkdir(exist_ok=True)
    (web / "wiki.cgi").write_text(text)
    (web / "wiki.cgi").chmod(0o755)
    return web / "wiki.cgi"


def run(script: Path | str, cwd: Path, path: Path) -> str:
    done = subprocess.run(
        [str(script)], cwd=cwd, env={"PATH": str(path)}, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (["/usr/bin/python3.11"], "/usr/bin/python3.11"),
        (["/usr/bin/python3.9", "/usr/local/bin/python3.12", "/usr/bin/python3.11"], "/usr/local/bin/python3.12"),
        (["/usr/bin/python3.6", "/opt/alt/python311/bin/python3.11"], "/opt/alt/python311/bin/python3.11"),
        (["/opt/cpanel/ea-python313/root/usr/bin/python3.13"], "/opt/cpanel/ea-python313/root/usr/bin/python3.13"),
        (["/bin/python3"], "/bin/python3"),
    ],
)
def test_the_newest_python_that_will_do_is_taken(tmp_path: Path, there: list[str], taken: str) -> None:
    script = placed(tmp_path, *there)
    expected = f"{taken} -sES ./-/program/@NAME@/start.py\n{script.parent}\n"
    path = tmp_path / "host/bin"
    assert run(script, tmp_path, path) == expected
    # As suexec starts it: in its folder, by its bare name.
    assert run("./wiki.cgi", script.parent, path) == expected


def test_where_there_is_no_python_it_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cat").symlink_to(shutil.which("cat") or "/bin/cat")
    head, _, body = run(placed(tmp_path), tmp_path, folder).partition("\n\n")
    assert head.splitlines()[:2] == ["Status: 500 Internal Server Error", "Content-Type: text/html; charset=utf-8"]
    assert "There is no Python 3 on this host." in body


@pytest.mark.parametrize("version", [each for each in OTHERS if is_old(each)] or ["none is here"])
def test_an_old_python_says_that_it_is_too_old(version: str, tmp_path: Path) -> None:
    if version not in OTHERS:
        pytest.skip("no other Python below ~/.pyenv")
    done = subprocess.run(
        [str(OTHERS[version]), "-sES", str(START)], cwd=tmp_path, capture_output=True, text=True, check=True, env={}
    )
    head, _, body = done.stdout.partition("\n\n")
    assert head.startswith("Status: 500 Internal Server Error\nContent-Type: text/html")
    assert f"The Python of this host is {version}, and the wiki needs 3.11 or newer." in body
    assert done.stderr == ""


def test_the_file_that_an_old_python_reads_is_written_for_it() -> None:
    text = START.read_text()
    assert text.isascii()
    tree = ast.parse(text, feature_version=(3, 0))
    # What Python 2.7 would not understand, beyond what it shares with Python 3.0.
    assert not [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr | ast.Nonlocal | ast.Starred)
        or (isinstance(node, ast.FunctionDef) and (node.returns or node.args.kwonlyargs))
        or (isinstance(node, ast.Raise) and node.cause)
        or (isinstance(node, ast.ClassDef) and node.keywords)
    ]
    imported = {
        alias.name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    assert imported == {"os", "sys"}, "before the version is known, only what each Python has is imported"


def test_the_newest_python_here_runs_what_is_in_the_bundle(bundle: Path, tmp_path: Path) -> None:
    newest = max(OTHERS, key=lambda version: tuple(map(int, version.split("."))), default="0.0")
    python = sys.executable if is_old(newest) else str(OTHERS[newest])
    shutil.unpack_archive(bundle, tmp_path / "web")
    (start,) = (tmp_path / "web/-/program").glob("*/start.py")
    data = tmp_path / "web/-/data"
    (data / "kept").mkdir()
    (data / "folder.txt").write_text("kept\n")
    environ = {
        "REQUEST_METHOD": "GET", "REQUEST_URI": "/wiki/Help", "SCRIPT_NAME": "/wiki/wiki.cgi", "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.1",
    }  # fmt: skip
    for _ in range(2):
        done = subprocess.run(
            [python, "-sES", str(start)], cwd=tmp_path, env=environ, capture_output=True, check=True, timeout=100
        )
        assert done.stdout.startswith(b"Status: 200 OK\r\n"), done.stdout + done.stderr
        assert done.stderr == b""
        assert b'href="/wiki/-/static/' in done.stdout
    assert os.path.exists(data / "kept/wiki.db")
