"""FastCGI: processes that stay, started by the web server or standing at a socket."""

from __future__ import annotations

from ..apache import BY_HTACCESS, apache
from ..lighttpd import lighttpd
from ..nginx import nginx
from ..servers import Gateway, Run, both


def _stand(run: Run) -> None:
    run.start([run.deploy("wiki.fcgi"), "--bind", f"unix:{run.socket}"])
    run.wait(run.socket)


def _mod_fcgid(run: Run) -> None:
    configuration = f'FcgidIPCDir "{run.folder}/fcgid"\nFcgidProcessTableFile "{run.folder}/fcgid_shm"\n'
    if run.gateway.variant == ".htaccess":
        place = run.site / run.gateway.mount.lstrip("/")
        run.deploy(".htaccess", place)
        # Only the host can allow uploads.
        configuration += "FcgidMaxRequestLen 73400320\n"
    else:
        place = run.place
        configuration += run.deployed("mod_fcgid.conf")
    run.deploy("wiki.fcgi", place)
    apache(run, configuration, ["fcgid"])


def _mod_proxy_fcgi(run: Run) -> None:
    _stand(run)
    apache(run, run.deployed("mod_proxy_fcgi.conf"), ["proxy", "proxy_fcgi"])


def _lighttpd(run: Run) -> None:
    run.deploy("wiki.fcgi")
    lighttpd(run, run.deployed("lighttpd.conf"))


def _lighttpd_standing(run: Run) -> None:
    _stand(run)
    lighttpd(run, run.deployed("lighttpd-standing.conf"))


def _nginx(run: Run) -> None:
    _stand(run)
    nginx(run, run.deployed("nginx.conf"), run.deployed("upstream.conf"))


GATEWAYS = [
    *both(Gateway("fastcgi", "Apache mod_fcgid", _mod_fcgid, "ScriptAlias")),
    *both(Gateway("fastcgi", "Apache mod_fcgid", _mod_fcgid, ".htaccess", cannot=BY_HTACCESS)),
    *both(Gateway("fastcgi", "Apache mod_proxy_fcgi", _mod_proxy_fcgi)),
    *both(Gateway("fastcgi", "lighttpd mod_fastcgi", _lighttpd, "started by it")),
    *both(Gateway("fastcgi", "lighttpd mod_fastcgi", _lighttpd_standing, "standing")),
    *both(Gateway("fastcgi", "nginx", _nginx, "connections kept")),
]
