"""uWSGI: its protocol behind nginx and Apache, and its own HTTP."""

from __future__ import annotations

from ..apache import apache
from ..nginx import nginx
from ..servers import Gateway, Run, both, program


def _standing(run: Run) -> None:
    run.start([program("uwsgi"), "--ini", run.deploy("wiki.ini")])
    run.wait(run.socket)


def _nginx(run: Run) -> None:
    _standing(run)
    nginx(run, run.deployed("nginx.conf"))


def _apache(run: Run) -> None:
    _standing(run)
    apache(run, run.deployed("apache.conf"), ["proxy", "proxy_uwsgi"])


def _alone(run: Run) -> None:
    run.port = run.backend
    run.start([program("uwsgi"), "--ini", run.deploy("http.ini")])


SLASH = {"an_encoded_slash_is_a_slash": "mod_proxy_uwsgi answers 500 to `%2F`"}

GATEWAYS = [
    *both(Gateway("uwsgi", "nginx", _nginx)),
    Gateway("uwsgi", "Apache mod_proxy_uwsgi", _apache, settings={"mount": "/"}, cannot=SLASH),
    Gateway("uwsgi", "Apache mod_proxy_uwsgi", _apache, mount="/wiki", told=True, cannot=SLASH),
    *both(Gateway("uwsgi", "uWSGI's own HTTP", _alone, told=True)),
]
