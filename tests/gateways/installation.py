"""A world-readable installation of this checkout below /tmp, for web servers that run as another user."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PYTHON = "/usr/bin/python3"
"""Not the one that runs the tests: a Python below a private home cannot be started by a web server."""


class Missing(Exception):
    """Something that the tests of a gateway need is not on this machine; the message says what."""


@dataclass(frozen=True)
class Installation:
    """An interpreter with the dependencies, a copy of the program, and who runs the servers."""

    python: str
    program: Path
    user: str

    def data(self, folder: Path, **settings: object) -> Path:
        """Make a data folder with PAGES and an account Ann (PASSWORD), owned by the servers' user, and return it."""
        first = self.program.parent / "data"
        if not first.exists():
            self._fill(first)
        shutil.copytree(first, folder)
        _configure(folder, settings)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.user)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        return folder

    def _fill(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        _configure(folder, {})
        (folder / "templates").mkdir()
        (folder / "templates" / "print.html").write_text("{{ 1 / 0 }}\n")
        environ = {**os.environ, "PYTHONPATH": str(self.program)}
        command = [self.python, "-m", "wiki", "--data", str(folder), "user", "add", "Ann", "--password-stdin"]
        subprocess.run(command, input=PASSWORD + "\n", text=True, check=True, env=environ, stdout=subprocess.DEVNULL)
        subprocess.run(
            [self.python, "-c", SAVE, str(folder)], input=json.dumps(PAGES), text=True, check=True, env=environ
        )

    def need(self, module: str) -> None:
        """Raise Missing if a server of the extra `gateways` could not be installed."""
        if subprocess.run([self.python, "-c", f"import {module}"], capture_output=True).returncode:
            raise Missing(f"{module} could not be installed beside the wiki")


PASSWORD = "correct horse battery"
PAGE = "Café/日本語"
ODD = (
    "100% sure",
    "What is this?",
    "C# and F#",
    "C++ & more",
    "semi;colon",
    "it's (so) *nice*!",
    "%41",
    "a%2Fb b",
    "x=y&z",
)
PAGES = {
    PAGE: "First text.",
    **{name: f"This is written on {name.encode().hex()}." for name in ODD},
    **dict.fromkeys(("Guarded", "Files", "Full", "Claims", "Argued"), "Before."),
}
"""What every wiki begins with here: under CGI, saving these in the tests would take most of their time."""

LARGE = bytes(range(256)) * (20 << 12)
"""A file of 20 MB, `large.bin` of the page `Files`."""

PLANTED = "ZeroDivisionError: division by zero"
"""What `?action=print` fails with: this wiki's own template for it is broken, as an administrator's may be."""

SAVE = """
import io, json, sys
from wiki.app import open_wiki
wiki = open_wiki(sys.argv[1])
for name, text in json.load(sys.stdin).items():
    wiki.visit_system("Tests").save(name, text, base=0)
wiki.visit_system("Tests").attach("Files", "large.bin", io.BytesIO(bytes(range(256)) * (20 << 12)))
wiki.storage.close()
"""


def _configure(folder: Path, settings: dict[str, object]) -> None:
    chosen = {"anonymous_edit": True, "registration": "open", **settings}
    lines = [f"{name} = {_toml(value)}" for name, value in chosen.items()]
    (folder / "wiki.toml").write_text("\n".join(lines) + "\n")


def _toml(value: object) -> str:
    """Return a value as TOML has it: its texts, lists and numbers are JSON's."""
    return json.dumps(value)


def installed(folder: Path) -> Installation:
    """Return an installation whose program is copied into a folder; raise Missing.

    The environment with the dependencies is kept from one run to the next, by a hash of what pyproject.toml asks for.
    """
    # A wiki that another test opened in this process has made it private; what a web server reads must not be.
    os.umask(0o022)
    if not os.access(PYTHON, os.X_OK):
        raise Missing(f"{PYTHON} is not here")
    program = folder / "program"
    ignored = shutil.ignore_patterns("__pycache__", "*.po")
    for name in ("wiki", "templates", "static"):
        shutil.copytree(ROOT / name, program / name, ignore=ignored)
    _open(folder)
    return Installation(
        _environment(), program, "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    )


def _environment() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed, servers = [*project["dependencies"], *extras["serve"]], extras["gateways"]
    name = hashlib.sha256(repr((needed, servers)).encode()).hexdigest()[:12]
    folder = Path(f"/tmp/anywiki-gateways-{os.geteuid()}")
    folder.mkdir(mode=0o755, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise Missing(f"{folder} belongs to somebody else")
    target = folder / name
    with (folder / f"lock-{name}").open("w") as lock:
        # Several test processes want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "complete").exists():
            _make_environment(target, needed, servers)
    return str(target / "bin" / "python")


def _make_environment(target: Path, needed: list[str], servers: list[str]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    # A wheel from the cache may have been linked to another Python of this version.
    install = [str(target / "bin/pip"), "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check"]
    for command in ([PYTHON, "-m", "venv", str(target)], [*install, *needed]):
        made = _run(command)
        if made.returncode:
            raise Missing(f"{' '.join(command[:4])} failed: {made.stderr[-500:]}")
    if servers and _run([*install, *servers]).returncode:
        # One that cannot be had must not take the others away; `need` says which.
        for server in servers:
            _run([*install, server])
    (target / "complete").touch()


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, umask=0o022)


def _open(folder: Path) -> None:
    """Let everybody read what a private temporary folder contains."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
