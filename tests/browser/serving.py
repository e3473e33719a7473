"""A wiki that really runs: its data folder, its accounts, and gunicorn below a prefix."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wiki import accounts, app, codefile, instance
from wiki.core import Wiki
from wiki.urls import Urls

ROOT = Path(__file__).resolve().parents[2]
MOUNT = "/wiki"
PASSWORD = "seven green teapots"
ACCOUNTS = {"Root": True, "Ann": False, "Bob": False}
"""Who can log in with PASSWORD, and whether as an administrator."""


@dataclass(frozen=True)
class Site:
    """A wiki being served: `base` is scheme and host, `folder` its data."""

    base: str
    folder: Path
    welcome: str = ""
    """The one-time link for the first administrator, '' if there is one."""

    @property
    def urls(self) -> Urls:
        """Absolute URLs of this wiki."""
        return Urls(MOUNT, self.base)

    def invitation(self, name: str) -> str:
        """Return a link with which an account chooses its password."""
        storage = instance.Instance(str(self.folder)).storage()
        code = accounts.invite_code(storage, storage.user_named(name))
        storage.close()
        return self.urls.special("invite", code=code)

    def first(self) -> str:
        """Return a link for the first administrator."""
        storage = instance.Instance(str(self.folder)).storage()
        code = accounts.first_code(storage)
        storage.close()
        return self.urls.special("first", code=code)

    def first_by_file(self) -> str:
        """Put a file with a code into the data folder, and return where the code is asked for."""
        codefile.offer(str(self.folder))
        return self.urls.special("first")

    def log(self) -> str:
        """Return what the server has said on standard error."""
        return (self.folder / "server.log").read_text()


@contextmanager
def data_folder() -> Iterator[Path]:
    """Make a folder for a wiki below the prefix, in memory where possible: what is tested here is no disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="anywiki-browser-", dir=memory if memory.is_dir() else None))
    settings = f'mount = "{MOUNT}"\nsite_name = "Garden Society"\n'
    # What is shown where mail can be sent; nobody listens there, and no test has anything sent.
    settings += 'mail_from = "wiki@example.org"\nmail_server = "127.0.0.1:9"\n'
    (folder / "wiki.toml").write_text(settings)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def command(folder: Path, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the `wiki` command on a data folder."""
    wiki = [sys.executable, "-m", "wiki", "--data", str(folder), *map(str, arguments)]
    return subprocess.run(wiki, cwd=ROOT, check=True, capture_output=True, text=True)


def opened(folder: Path, now: Callable[[], int]) -> Wiki:
    """Return the wiki in a data folder, with the start pages and the accounts; what it takes for the time."""
    wiki = app.open_wiki(str(folder))
    wiki.now = now
    app.seed(wiki)
    for name, admin in ACCOUNTS.items():
        accounts.new_user(wiki.storage, name, PASSWORD, f"{name.lower()}@example.org", admin)
    return wiki


def take_over(folder: Path) -> None:
    """Put a MoinMoin's directory into a data folder, without its configuration, and the accounts."""
    shutil.copytree(ROOT / "tests/moin19/sample/data", folder, dirs_exist_ok=True)
    opened(folder, lambda: time.time_ns() // 1000).storage.close()


@contextmanager
def serving(folder: Path, workers: int = 2) -> Iterator[Site]:
    """Serve a data folder with `wiki serve` on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--data", str(folder), "serve", "--port", str(port), "--workers", str(workers)]
    # Mail needs to know where the wiki is.
    environ = {**os.environ, "WIKI_BASE_URL": f"http://127.0.0.1:{port}"}
    with (folder / "server.log").open("a") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "wiki", *arguments],
            cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert server.stdout is not None
    try:
        address = re.search(r"(http://[^/\s]+)/", server.stdout.readline())
        assert address, (folder / "server.log").read_text()
        has_admin = accounts.has_admin(storage := instance.Instance(str(folder)).storage())
        storage.close()
        link = "" if has_admin else re.search(r"http://\S+", server.stdout.readline())
        yield Site(address[1], folder, link[0] if link else "")
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()
