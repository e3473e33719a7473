"""`wiki doctor` finds each classic fault behind a real Apache and a real lighttpd, names it, and mends it."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wiki.deploying import Place, rendered

from .apache import apache
from .conftest import absent
from .installation import ROOT, Installation, Missing, installed
from .lighttpd import lighttpd
from .servers import Gateway, Run, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.gateway,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="faults of another user's rights are planted as root"),
]

SPOTS = """\
ScriptSock "{folder}/cgid.sock"
<Directory "{site}/override-none">
    AllowOverride None
</Directory>
<Directory "{site}/override-small">
    AllowOverride FileInfo
</Directory>
<Directory "{site}/served-data">
    AllowOverride None
</Directory>
IncludeOptional "{folder}/enabled/*.conf"
"""
LIGHTTPD = """\
server.modules += ("mod_rewrite", "mod_cgi")
url.rewrite-once = (
    "^/served-data/.*" => "$0",
    "^/[a-z]+/hello.cgi$" => "$0",
    "^/([a-z-]+)(/[^?]*)?(\\?.*)?$" => "/$1/wiki.cgi$2$3",
)
$HTTP["url"] !~ "^/source/" {
    cgi.assign = (".cgi" => "")
}
"""


def _apache(run: Run) -> None:
    apache(run, SPOTS.format(folder=run.folder, site=run.site), ["cgid"])


def _lighttpd(run: Run) -> None:
    lighttpd(run, LIGHTTPD)


SERVERS = [Gateway("cgi", "apache", _apache), Gateway("cgi", "lighttpd", _lighttpd)]


@dataclass
class Spot:
    """A wiki of its own below a server's document root: what the tests do harm to."""

    run: Run
    name: str
    data: Path
    program: str

    @property
    def folder(self) -> Path:
        """Where entry file and `.htaccess` lie."""
        return self.run.site / self.name

    @property
    def entry(self) -> Path:
        """The entry file."""
        return self.folder / "wiki.cgi"

    @property
    def htaccess(self) -> Path:
        """Apache's configuration of the folder."""
        return self.folder / ".htaccess"

    @property
    def url(self) -> str:
        """Where the wiki is."""
        return f"http://127.0.0.1:{self.run.port}/{self.name}"

    @property
    def python(self) -> str:
        """The interpreter of the installation."""
        return self.run.installation.python

    def deploy(self) -> None:
        """Write the delivered files."""
        self.folder.mkdir(exist_ok=True)
        place = Place(
            str(self.folder), str(self.data), self.python, self.program, mount=f"/{self.name}",
            user=self.run.installation.user,
        )  # fmt: skip
        for name, (text, mode) in rendered("cgi", place).items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(mode)

    def own_data(self, folder: Path | None = None) -> None:
        """Have a data folder that no other spot has."""
        old, self.data = self.data, folder or self.run.folder / f"data-{self.name}"
        shutil.copytree(old, self.data)
        self.give(self.run.installation.user)
        self.data.chmod(0o700)
        self.deploy()

    def give(self, user: str) -> None:
        """Make somebody the owner of the data folder."""
        for path in (self.data, *self.data.rglob("*")):
            shutil.chown(path, user, user)

    def change(self, old: str, new: str, file: Path | None = None) -> None:
        """Replace a text in the entry file, or in another."""
        path = file or self.entry
        text = path.read_text()
        assert old in text
        with path.open("w") as opened:  # its mode stays
            opened.write(text.replace(old, new))

    def first_line(self, line: str) -> None:
        """Replace the entry file's first line."""
        self.change(f"#!{self.python}\n", line + "\n")

    def doctor(self, *arguments: str, before: str = "") -> tuple[int, list[str], list[str]]:
        """Run `wiki doctor`: its status, the faults that it names, and the commands that mend them.

        `before` is Python code that changes the world it sees.
        """
        code = f"{before}\nimport sys\nfrom wiki.cli import main\nsys.exit(main())"
        command = [self.python, "-c", code, *arguments, "--user", self.run.installation.user]
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.run.installation.program), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, env=environ, cwd="/", capture_output=True, text=True, check=False)
        assert not done.stderr, done.stderr
        assert done.returncode in (0, 1)
        faults = re.findall(r"^✗ (.*)\n  mend: (.*)$", done.stdout, re.M)
        assert faults or "✓" in done.stdout, done.stdout
        return done.returncode, [sentence for sentence, _ in faults], [mend for _, mend in faults]

    def whole(self, before: str = "") -> tuple[int, list[str], list[str]]:
        """Run it with all that there is to know."""
        data = [] if self.entry.exists() else ["--data", str(self.data)]
        return self.doctor(*data, "doctor", self.url, "--entry", str(self.entry), *self._logs(), before=before)

    def from_outside(self) -> tuple[int, list[str], list[str]]:
        """Run it with the URL and the server's log only."""
        nothing = ["--data", str(self.run.folder / "nothing")]
        (self.run.folder / "nothing").mkdir(exist_ok=True)
        shutil.chown(self.run.folder / "nothing", self.run.installation.user)
        return self.doctor(*nothing, "doctor", self.url, *self._logs())

    def _logs(self) -> list[str]:
        # lighttpd leaves what programs say to its own standard error.
        return ["--log", str(self.run.folder / "server.log"), "--log", str(self.run.folder / "output0.log")]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """The program where every user of the machine can read it."""
    folder = Path(tempfile.mkdtemp(prefix="anywiki-program-", dir="/tmp"))
    try:
        made = installed(folder)
        shutil.copytree(ROOT / "deploy", made.program / "deploy")
        yield made
    except Missing as missing:
        absent(missing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=SERVERS, ids=lambda each: each.server)
