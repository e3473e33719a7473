"""Servers of their own, spoken to directly or through a proxy."""

from __future__ import annotations

from ..installation import ROOT
from ..servers import Gateway, Run, both


def _gunicorn(run: Run) -> None:
    configuration = ROOT / "deploy/standalone/gunicorn.conf.py"
    command = [run.installation.python, "-m", "gunicorn", "-c", configuration]
    run.start([*command, "--control-socket", run.data / "gunicorn.ctl"], BIND=f"127.0.0.1:{run.port}")


def _script(run: Run) -> None:
    script = run.deploy(f"serve_{run.gateway.server}.py")
    run.start([run.installation.python, script, str(run.port)])


GATEWAYS = [
    *both(Gateway("standalone", "gunicorn", _gunicorn, told=True)),
    *both(Gateway("standalone", "waitress", _script, told=True)),
    *both(Gateway("standalone", "wsgiref", _script, told=True)),
]
