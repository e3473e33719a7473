"""Real web servers in processes of their own: started on free ports of this machine, stopped by process group."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wiki.deploying import Place, rendered

from .installation import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .installation import Installation

PATIENCE = 60
"""Seconds that a server may take to start on a busy machine."""


@dataclass(frozen=True)
class Gateway:
    """A way to serve the wiki, held in the same conversation as all others: a row of the table of gateways."""

    family: str
    """The folder in `deploy/` that has its files."""
    server: str
    """Who speaks to the visitor, as people call it: `Apache mod_cgid`, `nginx`."""
    start: Callable[[Run], None]
    """Starts all processes and returns; whoever visits `run.port` speaks to the server."""
    variant: str = ""
    """What tells it from other rows of this server, if anything does."""
    mount: str = ""
    told: bool = False
    """Whether `wiki.toml` has to say the mount: the server does not."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """What else `wiki.toml` has to say here."""
    cannot: Mapping[str, str] = field(default_factory=dict)
    """What it cannot do: the name of a test in test_conversation.py without `test_`, and the reason in a sentence.

    The test must fail then; the reason goes into the tables of gateways.
    """

    def __str__(self) -> str:
        """Return the id that a test of it has."""
        return " ".join(each for each in (self.family, self.server, self.variant, self.mount or "/") if each)


def both(gateway: Gateway) -> list[Gateway]:
    """Return a gateway at the root and below /wiki."""
    return [replace(gateway, mount=mount) for mount in ("", "/wiki")]


@dataclass
class Run:
    """A gateway being run: its folders and ports, and what was started for it."""

    gateway: Gateway
    installation: Installation
    folder: Path
    """Everything that the servers make lies here; each of their users may write to it."""
    data: Path
    port: int
    """The server's, to which visitors speak."""
    backend: int
    """Free for an application server behind it, where it has no socket."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def place(self) -> Path:
        """The folder that stands for /srv/wiki/FAMILY/, where the delivered files of this family lie."""
        return self.folder / "deployed"

    @property
    def site(self) -> Path:
        """The web server's document root."""
        return self.folder / "site"

    @property
    def socket(self) -> Path:
        """The unix socket that stands for /run/wiki/wiki.sock."""
        return self.folder / "run" / "wiki.sock"

    def deployed(self, name: str) -> str:
        """Return the text of deploy/FAMILY/NAME as it is delivered for this installation and mount."""
        return self._files()[name][0]

    def deploy(self, name: str, into: Path | None = None) -> Path:
        """Write deploy/FAMILY/NAME into `place` or another folder, as it is delivered, and return its path."""
        text, mode = self._files()[name]
        path = (into or self.place) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def _files(self) -> dict[str, tuple[str, int]]:
        installation, python = self.installation, Path(self.installation.python)
        place = Place(
            str(self.place), str(self.data), str(python), str(installation.program), str(python.parent.parent),
            str(self.socket), f"127.0.0.1:{self.backend}", self.gateway.mount, installation.user,
        )  # fmt: skip
        return rendered(self.gateway.family, place)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        as_root: bool = False,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        **environ: str,
    ) -> subprocess.Popen[bytes]:
        """Start a process of the servers' user, in `folder`; its output goes to a log there.

        It finds the program and the data directory in its environment. Web servers begin as root and step down by
        themselves.
        """
        who = self.installation.user
        user: dict[str, Any] = {"user": who, "group": who, "extra_groups": []}
        if as_root or os.geteuid():
            user = {}
        told = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(self.installation.program),
            "WIKI_DATA": str(self.data),
            "HOME": str(self.data),
            **environ,
        }
        with (self.folder / f"output{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                env=told, cwd=self.folder, stdin=stdin, stdout=log, stderr=log, start_new_session=True, **user,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def wait(self, *addresses: int | Path) -> None:
        """Return when something listens at each port of this machine or unix socket; raise AssertionError."""
        end = time.monotonic() + PATIENCE
        for address in addresses:
            while not _listening(address):
                ended = next((process for process in self.processes if process.poll() is not None), None)
                if ended is not None or time.monotonic() > end:
                    why = f"{ended.args} ended: {ended.returncode}" if ended else f"nobody listens at {address}"
                    raise AssertionError(f"{why}\n{logs(self.folder)}")
                time.sleep(0.05)

    def stop(self) -> None:
        """End what was started, the web server first; whatever does not go in ten seconds is killed."""
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass
            # Its children too, if it has left any.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def serving(gateway: Gateway, installation: Installation, folder: Path) -> Iterator[Run]:
    """Serve a new wiki as a gateway does; raise Missing where its server is not installed."""
    settings = {**({"mount": gateway.mount} if gateway.told and gateway.mount else {}), **gateway.settings}
    data = installation.data(folder / "data", **settings)
    run = Run(gateway, installation, folder, data, *_free_ports())
    for path in (run.place, run.site, run.socket.parent):
        path.mkdir()
    if os.geteuid() == 0:
        shutil.chown(run.socket.parent, installation.user, installation.user)
    try:
        gateway.start(run)
        run.wait(run.port)
        yield run
    finally:
        run.stop()


def program(name: str) -> str:
    """Return the path of a program of the system; raise Missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def logs(folder: Path, last: int = 4000) -> str:
    """Return what a server and the wiki wrote, of each file so many characters."""
    found = [*folder.glob("*.log"), *folder.glob("data/log/*")]
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-last:]}" for path in found)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for free in (first, second):
            free.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])


def _listening(address: int | Path) -> bool:
    family, where = (
        (socket.AF_INET, ("127.0.0.1", address)) if isinstance(address, int) else (socket.AF_UNIX, str(address))
    )
    with socket.socket(family) as caller:
        caller.settimeout(1)
        try:
            caller.connect(where)
        except OSError:
            return False
    return True