def server(request: pytest.FixtureRequest, installation: Installation) -> Iterator[Run]:
    """A server that runs any wiki below its document root."""
    os.umask(0o022)
    folder = Path(tempfile.mkdtemp(prefix="anywiki-doctor-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "enabled").mkdir()
    try:
        with serving(request.param, installation, folder) as run:
            yield run
        if os.environ.get("PEEK"):
            shutil.copytree(
                folder, os.environ["PEEK"], symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock*")
            )
    except Missing as missing:
        absent(missing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def spot_of(server: Run) -> Callable[[str], Spot]:
    """Return a function that makes a wiki of a name, in which all is well."""

    def made(name: str) -> Spot:
        spot = Spot(server, name, server.data, str(server.installation.program))
        spot.deploy()
        return spot

    return made


# -- what can be wrong -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A fault: how to plant it, what `wiki doctor` has to say about it, and how it mends it."""

    name: str
    plant: Callable[[Spot], object]
    sentence: str
    mend: str
    outside: str = ""
    """What it says with the URL and the log only, where that is not the same."""
    only: str = ""
    """The server that knows this fault."""
    mends: bool = True
    """Whether the command is tried."""

    @property
    def of_files(self) -> bool:
        """Whether it is seen without asking the server."""
        return not self.only and self.name not in ("prefix", "served")


def _private_python(spot: Spot) -> None:
    private = spot.run.folder / "private"
    private.mkdir(mode=0o700)
    (private / "venv").symlink_to(Path(spot.python).parent.parent)
    spot.first_line(f"#!{private}/venv/bin/python")


def _old_python(spot: Spot) -> None:
    old = spot.run.folder / "python3.9"
    old.write_text(
        f"#!{spot.python}\nimport sys\nsys.version_info = (3, 9, 2, 'final', 0)\n"
        "if sys.argv[1] == '-c':\n    del sys.argv[1]\n    code = sys.argv.pop(1)\n    exec(code)\n"
        "else:\n    sys.exit('no match statement in this one')\n"
    )
    old.chmod(0o755)
    spot.first_line(f"#!{old}")


def _unwritable(spot: Spot) -> None:
    spot.own_data()
    spot.give("root")


def _one_file_unwritable(spot: Spot) -> None:
    spot.own_data()
    shutil.chown(spot.data / "wiki.db", "root", "root")
    (spot.data / "wiki.db").chmod(0o600)


def _no_folder(spot: Spot) -> None:
    parent = spot.run.folder / "roots"
    parent.mkdir()
    spot.data = parent / "data"
    spot.deploy()


def _served(spot: Spot) -> None:
    spot.own_data(spot.run.site / "served-data")


def _mount(spot: Spot) -> None:
    spot.own_data()
    with (spot.data / "wiki.toml").open("a") as file:
        file.write('mount = "/elsewhere"\n')


def _bytecode(spot: Spot) -> None:
    spot.own_data()
    shutil.rmtree(spot.data / "bytecode", ignore_errors=True)
    (spot.data / "bytecode").mkdir(mode=0o755)
    shutil.chown(spot.data / "bytecode", spot.run.installation.user)
    program = spot.run.folder / "uncompiled"
    shutil.copytree(spot.program, program, ignore=shutil.ignore_patterns("__pycache__"))
    spot.program = str(program)
    spot.deploy()


def _settings(spot: Spot) -> None:
    spot.own_data()
    with (spot.data / "wiki.toml").open("a") as file:
        file.write("sight_name = 1\n")


def _without(*lines: str) -> Callable[[Spot], None]:
    def plant(spot: Spot) -> None:
        for line in lines:
            spot.change(line, "", spot.htaccess)

    return plant


STARTED = "cannot start"
FAULTS = [
    Fault("mode", lambda spot: spot.entry.chmod(0o644), "is not executable for the user", "chmod 755"),
    Fault("crlf", lambda spot: spot.change("\n", "\r\n"), "has Windows line ends", "sed"),
    Fault("bom", lambda spot: spot.change("#!", "\ufeff#!"), "begins with a byte order mark", "sed"),
    Fault("shebangless", lambda spot: spot.change(f"#!{spot.python}\n", ""), "does not name its interpreter", "sed"),
    Fault("late", lambda spot: spot.change("#!", "# Wiki\n\n#!"), r"on line 3; it has to be the first", "sed"),
    Fault("gone", lambda spot: spot.first_line("#!/usr/bin/python9"), "There is no interpreter /usr/bin/python9", "sed"),
    Fault("private", _private_python, r"cannot start .*/private/venv/bin/python, since it lies below .*/private,", "chmod a"),
    Fault("env", lambda spot: spot.first_line("#!/usr/bin/env python9"), "/usr/bin/env does not find python9", "sed",
          outside="env does not find python9 in"),
    Fault("arguments", lambda spot: spot.first_line(f"#!{spot.python} -E -s"), "has more than one argument", "sed", outside="-"),
    Fault("unreadable", lambda spot: spot.entry.chmod(0o711), "cannot read the entry file", "chmod 755"),
    Fault("folder", lambda spot: spot.folder.chmod(0o700), r"cannot enter the folder .*/folder,", "chmod a.rx",
          outside="cannot enter the folder .*/folder, or|403"),
    Fault("missing", lambda spot: spot.entry.unlink(), "There is no entry file", "deploy cgi", outside="There is no entry file|nothing of the wiki"),
    Fault("dependency", lambda spot: spot.first_line("#!/usr/bin/python3"), "lacks what the wiki needs: flask", "sed",
          outside="does not find the module flask"),
    Fault("old", _old_python, r"is Python 3\.9\.2, and the wiki needs 3\.11", "sed", outside="-"),
    Fault("program", lambda spot: spot.change(spot.program, "/srv/nowhere"), "does not hold the wiki's program", "sed",
          outside="does not find the module wiki"),
    Fault("unwritable", _unwritable, r"cannot write .*/data-unwritable, so", "chown -R", outside="-"),
    Fault("file", _one_file_unwritable, r"cannot write .*/data-file/wiki\.db, so", "chown -R", outside="-"),
    Fault("unmade", _no_folder, r"no data folder .*, and the user .* cannot make it", "install -d", outside="-"),
    Fault("bytecode", _bytecode, "every start compiles the program anew", "rm -r", outside="-"),
    Fault("settings", _settings, "there is no setting “sight_name”", "check", mends=False, outside="-"),
    Fault("served", _served, "Everybody can fetch the files of the data folder", "^mv ", outside="-"),
    Fault("prefix", _mount, "its links lead to /elsewhere", "sed"),
    Fault("source", _without("AddHandler cgi-script .cgi\n"), "shows the source of the entry file", "AddHandler", only="apache"),
    Fault("source", lambda spot: None, "shows the source of the entry file", "lighttpd-enable-mod cgi", only="lighttpd", mends=False),
    Fault("execcgi", _without("+ExecCGI "), "the option ExecCGI is off", "Options", only="apache"),
    Fault("override-none", lambda spot: None, r"ignores .*/override-none/.htaccess", "AllowOverride All", only="apache", outside="-"),
    Fault("override-small", lambda spot: None, "does not accept Options in .*: AllowOverride is too small", "AllowOverride All", only="apache"),
    Fault("authorization", _without("CGIPassAuth On\n"), "keeps the Authorization header from", "CGIPassAuth", only="apache"),
    Fault("rewrite", lambda spot: spot.change("RewriteRule ^ wiki.cgi [L]", "RewriteRule ^(.*)$ wiki.cgi/$1 [L]", spot.htaccess),
          "names with % or [?] do not arrive", "deploy", only="apache"),
]  # fmt: skip


def faults_of(server: str) -> list[Fault]:
    """Return the faults that a server can have."""
    return [fault for fault in FAULTS if fault.only in ("", server)]


def test_a_healthy_installation_has_no_fault(spot_of: Callable[[str], Spot]) -> None:
    spot = spot_of("healthy")
    assert spot.whole() == (0, [], [])
    assert spot.from_outside() == (0, [], [])
    answer = asked(spot, "/hello.cgi")
    assert answer.startswith(b"Python 3.11"), answer


def test_two_clocks_that_differ_are_found(spot_of: Callable[[str], Spot]) -> None:
    status, sentences, mends = spot_of("clock").whole(
        "import time\nreal = time.time\ntime.time = lambda: real() + 3600"
    )
    assert (status, mends) == (1, ["timedatectl set-ntp true"])
    assert re.fullmatch(r"The server's clock is 3[56]\d\d seconds behind this machine's: .*", sentences[0])


def test_a_database_on_a_network_file_system_is_found(spot_of: Callable[[str], Spot], server: Run) -> None:
    spot = spot_of("network")
    mounts = server.folder / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 /dev/x rw\n2 1 0:2 / {server.folder} rw - nfs4 host:/x rw\n")
    status, sentences, mends = spot.whole(f"from wiki.doctor import data\ndata.MOUNTS = {str(mounts)!r}")
    assert (status, len(sentences)) == (1, 1)
    assert sentences[0].startswith("The database lies on a network file system (nfs4), where")
    assert mends[0].startswith(f"cp -a {spot.data} ")


def asked(spot: Spot, path: str) -> bytes:
    """Return what the server sends for a path below the wiki's URL."""
    connection = http.client.HTTPConnection("127.0.0.1", spot.run.port, timeout=60)
    connection.request("GET", f"/{spot.name}{path}")
    body = connection.getresponse().read()
    connection.close()
    return body


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name}{fault.only and '-' + fault.only}")
def test_a_planted_fault_is_found_and_mended(fault: Fault, spot_of: Callable[[str], Spot], server: Run) -> None:
    if fault.only not in ("", server.gateway.server):
        pytest.skip(f"{server.gateway.server} does not know this fault")
    spot = spot_of(fault.name)
    fault.plant(spot)
    outside = fault.outside or fault.sentence
    if outside != "-":
        status, sentences, _ = spot.from_outside()
        assert (status, len(sentences)) == (1, 1), sentences
        assert re.search(outside, sentences[0]), sentences
    status, sentences, mends = spot.whole()
    assert (status, len(sentences)) == (1, 1), sentences
    assert re.search(fault.sentence, sentences[0]), sentences
    assert re.search(fault.mend, mends[0]), mends
    if fault.mends:
        _mend(spot, mends[0])
        if fault.of_files:
            assert spot.doctor("doctor", "--entry", str(spot.entry)) == (0, [], [])
            assert asked(spot, "/-/health") == b"ok\n"
        else:
            assert spot.whole() == (0, [], [])


def _mend(spot: Spot, command: str) -> None:
    """Do what is said, with this server's configuration in the place of the machine's."""
    command = command.replace("/etc/apache2/conf-enabled", f"{spot.run.folder}/enabled")
    command = command.replace("apachectl graceful", f"kill -USR1 {spot.run.processes[0].pid}")
    wiki = f'wiki() {{ PYTHONPATH={spot.run.installation.program} {spot.python} -m wiki "$@"; }}\n'
    done = subprocess.run(["sh", "-euc", wiki + command], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, command + done.stderr
