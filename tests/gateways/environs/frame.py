"""A folder for one recorded server, and the web servers that may stand before it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent.parent
USER = "www-data"

NAMES = [
    *("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REQUEST_URI", "RAW_URI", "REQUEST_METHOD", "CONTENT_LENGTH"),
    *("CONTENT_TYPE", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST", "HTTPS", "REMOTE_ADDR"),
    *("REMOTE_USER", "HTTP_AUTHORIZATION", "HTTP_TRANSFER_ENCODING", "HTTP_PROXY", "HTTP_X_FORWARDED_FOR"),
    *("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_SERVER"),
    *("HTTP_EXPECT", "REDIRECT_URL", "wsgi.url_scheme", "wsgi.input_terminated"),
]

APP = f"""\
import json
NAMES = {NAMES!r}

def application(environ, start_response):
    found = {{name: environ[name] for name in NAMES if name in environ}}
    if environ.get("CONTENT_LENGTH"):
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    content = json.dumps(found, default=repr).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
"""


class Frame:
    """A folder for one server, and its port."""

    def __init__(self, environment: Path, mount: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="anywiki-record-", dir="/tmp"))
        self.folder.chmod(0o777)
        self.mount = mount
        self.environment = environment
        self.python = str(environment / "bin/python")
        self.port, self.inner = free_port(), free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.write("app.py", APP)
        shutil.copytree(ROOT / "wiki", self.folder / "wiki")
        self.environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.folder), "HOME": str(self.folder)}

    def write(self, name: str, text: str, mode: int = 0o644) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def start(self, *command: str, user: bool = False, **environ: str) -> None:
        log = (self.folder / f"output{len(self.processes)}.log").open("wb")
        as_user = {"user": USER, "group": USER, "extra_groups": []} if user else {}
        self.processes.append(
            subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user,
            )
        )

    def run_python(self, code: str, name: str = "serve.py") -> None:
        self.start(self.python, self.write(name, code))

    def wait(self, port: int) -> None:
        end = time.monotonic() + 40
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"did not start: {self.logs()}")

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))

    def stop(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# -- web servers -------------------------------------------------------------------------------------------------------


def apache(frame: Frame, modules: str, configuration: str, mpm: str = "event") -> None:
    loaded = [
        "authz_core",
        "alias",
        "rewrite",
        "env",
        "setenvif",
        "mime",
        "dir",
        "headers",
        f"mpm_{mpm}",
        *modules.split(),
    ]
    lines = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in loaded]
    folder = frame.folder
    text = (
        f"""\
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/apache.pid"
ServerName localhost
Listen 127.0.0.1:{frame.port}
User {USER}
Group {USER}
ErrorLog "{folder}/server.log"
TypesConfig /etc/mime.types
DocumentRoot "{folder}/site"
"""
        + "\n".join(lines)
        + f"""
AllowEncodedSlashes NoDecode
<Directory "{folder}">
    AllowOverride All
    Require all granted
    CGIPassAuth On
</Directory>
"""
        + configuration
    )
    (folder / "site").mkdir(exist_ok=True)
    frame.start("/usr/sbin/apache2", "-d", str(folder), "-f", frame.write("apache.conf", text), "-DFOREGROUND")
    frame.wait(frame.port)


def lighttpd(frame: Frame, modules: str, configuration: str) -> None:
    folder = frame.folder
    listed = ",".join(f'"{name}"' for name in modules.split())
    (folder / "site").mkdir(exist_ok=True)
    frame.start("/usr/sbin/lighttpd", "-D", "-f", frame.write("lighttpd.conf", f"""\
server.modules = ({listed})
server.document-root = "{folder}/site"
server.bind = "127.0.0.1"
server.port = {frame.port}
server.username = "{USER}"
{configuration}
"""))  # fmt: skip
    frame.wait(frame.port)


def nginx(frame: Frame, location: str) -> None:
    folder = frame.folder
    temporary = "\n".join(
        f"{name}_temp_path {folder}/nginx-{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    frame.start("/usr/sbin/nginx", "-p", str(folder), "-e", f"{folder}/server.log", "-c", frame.write("nginx.conf", f"""\
daemon off;
pid {folder}/nginx.pid;
events {{ }}
http {{
access_log off;
{temporary}
server {{
listen 127.0.0.1:{frame.port};
{location}
}}
}}
"""))  # fmt: skip
    frame.wait(frame.port)
