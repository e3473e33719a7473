"""What `wiki doctor` sees without a server: what logs say, disks, clocks, whose rights; and how it says it."""

from __future__ import annotations

import http.client
import os
import pwd
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wiki import cli, deploying
from wiki.cli.setup import prepare
from wiki.doctor import Case, data, data_of, eyes, interpreter, log, served, web
from wiki.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

ME = pwd.getpwuid(os.geteuid()).pw_name
ROOT = Path(__file__).parent.parent


pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a wiki."""
    place = Instance(str(tmp_path / "data"))
    prepare(place)
    os.umask(0o022)
    return tmp_path / "data"


@pytest.fixture
def entry(folder: Path, tmp_path: Path) -> Path:
    """A healthy entry file."""
    site = tmp_path / "site"
    site.mkdir()
    place = deploying.Place(str(site), str(folder), os.path.abspath(sys.executable), str(ROOT))
    text, mode = deploying.rendered("cgi", place)["wiki.cgi"]
    path = site / "wiki.cgi"
    path.write_text(text)
    path.chmod(mode)
    return path


# -- what logs say ----------------------------------------------------------------------------------------------------

CGI = "[cgi:error] [pid 1:tid 1] [client 127.0.0.1:1] "
LINES = [
    (f"{CGI}AH01215: stderr from /s/wiki.cgi: (13)Permission denied: exec of '/s/wiki.cgi' failed", "cannot start /s/wiki.cgi: it is not executable"),
    ("[Wed] [cgid:error] (13)Permission denied: AH01241: exec of '/s/wiki.cgi' failed", "cannot start /s/wiki.cgi: it is not executable"),
    ("/s/wiki.cgi: Permission denied", "cannot start /s/wiki.cgi: it is not executable"),
    (f"{CGI}(2)No such file or directory: exec of '/s/wiki.cgi' failed", "no such interpreter"),
    ("/s/wiki.cgi: No such file or directory", "no such interpreter"),
    ("(8)Exec format error: AH01241: exec of '/s/wiki.cgi' failed", "does not begin with #!"),
    ("/s/wiki.cgi: Exec format error", "does not begin with #!"),
    ("/usr/bin/env: 'python3\\r': No such file or directory", "Windows line ends"),
    ("/usr/bin/env: 'python3\\r': Permission denied\n/usr/bin/env: use -[v]S to pass options in shebang lines", "Windows line ends"),
    ("/usr/bin/env: 'python3 -E': No such file or directory\n/usr/bin/env: use -[v]S to pass options in shebang lines", "more than one argument"),
    ("/usr/bin/env: ‘python9’: No such file or directory", "env does not find python9"),
    ("/usr/bin/env: 'python9': Permission denied", "env does not find python9"),
    ("/usr/bin/python3: can't open file '/s/wiki.cgi': [Errno 13] Permission denied", "cannot read the entry file /s/wiki.cgi"),
    (f"{CGI}AH00529: /s/.htaccess pcfg_openfile: unable to check htaccess file, ensure it is readable and that '/s/' is executable", "cannot enter the folder /s"),
    (f"{CGI}AH00035: access to /x denied (filesystem path '/home/ann/s') because search permissions are missing on a component of the path", "on the way to /home/ann/s"),
    ("(mod_cgi.c.908) open dirname /s/wiki.cgi failed: Permission denied", "cannot enter the folder /s"),
    (f"{CGI}AH02809: Options ExecCGI is off in this directory: /s/wiki.cgi", "not run programs in /s:"),
    (f"{CGI}AH01262: stderr from /s/wiki.cgi: Options ExecCGI is off in this directory", "not run programs in /s:"),
    ("[core:alert] /s/.htaccess: Options not allowed here", "AllowOverride is too small"),
    (f"{CGI}AH02811: script not found or unable to stat: /s/wiki.cgi", "no entry file /s/wiki.cgi"),
    (f"{CGI}AH01264: stderr from /s/wiki.cgi: script not found or unable to stat", "no entry file /s/wiki.cgi"),
    (f"{CGI}AH01215: stderr from /s/wiki.cgi: ModuleNotFoundError: No module named 'flask'", "does not find the module flask"),
    ("SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?", "written for Python 2"),
    ("OSError: [Errno 28] No space left on device", "disk with the data folder is full"),
    ("sqlite3.OperationalError: database or disk is full", "disk with the data folder is full"),
    ("OSError: [Errno 122] Disk quota exceeded", "used up his quota"),
    ("PermissionError: [Errno 13] Permission denied: '/d/secret.key'", "cannot use /d/secret.key"),
    ("sqlite3.OperationalError: attempt to write a readonly database", "cannot write the database"),
    (f"{CGI}malformed header from script 'wiki.cgi': Bad header: hello", "prints something before its headers"),
    (f"{CGI}AH01220: Timeout waiting for output from CGI script /s/wiki.cgi", "does not answer in the time"),
    ("(mod_cgi.c) read timeout on CGI", "does not answer in the time"),
    ("(mod_cgi.c) CGI pid 7 died with signal 11", "crashed with signal 11"),
    ("[crit] 1#1: *1 connect() to unix:/run/wiki/wiki.sock failed (13: Permission denied) while connecting", "wiki's socket /run/wiki/wiki.sock"),
    ("[error] connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1", "Nothing listens"),
    ("(111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:8000 (127.0.0.1:8000) failed", "Nothing listens"),
    ("(2)No such file or directory: AH02454: http: attempt to connect to Unix domain socket /run/wiki/wiki.sock (localhost:80) failed", "wiki's socket /run/wiki/wiki.sock"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "sentence"), LINES, ids=[line[-50:] for line, _ in LINES])
def test_a_log_line_is_put_into_a_sentence(line: str, sentence: str) -> None:
    found = log.translated(f"[notice] resuming normal operations\n{line}\n")
    assert found is not None
    assert sentence in found[0].sentence
    assert found[0].mend


def test_ordinary_lines_say_nothing() -> None:
    assert log.translated("AH00489: Apache/2.4 configured -- resuming normal operations\n127.0.0.1 GET /wiki\n") is None


def test_only_what_was_written_meanwhile_is_read(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_text("old: Exec format error\n")
    lengths = log.ends((str(path), str(tmp_path / "none")))
    assert lengths == {str(path): 23}
    with path.open("a") as file:
        file.write("new\n")
    assert log.since(lengths) == "new\n"
    path.unlink()
    assert log.since(lengths) == ""


# -- whose eyes -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_is_somebody_else_for_the_time_being(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o700)
    (shut / "file").write_text("")
    (shut / "file").chmod(0o644)
    (tmp_path / "link").symlink_to(shut / "file")
    before = os.getgroups()
    assert eyes.may("root", str(shut / "file"), os.R_OK)
    assert not eyes.may("nobody", str(shut / "file"), os.R_OK)
    first = eyes.closed("nobody", str(tmp_path / "link"))
    assert first and str(shut).startswith(first)
    for each in (shut, *shut.parents):
        if str(each).startswith(first):
            each.chmod(each.stat().st_mode | 0o011)
    assert eyes.closed("nobody", str(tmp_path / "link")) == ""
    with pytest.raises(ZeroDivisionError), eyes.acting("nobody"):
        _ = 1 // (os.geteuid() - pwd.getpwnam("nobody").pw_uid)
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, before)
    done = eyes.run("nobody", ["/usr/bin/id", "-un"], {})
    assert done.stdout == b"nobody\n"


def test_who_is_nobody_here_is_not_impersonated() -> None:
    assert not eyes.can_act("no-such-user-here")
    with eyes.acting("no-such-user-here"):
        assert pwd.getpwuid(os.geteuid()).pw_name == ME


# -- the data folder --------------------------------------------------------------------------------------------------

MOUNTINFO = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:30 / /home rw - nfs4 server:/home rw
31 27 0:31 / /home/ann/my\\040disk rw - fuse.sshfs ann@host: rw
32 27 0:32 / /mnt rw shared:1 master:2 - cifs //host/share rw
33 32 0:33 / /mnt/local rw - ext4 /dev/vdb rw
34 27 0:34 / /srv rw - fuse.fuse-overlayfs overlay rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "fault"),
    [
        ("/var/lib/wiki", "ext4", False),
        ("/home/bob/wiki", "nfs4", True),
        ("/home/ann/my disk/wiki", "fuse.sshfs", True),
        ("/mnt/wiki", "cifs", True),
        ("/mnt/local/wiki", "ext4", False),
        ("/mnt/locally", "cifs", True),
        ("/srv/wiki", "fuse.fuse-overlayfs", False),
    ],
)
def test_a_database_on_a_network_file_system_is_found(
    path: str, kind: str, fault: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTINFO)
    monkeypatch.setattr(data, "MOUNTS", str(tmp_path / "mountinfo"))
    assert data.file_system(path) == kind
    found = list(data._place(Case(path, ME, entry="/srv/wiki.cgi")))
    assert bool(found) is fault
    if fault:
        assert f"network file system ({kind})" in found[0].sentence
        assert "cp -a" in found[0].mend


def test_the_mounts_of_this_machine_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.path.exists(data.MOUNTS):
        assert data.file_system("/proc/self") == "proc"
    monkeypatch.setattr(data, "MOUNTS", str(tmp_path / "none"))
    assert data.file_system("/") == ""


def test_a_full_disk_is_found(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        target = small / "data"
        target.mkdir(mode=0o700)
        (found,) = data.examine(Case(str(target), ME))
        assert "less than 20 MB left" in found.sentence
        with pytest.raises(OSError, match="No space"), (target / "filling").open("wb") as file:  # noqa: PT012
            for _ in range(100):
                file.write(bytes(4096))
                file.flush()
        (found,) = data.examine(Case(str(target), ME))
        assert found.sentence == f"The disk with {target} is full."
        assert found.mend.startswith("df ")
        assert [path.name for path in target.iterdir()] == ["filling"]
        subprocess.run(["mount", "-o", "remount,ro", small], check=True, capture_output=True)
        (found,) = data.examine(Case(str(target), ME))
        assert found.mend
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_quota_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, content: bytes) -> int:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(os, "write", write)
    (found,) = data.examine(Case(str(folder), ME))
    monkeypatch.undo()
    assert found.sentence == f"The user {ME} has used up his quota on the disk with {folder}."
    assert not list(folder.glob("doctor-*"))


def test_looking_leaves_the_folder_as_it_was(folder: Path) -> None:
    before = sorted((path, path.lstat().st_mtime_ns) for path in folder.rglob("*"))
    assert [each.mend for each in data.examine(Case(str(folder), ME))] == [""]
    list(served.examine(Case(str(folder), ME, url="http://127.0.0.1:1/wiki")))
    assert sorted((path, path.lstat().st_mtime_ns) for path in folder.rglob("*")) == before


# -- the interpreter --------------------------------------------------------------------------------------------------


def test_what_has_to_be_importable_is_what_is_depended_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {each.partition(">")[0].lower() for each in project["dependencies"]}
    assert {name.lower() for name in interpreter.NEEDED.values() if name} == needed


def test_the_probe_is_understood_by_any_python() -> None:
    for python in (sys.executable, shutil.which("python2.7")):
        if python:
            done = subprocess.run([python, "-c", interpreter.PROBE, "", "json", "nowhere"], capture_output=True)
            assert b'"version"' in done.stdout or b"pyenv: " in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("text", "program", "named"),
    [
        ('os.environ["WIKI_DATA"] = "/d"', "", "/d"),
        ("sys.path.insert(0, '/p')\nos.environ['WIKI_DATA'] = '/d e'", "/p", "/d"),
        ("sys.path.insert(0, HERE)", None, ""),
        ('os.environ.setdefault("WIKI_DATA", "/d")', "", ""),
    ],
)
def test_an_entry_is_read(text: str, program: str | None, named: str, tmp_path: Path) -> None:
    path = tmp_path / "wiki.cgi"
    path.write_text(text)
    assert Case("", entry=str(path)).program == program
    assert data_of(str(path)) == named


# -- the server's answers ---------------------------------------------------------------------------------------------


class Served(BaseHTTPRequestHandler):
    """A server whose answers a test chooses, by path: status, headers, body."""

    answers: dict[str, tuple[int, dict[str, str], str]] = {}  # noqa: RUF012
    ahead = 0.0
    """Seconds that its clock is ahead of ours."""

    def do_GET(self) -> None:
        """Answer."""
        status, headers, body = self.answers.get(self.path, self.answers["*"])
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time that its clock shows."""
        return super().date_time_string(time.time() + self.ahead)

    def log_message(self, format: str, *args: object) -> None:
        """Be silent."""


