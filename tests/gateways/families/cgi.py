"""CGI: the server starts the entry script for each request."""

from __future__ import annotations

from ..apache import BY_HTACCESS, apache
from ..lighttpd import lighttpd
from ..nginx import nginx
from ..servers import Gateway, Run, both, program


def _apache(run: Run) -> None:
    module, mpm = ("cgi", "prefork") if run.gateway.server.endswith("cgi") else ("cgid", "event")
    configuration = f'ScriptSock "{run.folder}/cgid.sock"\n' if module == "cgid" else ""
    if run.gateway.variant == ".htaccess":
        place = run.site / run.gateway.mount.lstrip("/")
        run.deploy(".htaccess", place)
    else:
        place = run.place
        configuration += run.deployed("apache.conf")
    run.deploy("wiki.cgi", place)
    apache(run, configuration, [module], mpm)


def _lighttpd(run: Run) -> None:
    run.deploy("wiki.cgi")
    lighttpd(run, run.deployed("lighttpd.conf"))


def _nginx(run: Run) -> None:
    run.deploy("wiki.cgi")
    run.start([program("fcgiwrap"), "-c", "4", "-s", f"unix:{run.socket}"])
    run.wait(run.socket)
    nginx(run, run.deployed("nginx.conf"))


GATEWAYS = [
    Gateway("cgi", "Apache mod_cgid", _apache, "ScriptAlias"),
    Gateway("cgi", "Apache mod_cgid", _apache, "ScriptAlias", "/wiki"),
    Gateway("cgi", "Apache mod_cgid", _apache, ".htaccess", cannot=BY_HTACCESS),
    Gateway("cgi", "Apache mod_cgid", _apache, ".htaccess", "/wiki", cannot=BY_HTACCESS),
    Gateway("cgi", "Apache mod_cgi", _apache, "ScriptAlias", "/wiki"),
    Gateway("cgi", "Apache mod_cgi", _apache, ".htaccess", "/wiki", cannot=BY_HTACCESS),
    *both(Gateway("cgi", "lighttpd mod_cgi", _lighttpd)),
    *both(Gateway("cgi", "nginx and fcgiwrap", _nginx)),
]
