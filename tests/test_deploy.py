"""`wiki deploy` writes what a server needs for this installation, and loses nobody's work."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from wiki import cli, deployed
from wiki.cli import deploy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command on a wiki and returns its status, stdout and stderr."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["--data", str(tmp_path / "data"), *arguments])
        return (status, *capsys.readouterr())

    assert ran("init")[0] == 0
    return ran


def test_without_a_gateway_they_are_listed(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("deploy")
    assert status == 0
    assert "cgi         CGI: a web server and nothing else\n" in out


def test_the_files_fit_this_installation(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "data/wiki.toml").write_text('mount = "/notes"\n')
    target = tmp_path / "below/site"
    status, out, _ = run("deploy", "cgi", "--to", str(target), "--user", "root")
    assert status == 0
    script = (target / "wiki.cgi").read_bytes()
    assert script.startswith(b"#!" + os.path.abspath(sys.executable).encode() + b"\n")
    assert f'"{tmp_path}/data"'.encode() in script
    assert stat.S_IMODE((target / "wiki.cgi").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / ".htaccess").stat().st_mode) == 0o644
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert 'ScriptAlias "/notes"' in (target / "apache.conf").read_text()
    assert "wiki.cgi" in out.partition("\n")[0]
    assert f"Include {target}/apache.conf" in out
    assert "1. Open `hello.cgi`" in out
    # The entry answers.
    done = subprocess.run(
        [target / "wiki.cgi"], capture_output=True, cwd=target, check=True,
        env={"PATH": "/usr/bin:/bin", "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/notes", "PATH_INFO": "/FrontPage",
             "REQUEST_URI": "/notes/FrontPage", "SERVER_NAME": "localhost", "SERVER_PORT": "80"},
    )  # fmt: skip
    assert done.stdout.startswith(b"Status: 200 OK\r\n"), done.stderr


def test_what_is_still_to_be_done_in_the_data_folder_is_said(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    _, out, _ = run("deploy", "cgi", "--to", str(tmp_path / "site"), "--user", "nobody", "--mount", "/notes")
    assert f"1. It has to belong to nobody: `chown -R nobody: {tmp_path}/data`" in out
    assert "2. In " in out and 'say `mount = "/notes"`' in out
    owner = os.stat(tmp_path / "data").st_uid
    if owner:
        _, out, _ = run("deploy", "cgi", "--to", str(tmp_path / "site"))
        assert "In the data folder" not in out


def test_an_uninstalled_program_is_named(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "_installed", lambda: False)
    run("deploy", "cgi", "--to", str(tmp_path / "site"))
    root = os.path.dirname(os.path.dirname(cli.__path__[0]))
    assert f'sys.path.insert(0, "{root}")' in (tmp_path / "site/wiki.cgi").read_text()
    monkeypatch.undo()
    run("deploy", "cgi", "--to", str(tmp_path / "site"))
    assert ("sys.path.insert" in (tmp_path / "site/wiki.cgi").read_text()) is not deploy._installed()


def test_its_own_files_are_replaced_and_others_never(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    target = tmp_path / "site"
    assert run("deploy", "cgi", "--to", str(target))[0] == 0
    status, out, _ = run("deploy", "cgi", "--to", str(target))
    assert (status, out.partition("\n")[0]) == (0, f"{target}: nothing had to be changed.")
    _, out, _ = run("deploy", "cgi", "--to", str(target), "--mount", "/elsewhere")
    assert out.startswith(f"{target}: apache.conf, ")
    (target / "wiki.cgi").chmod(0o600)
    with (target / "apache.conf").open("a") as file:
        file.write("# mine\n")
    # What somebody changed stays as long as there is nothing new to write into it; else nothing at all is written.
    before = {path: path.read_bytes() for path in target.iterdir()}
    status, _, err = run("deploy", "cgi", "--to", str(target), "--mount", "/third")
    assert status == 1
    assert err.startswith("wiki: apache.conf in") and "--force" in err
    assert {path: path.read_bytes() for path in target.iterdir()} == before
    assert stat.S_IMODE((target / "wiki.cgi").stat().st_mode) == 0o600
    status, out, _ = run("deploy", "cgi", "--to", str(target), "--mount", "/third", "--force")
    assert status == 0 and out.startswith(f"{target}: apache.conf, ")
    assert stat.S_IMODE((target / "wiki.cgi").stat().st_mode) == 0o755


def test_a_link_in_the_place_of_a_file_is_not_followed(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    target = tmp_path / "site"
    target.mkdir()
    (tmp_path / "precious").write_text("mine")
    (target / "wiki.cgi").symlink_to(tmp_path / "precious")
    assert run("deploy", "cgi", "--to", str(target))[0] == 1
    assert run("deploy", "cgi", "--to", str(target), "--force")[0] == 0
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (target / "wiki.cgi").is_symlink()


def test_what_was_written_is_remembered(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert deployed.load(str(data)) == []
    for name in ("one", "two", "one"):
        run("deploy", "cgi", "--to", str(tmp_path / name), "--user", "nobody", "--mount", "/" + name)
    found = deployed.load(str(data))
    assert [(each.folder, each.gateway, each.mount, each.user) for each in found] == [
        (str(tmp_path / name), "cgi", "/" + name, "nobody") for name in ("two", "one")
    ]
    assert all(found[0].is_ours(name) for name in ("wiki.cgi", "hello.cgi", ".htaccess", "apache.conf"))
    assert not found[0].is_ours("other")
    assert stat.S_IMODE((data / deployed.FILE).stat().st_mode) == 0o600
    (data / deployed.FILE).write_text("{")
    assert deployed.load(str(data)) == []
    assert not [path for path in data.iterdir() if path.name.startswith(deployed.FILE + ".")]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gopher", "--to", "x"), "There is no gateway “gopher”. There are: "),
        (("cgi",), "Say where the files are to be written: wiki deploy cgi --to DIR"),
        (("cgi", "--to", "x", "--mount", "/a b"), "A mount is a path such as /wiki"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: tuple[str, ...], sentence: str, run: Callable[..., tuple[int, str, str]]
) -> None:
    status, _, err = run("deploy", *arguments)
    assert status == 1
    assert sentence in err


def test_a_wiki_has_to_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--data", str(tmp_path / "none"), "deploy", "cgi", "--to", str(tmp_path / "x")]) == 1
    assert "There is no wiki in" in capsys.readouterr().err
