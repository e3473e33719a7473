"""SCGI: a netstring of headers over a socket."""

from __future__ import annotations

from dataclasses import replace

from ..apache import apache
from ..lighttpd import lighttpd
from ..nginx import nginx
from ..servers import Gateway, Run, both


def _stand(run: Run) -> None:
    run.start([run.deploy("wiki.scgi"), "--bind", f"unix:{run.socket}"])
    run.wait(run.socket)


def _apache(run: Run) -> None:
    _stand(run)
    apache(run, run.deployed("apache.conf"), ["proxy", "proxy_scgi"])


def _lighttpd(run: Run) -> None:
    _stand(run)
    lighttpd(run, run.deployed("lighttpd.conf"))


def _nginx(run: Run) -> None:
    _stand(run)
    nginx(run, run.deployed("nginx.conf"))


# Apache takes the whole path for the script's name: even at the root the wiki has to be told.
APACHE = [
    replace(gateway, settings={"mount": gateway.mount or "/"})
    for gateway in both(Gateway("scgi", "Apache mod_proxy_scgi", _apache))
]
GATEWAYS = [
    *APACHE,
    *both(Gateway("scgi", "lighttpd mod_scgi", _lighttpd)),
    *both(Gateway("scgi", "nginx", _nginx)),
]
