"""ASGI servers, through a2wsgi."""

from __future__ import annotations

from pathlib import Path

from ..nginx import nginx
from ..servers import Gateway, Run, both


def _uvicorn(run: Run, *where: str | Path) -> None:
    run.installation.need("a2wsgi, uvicorn")
    entry = run.deploy("wiki_asgi.py")
    command = [run.installation.python, "-m", "uvicorn", "--app-dir", entry.parent, "--no-proxy-headers"]
    run.start([*command, "--workers", "2", *where, "wiki_asgi:application"])


def _direct(run: Run) -> None:
    _uvicorn(run, "--port", str(run.port))


def _nginx(run: Run) -> None:
    _uvicorn(run, "--uds", run.socket)
    run.wait(run.socket)
    nginx(run, run.deployed("nginx.conf"))


def _hypercorn(run: Run) -> None:
    run.installation.need("a2wsgi, hypercorn")
    entry = run.deploy("wiki_asgi.py")
    path = f"{entry.parent}:{run.installation.program}"
    command = [run.installation.python, "-m", "hypercorn", "-b", f"127.0.0.1:{run.port}", "wiki_asgi:application"]
    run.start(command, PYTHONPATH=path)


GATEWAYS = [
    *both(Gateway("asgi", "uvicorn", _direct, told=True)),
    Gateway("asgi", "nginx and uvicorn", _nginx, "", "/wiki", told=True, settings={"trusted_proxies": ["unix"]}),
    *both(Gateway("asgi", "hypercorn", _hypercorn, told=True)),
]
