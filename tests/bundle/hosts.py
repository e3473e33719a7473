"""Shared hosts as people rent them: a home with a public_html, an Apache that heeds `.htaccess`, CGI as its owner."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateways.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
MODULES = "/usr/lib/apache2/modules"
LOADED = "mpm_event cgid authz_core authz_host alias rewrite env setenvif mime dir headers deflate filter autoindex negotiation"
PASSWORD = "correct horse battery"

APACHE = """\
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/apache.pid"
ServerName localhost
Listen 127.0.0.1:{port}
User {user}
Group {user}
ErrorLog "{folder}/server.log"
{modules}
ScriptSock "{folder}/cgid.sock"
TypesConfig /etc/mime.types
DocumentRoot "{documents}"
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
<Directory "{documents}">
    AllowOverride {override}
    Options Indexes MultiViews SymLinksIfOwnerMatch {options}
    DirectoryIndex index.html index.php {index}
    Require all granted
</Directory>
<FilesMatch "^\\.ht">
    Require all denied
</FilesMatch>
{more}
"""
USUAL = "FileInfo Options Indexes AuthConfig Limit"

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/front.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {documents};
        location / {{ try_files $uri @apache; }}
        location @apache {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


def bundling() -> Any:
    """scripts/bundle.py."""
    spec = importlib.util.spec_from_file_location("bundling", ROOT / "scripts/bundle.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Host:
    """A rented account: its home, what the web server shows of it, and the port of the server."""

    folder: Path
    port: int
    user: str
    path: str = ""
    """Where in the web space the wiki is: '' or '/notes'."""

    @property
    def home(self) -> Path:
        """The home folder."""
        return self.folder / "home"

    @property
    def root(self) -> Path:
        """The folder into which the bundle is unpacked."""
        return self.home / "public_html" / self.path.lstrip("/")

    @property
    def data(self) -> Path:
        """The wiki's data folder: wherever it is."""
        (found,) = [path.parent for path in self.home.rglob("wiki.db")]
        return found

    def visitor(self) -> Visitor:
        """Somebody who was never here."""
        return Visitor(self.port, self.path)

    def unpack(self, bundle: Path, owned: bool = True) -> None:
        """Unpack a bundle as people do: over what is there, the files being theirs (or root's)."""
        subprocess.run(["unzip", "-qo", str(bundle), "-d", str(self.root)], check=True, umask=0o022)
        if owned:
            self.give(self.root)

    def give(self, *folders: Path) -> None:
        """Give folders, and what is in them, to the user as whom programs run."""
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.user)
            for folder in folders:
                for path in (folder, *folder.rglob("*")):
                    os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)

    def log(self) -> str:
        """Return what the server wrote."""
        return "\n".join(path.read_text(errors="replace")[-5000:] for path in self.folder.glob("*.log"))


@contextmanager
def host(
    folder: Path, path: str = "", override: str = USUAL, options: str = "", index: str = "", more: str = ""
) -> Iterator[Host]:
    """Serve a new account with nothing in its web space."""
    program = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or not os.path.exists(f"{MODULES}/mod_cgid.so"):
        absent("apache2 is not installed")
    user = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    made = Host(folder, _free_port(), user, path)
    made.root.mkdir(parents=True, mode=0o755)
    made.give(made.home)
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED.split())
    documents = made.home / "public_html"
    text = APACHE.format(
        folder=folder, port=made.port, user=user, modules=modules, documents=documents,
        override=override, options=options, index=index, more=more,
    )  # fmt: skip
    (folder / "apache.conf").write_text(text)
    with _running(
        [str(program), "-d", str(folder), "-f", str(folder / "apache.conf"), "-DFOREGROUND"], made.port, made
    ):
        yield made
    log = made.log()
    assert "Traceback" not in log, log


@contextmanager
def in_front(behind: Host) -> Iterator[int]:
    """Serve files in front of a host as nginx often does there, heeding no `.htaccess`; yield its port."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        absent("nginx is not installed")
    port, folder = _free_port(), behind.folder
    documents = behind.home / "public_html"
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, documents=documents, behind=behind.port))
    command = [str(program), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "front.log")]
    with _running(command, port, behind):
        yield port


def absent(what: str) -> None:
    """Skip a test for want of a server; where there must be one, fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def _running(command: list[str], port: int, made: Host) -> Iterator[None]:
    with (made.folder / "output.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=made.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError(f"the server did not start\n{made.log()}")
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
