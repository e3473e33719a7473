"""Servers of their own, spoken to directly or through a proxy."""

from __future__ import annotations

from typing import Any

from ..apache import apache
from ..lighttpd import lighttpd
from ..nginx import nginx
from ..servers import Gateway, Run, both

BEHIND = {"trusted_proxies": ["unix"]}
STRIPPED = "mount taken off"


def _gunicorn(run: Run, **environ: str) -> None:
    run.start([run.installation.python, "-m", "gunicorn", "-c", run.deploy("gunicorn.conf.py")], **environ)


def _direct(run: Run) -> None:
    _gunicorn(run, BIND=f"127.0.0.1:{run.port}")


def _script(run: Run) -> None:
    run.installation.need(run.gateway.server)
    script = run.deploy(f"serve_{run.gateway.server}.py")
    run.start([run.installation.python, script], BIND=f"127.0.0.1:{run.port}")


def _proxied(run: Run) -> None:
    _gunicorn(run)
    run.wait(run.socket)
    proxy = run.gateway.server.partition(" ")[0]
    configuration = run.deployed(proxy.lower() + ("-stripped.conf" if run.gateway.variant else ".conf"))
    if proxy == "Apache":
        apache(run, configuration, ["proxy", "proxy_http"])
    elif proxy == "lighttpd":
        lighttpd(run, configuration)
    else:
        nginx(run, configuration)


NORMAL = {"a_double_slash_is_redirected": "the proxy reads `//` as `/`: the page is shown at both addresses"}
ONLY = {"cheroot": {"an_absolute_url_in_the_request_line_is_understood": "cheroot takes whole URLs only as a proxy"}}
PROXIES = ("nginx", "Apache", "lighttpd")
STRIPPING: dict[str, dict[str, str]] = {"nginx": NORMAL, "Apache": {}}
"""Which can take the mount off, and what they cannot do then. lighttpd puts it before redirects and cookies again."""
SCRIPTS = ("waitress", "cheroot", "granian", "bjoern", "wsgiref")


def _behind(proxy: str, **more: Any) -> Gateway:
    return Gateway("standalone", f"{proxy} and gunicorn", _proxied, settings=BEHIND, **more)


GATEWAYS = [
    *both(Gateway("standalone", "gunicorn", _direct, told=True)),
    *(
        gateway
        for proxy in PROXIES
        for gateway in (
            *both(_behind(proxy, told=True, cannot=NORMAL if proxy == "lighttpd" else {})),
            *([_behind(proxy, variant=STRIPPED, mount="/wiki", cannot=STRIPPING[proxy])] if proxy in STRIPPING else []),
        )
    ),
    *(
        gateway
        for server in SCRIPTS
        for gateway in both(Gateway("standalone", server, _script, told=True, cannot=ONLY.get(server, {})))
    ),
]
