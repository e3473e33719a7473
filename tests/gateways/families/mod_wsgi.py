"""mod_wsgi: Python inside Apache, or in its daemon processes."""

from __future__ import annotations

from pathlib import Path

from ..apache import apache
from ..servers import Gateway, Run, both


def _daemon(run: Run) -> None:
    run.deploy("wiki.wsgi")
    apache(run, f'WSGISocketPrefix "{run.folder}/wsgi"\n' + run.deployed("apache.conf"), ["wsgi"])


def _embedded(run: Run) -> None:
    run.deploy("wiki.wsgi")
    home = Path(run.installation.python).parent.parent
    apache(run, f'WSGIPythonHome "{home}"\n' + run.deployed("embedded.conf"), ["wsgi"], "prefork")


def _express(run: Run) -> None:
    run.installation.need("mod_wsgi.server")
    script = run.deploy("wiki.wsgi")
    express = Path(run.installation.python).parent / "mod_wsgi-express"
    user = run.installation.user
    command = [express, "start-server", script, "--port", str(run.port), "--user", user, "--group", user]
    command += ["--server-root", run.folder / "express", "--limit-request-body", "1073741824"]
    command += ["--include-file", run.deploy("express.conf")]
    run.start([*command, "--mount-point", run.gateway.mount or "/"], as_root=True)


GATEWAYS = [
    *both(Gateway("mod_wsgi", "Apache mod_wsgi", _daemon, "daemon")),
    *both(Gateway("mod_wsgi", "Apache mod_wsgi", _embedded, "embedded")),
    *both(Gateway("mod_wsgi", "mod_wsgi-express", _express)),
]
