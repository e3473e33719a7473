"""Real web servers in processes of their own: started on a free port of this machine, stopped by process group."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .installation import ROOT, Installation, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = "/usr/lib/apache2/modules"
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
TypesConfig /etc/mime.types
DocumentRoot "{folder}/site"
<Directory "{folder}">
    AllowOverride All
    Require all granted
</Directory>
"""


@dataclass(frozen=True)
class Gateway:
    """A way to serve the wiki: which server, where the wiki is mounted, and whether only its configuration says so."""

    server: str
    mount: str = ""
    variant: str = ""

    def __str__(self) -> str:
        """Return the id that a test of it has."""
        return " ".join(each for each in (self.server, self.variant, self.mount or "/") if each)


GATEWAYS = [
    Gateway("apache-cgid", "", "ScriptAlias"),
    Gateway("apache-cgid", "/wiki", "ScriptAlias"),
    Gateway("apache-cgid", "", ".htaccess"),
    Gateway("apache-cgid", "/wiki", ".htaccess"),
    Gateway("apache-cgi", "/wiki", "ScriptAlias"),
    Gateway("apache-cgi", "/wiki", ".htaccess"),
    Gateway("gunicorn", ""),
    Gateway("gunicorn", "/wiki"),
    Gateway("waitress", ""),
    Gateway("waitress", "/wiki"),
    Gateway("wsgiref", ""),
    Gateway("wsgiref", "/wiki"),
]


@contextmanager
def serving(gateway: Gateway, installation: Installation, folder: Path) -> Iterator[int]:
    """Serve a new wiki as a gateway does, and yield the port; raise Missing where the server is not installed."""
    cgi = gateway.server.startswith("apache")
    # A CGI script learns its mount from the server; the others are told.
    settings = {} if cgi or not gateway.mount else {"mount": gateway.mount}
    data = installation.data(folder / "data", **settings)
    port = _free_port()
    if cgi:
        command = _apache(gateway, installation, folder, data, port)
    elif gateway.server == "gunicorn":
        command = ["-m", "gunicorn", "-c", str(ROOT / "deploy/standalone/gunicorn.conf.py")]
        command = [installation.python, *command, "--control-socket", str(data / "gunicorn.ctl")]
    else:
        shutil.copy(ROOT / f"deploy/standalone/serve_{gateway.server}.py", folder)
        command = [installation.python, str(folder / f"serve_{gateway.server}.py"), str(port)]
    environ = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(installation.program),
        "WIKI_DATA": str(data),
        "BIND": f"127.0.0.1:{port}",
        "HOME": str(data),
    }
    as_user = {} if cgi or os.geteuid() else {"user": installation.user, "group": installation.user, "extra_groups": []}
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            **as_user,  # type: ignore[call-overload]
        )  # fmt: skip
    try:
        _wait(process, port, folder)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def logs(folder: Path) -> str:
    """Return what a server and the wiki wrote."""
    found = [*folder.glob("*.log"), *folder.glob("data/log/*")]
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}" for path in found)


def _apache(gateway: Gateway, installation: Installation, folder: Path, data: Path, port: int) -> list[str]:
    program = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin")
    if program is None:
        raise Missing("apache2 is not installed")
    kind = gateway.server.removeprefix("apache-")
    modules = ["mpm_prefork" if kind == "cgi" else "mpm_event", kind]
    modules += ["authz_core", "alias", "rewrite", "env", "setenvif", "mime", "dir"]
    for module in modules:
        if not os.path.exists(f"{MODULES}/mod_{module}.so"):
            raise Missing(f"Apache's mod_{module} is not installed")
    site = folder / "site"
    place = site / gateway.mount.lstrip("/") if gateway.variant == ".htaccess" else folder / "cgi"
    site.mkdir()
    place.mkdir(exist_ok=True, parents=True)
    # The entry file as it is delivered, with the three lines that are the administrator's.
    script = (ROOT / "deploy/cgi/wiki.cgi").read_text()
    script = script.replace("#!/usr/bin/python3", f"#!{installation.python}", 1)
    script = script.replace("/srv/wiki/program", str(installation.program)).replace("/srv/wiki/data", str(data))
    (place / "wiki.cgi").write_text(script)
    (place / "wiki.cgi").chmod(0o755)
    loaded = [f"LoadModule {module}_module {MODULES}/mod_{module}.so" for module in modules]
    if kind == "cgid":
        loaded.append(f'ScriptSock "{folder}/cgid.sock"')
    text = APACHE.format(folder=folder, port=port, user=installation.user, modules="\n".join(loaded))
    if gateway.variant == ".htaccess":
        shutil.copy(ROOT / "deploy/cgi/.htaccess", place)
    else:
        delivered = (ROOT / "deploy/cgi/apache.conf").read_text().replace("/srv/wiki/cgi", str(place))
        if not gateway.mount:
            delivered = delivered.replace(
                f'ScriptAlias "/wiki" "{place}/wiki.cgi"', f'ScriptAlias "/" "{place}/wiki.cgi/"'
            )
        text += delivered
    (folder / "apache.conf").write_text(text)
    return [program, "-d", str(folder), "-f", str(folder / "apache.conf"), "-DFOREGROUND"]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start\n{logs(folder)}")
