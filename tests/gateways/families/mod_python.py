"""mod_python: a handler of ours inside Apache."""

from __future__ import annotations

from ..apache import apache
from ..servers import Gateway, Run, both


def _apache(run: Run) -> None:
    run.deploy("wiki_handler.py")
    locks = run.folder / "locks"
    locks.mkdir()
    configuration = f'PythonOption mod_python.mutex_directory "{locks}"\n' + run.deployed("apache.conf")
    apache(run, configuration, ["python"], run.gateway.variant)


GATEWAYS = [
    *both(Gateway("mod_python", "Apache mod_python", _apache, "event")),
    *both(Gateway("mod_python", "Apache mod_python", _apache, "prefork")),
]