PAGE = '<link href="/wiki/-/static/1/wiki.css">'


@pytest.fixture
def answers() -> Iterator[dict[str, tuple[int, dict[str, str], str]]]:
    """What is answered by path; `url` under "url"."""
    server = HTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    Served.answers = {
        "*": (200, {}, PAGE),
        "/wiki/-/health": (200, {"Wiki-Heard": "http authorization"}, "ok\n"),
        "url": (0, {}, f"http://127.0.0.1:{server.server_port}/wiki"),
    }
    yield Served.answers
    server.shutdown()
    thread.join()
    server.server_close()


def faults(answers: dict[str, tuple[int, dict[str, str], str]], folder: Path, **values: str) -> list[str]:
    """Return the sentences about what is wrong with these answers."""
    case = Case(str(folder), ME, url=answers["url"][2], **values)
    return [each.sentence for each in web.examine(case) if each.mend]


def test_a_healthy_answer_is_no_fault(answers: dict[str, tuple[int, dict[str, str], str]], folder: Path) -> None:
    assert faults(answers, folder) == []


def test_a_wrong_clock_is_found(
    answers: dict[str, tuple[int, dict[str, str], str]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours, word in ((1, "ahead of"), (-1, "behind")):
        monkeypatch.setattr(Served, "ahead", hours * 3600)
        (sentence,) = faults(answers, folder)
        assert sentence.endswith(f"seconds {word} this machine's: one of them is wrong.")
    monkeypatch.setattr(Served, "ahead", 30)
    assert faults(answers, folder) == []


def test_what_does_not_come_through_is_found(answers: dict[str, tuple[int, dict[str, str], str]], folder: Path) -> None:
    answers["/wiki/-/health"] = 200, {"Wiki-Heard": "http"}, "ok\n"
    assert "keeps the Authorization header" in faults(answers, folder)[0]
    health = web.Answer(200, {"wiki-heard": "http authorization"}, "ok\n", 0)
    wrong = web._scheme(Case(str(folder), url="https://x"), health, health)
    assert wrong is not None and "by https" in wrong.sentence
    assert web._scheme(Case(str(folder), url="http://x"), health, health) is None


def test_another_base_url_is_found(answers: dict[str, tuple[int, dict[str, str], str]], folder: Path) -> None:
    with (folder / "wiki.toml").open("a") as file:
        file.write('base_url = "https://old.example.org"\n')
    case = Case(str(folder), ME, url=answers["url"][2])
    (found,) = (each for each in web.examine(case) if each.mend)
    assert "Feeds and mails lead to https://old.example.org" in found.sentence
    subprocess.run(found.mend, shell=True, check=True)
    assert faults(answers, folder) == []


@pytest.mark.parametrize(
    ("status", "headers", "body", "sentence"),
    [
        (404, {}, "no", "has nothing of the wiki"),
        (502, {}, "no", "does not reach the wiki's process"),
        (403, {}, "no", "may not run programs there"),
        (500, {}, "no", "only its error log knows why"),
        (200, {}, "#!/usr/bin/python3\n", "shows the source"),
        (200, {"Server": "lighttpd/1.4"}, "#!/usr/bin/python3\n", "shows the source"),
        (503, {}, PAGE, "The wiki answers 503"),
    ],
)
def test_an_unwell_answer_is_explained(
    status: int, headers: dict[str, str], body: str, sentence: str,
    answers: dict[str, tuple[int, dict[str, str], str]], folder: Path,
) -> None:  # fmt: skip
    answers["*"] = answers["/wiki/-/health"] = status, headers, body
    (found,) = faults(answers, folder, logs=("/nowhere",))
    assert sentence in found


def test_where_the_server_leads_is_followed(answers: dict[str, tuple[int, dict[str, str], str]], folder: Path) -> None:
    answers["/wiki/"] = 301, {"Location": answers["url"][2].replace("/wiki", "/new/")}, ""
    answers["*"] = 200, {}, PAGE.replace("/wiki", "/new", 1)
    answers["/new/-/health"] = answers["/wiki/-/health"]
    assert faults(answers, folder) == []


def test_a_server_that_is_not_there_is_a_fault(folder: Path) -> None:
    case = Case(str(folder), ME, url="http://127.0.0.1:1/wiki")
    (found,) = web.examine(case)
    assert found.sentence == "Nothing answers at http://127.0.0.1:1/wiki: Connection refused."


def test_one_that_breaks_off_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise http.client.IncompleteRead(b"")

    monkeypatch.setattr(web, "fetched", broken)
    (found,) = web.examine(Case(str(folder), ME, url="http://127.0.0.1:1"))
    assert "Nothing answers" in found.sentence


# -- the command ------------------------------------------------------------------------------------------------------


def test_it_knows_what_was_deployed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wiki = ["--data", str(folder)]
    assert cli.main([*wiki, "deploy", "cgi", "--to", str(tmp_path / "site"), "--user", ME]) == 0
    capsys.readouterr()
    assert cli.main([*wiki, "doctor"]) == 0
    out = capsys.readouterr().out
    assert f"✓ The entry file {tmp_path}/site/wiki.cgi is reached" in out
    assert "✓ Started by hand as" in out
    assert "Name the wiki's URL" in out
    (tmp_path / "site/wiki.cgi").chmod(0o600)
    assert cli.main([*wiki, "doctor"]) == 1
    out = capsys.readouterr().out
    assert f"✗ The entry file {tmp_path}/site/wiki.cgi is not executable for the user {ME}.\n  mend: chmod 755 " in out
    assert "Started by hand" not in out


def test_the_entry_says_where_the_data_lies(entry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given in (entry, entry.parent):
        assert cli.main(["doctor", "--entry", str(given), "--user", ME]) == 0
        assert f"The data folder {entry.parent.parent}/data can be written" in capsys.readouterr().out


def test_signs_are_plain_where_the_terminal_is(entry: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "wiki", "doctor", "--entry", entry, "--user", ME], env=environ, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"ok  The entry file ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("example.org/wiki",), "A URL begins with http:// or https://."),
        (("--user", "no-such-user-here"), "There is no user no-such-user-here on this machine."),
    ],
)
def test_what_cannot_be_is_said(
    arguments: tuple[str, ...], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--data", str(folder), "doctor", *arguments]) == 1
    assert capsys.readouterr().err == f"wiki: {sentence}\n"
