"""Our FastCGI and SCGI behind nginx, beside gunicorn and flup behind the same nginx: views from the page cache.

All have as many workers and the configuration from `deploy/`. gunicorn is measured as it is delivered, with a new
connection for each request, and with connections kept; flup with threads and with processes: the better one counts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from wiki.deploying import Place, rendered
from wiki.urls import quoted

from .instances import BUILD, ROOT, pages_wiki
from .load import LOG, rate
from .report import Report
from .servers import THREADS, WORKERS, Server
from .starts import PAGE

FLUP = "flup==1.0.3"
NGINX = """\
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; {user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi; uwsgi_temp_path {folder}/uwsgi;
    {upstreams}
    {servers}
}}
"""
KEPT = 'proxy_pass http://{name};\n    proxy_http_version 1.1;\n    proxy_set_header Connection "";'
FLUP_SCRIPT = """\
import sys
sys.path[:0] = [{flup!r}, {root!r}]
from wiki.wsgi import application
from flup.server.{module} import WSGIServer
WSGIServer(application, bindAddress={socket!r}, umask=0, {options}).run()
"""


def measure(report: Report, rounds: int) -> None:
    """Report our FastCGI and SCGI in gunicorn's and flup's requests per second."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        report.note("nginx is not installed: nothing measured")
        return
    data = pages_wiki()
    with tempfile.TemporaryDirectory(prefix="anywiki-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        commands = _commands(report, folder, data)
        ports = {key: _free_port() for key in [*commands, "gunicorn-kept"]}
        pids = {
            key: stack.enter_context(_running(command, data, folder / f"{key}.sock"))
            for key, command in commands.items()
        }
        pids["gunicorn-kept"] = pids["gunicorn"]
        (folder / "nginx.conf").write_text(_configuration(folder, data, ports))
        command = [nginx, "-p", name, "-c", f"{name}/nginx.conf", "-e", f"{name}/nginx.log"]
        stack.enter_context(_running(command, data, ports["fastcgi"]))
        servers = {key: Server(port, pids[key]) for key, port in ports.items()}
        path = "/" + quoted(PAGE)
        found: dict[str, list[float]] = {key: [] for key in servers}
        used: dict[str, list[float]] = {key: [] for key in servers}
        for server in servers.values():
            # Every process loads the wiki and keeps the page.
            rate(server, path, "")
        for turn in range(rounds):
            for key in list(servers) if turn % 2 else list(servers)[::-1]:
                before = _processor(pids[key])
                found[key].append(rate(servers[key], path, ""))
                used[key].append((_processor(pids[key]) - before) / found[key][-1])
        for key, rates in found.items():
            cost = f"{median(used[key]) * 1000:.2f} ms of the server's processor time each"
            report.note(f"{key}: {median(rates):.0f} requests/s, {cost}")
        for ours in ("fastcgi", "scgi"):
            for theirs, goal in (("gunicorn", 0.8), ("flup", 1.0)):
                others = [rates for key, rates in found.items() if key.startswith(theirs)]
                if others:
                    best = [max(rates) for rates in zip(*others, strict=True)]
                    ratio = median(a / b for a, b in zip(found[ours], best, strict=True))
                    label = {"fastcgi": "FastCGI", "scgi": "SCGI"}[ours]
                    report.least(f"cached view behind nginx: our {label} / {theirs}", ratio, goal)


def _commands(report: Report, folder: Path, data: Path) -> dict[str, list[str]]:
    """Return what is started, by name; each listens on NAME.sock."""
    workers = ["--processes", str(WORKERS), "--threads", str(THREADS)]
    commands = {}
    for family, entry in (("fastcgi", "wiki.fcgi"), ("scgi", "wiki.scgi")):
        script = folder / entry
        script.write_text(rendered(family, _place(folder, data, family))[entry][0])
        commands[family] = [sys.executable, str(script), "--bind", f"unix:{folder}/{family}.sock", *workers]
    commands["gunicorn"] = [
        *(sys.executable, "-m", "gunicorn", "wiki.wsgi:application", "--bind", f"unix:{folder}/gunicorn.sock"),
        *("--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "warning", "--keep-alive", "60"),
        *("--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "2"),
    ]
    flup = _flup(report)
    if flup:
        many = WORKERS * THREADS
        for key, module, options in (
            ("flup-threads", "fcgi", f"maxThreads={many}"),
            ("flup-processes", "fcgi_fork", f"minSpare={many}, maxSpare={many}, maxChildren={many}"),
        ):
            script = folder / f"{key}.py"
            script.write_text(
                FLUP_SCRIPT.format(
                    flup=str(flup), root=str(ROOT), module=module, socket=f"{folder}/{key}.sock", options=options
                )
            )
            commands[key] = [sys.executable, str(script)]
    return commands


def _flup(report: Report) -> Path | None:
    """Return a folder with flup in it, None where it cannot be installed."""
    target = BUILD / "flup"
    if not (target / "flup").is_dir():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), FLUP]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            report.note(f"{FLUP} cannot be installed, so there is no comparison with it: {done.stderr.strip()[-200:]}")
            return None
    return target


def _place(folder: Path, data: Path, name: str) -> Place:
    return Place(str(folder), str(data), sys.executable, str(ROOT), socket=f"{folder}/{name}.sock")


def _configuration(folder: Path, data: Path, ports: dict[str, int]) -> str:
    upstreams, servers = [], []
    for key, port in ports.items():
        name = key.replace("-", "_")
        family = "scgi" if key == "scgi" else "standalone" if key.startswith("gunicorn") else "fastcgi"
        files = rendered(family, _place(folder, data, "gunicorn" if family == "standalone" else key))
        inside = files["nginx.conf"][0]
        if family == "fastcgi":
            upstreams.append(f"upstream {name} {{ server unix:{folder}/{key}.sock; keepalive 16; }}")
            inside = inside.replace("wiki_fastcgi", name)
        elif key == "gunicorn-kept":
            upstreams.append(f"upstream {name} {{ server unix:{folder}/gunicorn.sock; keepalive 16; }}")
            inside = inside.replace(f"proxy_pass http://unix:{folder}/gunicorn.sock;", KEPT.format(name=name))
            if name not in inside:
                raise RuntimeError("deploy/standalone/nginx.conf has another proxy_pass than expected")
        servers.append(f"server {{ listen 127.0.0.1:{port}; {inside} }}")
    return NGINX.format(
        folder=folder, user="user root;" if os.geteuid() == 0 else "", upstreams="\n".join(upstreams),
        servers="\n".join(servers),
    )  # fmt: skip


def _processor(pid: int) -> float:
    """Return the seconds that a process and its children have worked."""
    ticks = 0
    for each in (str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], data: Path, address: Path | int) -> Iterator[int]:
    """Run a server until the block ends, and yield its number when something listens at its address."""
    passed = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    environ = {**passed, "PYTHONPATH": str(ROOT), "WIKI_DATA": str(data)}
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            command, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + 60
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command} does not run: see {LOG}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def _answers(address: Path | int) -> bool:
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as asked:
        try:
            asked.connect(str(address) if isinstance(address, Path) else ("127.0.0.1", address))
        except OSError:
            return False
    return True
